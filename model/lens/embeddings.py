"""What each token starts as: the geometry of the embeddings (C7, C9, C10). The addends themselves are in the trace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


@dataclass(frozen=True, eq=False)
class Likeness:
    """How alike the tokens of a trace are, each with each: cosines, (T, T), at three heights."""

    token: Floats  # the token embedding alone: two tokens of one piece have cosine 1
    input: Floats  # what layer 1 reads
    output: Floats  # after all layers


@dataclass(frozen=True, eq=False)
class PositionTable:
    """The position embeddings compared with one another (C10)."""

    similarity: Floats  # (P, P) cosines, P the longest input
    trained: int  # positions that were trained, from 0 on: P where nothing else is known
    by_distance: Floats  # (trained,) mean cosine of trained positions that far apart; [0] is 1
    untrained: float  # mean cosine of neighbours that were never trained; NaN where there are none


@dataclass(frozen=True, eq=False)
class Flip:
    """What the other segment does to one token, and through it to all (C9). Cosines are with the former self."""

    segments: tuple[int, int]  # the token's segment before and after, 0 for A and 1 for B
    vectors: Floats  # (2, D) the embeddings of these segments: their difference is what is added to the sum
    sum: float  # cosine of the token's sum
    hidden: Floats  # (L+1, T) cosine of every hidden state, [0] of what layer 1 reads

    @property
    def distance(self) -> float:
        """How far the token's sum moves: the length of the difference of the two segment embeddings."""
        return float(np.linalg.norm(self.vectors[1] - self.vectors[0]))


def norms(vectors: Floats) -> Floats:
    """(T,) Euclidean lengths of the rows of ``vectors`` (T, D)."""
    return np.linalg.norm(vectors, axis=-1)


def cosines(vectors: Floats, others: Floats | None = None) -> Floats:
    """(T, S) cosine of every row of ``vectors`` (T, D) with every row of ``others`` (S, D), or of itself.

    A row of zeros, such as [PAD]'s embedding, has cosine 0 with everything.
    """
    directions = _directions(vectors)
    return directions @ (directions if others is None else _directions(others)).T


def nearest(bert: Bert, trace: Trace, position: int, top: int = 10) -> list[tuple[str, float]]:
    """The ``top`` vocabulary entries whose token embedding is closest by cosine to that of the token at ``position``.

    The token itself, with 1.000, is left out.
    """
    bert.require(trace)
    table, vector = bert.token_embeddings(), trace.embeddings.token[position]
    lengths = np.sqrt(np.einsum("vd,vd->v", table, table)) * np.linalg.norm(vector)  # without a second table
    similarity = table @ vector / lengths.clip(min=1e-30)
    similarity[trace.input_ids[position]] = -np.inf
    similarity = similarity[: len(bert.tokenizer.tokens)]  # a table may be padded beyond the vocabulary
    best = np.argsort(-similarity, kind="stable")[: min(top, len(similarity) - 1)]
    return [(bert.tokenizer.tokens[entry], float(similarity[entry])) for entry in best]


def position_similarity(bert: Bert) -> Floats:
    """(P, P) cosine of every row of the position table with every other, P the model's maximum length (C10)."""
    return cosines(bert.position_embeddings())


def likeness(trace: Trace) -> Likeness:
    """The cosines between the tokens before the layers, as they go in and as they come out."""
    return Likeness(
        token=cosines(trace.embeddings.token),
        input=cosines(trace.embeddings.output),
        output=cosines(trace.hidden[-1]),
    )


def closest(trace: Trace, similarity: Floats) -> tuple[int, int]:
    """The two positions with different pieces that are most alike by ``similarity`` (T, T), the earlier one first.

    [CLS] and [SEP] count only where the texts have fewer than two pieces.
    """
    pieces = trace.input_ids
    special = np.array([text is None for text in trace.inputs.texts])
    different = np.triu(pieces[:, None] != pieces[None, :])
    of_texts = different & ~special[:, None] & ~special[None, :]
    row, column = np.unravel_index(
        np.where(of_texts if of_texts.any() else different, similarity, -np.inf).argmax(), similarity.shape
    )
    return int(row), int(column)


def position_table(bert: Bert) -> PositionTable:
    """The position table against itself, and how alike positions are by their distance."""
    similarity = position_similarity(bert)
    size = len(similarity)
    trained = min(bert.trained_length or size, size)
    known, rest = similarity[:trained, :trained], similarity[trained:, trained:]
    means = [float(np.diagonal(known, distance).mean()) for distance in range(trained)]
    untrained = float(np.diagonal(rest, 1).mean()) if len(rest) > 1 else np.nan
    return PositionTable(similarity, trained, np.array(means, dtype=np.float32), untrained)


def flipped(bert: Bert, trace: Trace, position: int) -> Flip:
    """What changes when the token at ``position`` gets the other segment: one more pass.

    ``ValueError`` where the model has one segment only.
    """
    bert.require(trace)
    other = bert.trace(trace.scenario.flip(position))
    before, after = trace.embeddings, other.embeddings
    return Flip(
        segments=(int(trace.segments[position]), int(other.segments[position])),
        vectors=np.stack([before.segment[position], after.segment[position]]),
        sum=float(_row_cosines(before.sum[position], after.sum[position])),
        hidden=_row_cosines(trace.hidden, other.hidden),
    )


def _row_cosines(vectors: Floats, others: Floats) -> Floats:
    """(…) cosine of every vector of ``vectors`` (…, D) with its like in ``others`` (…, D)."""
    cosine: Floats = (_directions(vectors) * _directions(others)).sum(axis=-1)
    return cosine


def _directions(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / lengths.clip(min=1e-30)  # a row of zeros stays one
