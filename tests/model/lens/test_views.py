"""What a map shows, against the trace itself."""

from __future__ import annotations

import numpy as np
import pytest

import model
from model.lens.views import Of, Way, view


@pytest.fixture(scope="module")
def trace(starter: model.Bert) -> model.Trace:
    return starter.trace(model.Scenario("My dog is cute", "He likes playing"))


@pytest.mark.parametrize(("of", "across"), [("mean", "mean"), ("maximum", "max")])
def test_all_heads_of_a_layer_are_put_together(trace: model.Trace, of: Of, across: str) -> None:
    rows = [[[float(trace.attention[2, h, i, j]) for h in range(8)] for j in range(11)] for i in range(11)]
    together = {"mean": lambda cell: sum(cell) / 8, "max": max}[across]
    expected = [[together(cell) for cell in row] for row in rows]
    np.testing.assert_allclose(view(trace, (2, 5), Way(of)).weights, expected, atol=1e-6)


def test_one_head_in_tokens_is_the_trace_itself(trace: model.Trace) -> None:
    found = view(trace, (2, 5), Way())
    assert found.weights.base is trace.attention or np.shares_memory(found.weights, trace.attention)
    rows = trace.attention[2, 5].tolist()
    assert [found.strongest(row)[1] for row in range(11)] == [row.index(max(row)) for row in rows]


def test_the_strongest_cell_is_between_two_words(trace: model.Trace) -> None:
    found = view(trace, (3, 3), Way())
    words = [1, 2, 3, 4, 6, 7, 8, 9]
    cells = {(i, j): float(trace.attention[3, 3, i, j]) for i in words for j in words if i != j}
    assert found.strongest() == max(cells, key=cells.__getitem__)


def test_a_rollout_between_words_keeps_its_sum(trace: model.Trace) -> None:
    found = view(trace, (5, 0), Way("rollout", whole_words=True))
    assert [unit.text for unit in found.units][-2] == "playing"
    np.testing.assert_allclose(found.weights.sum(axis=1), 1, atol=1e-5)


def test_one_word_alone_has_a_strongest_cell(starter: model.Bert) -> None:
    found = view(starter.trace(model.Scenario("dog")), (0, 0), Way(special=False))
    assert (found.strongest(), found.weights.shape) == ((0, 0), (1, 1))
