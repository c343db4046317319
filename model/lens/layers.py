"""How meaning changes on the way up: hidden states by layer, and what each layer alone would predict (C1, C12).

``hidden[0]`` is what layer 1 reads, ``hidden[l]`` the output of layer l, so all that runs over layers has L+1 rows.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.lens import masked_lm
from model.lens.embeddings import cosines
from model.lens.passes import in_passes
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_HEAD_AS_TOKENS = 8  # of the network: about what the head costs at one position
_FALL = 0.01  # of a cosine: a smaller one parts nothing


@dataclass(frozen=True, eq=False)
class Similarity:
    """One token on its way up, as cosines of its hidden states."""

    start: Floats  # (L+1,) with what layer 1 read of it; [0] is 1
    below: Floats  # (L+1,) with the layer below; [0] is NaN
    others: Floats  # (L+1, T) with every token of the same layer; with itself 1


@dataclass(frozen=True, eq=False)
class LogitLens:
    """The masked-LM head on every hidden state, as if the layers above were not there (nostalgebraist 2020)."""

    best: tuple[tuple[str, ...], ...]  # L+1 rows of T pieces: the most probable one
    probability: Floats  # (L+1, T) of that piece


@dataclass(frozen=True, eq=False)
class PiecePath:
    """One entry of the vocabulary through the layers at one position."""

    piece: str
    pieces: tuple[str, ...]  # those of the word that was asked for: ``piece`` is the first
    probability: Floats  # (L+1,)
    rank: tuple[int, ...]  # L+1 places among the vocabulary, from 1


@dataclass(frozen=True)
class Word:
    """A word of a text: its pieces, and where they stand in the trace."""

    pieces: tuple[str, ...]
    positions: tuple[int, ...]

    @property
    def text(self) -> str:
        """The word as its pieces write it."""
        return self.pieces[0] + "".join(piece.removeprefix("##") for piece in self.pieces[1:])


@dataclass(frozen=True, eq=False)
class Comparison:
    """Two words, perhaps one word in two sentences, compared on their way up (C1). Cosines of the means of pieces."""

    token: float  # of the token embeddings alone: 1 for one word
    hidden: Floats  # (L+1,)
    neighbour: Floats  # (2, L+1) each word with that other piece of its own text that is most like it; NaN without
    neighbours: tuple[tuple[str, ...], tuple[str, ...]]  # which piece that is; empty without
    attention: tuple[Floats, Floats]  # (L, T) of each trace: what the word looks at, mean over heads and its pieces

    @property
    def parts_at(self) -> int | None:
        """The layer, from 1 on, in which the cosine falls most; None where none lowers it by a hundredth."""
        falls = -np.diff(self.hidden)
        return int(falls.argmax()) + 1 if len(falls) and falls.max() >= _FALL else None

    @property
    def nearer_to_context_from(self) -> int | None:
        """The first height from which on one of them is always more like its neighbour than like the other word."""
        nearer = np.asarray(np.any(self.neighbour > self.hidden, axis=0))
        if not nearer[-1]:
            return None
        return int(np.flatnonzero(~nearer)[-1]) + 1 if not nearer.all() else 0


def similarity(trace: Trace, position: int) -> Similarity:
    """How alike the hidden states of the token at ``position`` are to its former ones, and to the other tokens.

    ``ValueError`` where the model computes no numbers.
    """
    own = _finite(trace)[:, position]  # (L+1, D)
    below = np.full(len(own), np.nan, dtype=np.float32)
    below[1:] = [cosines(own[height : height + 1], own[height - 1 : height])[0, 0] for height in range(1, len(own))]
    return Similarity(
        start=cosines(own, own[:1])[:, 0],
        below=below,
        others=np.stack([cosines(row[position : position + 1], row)[0] for row in trace.hidden]),
    )


def logit_lens(bert: Bert, trace: Trace) -> Generator[float, None, LogitLens]:
    """The best piece at every height and position, with its probability. Yields the share done between passes.

    For a model trained left-to-right the piece at a position is that which follows it. ``ValueError`` without the head.
    """
    bert.require(trace)
    states = _finite(trace).reshape(-1, trace.hidden.shape[-1])  # ((L+1)·T, D)
    entries, shares = np.zeros(len(states), dtype=np.int64), np.zeros(len(states), dtype=np.float32)
    for chosen, done in in_passes(np.arange(len(states)), _HEAD_AS_TOKENS):
        logits = bert.mlm_logits(states[chosen])
        known = logits[:, : len(bert.tokenizer.tokens)]  # a head may be padded beyond the vocabulary
        entries[chosen] = known.argmax(axis=-1)
        shares[chosen] = 1 / np.exp(logits - known.max(axis=-1, keepdims=True)).sum(axis=-1)
        yield done
    heights, tokens = trace.hidden.shape[:2]
    pieces = [bert.tokenizer.tokens[entry] for entry in entries]
    rows = tuple(tuple(pieces[height * tokens : (height + 1) * tokens]) for height in range(heights))
    return LogitLens(rows, shares.reshape(heights, tokens))


def candidates(bert: Bert, trace: Trace, position: int, top: int = 5) -> list[list[tuple[str, float]]]:
    """L+1 lists of the ``top`` entries at ``position``, the best first: what each height alone would expect there."""
    return [
        [(bert.tokenizer.tokens[entry], float(row[entry])) for entry in masked_lm.best(row, top)]
        for row in probabilities(bert, trace, position)
    ]


def paths(bert: Bert, trace: Trace, position: int, words: Sequence[str]) -> list[PiecePath]:
    """Probability and rank of each of ``words`` at ``position`` through the layers.

    A position holds one piece: of a word that has several it is the first. An entry of the vocabulary, such as ##ing,
    is taken as it is written. ``ValueError`` for a word without pieces, or that the vocabulary cannot write.
    """
    found = [_pieces(bert, word) for word in words]
    rows = probabilities(bert, trace, position)
    entries = [bert.tokenizer.id(pieces[0]) for pieces in found]
    return [
        PiecePath(pieces[0], pieces, rows[:, entry], tuple(masked_lm.rank(row, entry) for row in rows))
        for pieces, entry in zip(found, entries, strict=True)
    ]


def probabilities(bert: Bert, trace: Trace, position: int) -> Floats:
    """(L+1, V) the masked-LM head at ``position``, at every height: one softmax over the vocabulary each.

    ``ValueError`` without the head, and where the model computes no numbers.
    """
    bert.require(trace)
    logits = bert.mlm_logits(_finite(trace)[:, position])
    shares: Floats = np.exp(logits - logits.max(axis=-1, keepdims=True))
    shares /= shares.sum(axis=-1, keepdims=True)
    return shares[:, : len(bert.tokenizer.tokens)]


def words(trace: Trace) -> list[Word]:
    """The words of the texts as they were written, edits or not, in order; [CLS] and [SEP] are none."""
    found: dict[tuple[int, int], list[int]] = {}
    for position, (text, word) in enumerate(zip(trace.inputs.texts, trace.inputs.words, strict=True)):
        if text is not None and word is not None:
            found.setdefault((text, word), []).append(position)
    return [Word(tuple(trace.inputs.originals[place] for place in places), tuple(places)) for places in found.values()]


def shared(trace: Trace, other: Trace) -> list[tuple[Word, Word]]:
    """The words that both traces have, each where it stands first; the longest first, and marks such as "." last."""
    there = {word.pieces: word for word in reversed(words(other))}
    here = {word.pieces: word for word in reversed(words(trace)) if word.pieces in there}
    pairs = [(word, there[pieces]) for pieces, word in here.items()]
    return sorted(pairs, key=lambda pair: (-sum(map(str.isalnum, pair[0].text)), pair[0].positions))


def compared(trace: Trace, word: Word, other: Trace, its: Word) -> Comparison:
    """``word`` of ``trace`` and the word ``its`` of ``other`` on their way up; both traces may be the same one.

    ``ValueError`` where the traces are of two models, or the model computes no numbers.
    """
    if trace.fingerprint != other.fingerprint:
        raise ValueError(f"{trace.model} and {other.model} are two models: their vectors cannot be compared.")
    sides = ((trace, word), (other, its))
    means = [_finite(side)[:, where.positions].mean(axis=1) for side, where in sides]  # (L+1, D) each
    tokens = [side.embeddings.token[list(where.positions)].mean(axis=0, keepdims=True) for side, where in sides]
    nearest = [_nearest(side, where, mean) for (side, where), mean in zip(sides, means, strict=True)]
    looks = [side.attention[:, :, where.positions].mean(axis=(1, 2)) for side, where in sides]
    return Comparison(
        token=float(cosines(tokens[0], tokens[1])[0, 0]),
        hidden=np.array([cosines(a[None], b[None])[0, 0] for a, b in zip(*means, strict=True)], dtype=np.float32),
        neighbour=np.stack([values for values, _ in nearest]),
        neighbours=(nearest[0][1], nearest[1][1]),
        attention=(looks[0], looks[1]),
    )


def _nearest(trace: Trace, word: Word, means: Floats) -> tuple[Floats, tuple[str, ...]]:
    """(L+1,) cosine of the word's ``means`` (L+1, D) with the most alike other piece of a text, and its names."""
    others = [
        place for place, text in enumerate(trace.inputs.texts) if text is not None and place not in word.positions
    ]
    if not others:
        return np.full(len(means), np.nan, dtype=np.float32), ()
    alike = np.stack([cosines(mean[None], row[others])[0] for mean, row in zip(means, trace.hidden, strict=True)])
    return alike.max(axis=1), tuple(trace.tokens[others[place]] for place in alike.argmax(axis=1))


def _pieces(bert: Bert, word: str) -> tuple[str, ...]:
    pieces = (word,) if word in bert.tokenizer.tokens else bert.tokenizer.encode(word).tokens
    if not pieces:
        raise ValueError("Type a word to see how likely it is from layer to layer.")
    if pieces[0] == bert.tokenizer.unk_token and word != pieces[0]:
        raise ValueError(f"“{word}” cannot be followed: {bert.name} has no pieces for it and would read {pieces[0]}.")
    return pieces


def _finite(trace: Trace) -> Floats:
    """(L+1, T, D) the hidden states, if they are numbers."""
    if not np.isfinite(trace.hidden).all():
        raise ValueError(f"{trace.model} computes no numbers here: some of its weights are not finite.")
    return trace.hidden
