"""Starts training runs and watches them. A run is a detached ``main.py pretrain``; its directory is the only channel.

So a run started here, from a terminal or before a crash looks the same: ``Watch`` reads what the directory says.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QProcess, QProcessEnvironment, QTimer, Signal

from explorer.worker import Lane, Worker
from model.training.doctor import Evidence, Finding, diagnose, summary
from model.training.history import Columns, History
from model.training.recipe import Recipe
from model.training.run import Run, Status, list_runs

_NICE = 5  # the window goes before; alone on the machine a run is as fast as from a terminal
_LOOK_EVERY = 500  # milliseconds
_READ = ("recipe.toml", "metrics.jsonl", "batch.json", "baselines.json", "state.pt", "log.txt", "snapshots")
_JUDGE_EVERY = 2.0  # seconds
_LOG_TAIL = 4_000  # bytes

_threads_are_the_windows = False  # whether OMP_NUM_THREADS leaves a core to the window: a run takes all


def leave_a_core_to_the_window() -> None:
    """Says how many threads torch takes in this process, where the user does not. Read when torch loads."""
    global _threads_are_the_windows
    if "OMP_NUM_THREADS" not in os.environ:
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        os.environ["OMP_NUM_THREADS"] = str(max(1, cores - 1))
        _threads_are_the_windows = True


def command(*arguments: str) -> tuple[str, list[str]]:
    """Program and arguments that do what ``main.py ARGUMENTS`` does: of a checkout, an installed, a frozen program."""
    if getattr(sys, "frozen", False):
        return sys.executable, list(arguments)
    door = Path(__file__).resolve().parents[1] / "main.py"
    return sys.executable, [*([str(door)] if door.exists() else ["-m", "explorer"]), *arguments]


def environment() -> QProcessEnvironment:
    """The user's own environment, without what this process set for itself."""
    found = QProcessEnvironment.systemEnvironment()
    if _threads_are_the_windows:
        found.remove("OMP_NUM_THREADS")
    return found


def start(run: Run) -> None:
    """Begins or resumes ``run`` in a process of its own, which outlives this one. On the worker's thread.

    ``OSError`` with a sentence where that cannot be.
    """
    program, arguments = command("pretrain", "--resume", str(run.directory))
    if nice := shutil.which("nice"):
        program, arguments = nice, ["-n", str(_NICE), program, *arguments]
    process = QProcess()
    process.setProgram(program)
    process.setArguments(arguments)
    process.setProcessEnvironment(environment())
    log = str(run.directory / "log.txt")
    process.setStandardOutputFile(log, QProcess.OpenModeFlag.Append)
    process.setStandardErrorFile(log, QProcess.OpenModeFlag.Append)
    process.setStandardInputFile(QProcess.nullDevice())
    run.clear_stop()
    run.write_status("starting")
    if not process.startDetached():
        sentence = f"{program} cannot be started: {process.errorString()}."
        run.write_status("failed", sentence)
        raise OSError(sentence)


def alive(runs: Path) -> list[Run]:
    """The runs in the folder ``runs`` that a process is at work on. On the worker's thread."""
    return [run for run in list_runs(runs) if run.status().alive]


@dataclass(frozen=True)
class Seen:
    """A run as it was seen last."""

    run: Run
    recipe: Recipe | None  # None where its recipe.toml cannot be read any more
    status: Status
    train: Columns
    validation: Columns
    baselines: Mapping[str, float] = field(default_factory=dict)
    batch: Mapping[str, Any] | None = None
    snapshots: tuple[tuple[int, Path], ...] = ()
    log: str = ""  # its last lines
    findings: tuple[Finding, ...] = ()  # the doctor's, the worst first
    health: str = ""  # what the doctor says beside these
    stopping: bool = False  # it was asked to stop, and has not ended yet
    saved: bool = False  # there is a state to go on from
    trouble: str = ""  # a sentence: why it cannot be read

    @property
    def step(self) -> int:
        """Steps so far, by the last lines of metrics."""
        measured = self.validation.get("step")
        return int(max(self._last("step"), measured[-1] if measured is not None and len(measured) else 0))

    @property
    def share(self) -> float:
        """How much of the run is done, 0 … 1."""
        if self.recipe is None or not self.step:
            return 0.0
        if self.recipe.steps:
            return min(1.0, self.step / self.recipe.steps)
        return min(1.0, self._last("seconds") / (60 * self.recipe.minutes))

    @property
    def seconds_left(self) -> float | None:
        """Until the end at the speed so far; None where there is none yet."""
        if not self.share:
            return None
        return self._last("seconds") * (1 - self.share) / self.share

    def latest(self, name: str) -> float | None:
        """What the last line of training says of a field; None without a number."""
        column = self.train.get(name)
        return None if column is None or not len(column) or column[-1] != column[-1] else float(column[-1])

    def _last(self, name: str) -> float:
        return self.latest(name) or 0.0


