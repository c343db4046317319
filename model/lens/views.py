"""Attention as one may want to see it: one head, all of its layer or all layers up to it; pieces or words (C12)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

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

    def strongest(self, row: int | None = None) -> Cell:
        """The largest weight: of one ``row``, or of all where one word looks at another."""
        if row is not None:
            return row, int(self.weights[row].argmax())
        special = np.array([unit.special for unit in self.units])
        between = ~(special[:, None] | special[None, :] | np.eye(len(special), dtype=bool))
        cell = largest(self.weights, between) or largest(self.weights, np.ones(self.weights.shape, dtype=bool))
        assert cell is not None  # a text has a token at least
        return cell


def view(trace: Trace, head: Head, way: Way) -> View:
    """What ``way`` shows for ``head``, its layer or the layers up to it.

    Mean and maximum are over all heads of the layer, those that are off included: what they look at is recorded, too.
    """
    whole = _whole(trace, head, way.of)
    along = units(trace, whole_words=way.whole_words, special=way.special)
    return View(way, along, merged(whole, along))


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
