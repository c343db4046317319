"""Ours against ``transformers``, stage by stage, so that a failure says where."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import model
from model.network import BertNetwork
from tests.model.checkpoints import hugging_face

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "one small layer": {"num_hidden_layers": 1, "hidden_size": 8, "num_attention_heads": 1, "intermediate_size": 16},
    "textbook": {"num_hidden_layers": 2, "hidden_size": 6, "num_attention_heads": 2, "intermediate_size": 24},
    "wide feed-forward": {
        "num_hidden_layers": 3,
        "hidden_size": 48,
        "num_attention_heads": 4,
        "intermediate_size": 400,
    },
    "starter-like": {"num_hidden_layers": 6, "hidden_size": 256, "num_attention_heads": 8, "intermediate_size": 1024},
    "tanh gelu": {"hidden_size": 32, "num_attention_heads": 4, "intermediate_size": 64, "hidden_act": "gelu_new"},
    "relu, other epsilon": {
        "hidden_size": 60,
        "num_attention_heads": 5,
        "intermediate_size": 90,
        "hidden_act": "relu",
        "layer_norm_eps": 1e-5,
    },
    "deep": {"num_hidden_layers": 12, "hidden_size": 96, "num_attention_heads": 12, "intermediate_size": 384},
}
QUESTION = model.Scenario("My dog is cute, isn't he?", "he likes playing").mask(2).flip(3)


def difference(ours: Any, theirs: torch.Tensor) -> float:
    """max |a - b| / max |b|"""
    ours, expected = np.asarray(ours), theirs.detach().numpy()
    assert ours.shape == expected.shape
    return float(np.abs(ours - expected).max() / np.abs(expected).max())


def run_theirs(theirs: Any, trace: model.Trace) -> Any:
    theirs.set_attn_implementation("eager")
    theirs.eval()
    with torch.no_grad():
        return theirs(
            input_ids=torch.tensor(trace.input_ids)[None],
            token_type_ids=torch.tensor(trace.segments)[None],
            output_hidden_states=True,
            output_attentions=True,
        )


@pytest.mark.parametrize("configuration", CONFIGURATIONS.values(), ids=CONFIGURATIONS.keys())
def test_every_stage_equals_transformers(configuration: dict[str, Any], tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path, "BertForPreTraining", **configuration)
    bert = model.load(tmp_path)
    trace = bert.trace(QUESTION)
    output = run_theirs(theirs, trace)

    embeddings = theirs.bert.embeddings
    ids, segments = torch.tensor(trace.input_ids), torch.tensor(trace.segments)
    with torch.no_grad():
        assert difference(trace.embeddings.token, embeddings.word_embeddings(ids)) == 0
        assert difference(trace.embeddings.segment, embeddings.token_type_embeddings(segments)) == 0
        assert difference(trace.embeddings.position, embeddings.position_embeddings(torch.arange(len(ids)))) == 0
    assert difference(trace.embeddings.output, output.hidden_states[0][0]) <= 1e-5
    for layer, hidden in enumerate(output.hidden_states):
        assert difference(trace.hidden[layer], hidden[0]) <= 1e-5, f"hidden state {layer}"
    for layer, attention in enumerate(output.attentions):
        assert difference(trace.attention[layer], attention[0]) <= 1e-5, f"attention of layer {layer}"
    with torch.no_grad():
        assert difference(trace.pooled, theirs.bert.pooler(output.hidden_states[-1])[0]) <= 1e-5
    assert difference(bert.mlm_logits(trace.hidden[-1]), output.prediction_logits[0]) <= 1e-5
    assert difference(model.lens.next_sentence.verdict(bert, trace).logits, output.seq_relationship_logits[0]) <= 1e-5


@pytest.mark.parametrize(
    "architecture", ["BertModel", "BertForMaskedLM", "BertForNextSentencePrediction", "BertLMHeadModel"]
)
def test_every_architecture_equals_transformers(architecture: str, tmp_path: Path) -> None:
    decoder = {"is_decoder": True} if architecture == "BertLMHeadModel" else {}
    theirs = hugging_face(tmp_path, architecture, **CONFIGURATIONS["wide feed-forward"], **decoder)
    bert = model.load(tmp_path)
    trace = bert.trace(QUESTION)
    output = run_theirs(theirs, trace)
    for layer, hidden in enumerate(output.hidden_states):
        assert difference(trace.hidden[layer], hidden[0]) <= 1e-5, f"hidden state {layer}"
    for layer, attention in enumerate(output.attentions):
        assert difference(trace.attention[layer], attention[0]) <= 1e-5, f"attention of layer {layer}"
    if architecture == "BertModel":
        assert difference(trace.pooled, output.pooler_output[0]) <= 1e-5
    if architecture == "BertForNextSentencePrediction":
        assert difference(model.lens.next_sentence.verdict(bert, trace).logits, output.logits[0]) <= 1e-5
    if architecture in ("BertForMaskedLM", "BertLMHeadModel"):
        assert difference(bert.mlm_logits(trace.hidden[-1]), output.logits[0]) <= 1e-5


def test_query_key_and_value_are_those_of_transformers(tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path, "BertForPreTraining", **CONFIGURATIONS["wide feed-forward"])
    trace = model.load(tmp_path).trace(QUESTION)
    hidden = run_theirs(theirs, trace).hidden_states
    for number, layer in enumerate(theirs.bert.encoder.layer):
        attention = layer.attention.self
        for ours, project in (
            (trace.query, attention.query),
            (trace.key, attention.key),
            (trace.value, attention.value),
        ):
            with torch.no_grad():
                split = project(hidden[number])[0].view(len(trace.tokens), 4, 12).transpose(0, 1)
            assert difference(ours[number], split) <= 1e-5


def test_a_512_token_pair_equals_transformers(tmp_path: Path) -> None:
    theirs = hugging_face(
        tmp_path, "BertForPreTraining", max_position_embeddings=512, **CONFIGURATIONS["wide feed-forward"]
    )
    trace = model.load(tmp_path).trace(model.Scenario("my dog is cute " * 80, "he likes playing " * 80))
    assert len(trace.tokens) == 512
    output = run_theirs(theirs, trace)
    assert difference(trace.hidden[-1], output.hidden_states[-1][0]) <= 1e-5
    assert difference(trace.attention[-1], output.attentions[-1][0]) <= 1e-5


@pytest.mark.parametrize("direction", ["both", "left-to-right"])
def test_the_fused_and_the_recorded_attention_agree(direction: Any, tmp_path: Path) -> None:
    hugging_face(tmp_path, "BertForPreTraining", **CONFIGURATIONS["starter-like"])
    bert = model.load(tmp_path)
    trace = bert.trace(QUESTION.attend(direction).toggle_head(1, 2).toggle_layer(3))
    fused = bert.hidden(trace, trace.input_ids[None], trace.segments[None])[0]
    np.testing.assert_allclose(trace.hidden[-1], fused, rtol=0, atol=1e-5 * np.abs(fused).max())


def test_a_padded_batch_gives_each_row_what_it_gets_alone() -> None:
    torch.manual_seed(0)
    config = model.BertConfig(
        vocab_size=50, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32
    )
    network = BertNetwork(config).eval()
    ids, segments = torch.randint(0, 50, (2, 9)), torch.zeros(2, 9, dtype=torch.long)
    mask = torch.ones(2, 9, dtype=torch.bool)
    mask[1, 6:] = False
    with torch.no_grad():
        together = network(ids, segments, mask)
        alone = network(ids[1:, :6], segments[1:, :6])
    torch.testing.assert_close(together[1:, :6], alone, rtol=1e-5, atol=1e-6)