class Watch(QObject):
    """Looks at one run again and again, on the worker; ``changed`` where there is news."""

    changed = Signal()

    def __init__(self, run: Run, worker: Worker, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.run, self._worker = run, worker
        self._history = History(run)  # the worker's thread reads into it
        self._signature: object = None
        self._looking = False
        self._judged = float("-inf")
        self._unshown = True  # whether the history holds lines that no ``seen`` has
        self.seen: Seen | None = None
        self._timer = QTimer(self, interval=_LOOK_EVERY)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        self.look()

    def look(self) -> None:
        """Looks now, unless it is just looking."""
        if not self._looking:
            self._looking = True
            self._worker.submit(
                Lane.FILE, f"watch {self.run.directory}", self._read, self._show, self._fail, owner=self
            )

    def close(self) -> None:
        """Looks no more. What was seen stays."""
        self._timer.stop()
        self._looking = True

    def _read(self) -> Generator[float, None, Seen | None]:
        """On the worker's thread: what the directory says now; None where that is nothing new. Gives way in between."""
        run, before = self.run, self.seen
        status = run.status()
        signature = (status, run.stop_requested(), _signature(run))
        if signature == self._signature:
            return None
        try:
            if not run.recipe_path.exists():
                raise FileNotFoundError(f"{run.directory} is gone: it was moved or deleted.")
            while self._history.read():
                self._unshown = True
                yield 0.0
            seen = self._everything(status, before, self._unshown)
        except OSError as error:
            if not run.recipe_path.exists():  # else, say, a snapshot was renamed meanwhile: the next look finds it
                self._signature = signature
            nothing = Columns()
            known = before or Seen(run, None, status, nothing, nothing)
            return dataclasses.replace(known, status=status, trouble=str(error))
        self._unshown, self._signature = False, signature  # only now: a look that fails is tried again
        return seen

    def _everything(self, status: Status, before: Seen | None, changed: bool) -> Seen:
        run, history = self.run, self._history
        findings, health = self._diagnosis(status)  # which may have read on
        counts = history.train.count, history.validation.count
        if changed or before is None or counts != (before.train.count, before.validation.count):
            train, validation = history.train.frozen(), history.validation.frozen()
        else:
            train, validation = before.train, before.validation
        return Seen(
            run,
            before.recipe if before is not None and before.recipe is not None else _recipe(run),
            status,
            train,
            validation,
            run.baselines(),
            run.batch(),
            tuple(run.snapshots()),
            _tail(run.directory / "log.txt"),
            findings,
            health,
            stopping=run.stop_requested() and status.alive,
            saved=run.state_path.exists(),
        )

    def _diagnosis(self, status: Status) -> tuple[tuple[Finding, ...], str]:
        """What the doctor says; of a run that goes on not at every look, since it takes a while."""
        now = time.monotonic()
        if self.seen is not None and status == self.seen.status and now - self._judged < _JUDGE_EVERY:
            return self.seen.findings, self.seen.health
        self._judged = now
        try:
            evidence = Evidence.read(self.run, self._history)
        except ValueError:  # a damaged recipe says so where it is read
            return (), ""
        findings = diagnose(evidence)
        return findings, summary(evidence, findings)

    def _show(self, seen: Seen | None) -> None:
        self._looking = not self._timer.isActive()
        if seen is not None:
            self.seen = seen
            self.changed.emit()

    def _fail(self, error: Exception) -> None:
        self._looking = not self._timer.isActive()
        raise error


def _signature(run: Run) -> tuple[object, ...]:
    """Changes whenever one of the files does that a look reads."""
    found: list[object] = []
    for name in _READ:
        try:
            stat = (run.directory / name).stat()
            found.append((stat.st_mtime_ns, stat.st_size, stat.st_ino))
        except OSError:
            found.append(None)
    return tuple(found)


def _recipe(run: Run) -> Recipe | None:
    try:
        return Recipe.read(run.recipe_path)
    except (ValueError, OSError):
        return None


def _tail(file: Path) -> str:
    """The last lines of a log."""
    try:
        with file.open("rb") as log:
            log.seek(0, os.SEEK_END)
            log.seek(max(0, log.tell() - _LOG_TAIL))
            return log.read().decode("utf-8", "replace")
    except OSError:
        return ""
