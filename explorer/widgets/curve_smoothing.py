"""Long columns made light enough to draw: a mean that goes on where it stopped, and the extremes within each pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BLOCK = 32  # values that one row of a matrix product takes in


class Smoothed:
    """The exponential moving average over a column that grows; what came in once is not gone through again.

    A value weighs 1/e of a fresh one after ``span`` lines. NaN weighs nothing and stays NaN. The first values are not
    drawn towards zero: the sum is divided by the weights that it has so far.
    """

    def __init__(self, span: float) -> None:
        self._decay = math.exp(-1 / span)
        self._means = np.zeros(0, np.float32)
        self._sums = np.zeros(2)  # of the values and of their weights, as they count for the next line
        self._seen = np.zeros(0)  # step and value of the first and of the last line, to notice other lines

    def means(self, steps: NDArray[Any], values: NDArray[Any]) -> NDArray[np.float32]:
        """(N,) the averages for ``values`` (N,). Lines that are not those of before, and more, are taken anew."""
        known = len(self._means)
        if known > len(values) or not np.array_equal(self._seen, _ends(steps, values, known), equal_nan=True):
            known, self._means, self._sums = 0, np.zeros(0, np.float32), np.zeros(2)
        if known < len(values):
            fresh = values[known:].astype(np.float64)
            counted = np.isfinite(fresh)
            parts = np.stack([np.where(counted, fresh, 0.0), counted.astype(np.float64)])  # (2, N - known)
            parts[:, 0] += self._decay * self._sums
            sums = _decayed(parts, self._decay)
            means = np.full(len(fresh), np.nan, np.float32)
            np.divide(sums[0], sums[1], out=means, where=counted, casting="same_kind")
            self._means, self._sums = np.concatenate([self._means, means]), sums[:, -1].copy()
            self._seen = _ends(steps, values, len(values))
        return self._means


@dataclass(frozen=True)
class Pixels:
    """The columns of pixels that a line's points lie in: ``x`` (C,) of the first in each, ``first`` (C,) its number."""

    x: NDArray[np.float64]
    first: NDArray[np.intp]

    @classmethod
    def of(cls, x: NDArray[np.float64]) -> Pixels:
        """For points at ``x`` (N,), ascending."""
        columns = np.floor(x)
        first = np.flatnonzero(np.diff(columns, prepend=-np.inf))
        return cls(x[first], first)

    def thinned(self, y: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """x and y of a line that looks as that through all of ``y`` (N,): two points a column, its least and its most.

        NaN is left out.
        """
        if not len(y):
            return np.zeros(0), np.zeros(0)
        least, most = np.fmin.reduceat(y, self.first), np.fmax.reduceat(y, self.first)
        last = np.append(self.first[1:], len(y)) - 1
        falls = y[self.first] > y[last]
        ends = np.stack([np.where(falls, most, least), np.where(falls, least, most)], axis=1)  # (C, 2)
        drawn = np.isfinite(ends)
        drawn[:, 1] &= most - least > 0.5  # of a pixel; a line that is nearly level there takes one point
        return np.repeat(self.x[:, None], 2, axis=1)[drawn], ends[drawn].astype(np.float64)


def _ends(steps: NDArray[Any], values: NDArray[Any], count: int) -> NDArray[np.float64]:
    places = [0, count - 1] if count else []
    return np.concatenate([steps[places], values[places]]).astype(np.float64)


def _decayed(values: NDArray[np.float64], decay: float) -> NDArray[np.float64]:
    """(S, N) y with y[k] = decay · y[k - 1] + values[k], without a step in Python for each k."""
    rows, count = values.shape
    padded = np.zeros((rows, -(-count // _BLOCK) * _BLOCK))
    padded[:, :count] = values
    ages = np.arange(_BLOCK)
    kernel = np.tril(decay ** np.abs(ages[:, None] - ages))
    blocks = padded.reshape(rows, -1, _BLOCK) @ kernel.T  # each block as if nothing came before it
    if blocks.shape[1] > 1:
        before = _decayed(blocks[:, :-1, -1], decay**_BLOCK)
        blocks[:, 1:] += before[:, :, None] * decay ** (ages + 1)
    return blocks.reshape(rows, -1)[:, :count]
