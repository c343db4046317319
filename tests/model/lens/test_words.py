"""Maps between words, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import model
from model.lens.attention import strongest_lines
from model.lens.words import merged, units


@pytest.fixture(scope="module")
def trace(starter: model.Bert) -> model.Trace:
    return starter.trace(model.Scenario("My dog is cute", "He likes playing").mask(2))


def test_pieces_of_one_word_are_one_unit(trace: model.Trace) -> None:
    found = units(trace, whole_words=True, special=True)
    words = ["[CLS]", "my", "[MASK]", "is", "cute", "[SEP]", "he", "likes", "playing", "[SEP]"]
    assert [unit.text for unit in found] == words
    assert found[8].positions == (8, 9)


def test_units_without_the_special_tokens_are_those_of_the_texts(trace: model.Trace) -> None:
    found = units(trace, whole_words=False, special=False)
    assert [unit.text for unit in found] == ["my", "[MASK]", "is", "cute", "he", "likes", "play", "##ing"]


def test_words_are_looked_at_with_all_and_look_with_the_mean_of_their_pieces(trace: model.Trace) -> None:
    weights = trace.attention[2, 3]
    found = merged(weights, units(trace, whole_words=True, special=True))
    assert found[6, 8] == pytest.approx(weights[6, 8] + weights[6, 9], abs=1e-6)
    assert found[8, 6] == pytest.approx((weights[8, 6] + weights[9, 6]) / 2, abs=1e-6)
    assert found[8, 8] == pytest.approx(weights[8:10, 8:10].sum() / 2, abs=1e-6)


def test_rows_between_words_still_sum_to_one(trace: model.Trace) -> None:
    found = merged(trace.attention[4, 1], units(trace, whole_words=True, special=True))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_without_the_special_tokens_a_row_has_what_is_left(trace: model.Trace) -> None:
    weights = trace.attention[1, 1]
    found = merged(weights, units(trace, whole_words=False, special=False))
    np.testing.assert_allclose(found.sum(axis=1)[0], 1 - weights[1, [0, 5, 10]].sum(), atol=1e-5)


@given(
    st.lists(st.lists(st.floats(0, 1, width=32), min_size=4, max_size=4), min_size=1, max_size=5), st.floats(0.05, 1)
)
def test_the_fewest_edges_hold_the_share_of_each_row(values: list[list[float]], share: float) -> None:
    weights = np.array(values, dtype=np.float32)
    found = strongest_lines(weights, share)
    rows, columns = found.rows, found.columns
    for row, whole in enumerate(weights.astype(np.float64)):
        drawn = sorted(whole[columns[rows == row]])
        assert sum(drawn) >= share * whole.sum() * (1 - 1e-6)
        assert not drawn or sum(drawn[1:]) < share * whole.sum()
        assert sum(whole > 0) == 0 or max(whole) in drawn


def test_the_weakest_edge_comes_first() -> None:
    found = strongest_lines(np.array([[0.1, 0.9], [0.4, 0.6]], dtype=np.float32), 1.0)
    assert list(zip(found.rows, found.columns, strict=True)) == [(0, 0), (1, 0), (1, 1), (0, 1)]
    assert found.ranks.tolist() == [1, 1, 0, 0]
