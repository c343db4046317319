"""How the benchmarks measure: interleaved rounds, medians, and ratios taken round by round."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any


def compare(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> tuple[float, float, float]:
    """Median seconds of each and the median of the rounds' ratios, the two taking turns at going first."""
    times: list[tuple[float, float]] = []
    for turn in range(rounds + 2):
        if turn % 2:
            second, first = seconds(theirs), seconds(ours)
        else:
            first, second = seconds(ours), seconds(theirs)
        times.append((first, second))
    times = times[2:]  # the first two warm up
    ratios = [a / b for a, b in times]
    return statistics.median(a for a, _ in times), statistics.median(b for _, b in times), statistics.median(ratios)


def seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    result = call()
    spent = time.perf_counter() - started
    del result
    return spent
