"""What each token contributes to an answer: integrated gradients (Sundararajan, Taly and Yan 2017).

The answer is followed from the same input with every token of the text replaced by [MASK], an input the model knows
how to read, to the input itself; [CLS], [SEP], segments and positions stay. The way is a straight line between the two
sums of embeddings, before their LayerNorm: there both differ by token embeddings alone, so a contribution is that of
which token stands at a place, and what does not change contributes exactly 0.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.lens.passes import in_passes
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

Doubles = NDArray[np.float64]
Slopes = Callable[[Floats], tuple[Floats, Callable[[], Floats]]]
"""Of sums (B, T, D) the outputs (B,), and the way back to their slopes (B, T, D)."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(5)  # of each stretch of the way
_EXACT = 0.005  # of the change that may be missing from the sum of the contributions
_ALIKE = 0.01  # of the largest contribution by which the halves of a stretch may differ from the whole
_ROUNDING = 1e-5  # of the output: what float32 cannot tell
_MOST = 64  # stretches: what is missing then is told in ``gap``
_FIRST = 1 / 3  # of the job: where all goes well there is one stretch, then its two halves
_SLOPE = 2  # passes that either half of one, there and back, takes at most


@dataclass(frozen=True, eq=False)
class Contributions:
    """How the change from the masked text to the text is shared out: ``after - before == sum(by_token) + gap``.

    Of next sentence these are log odds, IsNext over NotNext; of a token they are the logarithm of its probability.
    """

    by_token: Floats  # (T,) 0 for [CLS], [SEP] and [MASK]
    before: float  # the output where every token of the text is [MASK]
    after: float  # the output for the text
    gap: float  # what the sum of the contributions misses
    steps: int  # points of the way at which the slope was taken


def next_sentence(bert: Bert, trace: Trace) -> Generator[float, None, Contributions]:
    """What each token says for IsNext, or below 0 for NotNext, in log odds. Yields the share done between passes.

    ``ValueError`` where the model has no NSP head.
    """
    return _integrated(bert, trace, lambda sums: bert.next_sentence_slopes(trace, sums))


def token(bert: Bert, trace: Trace, position: int, piece: str) -> Generator[float, None, Contributions]:
    """What each token adds to ln p of ``piece`` at ``position``. Yields the share done between passes.

    ``ValueError`` where the model has no MLM head, or no such piece.
    """
    entry = bert.tokenizer.id(piece)
    return _integrated(bert, trace, lambda sums: bert.token_slopes(trace, sums, position, entry))


def masked(bert: Bert, trace: Trace) -> Floats:
    """(T, D) the sums of embeddings from which the way begins."""
    mask = bert.token_embeddings()[bert.tokenizer.id(bert.tokenizer.mask_token)]
    said = np.array([text is not None for text in trace.inputs.texts])
    blank = mask + trace.embeddings.segment + trace.embeddings.position
    return np.where(said[:, None], blank, trace.embeddings.sum)


class _Way:
    """The straight line from the masked text, at 0, to the text, at 1."""

    def __init__(self, bert: Bert, trace: Trace, slopes: Slopes) -> None:
        self._slopes, self._start = slopes, masked(bert, trace)
        self._way = trace.embeddings.sum - self._start  # (T, D)
        self.steps = 0

    def output(self, place: float) -> float:
        """The output at one place."""
        return float(self._slopes(self._sums(np.array([place])))[0][0])

    def contributions(self, low: float, high: float) -> Generator[float, None, Doubles]:
        """(T,) those of the stretch from ``low`` to ``high``, by Gauss and Legendre. Yields the share of it done."""
        half, done = (high - low) / 2, 0.0
        found = np.zeros(len(self._way))
        for chosen, share in in_passes(np.arange(len(_NODES)), _SLOPE * len(self._way)):
            _, back = self._slopes(self._sums(low + half * (1 + _NODES[chosen])))
            yield (done + share) / 2  # the way back takes as long again
            steep = np.einsum("btd,td->bt", back().astype(np.float64), self._way.astype(np.float64))
            found += half * _WEIGHTS[chosen] @ steep
            self.steps += len(chosen)
            done = share
            yield done
        return found

    def _sums(self, places: Doubles) -> Floats:
        """(B, T, D) those at ``places`` (B,)."""
        return self._start + places[:, None, None].astype(np.float32) * self._way


def _integrated(bert: Bert, trace: Trace, slopes: Slopes) -> Generator[float, None, Contributions]:
    """The integral of the slope along the way, in stretches that are halved until two things hold.

    Their contributions add up to the change of the output there, and the halves say the same as the whole: errors of
    several tokens may cancel out in the sum.
    """
    bert.require(trace)
    way, ends = _Way(bert, trace, slopes), dict[float, float]()
    for place in (0.0, 1.0):
        ends[place] = way.output(place)
        yield 0.0
    before, after = ends[0.0], ends[1.0]
    if not np.isfinite([before, after]).all():
        raise ValueError(f"{bert.name} computes no numbers here: some of its weights are not finite.")
    allowed = max(_EXACT * abs(after - before), _ROUNDING * max(1.0, abs(before), abs(after)))
    whole = yield from _told(way.contributions(0.0, 1.0), 0.0, _FIRST)
    alike = max(_ALIKE * float(np.abs(whole).max()), _ROUNDING)
    found, missing, stretches = np.zeros(len(whole)), 0.0, 1
    done, waiting = _FIRST, [(0.0, 1.0, whole, 1 - _FIRST)]  # each with its share of the job
    while waiting:
        low, high, whole, share = waiting.pop()
        middle = (low + high) / 2
        first = yield from _told(way.contributions(low, middle), done, share / 4)
        second = yield from _told(way.contributions(middle, high), done + share / 4, share / 4)
        gap = ends[high] - ends[low] - float((first + second).sum())
        good = abs(gap) <= allowed * (high - low) and float(np.abs(first + second - whole).max()) <= alike
        if good or stretches >= _MOST:
            found, missing, done = found + first + second, missing + gap, done + share
            continue
        done += share / 2  # what is left of its share is that of its halves
        ends[middle] = way.output(middle)
        yield done
        waiting += [(middle, high, second, share / 4), (low, middle, first, share / 4)]
        stretches += 1
    return Contributions(found.astype(np.float32), before, after, missing, way.steps)


def _told(passes: Generator[float, None, Doubles], done: float, share: float) -> Generator[float, None, Doubles]:
    """Runs ``passes``, which are a ``share`` of the job of which so much is ``done``."""
    while True:
        try:
            yield done + share * next(passes)
        except StopIteration as stop:
            found: Doubles = stop.value
            return found
