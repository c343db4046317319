"""Every number is made of its operands, and each of these of its own, down to the weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import model
from model.lens.arithmetic import explain
from model.lens.steps import Operation, Place, Stage, Step
from model.scenario import Scenario
from tests.model.checkpoints import hugging_face

PAIR = Scenario("My dog is cute", "He likes playing").mask(2)
MODELS = Path("resources/models")

# Which indices a stage has: rows and columns count up to these letters' numbers.
_INDICES = {
    Stage.TOKEN: "td",
    Stage.SEGMENT: "td",
    Stage.POSITION: "td",
    Stage.EMBEDDED_SUM: "td",
    Stage.HIDDEN: "Ltd",
    Stage.QUERY: "lhtk",
    Stage.KEY: "lhtk",
    Stage.VALUE: "lhtk",
    Stage.SCORE: "lhtt",
    Stage.ATTENTION: "lhtt",
    Stage.CONTEXT: "lhtk",
    Stage.PROJECTED: "ltd",
    Stage.ATTENDED_SUM: "ltd",
    Stage.ATTENDED: "ltd",
    Stage.INNER: "lti",
    Stage.ACTIVATED: "lti",
    Stage.FED_FORWARD: "ltd",
    Stage.FED_FORWARD_SUM: "ltd",
    Stage.POOLED_SUM: "d",
    Stage.POOLED: "d",
    Stage.NSP_LOGIT: "2",
    Stage.NSP: "2",
    Stage.MLM_INNER: "Ltd",
    Stage.MLM_ACTIVATED: "Ltd",
    Stage.MLM_TRANSFORMED: "Ltd",
    Stage.MLM_LOGIT: "Ltv",
    Stage.MLM: "Ltv",
    Stage.TOKEN_COSINE: "tt",
    Stage.COSINE: "Ltt",
}


def places(bert: model.Bert, trace: model.Trace, count: int, seed: int) -> list[Place]:
    """So many, of every stage in turn, at random indices."""
    random, config = np.random.default_rng(seed), bert.config
    sizes = {
        "l": config.num_hidden_layers,
        "L": config.num_hidden_layers + 1,
        "h": config.num_attention_heads,
        "t": len(trace.tokens),
        "d": config.hidden_size,
        "k": config.head_size,
        "i": config.intermediate_size,
        "v": len(bert.tokenizer.tokens),
        "2": 2,
    }
    found = []
    for number in range(count):
        stage = list(_INDICES)[number % len(_INDICES)]
        letters = _INDICES[stage]
        names = {1: ("column",), 2: ("row", "column"), 3: ("layer", "row", "column")}.get(
            len(letters), ("layer", "head", "row", "column")
        )
        drawn = {name: int(random.integers(sizes[letter])) for name, letter in zip(names, letters, strict=True)}
        found.append(Place(stage, **drawn))
    return found


def check(bert: model.Bert, trace: model.Trace, step: Step, random: np.random.Generator, depth: int) -> int:
    """Recomputes a step from its operands, and goes on with one of each of its terms; how many steps were checked."""
    scale = max([abs(step.value), *(float(np.abs(term.values).max()) for term in step.terms), 1e-3])
    assert step.recomputed() == pytest.approx(step.value, abs=2e-5 * max(scale, 1.0)), step.place
    checked = 1
    for term in step.terms:
        index = step.index if len(term.values) > step.index else 0
        if random.random() < 0.7:
            index = int(random.integers(len(term.values)))
        operand = explain(bert, trace, term.at(index))
        assert operand.value == pytest.approx(term.values[index], abs=1e-5 * max(scale, 1.0)), term.at(index)
        if depth:
            checked += check(bert, trace, operand, random, depth - 1)
    return checked


@pytest.mark.parametrize(
    ("name", "scenario"),
    [
        ("textbook", PAIR),
        ("textbook", PAIR.toggle_head(1, 0).toggle_layer(0)),
        ("textbook", PAIR.attend("left-to-right")),
        ("left-to-right", Scenario("This is a beautiful")),
        ("starter", PAIR),
        ("starter", PAIR.flip(1).toggle_head(2, 3).toggle_layer(4)),
    ],
)
def test_two_hundred_numbers_and_their_operands_recompute_down_to_the_weights(name: str, scenario: Scenario) -> None:
    bert = model.load(MODELS / name)
    trace, random, checked = bert.trace(scenario), np.random.default_rng(0), 0
    for place in places(bert, trace, 200, seed=1):
        absent = trace.pooled is None and place.stage in (Stage.POOLED_SUM, Stage.POOLED, Stage.NSP_LOGIT, Stage.NSP)
        if absent:
            with pytest.raises(ValueError, match="computes no such number"):
                explain(bert, trace, place)
        else:
            checked += check(bert, trace, explain(bert, trace, place), random, depth=2)
    assert checked > 1_000


def test_a_path_through_all_layers_ends_at_the_weights(starter: model.Bert) -> None:
    trace = starter.trace(PAIR)
    step = explain(
        starter,
        trace,
        Place(Stage.MLM, layer=starter.config.num_hidden_layers, row=2, column=starter.tokenizer.id("dog")),
    )
    stages = [step.place.stage]
    while step.operation is not Operation.LEARNT:
        term = step.terms[1 if step.operation is Operation.DOT else 0]
        step = explain(starter, trace, term.at(min(step.index, len(term.values) - 1)))
        stages.append(step.place.stage)
    assert stages.count(Stage.HIDDEN) == starter.config.num_hidden_layers + 1
    assert stages[-3:] == [Stage.EMBEDDED_SUM, Stage.TOKEN, Stage.WEIGHT]
    place = step.place
    assert step.value == starter.network.get_parameter(place.name)[place.row, place.column].item()


@pytest.mark.parametrize("activation", ["gelu", "gelu_new", "relu", "silu"])
def test_the_values_between_those_of_the_trace_are_those_of_transformers(tmp_path: Path, activation: str) -> None:
    theirs = hugging_face(tmp_path, "BertForPreTraining", hidden_act=activation)
    bert = model.load(tmp_path)
    trace = bert.trace(PAIR)
    seen: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Any:
        return lambda module, inputs, output: seen.__setitem__(
            name, (output[0] if isinstance(output, tuple) else output)[0]
        )

    layer = theirs.bert.encoder.layer[1]
    for name, module in {
        "PROJECTED": layer.attention.output.dense,
        "ATTENDED": layer.attention.output,
        "ACTIVATED": layer.intermediate,
        "FED_FORWARD": layer.output.dense,
        "MLM_TRANSFORMED": theirs.cls.predictions.transform,
        "MLM_LOGIT": theirs.cls.predictions,
        "NSP_LOGIT": theirs.cls.seq_relationship,
    }.items():
        module.register_forward_hook(keep(name))
    ids, segments = torch.tensor(trace.input_ids)[None], torch.tensor(trace.segments)[None]
    with torch.no_grad():
        theirs(input_ids=ids, token_type_ids=segments)
    for name, array in seen.items():
        values = array.numpy()
        place = Place(Stage[name], layer=2 if name.startswith("MLM") else 1, row=2, column=1)
        expected = values[1] if values.ndim == 1 else values[2, 1]
        assert explain(bert, trace, place).value == pytest.approx(
            float(expected), abs=2e-5 * float(np.abs(values).max())
        )


def test_a_number_that_is_not_there_is_one_sentence(starter: model.Bert) -> None:
    trace = starter.trace(PAIR)
    for place in (
        Place(Stage.HIDDEN, layer=7),
        Place(Stage.QUERY, head=8),
        Place(Stage.HIDDEN, row=-1),
        Place(Stage.WEIGHT, name="no.such.weight"),
        Place(Stage.MLM, row=2, column=10**6),
    ):
        with pytest.raises(ValueError, match="computes no such number here"):
            explain(starter, trace, place)


def test_another_models_trace_is_refused(starter: model.Bert) -> None:
    trace = model.load(MODELS / "textbook").trace(PAIR)
    with pytest.raises(ValueError, match="was made by textbook"):
        explain(starter, trace, Place(Stage.HIDDEN))
