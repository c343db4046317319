from __future__ import annotations

from pathlib import Path

import pytest
import torch

import model
from model.lens import next_sentence

STARTER = Path(__file__).parents[3] / "resources" / "models" / "starter"


def test_both_probabilities_are_those_of_transformers(starter: model.Bert) -> None:
    from transformers import BertForPreTraining

    theirs = BertForPreTraining.from_pretrained(STARTER, dtype=torch.float32).eval()
    for second in ("he likes playing", "the parliament of norway has 169 members"):
        trace = starter.trace(model.Scenario("my dog is cute", second))
        with torch.no_grad():
            logits = theirs(
                input_ids=torch.tensor(trace.input_ids)[None], token_type_ids=torch.tensor(trace.segments)[None]
            ).seq_relationship_logits[0]
        expected = torch.softmax(logits.double(), dim=-1).tolist()
        assert next_sentence.probabilities(starter, trace) == pytest.approx(tuple(expected), abs=1e-5)


def test_the_verdict_is_weight_times_pooled_plus_bias(starter: model.Bert) -> None:
    verdict = next_sentence.verdict(starter, starter.trace(model.Scenario("my dog is cute", "he likes playing")))
    for label in (0, 1):
        by_hand = sum(float(w) * float(p) for w, p in zip(verdict.weight[label], verdict.pooled, strict=True)) + float(
            verdict.bias[label]
        )
        assert verdict.logits[label] == pytest.approx(by_hand, abs=1e-4)


def test_label_0_is_is_next() -> None:
    assert next_sentence.LABELS == ("IsNext", "NotNext")


def test_a_model_without_the_head_says_so(tmp_path: Path) -> None:
    from tests.model.checkpoints import hugging_face

    hugging_face(tmp_path, "BertForMaskedLM", hidden_size=8, num_attention_heads=2, intermediate_size=8)
    bert = model.load(tmp_path)
    with pytest.raises(ValueError, match="no next-sentence head"):
        next_sentence.probabilities(bert, bert.trace(model.Scenario("my dog", "he likes playing")))
