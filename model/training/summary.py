"""Each run of a folder in one line: how far it came, how good it is, what it takes on the disk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.training.files import read_object
from model.training.history import LineReader
from model.training.recipe import Recipe
from model.training.run import Run, Status, list_runs

_FEWEST = 6  # entries of a vocabulary: the size of the network is asked for, not that of its embeddings


@dataclass(frozen=True)
class Summary:
    """A run at a glance."""

    run: Run
    status: Status
    size: str  # of the network: its preset, layers × heads × hidden size, or the model that it starts from
    step: int
    steps: int  # that were planned; 0 where a time was
    best_loss: float | None  # the least validation loss, nats; None before the first
    disk: int  # bytes
    began: float  # seconds since 1970


class Summaries:
    """Reads a folder of runs again and again, and of each only what has changed since."""

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._known: dict[Path, tuple[object, Summary]] = {}
        self._measured: dict[Path, Measured] = {}

    def read(self) -> tuple[Summary, ...]:
        """The newest run first; one that cannot be read is as it was read last, or left out.

        A run at work writes and renames its files at any instant: it must not leave the list for that.
        """
        found: dict[Path, tuple[object, Summary]] = {}
        for run in list_runs(self._runs):
            former = self._known.get(run.directory)
            try:
                key = run.status(), _written(run)
                if former is None or former[0] != key:
                    measured = self._measured.setdefault(run.directory, Measured(run))
                    former = (key, summary(run, key[0], measured))
                found[run.directory] = former
            except OSError:
                if former is not None and run.recipe_path.exists():
                    found[run.directory] = former
        self._known = found
        self._measured = {path: one for path, one in self._measured.items() if path in found}
        return tuple(entry for _, entry in found.values())


class Measured:
    """How far a run is and how good, by its metrics, which are read on from where they were read to."""

    def __init__(self, run: Run) -> None:
        self._reader = LineReader(run.metrics_path)
        self.step = 0  # the last
        self.best: float | None = None  # the least validation loss

    def read(self) -> None:
        """Takes in what came since the read before. Of training only the last line of a part is parsed."""
        while True:
            lines, anew = self._reader.read()
            if anew:
                self.step, self.best = 0, None
            if not lines:
                return
            for line in lines:
                if b'"validation"' in line:
                    self._take(read_object(line) or {})
            self._take(read_object(lines[-1]) or {})

    def _take(self, row: dict[str, Any]) -> None:
        step, loss = row.get("step"), row.get("loss")
        if isinstance(step, int):
            self.step = max(self.step, step)
        if row.get("split") == "validation" and isinstance(loss, int | float) and math.isfinite(loss):
            self.best = loss if self.best is None else min(self.best, loss)


def summary(run: Run, status: Status | None = None, measured: Measured | None = None) -> Summary:
    """``run`` at a glance. ``OSError`` where it cannot be read."""
    try:
        recipe: Recipe | None = Recipe.read(run.recipe_path)
    except ValueError:
        recipe = None
    measured = measured or Measured(run)
    measured.read()
    return Summary(
        run,
        status or run.status(),
        _size(recipe) if recipe is not None else "",
        measured.step,
        recipe.steps if recipe is not None else 0,
        measured.best,
        sum(file.stat().st_size for file in run.directory.rglob("*") if file.is_file()),
        run.recipe_path.stat().st_mtime,
    )


def _size(recipe: Recipe) -> str:
    network = recipe.network
    if recipe.start_from:
        return Path(recipe.start_from).name
    if not (network.layers or network.heads or network.hidden_size):
        return network.preset
    config = recipe.config(_FEWEST)
    return f"{config.num_hidden_layers} × {config.num_attention_heads} × {config.hidden_size}"


def _written(run: Run) -> tuple[object, ...]:
    """Changes whenever a summary does."""
    found: list[object] = []
    for path in (run.recipe_path, run.metrics_path, run.state_path, run.directory / "snapshots"):
        try:
            stat = path.stat()
            found.append((stat.st_mtime_ns, stat.st_size))
        except OSError:
            found.append(None)
    return tuple(found)
