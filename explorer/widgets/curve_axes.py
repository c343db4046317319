"""The two axes of a plot: where a number lies, which round numbers stand beside it, and how they are written."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


@dataclass(frozen=True)
class Scale:
    """Numbers from ``low`` to ``high`` on the pixels from ``start`` to ``end``; ``low`` > 0 where it is logarithmic."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def pixels(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Where ``values`` (N,) lie; NaN for what has no place, such as 0 on a logarithmic scale."""
        inside = np.asarray(values, np.float64)
        if self.log:
            inside = np.log(np.where(inside > 0, inside, np.nan))
        low, high = self._ends()
        return self.start + (inside - low) * ((self.end - self.start) / (high - low))

    def pixel(self, value: float) -> float:
        """Where ``value`` lies."""
        return float(self.pixels(np.array([value]))[0])

    def value(self, pixel: float) -> float:
        """The number at ``pixel``."""
        low, high = self._ends()
        found = low + (pixel - self.start) / (self.end - self.start) * (high - low)
        return math.exp(found) if self.log else found

    def ticks(self, apart: float) -> list[float]:
        """Round numbers on it, at least so many pixels ``apart``."""
        room = max(1, int(abs(self.end - self.start) / apart))
        if self.log:
            return _log_ticks(self.low, self.high, room)
        step = round_step((self.high - self.low) / room)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [count * step for count in range(first, last + 1)]

    def _ends(self) -> tuple[float, float]:
        return (math.log(self.low), math.log(self.high)) if self.log else (self.low, self.high)


def bounds(low: float, high: float, log: bool) -> tuple[float, float]:
    """What an axis shows of numbers from ``low`` to ``high``, ``low`` the least above zero where it is logarithmic.

    A straight axis begins at zero and ends at a round number.
    """
    if log:
        low = low if low > 0 else 1e-3
        high = max(high, low * 1.5)
        return low / 1.15, high * 1.15
    step = round_step(high / 5) if high > 0 else 0.2
    return min(0.0, low), max(1, math.ceil(high / step - 1e-6)) * step


def round_step(least: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(least, 1e-30)))
    return next(power * factor for factor in _ROUND if power * factor >= least * (1 - 1e-9))


def number(value: float, digits: int = 3) -> str:
    """``value`` in so many digits: thousands apart, small numbers as 1.20e-4; "–" for none."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 100_000 or (size >= 1000 and digits <= 4):
        return f"{value:,.0f}"
    if 0 < size < 1e-3:
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}e{int(exponent)}"
    whole = math.floor(math.log10(size)) + 1 if size else 1  # figures before the point, less than 1 for 0.01
    return f"{value:.{max(0, digits - whole)}f}"


def ticks_written(values: Sequence[float]) -> list[str]:
    """Round numbers as they stand beside an axis, all with as many decimals as one of them needs."""
    sizes = [abs(value) for value in values if value]
    if not sizes or max(sizes) / min(sizes) > 100 or max(sizes) < 1e-3:
        return [_alone(value) for value in values]
    decimals = next((count for count in range(4) if all(_has_decimals(value, count) for value in values)), 4)
    return [f"{value:,.{decimals}f}" if value else "0" for value in values]


def _has_decimals(value: float, count: int) -> bool:
    return abs(value - round(value, count)) < 1e-6 * max(1.0, abs(value))


def _alone(value: float) -> str:
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if 0 < abs(value) < 1e-3:
        mantissa, exponent = f"{value:.2e}".split("e")
        return f"{float(mantissa):g}e{int(exponent)}"
    return f"{value:.6g}"


def _log_ticks(low: float, high: float, room: int) -> list[float]:
    """1, 2 and 5 times the powers of ten, or these powers alone, or every second of them, as there is room."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for factors in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1,)):
        found = [factor * 10.0**power for power in powers for factor in factors]
        found = [value for value in found if low <= value <= high]
        if len(found) <= room and (len(factors) < 9 or high / low < 10):
            return found
    every = max(1, -(-len(found) // room))
    return found[::every]
