"""The runs as the window knows them: which there are, which are looked at, which were started here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from explorer import training_process
from explorer.training_process import Seen, Watch
from explorer.worker import Lane, Worker
from model.training.recipe import Recipe
from model.training.run import Run, default_runs
from model.training.summary import Summaries, Summary

_LIST_EVERY = 2_000  # milliseconds
_MOST = 6  # runs that are looked at: their curves lie over each other


class Training(QObject):
    """Starts, stops and looks after runs. What touches files happens on the worker; only signals leave it."""

    listed = Signal()  # summaries are new
    changed = Signal()  # what is seen of a run that is looked at is new, or others are looked at
    failed = Signal(str)  # a sentence: what could not be done

    def __init__(self, worker: Worker, runs: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = runs or default_runs()
        self.summaries: tuple[Summary, ...] | None = None  # the newest first; None before the folder was read
        self._worker = worker
        self._reader = Summaries(self.folder)
        self._watches: dict[Run, Watch] = {}  # of those looked at, in their order
        self._started: list[Run] = []
        self._beginning = False  # a run is about to be started
        self._listing = QTimer(self, interval=_LIST_EVERY)
        self._listing.timeout.connect(self.list)

    # Which runs there are

    def follow(self, on: bool) -> None:
        """Whether the folder of runs is read again and again."""
        if on:
            self._listing.start()
            self.list()
        else:
            self._listing.stop()

    def list(self) -> None:
        """Reads the folder of runs."""
        self._do("list", self._reader.read, self._show)

    @property
    def alive(self) -> tuple[Run, ...]:
        """The runs in the folder that a process is at work on."""
        return tuple(summary.run for summary in self.summaries or () if summary.status.alive)

    def find_alive(self, done: Callable[[tuple[Run, ...]], None]) -> None:
        """Looks now, on the worker, which runs a process is at work on: the list may be old, or not there yet."""
        self._do("alive", lambda: tuple(training_process.alive(self.folder)), done)

    def left_running(self) -> tuple[Run, ...]:
        """Those that were started here and go on at this moment; read at once, since the window is about to close."""
        return tuple(run for run in self._started if run.status().alive)

    def _show(self, summaries: tuple[Summary, ...]) -> None:
        if summaries != self.summaries:
            self.summaries = summaries
            self.listed.emit()

    # Which are looked at

    @property
    def seen(self) -> tuple[Seen, ...]:
        """What is known of the runs that are looked at, the one that is attended to first."""
        return tuple(watch.seen for watch in self._watches.values() if watch.seen is not None)

    @property
    def attended(self) -> Seen | None:
        """What is known of the run that is attended to."""
        return next((watch.seen for watch in self._watches.values()), None)

    def look_at(self, runs: Sequence[Run]) -> None:
        """Looks at ``runs``, the first of which is attended to."""
        wanted = tuple(runs)[:_MOST]
        if wanted == tuple(self._watches):
            return
        for run in set(self._watches) - set(wanted):
            watch = self._watches.pop(run)
            watch.close()
            watch.deleteLater()
        self._watches = {run: self._watches.get(run) or self._watch(run) for run in wanted}
        self.changed.emit()

    def _watch(self, run: Run) -> Watch:
        watch = Watch(run, self._worker, self)
        watch.changed.connect(self.changed)
        return watch

    # What is done to them

    def start(self, recipe: Recipe, name: str) -> None:
        """Begins a new run in a process of its own, and looks at it."""

        def call() -> Run:
            run = Run.create(self.folder, name, recipe.to_toml())
            training_process.start(run)
            return run

        self._begin(call)

    def resume(self, run: Run) -> None:
        """Lets a run go on from its last state."""

        def call() -> Run:
            run.require_idle()
            training_process.start(run)
            return run

        self._begin(call)

    def stop(self, run: Run) -> None:
        """Asks the process of a run to save and end."""
        self._do(f"stop {run.name}", run.request_stop, lambda _: self._look())

    def _begin(self, call: Callable[[], Run]) -> None:
        """One at a time: a double click begins one run."""
        if not self._beginning:
            self._beginning = True
            self._worker.submit(Lane.FILE, "training begin", call, self._begun, self._not_begun, owner=self)

    def _not_begun(self, error: Exception) -> None:
        self._beginning = False
        self._fail(error)

    def _begun(self, run: Run) -> None:
        self._beginning = False
        if run not in self._started:
            self._started.append(run)
        self.look_at((run,))
        self._look()

    def _look(self) -> None:
        self.list()
        for watch in self._watches.values():
            watch.look()

    def _do(self, key: str, call: Callable[[], Any], done: Callable[[Any], None]) -> None:
        self._worker.submit(Lane.FILE, f"training {key}", call, done, self._fail, owner=self)

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError):
            raise error
        self.failed.emit(str(error))
