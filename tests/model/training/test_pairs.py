"""Which text stands in which row. Every token of these splits tells where it stands, so rows are read back by hand."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.training.pairs import Rows, Sampler
from tests.model.training.splits import SPECIAL, WORD, Part, Split, documents, split

BOOKS = documents(200, (20, 80), (3, 40))  # much longer than a row
NOTES = documents(400, (2, 7), (4, 12), seed=1)  # shorter than a row
TALES = documents(2000, (5, 7), (5, 10), seed=3)  # shorter than a row, and much alike
MIXED = documents(600, (1, 2), (5, 60), seed=2)  # half of them one sentence

NOTHING = np.empty(0, np.int64)

several_documents = st.lists(
    st.lists(st.one_of(st.integers(1, 12), st.integers(1, 150)), min_size=1, max_size=6), min_size=2, max_size=8
)
lengths = st.sampled_from([5, 6, 8, 16, 37, 128, 512])
seeds = st.integers(0, 2**63 - 1)


def sampler(of: Any, objective: str = "mlm+nsp", length: int = 128, seed: int = 1, **more: Any) -> Sampler:
    return Sampler(of, SPECIAL, objective=objective, length=length, seed=seed, **more)


def same(ours: Rows, theirs: Rows) -> bool:
    fields = ("input_ids", "segments", "lengths", "next_labels")
    return all(np.array_equal(getattr(ours, field), getattr(theirs, field)) for field in fields)


def texts(rows: Rows) -> list[list[np.ndarray]]:
    """The one or two texts of each row, as numbers of the split's tokens; what stands around them is checked."""
    found = []
    for ids, length in zip(rows.input_ids, rows.lengths, strict=True):
        assert ids[0] == SPECIAL.cls
        assert ids[length - 1] == SPECIAL.sep
        assert (ids[length:] == SPECIAL.pad).all()
        parts = np.split(ids[1 : length - 1], np.flatnonzero(ids[1 : length - 1] == SPECIAL.sep))
        found.append([parts[0] - WORD, *(part[1:] - WORD for part in parts[1:])])
        assert min(part.min() for part in found[-1]) >= 0
    return found


