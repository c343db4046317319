"""What a plot of curves is told to show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from explorer.widgets.curve_axes import ticks_written
from explorer.widgets.curve_quantities import Baseline, Series


@dataclass(frozen=True)
class Curve:
    """A line through ``raw`` (N,) at ``steps`` (N,), and through ``smooth`` (N,), NaN where there is no number.

    ``run`` is the number of the run, 0 for that which is attended to. A ``validation`` is drawn as points.
    """

    series: Series
    steps: NDArray[Any]
    raw: NDArray[Any]
    smooth: NDArray[Any] | None = None
    run: int = 0
    validation: bool = False


@dataclass(frozen=True)
class Drawing:
    """All that a plot shows: ``last`` is where the steps end, ``low`` and ``high`` where the numbers do.

    Without curves the sentence ``empty`` stands there.
    """

    curves: Sequence[Curve] = ()
    baselines: Sequence[Baseline] = ()
    stops: NDArray[Any] = field(default_factory=lambda: np.zeros(0))  # steps (N,) to read, ascending
    runs: Sequence[str] = ()
    unit: str = ""
    empty: str = ""
    last: float = 1.0
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    ticks: Callable[[Sequence[float]], list[str]] = ticks_written
