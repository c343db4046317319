"""Random numbers that are functions of counters: whoever asks, in whatever order, gets the same ones.

A generator with a state would make a batch depend on what was drawn before it, and so on the rank and on where a run
was stopped. Here every number is a hash of integers that say what it is for: (seed, purpose, sample, position).
The mixing is splitmix64 (Steele, Lea and Flood, *Fast splittable pseudorandom number generators*, 2014).
"""

from __future__ import annotations

import itertools
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Counter: TypeAlias = int | np.integer | NDArray[np.int64]

_MASK = (1 << 64) - 1
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_ROUNDS = np.arange(1, 7, dtype=np.uint64)[:, None] * _GOLDEN  # of the Feistel network, three for each half


def uniform(*counters: Counter) -> NDArray[np.float64]:
    """Numbers in [0, 1), 53 bits each, one for each combination of ``counters`` broadcast against one another.

    Counters are told apart by their place: (1, 2) is not (2, 1). The largest array is cheapest last.
    """
    return np.asarray((_bits(*counters) >> np.uint64(11)) * 2.0**-53)


def integers(high: Counter, *counters: Counter) -> NDArray[np.int64]:
    """Integers from 0 to ``high`` - 1, which must be 1 or more; as ``uniform`` otherwise, ``high`` too broadcast.

    No value is likelier than another by more than ``high`` / 2^53 of its share.
    """
    # A product of a double below 1 and an integer below 2^53 never rounds up to that integer.
    return np.asarray(uniform(*counters) * high).astype(np.int64)


def shuffled(index: NDArray[np.int64], size: Counter, *key: Counter) -> NDArray[np.int64]:
    """Where a pseudo-random permutation of 0 … ``size`` - 1 takes each ``index``: another one for every ``key``.

    ``size`` and ``key`` may be arrays of ``index``' shape. Nothing of the size of the permutation is ever stored: it
    is a Feistel network on the digits of ``index`` in two nearly equal bases, walked on where it leaves the range
    (Black and Rogaway, *Ciphers with arbitrary finite domains*, 2002). ``index`` must lie within the range.
    """
    place = np.array(index, dtype=np.int64, ndmin=1)
    sizes = np.broadcast_to(np.asarray(size, dtype=np.int64), place.shape)
    streams = np.broadcast_to(_bits(*key), place.shape)
    outside = np.ones(place.shape, dtype=bool)
    while outside.any():
        place[outside] = _feistel(place[outside], sizes[outside], streams[outside])
        outside &= place >= sizes
    return place.reshape(np.shape(index))


def _feistel(index: NDArray[np.int64], size: NDArray[np.int64], stream: NDArray[np.uint64]) -> NDArray[np.int64]:
    """A permutation of 0 … ab - 1, where a = ⌈√size⌉ and b = ⌈size / a⌉: at most a - 1 values lie past ``size``."""
    a = np.ceil(np.sqrt(size)).astype(np.int64)
    b = -(-size // a)
    left, right = np.divmod(index, b)
    streams = _mix(stream + _ROUNDS)  # (rounds, B)
    for even, odd in zip(streams[::2], streams[1::2], strict=True):
        left = (left + _remainder(even, right, a)) % a
        right = (right + _remainder(odd, left, b)) % b
    return left * b + right


def _remainder(stream: NDArray[np.uint64], half: NDArray[np.int64], modulus: NDArray[np.int64]) -> NDArray[np.int64]:
    mixed = _mix(stream + half.astype(np.uint64) * _GOLDEN)
    return (mixed % modulus.astype(np.uint64)).astype(np.int64)


def _bits(*counters: Counter) -> NDArray[np.uint64]:
    leading = itertools.takewhile(lambda counter: isinstance(counter, int), counters)
    fixed = tuple(counter for counter in leading if isinstance(counter, int))
    state = _state(*fixed)
    for counter in counters[len(fixed) :]:
        state = _absorbed(state, np.asarray(counter))
    return state


@lru_cache(maxsize=1024)
def _state(*counters: int) -> NDArray[np.uint64]:
    """Kept, since most draws begin with the same few: the seed and what is drawn."""
    state = np.asarray(_GOLDEN)
    for counter in counters:
        state = _absorbed(state, np.asarray(counter & _MASK, dtype=np.uint64))
    return state


def _absorbed(state: NDArray[np.uint64], counter: NDArray[np.integer]) -> NDArray[np.uint64]:
    with np.errstate(over="ignore"):  # arithmetic modulo 2^64 is what is wanted
        return _mix(state + counter.astype(np.uint64) * _GOLDEN)


def _mix(x: NDArray[np.uint64]) -> NDArray[np.uint64]:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    x ^= x >> np.uint64(31)
    return x
