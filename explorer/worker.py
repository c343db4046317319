"""The one thread through which every call into ``model`` goes.

Four lanes, the first with something to do goes first: the question (a newer one replaces an older one), lenses of
what is on screen (one waiting call per key), files to write, which no new answer cancels, and long jobs. A call that
gives back a generator is a long one: it yields how much is done, from 0 to 1, gives way to the other lanes between its
passes, and returns its result. A long job begins once the answer before it is painted: they would slow each other.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass
from enum import IntEnum
from types import GeneratorType
from typing import Any

import shiboken6
from PySide6.QtCore import QObject, Qt, QTimer, Signal

Call = Callable[[], Any]
Done = Callable[[Any], None]
Failed = Callable[[Exception], None]
Progress = Callable[[float], None]


class Lane(IntEnum):
    QUESTION = 0
    LENS = 1
    FILE = 2
    LONG = 3


@dataclass(eq=False)
class Task:
    """One call on its way. ``cancel()`` may be called at any time on the GUI thread; nothing is heard of it then.

    Nor is anything once its ``owner`` is gone, where it has one.
    """

    lane: Lane
    key: str
    call: Call
    done: Done
    failed: Failed
    progress: Progress | None
    owner: QObject | None = None
    cancelled: bool = False
    steps: Generator[float, None, Any] | None = None

    def cancel(self) -> None:
        self.cancelled = True


class Worker(QObject):
    """Runs calls on its thread, and their ``done``, ``failed`` and ``progress`` on the GUI thread."""

    idle = Signal()  # nothing runs and nothing waits
    settled = Signal()  # the same of the question and of the lenses of what is on screen
    _reported = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._waiting: list[Task] = []
        self._held: list[Task] = []  # GUI thread only: long jobs until what is on screen is answered and painted
        self._current: dict[tuple[Lane, str], Task] = {}  # GUI thread only: the newest task of each key
        self._condition = threading.Condition()
        self._closing = False
        self._reported.connect(self._report, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name="model", daemon=True)
        self._thread.start()

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._current

    @property
    def is_settled(self) -> bool:
        """Whether neither a question nor a lens of what is on screen runs or waits."""
        return all(lane not in (Lane.QUESTION, Lane.LENS) for lane, _ in self._current)

    def submit(
        self,
        lane: Lane,
        key: str,
        call: Call,
        done: Done,
        failed: Failed,
        progress: Progress | None = None,
        owner: QObject | None = None,
    ) -> Task:
        """Runs ``call`` on the thread. A former task of the same lane and key is cancelled."""
        task = Task(lane, key, call, done, failed, progress, owner)
        former = self._current.get((lane, key))
        if former is not None:
            former.cancel()
        settled = self.is_settled
        self._current[lane, key] = task
        if lane == Lane.LONG and not settled:
            self._held.append(task)
        else:
            self._queue(task)
        return task

    def cancel(self, lane: Lane) -> None:
        """Cancels every task of a lane."""
        for (task_lane, _), task in self._current.items():
            if task_lane == lane:
                task.cancel()

    def close(self) -> None:
        """Cancels everything but files, which are still written, and ends the thread after the pass under way."""
        for task in self._current.values():
            if task.lane != Lane.FILE:
                task.cancel()
        with self._condition:
            self._closing = True
            self._waiting = [task for task in self._waiting if task.lane == Lane.FILE]
            self._condition.notify()
        self._thread.join()

    def _queue(self, *tasks: Task) -> None:
        with self._condition:
            self._waiting.extend(tasks)
            self._condition.notify()

    def _release(self) -> None:
        """Lets the held jobs begin, unless there is another question already."""
        if self.is_settled:
            self._queue(*self._held)
            self._held.clear()

    def _run(self) -> None:
        """On the worker's thread: the next task, one pass at a time, until ``close``."""
        while True:
            with self._condition:
                while not self._waiting and not self._closing:
                    self._condition.wait()
                if not self._waiting:
                    return
                task = min(self._waiting, key=lambda waiting: waiting.lane)  # the oldest of the first lane
                self._waiting.remove(task)
            if task.cancelled:
                self._finish(task)
                continue
            self._step(task)

    def _step(self, task: Task) -> None:
        """On the worker's thread: the whole of a short call, one pass of a long one."""
        try:
            if task.steps is None:
                result = task.call()
                if not isinstance(result, GeneratorType):
                    self._finish(task, lambda: task.done(result))
                    return
                task.steps = result
            fraction = next(task.steps)
        except StopIteration as stop:
            result = stop.value
            self._finish(task, lambda: task.done(result))
        except (
            BaseException
        ) as error:  # whatever a call raises is told where it was asked; a panic of Rust's is no Exception
            failure = error if isinstance(error, Exception) else RuntimeError(f"{type(error).__name__}: {error}")
            self._finish(task, lambda: task.failed(failure))
        else:
            with self._condition:
                self._waiting.insert(0, task)  # before its lane's others: one long job at a time
            if task.progress is not None:
                progress = task.progress
                self._reported.emit((task, lambda: progress(fraction), False))

    def _finish(self, task: Task, report: Call | None = None) -> None:
        if task.steps is not None:
            task.steps.close()
        self._reported.emit((task, report, True))

    def _report(self, reported: tuple[Task, Call | None, bool]) -> None:
        """On the GUI thread: what the thread had to say, unless the task was cancelled meanwhile."""
        task, report, finished = reported
        if finished and self._current.get((task.lane, task.key)) is task:
            del self._current[task.lane, task.key]
        try:
            if report is not None and not task.cancelled and (task.owner is None or shiboken6.isValid(task.owner)):
                report()
        finally:  # also where the report raises: the thread is idle all the same
            if finished and self.is_settled:
                self.settled.emit()
                if self._held:
                    QTimer.singleShot(0, self._release)  # after what is to be painted now
            if finished and not self._current:
                self.idle.emit()
