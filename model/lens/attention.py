"""Who looks at whom: what each head of a trace does, in numbers (C12).

The statistics are those of Clark et al. 2019, "What Does BERT Look At?", section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from model.trace import Floats, Trace


@dataclass(frozen=True, eq=False)
class HeadStatistics:
    """One number a head, each array (L, H). Shares are of the attention mass, averaged over the rows they speak of."""

    entropy: Floats  # nats, mean over rows: 0 looks at one token, ln T at all alike
    distance: Floats  # tokens between who looks and who is looked at, mean over the mass
    cls: Floats  # share on [CLS]
    sep: Floats  # share on [SEP]
    previous: Floats  # share on the token before, rows 1 … T-1
    next: Floats  # share on the token after, rows 0 … T-2
    itself: Floats  # share on the row's own position
    same: Floats  # share on other positions with the same piece, rows that have such; NaN where none has
    a_to_b: Floats  # share on B of rows in A; NaN without a pair
    b_to_a: Floats  # share on A of rows in B; NaN without a pair


def statistics(trace: Trace) -> HeadStatistics:
    """What each head does, over all rows of the trace; special tokens look and are looked at like any other."""
    attention = trace.attention
    tokens = np.asarray(trace.tokens)
    size = len(tokens)
    place = np.arange(size)
    distances = np.abs(place[:, None] - place[None, :]).astype(np.float32)
    same = (tokens[:, None] == tokens[None, :]) & ~np.eye(size, dtype=bool)
    second = trace.segments == 1
    texts = trace.inputs.texts
    framing = np.array([text is None for text in texts])
    cls, sep = place == 0, framing & (place > 0)
    return HeadStatistics(
        entropy=_entropy(attention),
        distance=np.einsum("lhqk,qk->lh", attention, distances) / np.float32(size),
        cls=_share(attention, np.broadcast_to(cls, (size, size))),
        sep=_share(attention, np.broadcast_to(sep, (size, size))),
        previous=_share(attention, np.eye(size, k=-1, dtype=bool)),
        next=_share(attention, np.eye(size, k=1, dtype=bool)),
        itself=_share(attention, np.eye(size, dtype=bool)),
        same=_share(attention, same),
        a_to_b=_share(attention, ~second[:, None] & second[None, :]),
        b_to_a=_share(attention, second[:, None] & ~second[None, :]),
    )


Pattern = Literal["previous", "next", "itself", "same", "cls", "sep", "a_to_b", "b_to_a", "broad", "mixed"]

_NAMED_FROM = 0.5  # a head is called after what gets at least half of its mass
_CROSSING_FROM = 0.6  # of the rows in one sentence on the other: both [SEP] count, so half would be chance
_BROAD_FROM = 0.85  # of ln T, the entropy of looking at all tokens alike


def patterns(heads: HeadStatistics, tokens: int) -> list[list[Pattern]]:
    """A name for what each head does, ``[layer][head]``, for a trace of so many ``tokens``.

    The largest of the shares on the previous, next, own and same token, [CLS] and [SEP] names it, from half of the
    mass on; then looking across to the other sentence; then ``broad``, close to all tokens alike; or ``mixed``.
    """
    names: tuple[Pattern, ...] = ("previous", "next", "itself", "same", "cls", "sep")
    shares = np.nan_to_num(np.stack([getattr(heads, name) for name in names]))  # (6, L, H)
    crossings = np.nan_to_num(np.stack([heads.a_to_b, heads.b_to_a]))  # (2, L, H)
    broad = heads.entropy >= _BROAD_FROM * np.log(max(tokens, 2))

    def name(layer: int, head: int) -> Pattern:
        best = int(shares[:, layer, head].argmax())
        if shares[best, layer, head] >= _NAMED_FROM:
            return names[best]
        crossing = crossings[:, layer, head]
        if crossing.max() >= _CROSSING_FROM and not broad[layer, head]:
            return "a_to_b" if crossing.argmax() == 0 else "b_to_a"
        return "broad" if broad[layer, head] else "mixed"

    layers, count = heads.entropy.shape
    return [[name(layer, head) for head in range(count)] for layer in range(layers)]


def _entropy(attention: Floats) -> Floats:
    """(L, H) mean entropy of the rows in nats, layer by layer so that no second (L, H, T, T) is needed."""
    tiny = np.finfo(np.float32).tiny
    rows = [-(layer * np.log(np.maximum(layer, tiny))).sum(-1).mean(-1) for layer in attention]
    return np.asarray(rows, dtype=np.float32)


def _share(attention: Floats, places: np.ndarray) -> Floats:
    """(L, H) mean over the rows that have such ``places`` (T, T) of the mass they put there; NaN where none has."""
    rows = places.any(axis=1)
    if not rows.any():
        return np.full(attention.shape[:2], np.nan, dtype=np.float32)
    mass = np.einsum("lhqk,qk->lh", attention, places.astype(np.float32))
    return mass / np.float32(rows.sum())
