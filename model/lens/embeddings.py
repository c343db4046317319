"""What each token starts as: the geometry of the embeddings (C7, C9, C10). The addends themselves are in the trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


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
    table = bert.token_embeddings()
    similarity = cosines(trace.embeddings.token[position : position + 1], table)[0]
    similarity[trace.input_ids[position]] = -np.inf
    similarity = similarity[: len(bert.tokenizer.tokens)]  # a table may be padded beyond the vocabulary
    best = np.argsort(-similarity, kind="stable")[: min(top, len(similarity) - 1)]
    return [(bert.tokenizer.tokens[entry], float(similarity[entry])) for entry in best]


def position_similarity(bert: Bert) -> Floats:
    """(P, P) cosine of every row of the position table with every other, P the model's maximum length (C10)."""
    return cosines(bert.position_embeddings())


def _directions(vectors: Floats) -> Floats:
    lengths: Floats = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / lengths.clip(min=1e-30)  # a row of zeros stays one
