"""Attention as one may want to see it: one head, all of its layer or all layers up to it; pieces or words (C12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from model.inputs import Integers
from model.lens.attention import Cell, Head, largest
from model.lens.rollout import rollout
from model.lens.words import Unit, merged, units
from model.trace import Floats, Trace

Of = Literal["head", "mean", "maximum", "rollout"]


@dataclass(frozen=True)
class Way:
    """Of which heads, and between what."""

    of: Of = "head"
    whole_words: bool = False
    special: bool = True  # with [CLS] and [SEP]


@dataclass(frozen=True, eq=False)
class View:
    """The weights between N units: tokens or words."""

    way: Way
    units: tuple[Unit, ...]
    weights: Floats  # (N, N)
    most: Integers  # (N,) the column that each row looks at most
    strongest: Cell  # where one word looks at another most, or else any token at any


def view(trace: Trace, head: Head, way: Way) -> View:
    """What ``way`` shows for ``head``, its layer or the layers up to it.

    Mean and maximum are over all heads of the layer, those that are off included: what they look at is recorded, too.
    """
    whole = _whole(trace, head, way.of)
    along = units(trace, whole_words=way.whole_words, special=way.special)
    weights = merged(whole, along)
    special = np.array([unit.special for unit in along])
    between = ~(special[:, None] | special[None, :] | np.eye(len(along), dtype=bool))
    strongest = largest(weights, between) or largest(weights, np.ones(weights.shape, dtype=bool))
    assert strongest is not None  # a text has a token at least
    return View(way, along, weights, weights.argmax(axis=1), strongest)


def _whole(trace: Trace, head: Head, of: Of) -> Floats:
    """(T, T)"""
    layer, _ = head
    if of == "rollout":
        return rollout(trace, layer)
    if of == "head":
        return trace.attention[head]
    heads = trace.attention[layer]
    together: Floats = heads.mean(axis=0) if of == "mean" else heads.max(axis=0)
    return together
