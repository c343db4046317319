"""What the doctor judges by: one run's recipe, state, lines and texts, and the figures that its rules read from them.

A line of metrics is a mean over few inputs: rules go by medians over windows of lines. Importing this loads no torch.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.training import files
from model.training.history import History
from model.training.recipe import SIZES, Recipe
from model.training.run import Run

Table = Mapping[str, NDArray[Any]]

_WINDOW_STEPS = 100  # that a window covers at least ...
_WINDOW_LINES = 5  # ... and the lines that it has at least
_TO_SIGMA = 1.4826  # times the median absolute deviation: the standard deviation, where the noise is normal


@dataclass(frozen=True, eq=False)
class Series:
    """One field over the steps, in order, without the lines that have no number for it."""

    steps: NDArray[np.float64]  # (N,)
    values: NDArray[np.float64]  # (N,)
    window: int  # lines that a median is taken over

    def __len__(self) -> int:
        return len(self.values)

    @property
    def enough(self) -> bool:
        """Whether there is a whole window to judge by."""
        return len(self) >= self.window

    @property
    def recent(self) -> float:
        """The median of the latest window; NaN before the first line."""
        return float(np.median(self.values[-self.window :])) if len(self) else math.nan

    def around(self, step: float) -> float:
        """The median of the window that ends at ``step``; NaN where no line is so early."""
        end = int(np.searchsorted(self.steps, step, side="right"))
        return float(np.median(self.values[max(0, end - self.window) : end])) if end else math.nan

    @cached_property
    def medians(self) -> NDArray[np.float64]:
        """(N // window,) the medians of whole windows one after another, from the first line on."""
        return np.asarray(np.median(self._windows, axis=1)) if self.enough else np.zeros(0)

    @cached_property
    def noise(self) -> float:
        """The standard deviation of a line in the second half of the windows; outliers count for little in it."""
        if not self.enough:
            return math.nan
        half = len(self.medians) // 2
        rest = self._windows[half:] - self.medians[half:, None]
        return _TO_SIGMA * float(np.median(np.abs(rest)))

    def left(self, level: float) -> int | None:
        """The step from which on the series lies below ``level``; None where its latest window does not."""
        if not self.enough or self.recent >= level:
            return None
        above = np.flatnonzero(self.medians >= level)
        window = int(above[-1]) + 1 if len(above) else 0  # the first that is below, and all after it
        end = min(len(self), (window + 1) * self.window)
        over = np.flatnonzero(self.values[:end] >= level)
        return int(self.steps[min(over[-1] + 1, len(self) - 1) if len(over) else 0])

    @property
    def _windows(self) -> NDArray[np.float64]:
        count = len(self) // self.window
        return self.values[: count * self.window].reshape(count, self.window)


@dataclass(frozen=True, eq=False)
class Evidence:
    """One run as the doctor sees it."""

    recipe: Recipe
    state: str = "running"  # as in ``run.Status``
    reason: str = ""
    train: Table = dataclasses.field(default_factory=dict)  # columns (N,) by field, as ``history.Columns``
    validation: Table = dataclasses.field(default_factory=dict)
    baselines: Mapping[str, float] = dataclasses.field(default_factory=dict)
    corpus: Mapping[str, int] = dataclasses.field(default_factory=dict)  # by the names of ``corpus.Report``
    vocabulary: int = 0  # entries; 0 where not known

    @classmethod
    def read(cls, run: Run, history: History | None = None) -> Evidence:
        """The evidence in a run directory. ``history`` of the run, if there is one already, is read on.

        ``OSError`` or ``ValueError`` with a sentence where a file cannot be read or the recipe is damaged.
        """
        history = history or History(run)
        while history.read():  # a long file comes in parts
            pass
        status = run.status()
        return cls(
            Recipe.read(run.recipe_path),
            status.state,
            status.reason,
            history.train.frozen(),  # it may grow while someone looks at this
            history.validation.frozen(),
            {name: value for name, value in run.baselines().items() if _is_number(value)},
            {name: int(value) for name, value in run.corpus().items() if _is_number(value)},
            _entries(run),
        )

    @property
    def ended(self) -> bool:
        """Whether the run has come to the end that its recipe names."""
        return self.state == "finished"

    @property
    def step(self) -> int:
        """The latest step that there is a line of, 0 before the first."""
        return int(self._last("step"))

    @property
    def share(self) -> float:
        """How much of the run is done, 0 … 1."""
        if self.ended:
            return 1.0
        if self.recipe.steps:
            return min(1.0, self.step / self.recipe.steps)
        return min(1.0, self._last("seconds") / (60 * self.recipe.minutes))

    @cached_property
    def effort(self) -> float:
        """Steps so far, each counted by its learning rate as a share of the peak: those of the warmup count less."""
        steps, rates = self.train.get("step"), self.train.get("learning_rate")
        if steps is None or rates is None or not self.recipe.learning_rate:
            return 0.0
        return float(np.nansum(np.diff(steps, prepend=0.0) * rates) / self.recipe.learning_rate)

    @property
    def passes(self) -> float:
        """How often the text was read so far, about; NaN where it is not known how long it is."""
        tokens, documents = self.corpus.get("tokens", 0), self.corpus.get("documents", 0)
        if not tokens or not documents:
            return math.nan
        return self._last("tokens") / (tokens * self.documents / documents) if self.documents else math.nan

    @property
    def comparable(self) -> bool:
        """Whether training and validation are of the same kind of rows, so that their losses should be the same.

        Validation reads every held-out document once, with the recipe's ``chosen``; a phase may train otherwise.
        """
        phases = self.train.get("phase")
        phase = self.recipe.filled(int(phases[-1]) if phases is not None and len(phases) else 0)
        return not phase.weights and phase.chosen == self.recipe.chosen and not self.recipe.network.dropout

    @property
    def documents(self) -> int:
        """Documents to train on; 0 where it is not known."""
        return self.corpus.get("documents", 0) - self.corpus.get("validation_documents", 0)

    @cached_property
    def at_peak(self) -> float:
        """The step of the first line whose learning rate is as high as any so far; 0 before the first line."""
        rates = self.train.get("learning_rate")
        if rates is None or not np.isfinite(rates).any():
            return 0.0
        return float(self.train["step"][np.flatnonzero(rates >= 0.98 * np.nanmax(rates))[0]])

    @property
    def hidden_size(self) -> int:
        """D as the recipe says; a model that the run starts from may have another."""
        return self.recipe.network.hidden_size or SIZES[self.recipe.network.preset].hidden_size

    def series(self, name: str, since: float = 0.0) -> Series:
        """A field of the lines of training from step ``since`` on, at most over the present phase.

        What another phase reads may have losses of another size.
        """
        return self._series(self.train, name, self._window, max(since, self._phase_begins))

    def whole(self, name: str) -> Series:
        """A field of the lines of training, over the whole run."""
        return self._series(self.train, name, self._window, 0.0)

    def held_out(self, name: str) -> Series:
        """A field of the lines of validation, over the present phase and after the first step, each by itself."""
        return self._series(self.validation, name, 1, max(1.0, self._phase_begins))

    def waits(self) -> NDArray[np.float64]:
        """(N,) the share of each line's time that was spent waiting for data."""
        seconds, waited = self.train.get("seconds"), self.train.get("data_seconds")
        if seconds is None or waited is None:
            return np.zeros(0)
        took = np.diff(seconds.astype(np.float64), prepend=0.0)
        known = (took > 0) & np.isfinite(waited)
        return np.asarray(waited[known] / took[known], np.float64)

    @property
    def _window(self) -> int:
        return max(_WINDOW_LINES, math.ceil(_WINDOW_STEPS / self.recipe.log_steps))

    @cached_property
    def _phase_begins(self) -> float:
        """The step of the first line that is all of the present phase, 0 where there is but one."""
        phases = self.train.get("phase")
        if phases is None or not len(phases) or phases[-1] == phases[0]:
            return 0.0
        other = int(np.flatnonzero(phases != phases[-1])[-1])
        within = min(other + 2, len(phases) - 1)  # the first line of a phase holds steps of the one before
        return float(self.train["step"][within])

    def _last(self, name: str) -> float:
        column = self.train.get(name)
        return float(column[-1]) if column is not None and len(column) and np.isfinite(column[-1]) else 0.0

    @staticmethod
    def _series(table: Table, name: str, window: int, begin: float) -> Series:
        nothing = np.zeros(0)
        steps, values = table.get("step", nothing), table.get(name, nothing)
        if len(values) != len(steps):
            return Series(nothing, nothing, window)
        kept = np.isfinite(values) & (steps >= begin)
        return Series(steps[kept].astype(np.float64), values[kept].astype(np.float64), window)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _entries(run: Run) -> int:
    path = run.directory / "vocab.txt"
    with files.said_in_a_sentence(path, "read"):
        return path.read_bytes().count(b"\n") if path.exists() else 0


def spikes(series: Series, lines: int = 400) -> Iterator[int]:
    """The steps at which one of the last ``lines`` stands far above those around it; of neighbours, the first."""
    around, values = 11, series.values[-lines:]
    if len(values) < 2 * around:
        return
    middle = np.median(np.lib.stride_tricks.sliding_window_view(values, around), axis=1)
    above = values[around // 2 : -(around // 2)] - middle
    noise = _TO_SIGMA * float(np.median(np.abs(above)))
    high = np.flatnonzero(above > np.maximum(np.maximum(0.15 * middle, 0.1), 8 * noise))
    offset = len(series) - len(values) + around // 2
    for before, here in zip([-2, *high], high, strict=False):
        if here > before + 1:
            yield int(series.steps[offset + here])
