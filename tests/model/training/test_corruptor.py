from __future__ import annotations

import dataclasses
from functools import reduce

import pytest
from hypothesis import given
from hypothesis import strategies as st

import model
from model.training.corruptor import FATES, Counts, Fate, Rates, roll

TEXT = model.Scenario("The man went to the store to buy some milk", "he likes playing")


def test_the_counts_converge_to_the_rates(starter: model.Bert) -> None:
    """Within four standard deviations of what 2,000 rolls of 13 words make of 15 % and 80 / 10 / 10."""
    inputs = starter.trace(TEXT).inputs
    rolls = [roll(inputs, starter.tokenizer, Rates(), number).counts for number in range(2_000)]
    whole = reduce(lambda one, other: one + other, rolls)
    words = sum(text is not None for text in inputs.texts)
    assert (whole.rolls, whole.words) == (2_000, 2_000 * words)
    assert whole.chosen / whole.words == pytest.approx(0.15, abs=0.005)
    assert whole.chosen == whole.masked + whole.replaced + whole.kept
    for fate, share, deviation in (("masked", 0.8, 0.0064), ("replaced", 0.1, 0.0048), ("kept", 0.1, 0.0048)):
        assert getattr(whole, fate) / whole.chosen == pytest.approx(share, abs=4 * deviation)


def test_asked_about_the_draw_the_model_reads_what_was_drawn(starter: model.Bert) -> None:
    bare = starter.trace(TEXT)
    half = Rates(50, 34, 33, 33)
    for number in range(20):
        found = roll(bare.inputs, starter.tokenizer, half, number)
        read = starter.trace(dataclasses.replace(TEXT, edits=found.edits)).tokens
        kinds = {edit.position: edit.kind for edit in found.edits}
        assert found.counts.chosen == len(kinds)
        assert (found.counts.masked, found.counts.replaced, found.counts.kept) == tuple(
            list(kinds.values()).count(kind) for kind in ("mask", "replace", "keep")
        )
        for position, token in enumerate(bare.tokens):
            kind = kinds.get(position)
            assert (read[position] == "[MASK]") == (kind == "mask")
            if kind in (None, "keep"):
                assert read[position] == token


def test_special_tokens_and_a_typed_mask_are_never_chosen(starter: model.Bert) -> None:
    inputs = starter.trace(model.Scenario("I love you [MASK] much", "yes")).inputs
    found = roll(inputs, starter.tokenizer, Rates(chosen=100), 0)
    assert [edit.position for edit in found.edits] == [1, 2, 3, 5, 7]
    assert found.counts.words == found.counts.chosen == 5


def test_edits_that_are_there_do_not_change_the_draw(starter: model.Bert) -> None:
    bare, edited = (starter.trace(asked).inputs for asked in (TEXT, TEXT.mask(2).replace(3, "dog")))
    assert roll(bare, starter.tokenizer, Rates(), 7) == roll(edited, starter.tokenizer, Rates(), 7)


@given(st.sampled_from(FATES), st.integers(0, 100), st.sampled_from(FATES), st.integers(0, 100))
def test_the_three_shares_always_add_up(first: Fate, share: int, second: Fate, other: int) -> None:
    rates = Rates().with_fate(first, share).with_fate(second, other)
    assert getattr(rates, second) == other
    assert rates.masked + rates.replaced + rates.kept == 100
    assert min(rates.masked, rates.replaced, rates.kept) >= 0


def test_the_other_two_keep_their_proportion() -> None:
    assert Rates().with_fate("kept", 55) == Rates(15, 40, 5, 55)
    assert Rates().with_fate("masked", 100).with_fate("masked", 40) == Rates(15, 40, 30, 30)


def test_counts_add_up() -> None:
    assert Counts(1, 10, 2, 1, 1, 0) + Counts(2, 20, 3, 3, 0, 0) == Counts(3, 30, 5, 4, 1, 0)