def standing(of: Any) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each token its document, whether it begins a sentence, and whether that is the first of several."""
    begins = of.sentences[of.documents]
    document = np.searchsorted(begins, np.arange(len(of.tokens)), side="right") - 1
    sentence = np.isin(np.arange(len(of.tokens)), of.sentences)
    opening = np.isin(np.arange(len(of.tokens)), begins[:-1][np.diff(of.documents) > 1])
    return document, sentence, opening


@settings(deadline=None)
@given(several_documents.filter(lambda some: any(len(one) > 1 for one in some)), lengths, seeds)
def test_a_row_is_two_texts_that_follow_or_are_of_two_documents(some: list[list[int]], length: int, seed: int) -> None:
    of = split(some)
    document, sentence, opening = standing(of)
    several = sum(len(one) > 1 for one in some)
    rows = sampler(of, length=length, seed=seed, short_share=0).rows(np.arange(40))
    assert rows.next_labels is not None
    for (a, b), label, segments, size in zip(texts(rows), rows.next_labels, rows.segments, rows.lengths, strict=True):
        assert (np.diff(a) == 1).all()
        assert (np.diff(b) == 1).all()
        assert len(set(document[a])) == 1
        assert len(set(document[b])) == 1
        assert (
            sentence[b[0]] or len(some[document[b[0]]]) == 1
        )  # a text of one sentence may be too long to be read whole
        assert (document[a[0]] == document[b[0]]) == (label == 0)
        if label == 0:
            assert b[0] == a[-1] + 1
        elif several > 1:  # the words that B begins with do not tell: no IsNext begins with a document's first
            assert not opening[b[0]]
        assert segments.tolist() == [0] * (len(a) + 2) + [1] * (len(b) + 1) + [0] * (length - size)
        ends = b[-1] + 1 == len(document) or document[b[-1] + 1] != document[b[-1]]
        assert size == length or ends


@settings(deadline=None)
@given(several_documents, lengths, seeds, st.sampled_from(["mlm", "causal"]))
def test_a_row_without_pairs_is_one_text_of_one_document(
    some: list[list[int]], length: int, seed: int, objective: str
) -> None:
    of = split(some)
    document, _, _ = standing(of)
    rows = sampler(of, objective, length, seed, short_share=0).rows(np.arange(30))
    assert rows.next_labels is None
    assert not rows.segments.any()
    for (text,) in texts(rows):
        assert (np.diff(text) == 1).all()
        assert len(set(document[text])) == 1
        last = text[-1]
        assert len(text) == length - 2 or last + 1 == len(document) or document[last + 1] != document[last]


@settings(deadline=None)
@given(
    several_documents.filter(lambda some: any(len(one) > 1 for one in some)),
    st.sampled_from(["mlm+nsp", "mlm"]),
    seeds,
    st.lists(st.integers(0, 300), min_size=1, max_size=20),
)
def test_a_row_does_not_depend_on_the_batch_that_it_is_in(
    some: list[list[int]], objective: str, seed: int, samples: list[int]
) -> None:
    made = sampler(split(some, some), objective, 32, seed, weights={"b": 0.5})
    whole = made.rows(np.arange(301))
    chosen = made.rows(np.array(samples))
    assert same(chosen, Rows(*(
        None if field is None else field[samples]
        for field in (whole.input_ids, whole.segments, whole.lengths, whole.next_labels)
    )))  # fmt: skip


def test_another_seed_and_another_pass_give_other_rows() -> None:
    ours, theirs = sampler(split(BOOKS), seed=1), sampler(split(BOOKS), seed=2)
    first = np.arange(64)
    assert not same(ours.rows(first), theirs.rows(first))
    assert not same(ours.rows(first), ours.rows(first + ours.epoch_size))
    everything = [ours.rows(np.arange(ours.epoch_size) + turn * ours.epoch_size) for turn in range(2)]
    pairs = [{ids.tobytes() for ids in rows.input_ids} for rows in everything]
    assert len(pairs[0] & pairs[1]) < 0.05 * ours.epoch_size  # the same place, label, cut and length


@pytest.mark.parametrize("texts_read", [BOOKS, NOTES, MIXED, [[30], [5, 5], [40]] * 100], ids=range(4))
@pytest.mark.parametrize("length", [8, 128])
def test_half_of_a_million_tokens_pairs_follow(texts_read: list[list[int]], length: int) -> None:
    number = 1_000_000 // length
    labels = sampler(split(texts_read), length=length).rows(np.arange(number)).next_labels
    assert labels is not None
    assert set(labels.tolist()) == {0, 1}
    assert abs(labels.mean() - 0.5) < 3 * 0.5 / np.sqrt(number)


def test_labels_follow_in_no_order() -> None:
    labels = sampler(split(BOOKS)).rows(np.arange(20_000)).next_labels
    assert labels is not None
    for lag in (1, 2, 7, 64):
        assert abs(np.corrcoef(labels[:-lag], labels[lag:])[0, 1]) < 4 / np.sqrt(len(labels))


def test_sentences_of_one_token_are_each_read_once_a_pass() -> None:
    # Documents of 2, 5 and 1 times the 14 tokens that a row of 16 has room for: every row full, nothing left over.
    made = sampler(split([[1] * 28, [1] * 70, [1] * 14]), "mlm", 16, short_share=0)
    assert made.epoch_size == 2 + 5 + 1
    for turn in range(3):
        rows = made.rows(np.arange(8) + turn * 8)
        assert np.sort(np.concatenate([text for (text,) in texts(rows)])).tolist() == list(range(112))


def read(made: Sampler, passes: int, tokens: int, own: bool = False) -> np.ndarray:
    """(passes, tokens) how often each pass reads each token; ``own``: not counting the B of NotNext."""
    counts = []
    for turn in range(passes):
        rows = made.rows(np.arange(made.epoch_size) + turn * made.epoch_size)
        words = rows.input_ids >= WORD
        if own:
            assert rows.next_labels is not None
            words &= (rows.segments == 0) | (rows.next_labels == 0)[:, None]
        counts.append(np.bincount(rows.input_ids[words] - WORD, minlength=tokens))
    return np.array(counts)


@pytest.mark.parametrize("texts_read", [BOOKS, NOTES], ids=["books", "notes"])
def test_a_pass_reads_each_token_about_once(texts_read: list[list[int]]) -> None:
    of = split(texts_read)
    counts = read(sampler(of, length=64), 40, len(of.tokens))
    assert counts.mean() == pytest.approx(1, abs=0.06)  # short samples less, documents that leave something over more
    assert counts.sum(axis=0).min() > 0  # none is left out for good
    own = read(sampler(of, length=64), 40, len(of.tokens), own=True)
    assert own.mean() == pytest.approx(0.75, abs=0.06)  # all that IsNext reads, and A of NotNext, half of a row
    assert own.sum(axis=0).min() > 0


def test_a_pass_without_pairs_reads_every_document_and_in_the_long_run_every_token() -> None:
    of = split(BOOKS[:40], NOTES, MIXED)
    counts = read(sampler(of, "mlm", length=64, short_share=0), 40, len(of.tokens))
    by_document = np.add.reduceat(counts, of.sentences[of.documents[:-1]], axis=1)
    assert by_document.min() > 0
    assert counts.mean(axis=0).min() > 0.1  # by a coin in half of the passes, at the least: 20 of 40, never below 4


def test_sentences_longer_than_a_row_are_read_to_their_end() -> None:
    of = split([[500, 3], [700], [40, 300, 2]])
    assert read(sampler(of, "mlm", length=32), 60, len(of.tokens)).mean(axis=0).min() > 0.1
    assert read(sampler(of, length=32), 400, len(of.tokens)).sum(axis=0).min() > 0


def test_a_part_is_read_as_often_as_its_weight_says() -> None:
    # Each document is one sample, so a document's first token counts how often it is read.
    of = split([[9]] * 50, [[9]] * 60, [[9]] * 70, [[9]] * 80)
    made = sampler(of, "mlm", 16, short_share=0, weights={"a": 2, "c": 0.5, "d": 0})
    assert made.epoch_size == 100 + 60 + 35
    first, second = read(made, 2, len(of.tokens))[:, ::9]
    assert (first[:50] == 2).all()
    assert (first[50:110] == 1).all()
    assert first[110:180].sum() == 35
    assert (first + second)[110:180].tolist() == [1] * 70  # every other time
    assert not first[180:].any()


def test_random_sentences_are_as_frequent_as_their_part_is_read() -> None:
    of = split([[9, 9]] * 30, [[9, 9]] * 30, [[9, 9]] * 30)
    rows = sampler(of, length=32, short_share=0, weights={"a": 3, "c": 0}).rows(np.arange(20_000))
    assert rows.next_labels is not None
    second = [b[0] // 540 for (_, b), label in zip(texts(rows), rows.next_labels, strict=True) if label == 1]
    share = np.bincount(second, minlength=3) / len(second)
    assert share[2] == 0
    assert abs(share[0] - 0.75) < 3 * np.sqrt(0.75 * 0.25 / len(second)) + 0.01  # a document is never its own other


def test_pairs_of_one_sentence_documents_move_within_the_parts_that_are_read() -> None:
    of = split([[9]] * 90, [[9, 9]] * 10, [[9, 9]] * 50)
    rows = sampler(of, length=32, weights={"c": 0}).rows(np.arange(10_000))
    assert rows.next_labels is not None
    assert rows.input_ids.max() < WORD + 90 * 9 + 10 * 18
    assert abs(rows.next_labels.mean() - 0.5) < 3 * 0.5 / 100
    begin = np.array([a[0] for (a, _), label in zip(texts(rows), rows.next_labels, strict=True) if label == 0])
    read_here = np.bincount((begin - 810) // 18, minlength=10)
    assert abs(read_here / read_here.mean() - 1).max() < 4 / np.sqrt(read_here.mean())  # all ten alike


def test_the_order_of_a_pass_is_not_that_of_the_files() -> None:
    of = split([[9]] * 1000, [[9]] * 1000)
    begin = np.array([text[0] for (text,) in texts(sampler(of, "mlm", 16, short_share=0).rows(np.arange(2000)))])
    assert np.sort(begin).tolist() == list(range(0, 18_000, 9))
    assert abs(np.corrcoef(begin, np.arange(2000))[0, 1]) < 4 / np.sqrt(2000)
    assert abs(np.corrcoef(begin[1:], begin[:-1])[0, 1]) < 4 / np.sqrt(2000)


def test_a_tenth_of_the_rows_is_shorter_each_length_as_likely() -> None:
    of = split([[1] * 5000] * 4)
    size = sampler(of, "mlm", 52, short_share=0.1).rows(np.arange(100_000)).lengths - 2
    short = size[size < 50]
    # One of the 49 lengths from 2 to 50 is the full one.
    assert abs(len(short) / 1e5 - 0.1 * 48 / 49) < 3 * np.sqrt(0.09 / 1e5)
    counts = np.bincount(short, minlength=50)[2:]
    assert short.min() == 2
    assert abs(counts / counts.mean() - 1).max() < 4 / np.sqrt(counts.mean())


@pytest.mark.parametrize("objective", ["mlm+nsp", "mlm"])
def test_half_of_the_texts_lose_their_last_full_stop_and_nothing_else(objective: str) -> None:
    of = split([[9, 9, 9]] * 100)
    stops = (of.tokens[8::9]).tolist()  # the last token of every sentence
    made = [sampler(of, objective, 24, bare_share=share, stops=stops).rows(np.arange(4000)) for share in (0, 0.5, 1)]
    bare = np.zeros(4000, dtype=bool)
    for row, (whole, half, none) in enumerate(zip(*map(texts, made), strict=True)):
        ends = [len(text) > 1 and text[-1] + WORD in stops for text in whole]
        assert [text.tolist() for text in none] == [
            text[: len(text) - end].tolist() for text, end in zip(whole, ends, strict=True)
        ]
        kept = [text.tolist() for text in half]
        assert kept in ([text.tolist() for text in whole], [text.tolist() for text in none])
        bare[row] = kept == [text.tolist() for text in none] and any(ends)
    ended = np.array([any(text[-1] + WORD in stops for text in row if len(text) > 1) for row in texts(made[0])])
    assert abs(bare[ended].mean() - 0.5) < 3 * 0.5 / np.sqrt(ended.sum())


@pytest.mark.parametrize("texts_read", [BOOKS, TALES], ids=["books", "tales"])
def test_lengths_hardly_tell_the_label(texts_read: list[list[int]]) -> None:
    rows = sampler(split(texts_read)).rows(np.arange(40_000))
    assert rows.next_labels is not None
    follow, random = (np.bincount(rows.lengths[rows.next_labels == label], minlength=129) for label in (0, 1))
    right = 0.5 + np.abs(follow / follow.sum() - random / random.sum()).sum() / 4  # of the best guess by length
    assert right < 0.55  # of the tales 0.69 where B is from anywhere in another document


def test_where_b_ends_does_not_tell_the_label() -> None:
    of = split(BOOKS)
    rows = sampler(of).rows(np.arange(20_000))
    assert rows.next_labels is not None
    last = np.isin([b[-1] + 1 for _, b in texts(rows)], of.sentences[of.documents])
    follow, random = (last[rows.next_labels == label] for label in (0, 1))
    assert 0.02 < follow.mean() < 0.3
    assert abs(follow.mean() - random.mean()) < 0.02


@pytest.mark.parametrize(
    ("of", "objective", "more", "says"),
    [
        (split([]), "mlm", {}, "empty"),
        (Split(NOTHING, NOTHING, NOTHING, (Part("a", (0, 0)),)), "mlm", {}, "empty"),
        (split([[5, 5]]), "mlm+nsp", {}, "one document"),
        (split([[5, 5]], [[5, 5]]), "mlm+nsp", {"weights": {"b": 0}}, "one document"),
        (split([[5], [6]]), "mlm+nsp", {}, "second sentence"),
        (split([[5, 5]]), "mlm", {"weights": {"a": 0}}, "weight 0"),
        (split([[5, 5]]), "mlm", {"weights": {"books": 1}}, "books"),
        (split(NOTES), "mlm+nsp", {"length": 4}, "5 or more"),
        (split(NOTES), "causal", {"length": 3}, "4 or more"),
    ],
)  # fmt: skip
def test_what_no_rows_can_be_made_of_is_said(of: Any, objective: str, more: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        sampler(of, objective, **more)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(0, 3), max_size=4), max_size=80), seeds)
def test_empty_sentences_and_documents_do_no_harm(some: list[list[int]], seed: int) -> None:
    of = split([[], [0, 4, 0, 3, 0] * 40, *some, [2, 2], []])
    rows = sampler(of, length=8, seed=seed).rows(np.arange(50))
    assert ((rows.input_ids == SPECIAL.sep).sum(axis=1) == 2).all()
    assert (rows.lengths <= 8).all()
    rows = sampler(of, "mlm", length=8, seed=seed).rows(np.arange(50))
    assert min(len(text) for (text,) in texts(rows)) > 0


@pytest.mark.parametrize("number", [63, 64, 65, 128, 129, 1000])
def test_documents_are_found_whatever_their_number(number: int) -> None:
    of = split([[3, 4]] * number)
    begin = [text[0] for (text,) in texts(sampler(of, "mlm", 16, short_share=0).rows(np.arange(number)))]
    assert sorted(begin) == list(range(0, 7 * number, 7))


def test_a_corpus_larger_than_memory_is_mapped_and_not_gone_through(tmp_path: Path) -> None:
    tokens = np.memmap(tmp_path / "tokens", np.uint16, "w+", shape=200_000_000)  # nothing is written: no space is taken
    sentences = np.arange(0, 200_000_001, 500)
    documents_of = np.arange(0, 400_001, 40)
    of: Any = Split(tokens, sentences, documents_of, (Part("a", (0, 10_000)),))
    tracemalloc.start()
    made = sampler(of)
    made.rows(np.arange(64))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 2_000_000  # bytes; the tokens are 400 MB, the sentences 3 MB
