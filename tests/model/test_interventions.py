"""Heads off, layers off and left-to-right against a pass written here on ``transformers``' modules."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

import model
from tests.model.checkpoints import hugging_face

QUESTION = model.Scenario("I love you [MASK] much", "he likes playing")
SIZES = {"num_hidden_layers": 4, "hidden_size": 48, "num_attention_heads": 4, "intermediate_size": 96}


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[model.Bert, Any]:
    directory = tmp_path_factory.mktemp("random")
    theirs = hugging_face(directory, "BertForPreTraining", **SIZES)
    return model.load(directory), theirs.eval()


@torch.no_grad()
def by_hand(theirs: Any, trace: model.Trace, left_to_right: bool, heads_off: set[Any], layers_off: set[int]) -> Any:
    """Hidden states and attention of every layer, one head at a time."""
    ids, segments = torch.tensor(trace.input_ids)[None], torch.tensor(trace.segments)[None]
    hidden = theirs.bert.embeddings(input_ids=ids, token_type_ids=segments)
    states, maps = [hidden[0]], []
    size = SIZES["hidden_size"] // SIZES["num_attention_heads"]
    for number, layer in enumerate(theirs.bert.encoder.layer):
        joined = torch.zeros_like(hidden)
        of_layer = []
        for head in range(SIZES["num_attention_heads"]):
            part = slice(head * size, (head + 1) * size)
            query, key, value = (
                getattr(layer.attention.self, name)(hidden)[0, :, part] for name in ("query", "key", "value")
            )
            weights = torch.zeros(len(query), len(query))
            for row in range(len(query)):
                seen = row + 1 if left_to_right else len(query)
                weights[row, :seen] = torch.softmax(query[row] @ key[:seen].T / math.sqrt(size), dim=-1)
            of_layer.append(weights)
            if (number, head) not in heads_off:
                joined[0, :, part] = weights @ value
        attended = layer.attention.output(joined, hidden)
        output = layer.output(layer.intermediate(attended), attended)
        hidden = hidden if number in layers_off else output
        states.append(hidden[0])
        maps.append(torch.stack(of_layer))
    return torch.stack(states).numpy(), torch.stack(maps).numpy()


CASES = {
    "as it is": (QUESTION, False, set(), set()),
    "left to right": (QUESTION.attend("left-to-right"), True, set(), set()),
    "two heads off": (QUESTION.toggle_head(0, 3).toggle_head(2, 1), False, {(0, 3), (2, 1)}, set()),
    "a whole layer's heads off": (
        QUESTION.toggle_head(1, 0).toggle_head(1, 1).toggle_head(1, 2).toggle_head(1, 3),
        False,
        {(1, 0), (1, 1), (1, 2), (1, 3)},
        set(),
    ),
    "a layer off": (QUESTION.toggle_layer(1), False, set(), {1}),
    "the last layer off, a head off, left to right": (
        QUESTION.toggle_layer(3).toggle_head(0, 0).attend("left-to-right"),
        True,
        {(0, 0)},
        {3},
    ),
}


@pytest.mark.parametrize(("scenario", "left_to_right", "heads_off", "layers_off"), CASES.values(), ids=CASES.keys())
def test_an_intervention_equals_the_pass_by_hand(
    pair: tuple[model.Bert, Any],
    scenario: model.Scenario,
    left_to_right: bool,
    heads_off: set[Any],
    layers_off: set[int],
) -> None:
    bert, theirs = pair
    trace = bert.trace(scenario)
    hidden, attention = by_hand(theirs, trace, left_to_right, heads_off, layers_off)
    np.testing.assert_allclose(trace.hidden, hidden, rtol=0, atol=1e-5)
    np.testing.assert_allclose(trace.attention, attention, rtol=0, atol=1e-5)


def test_left_to_right_no_position_feels_a_later_one(pair: tuple[model.Bert, Any]) -> None:
    bert, _ = pair
    question = QUESTION.attend("left-to-right")
    last = len(bert.trace(question).tokens) - 2
    before, after = bert.trace(question), bert.trace(question.mask(last))
    np.testing.assert_array_equal(before.hidden[:, :last], after.hidden[:, :last])
    assert np.abs(before.hidden[-1, last] - after.hidden[-1, last]).max() > 1e-3


def test_switching_a_head_off_that_is_not_there_is_a_sentence(pair: tuple[model.Bert, Any]) -> None:
    bert, _ = pair
    with pytest.raises(ValueError, match=r"Head 4 is not there: .* heads 0 to 3"):
        bert.trace(QUESTION.toggle_head(0, 4))
    with pytest.raises(ValueError, match=r"Layer 9 is not there: .* layers 0 to 3"):
        bert.trace(QUESTION.toggle_layer(9))


def test_a_swap_takes_edits_along_with_their_tokens(starter: model.Bert) -> None:
    asked = model.Scenario("My dog is cute", "he likes playing").mask(2).flip(9)
    turned = starter.swapped(asked)
    # [CLS] he likes play ##ing [SEP] my dog is cute [SEP]
    assert turned == model.Scenario("he likes playing", "My dog is cute").mask(7).flip(4)
    assert starter.swapped(turned) == asked
