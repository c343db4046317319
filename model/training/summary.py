"""Each run of a folder in one line: how far it came, how good it is, what it takes on the disk."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from model.training.files import read_object
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

    def read(self) -> tuple[Summary, ...]:
        """The newest run first; one that cannot be read is as it was read last, or left out.

        A run at work writes and renames its files at any instant: it must not leave the list for that.
        """
        found: dict[Path, tuple[object, Summary]] = {}
        for run in list_runs(self._runs):
            former = self._known.get(run.directory)
            try:
                key = run.status(), _written(run)
                found[run.directory] = former if former and former[0] == key else (key, summary(run, key[0]))
            except OSError:
                if former is not None and run.recipe_path.exists():
                    found[run.directory] = former
        self._known = found
        return tuple(entry for _, entry in found.values())


def summary(run: Run, status: Status | None = None) -> Summary:
    """``run`` at a glance. ``OSError`` where it cannot be read."""
    try:
        recipe: Recipe | None = Recipe.read(run.recipe_path)
    except ValueError:
        recipe = None
    step, best = _measured(run)
    return Summary(
        run,
        status or run.status(),
        _size(recipe) if recipe is not None else "",
        step,
        recipe.steps if recipe is not None else 0,
        best,
        sum(file.stat().st_size for file in run.directory.rglob("*") if file.is_file()),
        run.recipe_path.stat().st_mtime,
    )


def _measured(run: Run) -> tuple[int, float | None]:
    """The last step and the least validation loss. Of training only the last line is parsed."""
    try:
        lines = run.metrics_path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return 0, None
    rows = [row for line in lines if b'"validation"' in line and (row := read_object(line)) is not None]
    losses = [loss for row in rows if isinstance(loss := row.get("loss"), int | float) and math.isfinite(loss)]
    last = next((row for line in reversed(lines) if (row := read_object(line)) is not None), {})
    step = last.get("step")
    return step if isinstance(step, int) else 0, min(losses, default=None)


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
