"""Long lenses ask many copies of one input, a few at a time, so that they can be stopped between passes."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TypeVar

import numpy as np

from model.inputs import Integers

Result = TypeVar("Result")

_TOKENS_PER_PASS = 512  # no more than a long question: what is asked next waits for one pass


def in_passes(positions: Integers, tokens: int) -> Iterator[tuple[Integers, float]]:
    """``positions`` of an input of so many ``tokens``, as many at once as keep a pass short.

    With each batch comes the share of all that is done once it is.
    """
    size = max(1, _TOKENS_PER_PASS // tokens)
    for start in range(0, len(positions), size):
        batch = positions[start : start + size]
        yield batch, (start + len(batch)) / len(positions)


def result(lens: Generator[float, None, Result]) -> Result:
    """What a long ``lens`` ends with, for those who can wait."""
    while True:
        try:
            next(lens)
        except StopIteration as stop:
            found: Result = stop.value
            return found


def in_turn(*lenses: Generator[float, None, Result]) -> Generator[float, None, list[Result]]:
    """The ``lenses``, one after the other, as one that ends with all their results."""
    found: list[Result] = []
    for lens in lenses:
        while True:
            try:
                done = next(lens)
            except StopIteration as stop:
                found.append(stop.value)
                break
            yield (len(found) + done) / len(lenses)
    return found


def copies(row: Integers, count: int) -> Integers:
    """(count, T) of a ``row`` (T,), to be written into."""
    return np.repeat(row[None], count, axis=0)
