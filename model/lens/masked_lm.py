"""What BERT expects at a position (C13). All probabilities come from one softmax over the vocabulary.

For a model trained left-to-right the question at position i is what comes next, so its answer speaks of i + 1.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.lens.passes import copies, in_passes, result
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_HEAD_AS_TOKENS = 8  # of the network: about what the head costs at one position


@dataclass(frozen=True)
class Expectation:
    """What is expected at a position, and how what the text has there fares."""

    position: int
    best: tuple[tuple[str, float], ...]  # entries with their probabilities, the best first
    original: str | None  # what the text has; None where it says nothing: a typed [MASK], the end of the text
    probability: float  # of the original; 0 without one
    rank: int  # of the original, from 1; 0 without one
    standing: float | None = None  # probability of a token that was put in the original's place


@dataclass(frozen=True)
class WordScore:
    """How likely a word is at a position."""

    pieces: tuple[str, ...]
    probability: float  # of several pieces: the product, each piece given the ones before it
    rank: int | None  # among the vocabulary, from 1; None for a word of several pieces, which is no entry of it
    by_piece: tuple[float, ...]  # the factors


def log_probabilities(bert: Bert, trace: Trace, position: int) -> Floats:
    """(V,) natural logarithm of the probability of every vocabulary entry at ``position``."""
    bert.require(trace)
    scores = log_softmax(bert.mlm_logits(trace.hidden[-1, position : position + 1]))[0][: len(bert.tokenizer.tokens)]
    if np.isnan(scores).any():
        raise ValueError(f"{bert.name} computes no numbers here: some of its weights are not finite.")
    return scores


def asked(bert: Bert, trace: Trace) -> list[int]:
    """Where the answer stands for every position that was edited, or where a [MASK] stands in the text.

    A model that reads left-to-right says one position before what it expects there.
    """
    mask, before = bert.tokenizer.mask_token, int(bert.config.is_decoder)
    changed = {edit.position for edit in trace.scenario.edits}
    changed |= {position for position, token in enumerate(trace.tokens) if token == mask}
    return sorted({max(position - before, 0) for position in changed})


def predictions(bert: Bert, trace: Trace, position: int, top: int = 10) -> list[tuple[str, float]]:
    """The ``top`` most probable entries at ``position`` with their probabilities, the best first."""
    scores = log_probabilities(bert, trace, position)
    return [(bert.tokenizer.tokens[entry], float(np.exp(scores[entry]))) for entry in best(scores, top)]


def expectation(bert: Bert, trace: Trace, position: int, top: int = 10) -> Expectation:
    """What is expected at ``position``, and the rank and probability of what the text has there."""
    scores = log_probabilities(bert, trace, position)
    found = tuple((bert.tokenizer.tokens[entry], float(np.exp(scores[entry]))) for entry in best(scores, top))
    place = position + 1 if bert.config.is_decoder else position
    original = trace.inputs.originals[place] if place < len(trace.tokens) else None
    if original is None or original == bert.tokenizer.mask_token:
        return Expectation(position, found, None, 0.0, 0)
    entry, read = bert.tokenizer.id(original), int(trace.input_ids[place])
    was_put_in = read not in (entry, bert.tokenizer.id(bert.tokenizer.mask_token))
    standing = float(np.exp(scores[read])) if was_put_in else None
    return Expectation(position, found, original, float(np.exp(scores[entry])), rank(scores, entry), standing)


def best(scores: Floats, top: int) -> list[int]:
    """The entries with the ``top`` highest ``scores`` (V,), the highest first, ties by their number."""
    top = min(top, len(scores))
    candidates = np.flatnonzero(scores >= np.partition(scores, -top)[-top])
    return [int(entry) for entry in candidates[np.argsort(-scores[candidates], kind="stable")][:top]]


def rank(scores: Floats, entry: int) -> int:
    """The place of ``entry`` among ``scores`` (V,), 1 for the highest."""
    return int((scores > scores[entry]).sum()) + 1


def score(bert: Bert, trace: Trace, position: int, word: str) -> WordScore:
    """What ``scoring`` ends with."""
    return result(scoring(bert, trace, position, word))


def scoring(bert: Bert, trace: Trace, position: int, word: str) -> Generator[float, None, WordScore]:
    """How likely ``word`` is at ``position``. Yields the share done between passes.

    A word of n pieces takes the place of the token: n [MASK] stand there, and each piece is scored once the ones
    before it are filled in, so n passes. A left-to-right model reads the pieces one by one in the same way.
    ``ValueError`` for a word that has no pieces, or that the vocabulary cannot write.
    """
    pieces = bert.tokenizer.encode(word).tokens
    if not pieces:
        raise ValueError("Type a word to see how likely it is here.")
    unknown = bert.tokenizer.unk_token
    if unknown in pieces and unknown not in word:
        raise ValueError(f"“{word}” cannot be scored: {bert.name} has no pieces for it and would read {unknown}.")
    ids = [bert.tokenizer.id(piece) for piece in pieces]
    if len(ids) == 1:
        scores = log_probabilities(bert, trace, position)
        return WordScore(pieces, float(np.exp(scores[ids[0]])), rank(scores, ids[0]), (float(np.exp(scores[ids[0]])),))
    factors = []
    for factor in _factors(bert, trace, position, ids):
        factors.append(factor)
        yield len(factors) / len(ids)
    return WordScore(pieces, float(np.prod(factors)), None, tuple(factors))


def surprise(bert: Bert, trace: Trace) -> Generator[float, None, Floats]:
    """(T,) -ln p of what the text has at each position when that position is masked, in nats.

    NaN for [CLS], [SEP] and a [MASK] that was typed, since there the text says nothing. Other edits stay in place.
    A left-to-right model needs no masks: its one pass predicts every token from those before it. Yields the share
    done between passes. ``ValueError`` where such a model was asked to look both ways: it would see what it predicts.
    """
    bert.require(trace)
    if bert.config.is_decoder and trace.direction == "both":
        raise ValueError("Reading both ways, this model sees the tokens that it predicts: read left-to-right instead.")
    said = [
        position
        for position, text in enumerate(trace.inputs.texts)
        if text is not None and trace.inputs.originals[position] != bert.tokenizer.mask_token
    ]
    surprises = np.full(len(trace.tokens), np.nan, dtype=np.float32)
    originals = np.array([bert.tokenizer.id(token) for token in trace.inputs.originals])
    mask = bert.tokenizer.id(bert.tokenizer.mask_token)
    tokens = _HEAD_AS_TOKENS if bert.config.is_decoder else len(trace.tokens)
    for chosen, done in in_passes(np.array(said, dtype=np.int64), tokens):
        row = np.arange(len(chosen))
        if bert.config.is_decoder:
            hidden = trace.hidden[-1, chosen - 1]
        else:
            ids = copies(trace.input_ids, len(chosen))
            ids[row, chosen] = mask
            hidden = bert.hidden(trace, ids, copies(trace.segments, len(chosen)))[row, chosen]
        surprises[chosen] = -log_softmax(bert.mlm_logits(hidden))[row, originals[chosen]]
        yield done
    return surprises


def log_softmax(logits: Floats) -> Floats:
    """Natural logarithms of the softmax of each row of ``logits`` (N, V)."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _factors(bert: Bert, trace: Trace, position: int, ids: list[int]) -> Generator[float, None, None]:
    """The probability of each piece in ``ids``, given the ones before it."""
    asked = position  # a masked model is asked where the piece stands, a left-to-right one just before
    before, after = trace.input_ids[:position], trace.input_ids[position + 1 :]
    segment = trace.segments[position]
    mask = bert.tokenizer.id(bert.tokenizer.mask_token)
    if bert.config.is_decoder:
        before, after = trace.input_ids[: position + 1], trace.input_ids[:0]
    for done, entry in enumerate(ids):
        blanks = [] if bert.config.is_decoder else [mask] * (len(ids) - done)
        row = np.concatenate([before, ids[:done], blanks, after]).astype(np.int64)
        if len(row) > bert.config.max_position_embeddings:
            raise ValueError("With this word's pieces the input is longer than the model reads: shorten the text.")
        behind = len(row) - len(before)
        segments = np.concatenate([trace.segments[: len(before)], np.full(behind - len(after), segment)])
        segments = np.concatenate([segments, trace.segments[position + 1 :][: len(after)]]).astype(np.int64)
        hidden = bert.hidden(trace, row[None], segments[None])[0]
        yield float(np.exp(log_softmax(bert.mlm_logits(hidden[asked + done : asked + done + 1]))[0, entry]))
