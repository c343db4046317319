"""Which words are hidden, how, and what the network is asked (C13): the rates of the recipe over a million words."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.training.masking import KEPT, MASKED, REPLACED, Batch, corrupt, next_token
from model.training.pairs import Rows, Sampler
from tests.model.training.splits import SPECIAL, WORD, documents, split

SPECIAL_IDS = [0, 1, 2, 3, 4]
VOCABULARY = 1000


def text(rows: int, length: int, lengths: np.ndarray | int | None = None) -> Rows:
    """Random words, with an [UNK] here and there, of which ``lengths`` tokens of each row are no [PAD]."""
    ids = np.random.default_rng(0).integers(WORD, VOCABULARY, (rows, length))
    ids[:, 3::20] = SPECIAL.unk
    ends = np.broadcast_to(length if lengths is None else lengths, rows)
    ids[:, 0] = SPECIAL.cls
    ids[np.arange(rows), ends - 1] = SPECIAL.sep
    ids[np.arange(length) >= ends[:, None]] = SPECIAL.pad
    return Rows(ids, np.zeros_like(ids), ends.copy(), np.zeros(rows, np.int64))


def hidden(rows: Rows, samples: np.ndarray | None = None, seed: int = 1, **rates: float) -> Batch:
    samples = np.arange(len(rows.input_ids)) if samples is None else samples
    return corrupt(rows, SPECIAL, VOCABULARY, samples, seed=seed, **rates)


def within(count: int, of: int, rate: float) -> bool:
    """Whether ``count`` lies within three standard errors of what ``rate`` promises."""
    return abs(count - of * rate) <= 3 * np.sqrt(of * rate * (1 - rate))


@pytest.mark.parametrize(
    "books",
    [documents(300, (10, 80), (3, 40)), documents(900, (1, 2), (5, 60)), documents(2000, (1, 3), (1, 4))],
    ids=["long documents", "many of one sentence", "short rows"],
)
def test_the_rates_of_the_recipe_hold_over_a_million_words(books: list[list[int]]) -> None:
    of = split(books)
    size = WORD + len(of.tokens)
    made = Sampler(of, SPECIAL, objective="mlm+nsp", length=128, seed=1)
    words, kinds = 0, np.zeros(3, dtype=np.int64)
    for start in range(0, 200_000, 2000):
        samples = np.arange(start, start + 2000)
        rows = made.rows(samples)
        words += int((rows.input_ids >= WORD).sum())
        kinds += np.bincount(corrupt(rows, SPECIAL, size, samples, seed=1).kinds, minlength=3)
        if words > 1_000_000:
            break
    assert words > 1_000_000
    assert within(kinds.sum(), words, 0.15)
    for kind, rate in ((MASKED, 0.8), (REPLACED, 0.1), (KEPT, 0.1)):
        assert within(kinds[kind], kinds.sum(), rate)
        assert within(kinds[kind], words, 0.15 * rate)  # the chapter's 12 %, 1.5 % and 1.5 %


def test_what_is_chosen_is_hidden_as_its_kind_says_and_all_else_is_untouched() -> None:
    rows = text(500, 64, np.random.default_rng(1).integers(3, 65, 500))
    batch = hidden(rows)
    before, after = rows.input_ids.ravel(), batch.input_ids.ravel()
    assert (np.diff(batch.chosen) > 0).all()
    assert np.array_equal(batch.labels, before[batch.chosen])
    assert not np.isin(batch.labels, SPECIAL_IDS).any()
    assert (after[batch.chosen[batch.kinds == MASKED]] == SPECIAL.mask).all()
    assert np.array_equal(after[batch.chosen[batch.kinds == KEPT]], batch.labels[batch.kinds == KEPT])
    assert not np.isin(after[batch.chosen[batch.kinds == REPLACED]], SPECIAL_IDS).any()
    assert np.array_equal(np.delete(after, batch.chosen), np.delete(before, batch.chosen))
    assert batch.segments is rows.segments
    assert batch.lengths is rows.lengths
    assert batch.next_labels is rows.next_labels


def test_each_place_is_chosen_and_each_word_put_in_equally_often() -> None:
    rows = text(20_000, 32)
    batch = hidden(rows)
    counts = np.bincount(batch.chosen % 32, minlength=32)
    words = np.delete(np.arange(1, 31), [2, 22])  # [CLS], two [UNK] and [SEP] are never chosen
    assert counts.sum() == counts[words].sum()
    mean = counts[words].mean()
    assert abs(counts[words] - mean).max() < 4 * np.sqrt(mean * 0.85)
    put_in = np.bincount(batch.input_ids.ravel()[batch.chosen[batch.kinds == REPLACED]], minlength=VOCABULARY)
    expected = (batch.kinds == REPLACED).sum() / (VOCABULARY - 5)
    freedom = VOCABULARY - 6
    statistic = ((put_in[WORD:] - expected) ** 2).sum() / expected  # chi-square
    assert abs(statistic - freedom) < 4 * np.sqrt(2 * freedom)


def test_special_tokens_may_have_any_ids() -> None:
    rows = text(2000, 32)
    moved = np.arange(VOCABULARY)[::-1].copy()  # [PAD] 999, [UNK] 998 …: the special ones last
    special = type(SPECIAL)(pad=999, unk=998, cls=997, sep=996, mask=995)
    batch = corrupt(
        Rows(moved[rows.input_ids], rows.segments, rows.lengths, None), special, VOCABULARY, np.arange(2000), seed=1
    )
    assert batch.labels.max() < 995
    assert batch.input_ids.ravel()[batch.chosen[batch.kinds == REPLACED]].max() < 995
    assert (batch.input_ids.ravel()[batch.chosen[batch.kinds == MASKED]] == 995).all()


@pytest.mark.parametrize("words", [1, 2, 5, 20, 126])
def test_rows_of_any_length_have_their_share_chosen_on_average(words: int) -> None:
    rows = text(20_000, 128, words + 2)
    candidates = (rows.input_ids >= WORD).sum(axis=1)
    chosen = np.bincount(hidden(rows).chosen // 128, minlength=20_000)
    assert np.isin(chosen - np.floor(0.15 * candidates), [0, 1]).all()  # the whole number below or above
    assert abs(chosen.mean() - 0.15 * candidates.mean()) < 3 * 0.5 / np.sqrt(20_000)


def test_nothing_or_everything_can_be_chosen() -> None:
    rows = text(50, 32)
    assert len(hidden(rows, chosen=0).chosen) == 0
    everything = hidden(rows, chosen=1, masked=1, replaced=0)
    assert np.array_equal(everything.chosen, np.flatnonzero(rows.input_ids >= WORD))
    assert (everything.input_ids.ravel()[everything.chosen] == SPECIAL.mask).all()
    assert (hidden(rows, masked=0, replaced=1).kinds == REPLACED).all()
    assert (hidden(rows, masked=0, replaced=0).kinds == KEPT).all()


@settings(deadline=None)
@given(st.lists(st.integers(0, 63), min_size=1, max_size=20), st.integers(0, 2**63 - 1))
def test_what_is_hidden_in_a_row_does_not_depend_on_the_batch(order: list[int], seed: int) -> None:
    rows = text(64, 32)
    samples = np.arange(64) + 10**10
    whole = hidden(rows, samples, seed)
    some = Rows(rows.input_ids[order], rows.segments[order], rows.lengths[order], None)
    batch = hidden(some, samples[order], seed)
    assert np.array_equal(batch.input_ids, whole.input_ids[order])
    for place, row in enumerate(order):
        ours, theirs = batch.chosen // 32 == place, whole.chosen // 32 == row
        assert np.array_equal(batch.chosen[ours] % 32, whole.chosen[theirs] % 32)
        assert np.array_equal(batch.kinds[ours], whole.kinds[theirs])


def test_each_pass_hides_other_words_of_the_same_row() -> None:
    rows = text(2000, 128)
    passes = [hidden(rows, np.arange(2000) + turn * 2000) for turn in range(2)]
    both = len(np.intersect1d(passes[0].chosen, passes[1].chosen))
    assert within(both, int((rows.input_ids >= WORD).sum()), 0.15**2)
    other_seed = hidden(rows, seed=2)
    assert within(
        len(np.intersect1d(passes[0].chosen, other_seed.chosen)), int((rows.input_ids >= WORD).sum()), 0.15**2
    )


def test_left_to_right_each_place_is_asked_for_the_next_token() -> None:
    rows = Rows(np.array([[2, 7, 1, 9, 3], [2, 8, 3, 0, 0]]), np.zeros((2, 5), np.int64), np.array([5, 3]), None)
    batch = next_token(rows, SPECIAL)
    assert batch.chosen.tolist() == [0, 2, 3, 5, 6]  # not 1: [UNK] comes next
    assert batch.labels.tolist() == [7, 9, 3, 8, 3]
    assert batch.kinds.tolist() == [KEPT] * 5
    assert np.array_equal(batch.input_ids, rows.input_ids)
    assert batch.next_labels is None
