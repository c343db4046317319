"""The one thread: the order of its lanes, what is replaced, what is cancelled."""

import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QObject, QTimer
from pytestqt.qtbot import QtBot

from explorer.worker import Lane, Worker


@pytest.fixture
def worker(qtbot: QtBot) -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture
def gate(worker: Worker) -> Iterator[threading.Event]:
    """Keeps the thread occupied until it is set, so that a test can line up what comes next."""
    gate, entered = threading.Event(), threading.Event()

    def hold() -> None:
        entered.set()
        gate.wait(5)

    worker.submit(Lane.QUESTION, "gate", hold, lambda result: None, fail)
    assert entered.wait(5)
    yield gate
    gate.set()


def fail(error: Exception) -> None:
    raise error


def submit(worker: Worker, lane: Lane, key: str, log: list[Any], call: Callable[[], Any] | None = None) -> Any:
    return worker.submit(lane, key, call or (lambda: log.append(key)), lambda result: None, fail)


def test_questions_go_before_lenses_lenses_before_files_and_files_before_long_jobs(
    worker: Worker, gate: threading.Event, qtbot: QtBot
) -> None:
    ran: list[str] = []
    for lane in (Lane.LONG, Lane.FILE, Lane.LENS, Lane.QUESTION):
        submit(worker, lane, lane.name, ran)
    with qtbot.waitSignal(worker.idle):
        gate.set()
    assert ran == ["QUESTION", "LENS", "FILE", "LONG"]


def test_within_a_lane_the_oldest_goes_first(worker: Worker, gate: threading.Event, qtbot: QtBot) -> None:
    ran: list[str] = []
    for key in ("a", "b", "c"):
        submit(worker, Lane.LENS, key, ran)
    with qtbot.waitSignal(worker.idle):
        gate.set()
    assert ran == ["a", "b", "c"]


def test_a_call_replaces_the_one_that_waits_with_the_same_key(
    worker: Worker, gate: threading.Event, qtbot: QtBot
) -> None:
    ran: list[int] = []
    for number in range(3):
        worker.submit(Lane.LENS, "tab", lambda number=number: ran.append(number), lambda result: None, fail)
    with qtbot.waitSignal(worker.idle):
        gate.set()
    assert ran == [2]


@pytest.mark.parametrize("lane", [Lane.QUESTION, Lane.LENS, Lane.FILE])
def test_a_long_job_gives_way_to_everything_else_between_its_passes(worker: Worker, qtbot: QtBot, lane: Lane) -> None:
    order: list[str] = []
    began, go_on = threading.Event(), threading.Event()

    def passes() -> Generator[float, None, str]:
        order.append("first pass")
        began.set()
        go_on.wait(5)
        yield 0.5
        order.append("second pass")
        return "done"

    heard: list[Any] = []
    worker.submit(Lane.LONG, "job", passes, heard.append, fail, heard.append)
    assert began.wait(5)
    submit(worker, lane, "other", order)
    with qtbot.waitSignal(worker.idle):
        go_on.set()
    assert order == ["first pass", "other", "second pass"]
    assert heard == [0.5, "done"]


def test_a_cancelled_long_job_stops_after_its_pass_and_is_not_heard_of(worker: Worker, qtbot: QtBot) -> None:
    heard: list[Any] = []
    closed = threading.Event()
    began = threading.Event()

    def endless() -> Generator[float, None, None]:
        try:
            while True:
                began.set()
                time.sleep(0.001)
                yield 0.0
        finally:
            closed.set()

    task = worker.submit(Lane.LONG, "job", endless, heard.append, fail)
    assert began.wait(5)
    with qtbot.waitSignal(worker.idle):
        task.cancel()
    assert closed.is_set()
    assert heard == []


def test_results_and_failures_arrive_on_the_gui_thread(worker: Worker, qtbot: QtBot) -> None:
    threads: list[threading.Thread] = []
    errors: list[Exception] = []

    def refuse() -> None:
        raise ValueError("no")

    worker.submit(Lane.LENS, "a", lambda: None, lambda result: threads.append(threading.current_thread()), fail)
    worker.submit(Lane.LENS, "b", refuse, lambda result: None, errors.append)
    with qtbot.waitSignal(worker.idle):
        pass
    assert threads == [threading.main_thread()]
    assert [str(error) for error in errors] == ["no"]


def test_it_is_idle_when_nothing_runs_and_nothing_waits(worker: Worker, gate: threading.Event, qtbot: QtBot) -> None:
    assert not worker.is_idle
    with qtbot.waitSignal(worker.idle):
        gate.set()
    assert worker.is_idle


def test_closing_ends_the_thread_and_what_waits_is_not_run(qtbot: QtBot) -> None:
    worker = Worker()
    began, ran = threading.Event(), []

    def slow() -> None:
        began.set()
        time.sleep(0.05)

    submit(worker, Lane.QUESTION, "slow", ran, slow)
    assert began.wait(5)
    submit(worker, Lane.LENS, "later", ran)
    worker.close()
    assert ran == []
    assert all(thread.name != "model" for thread in threading.enumerate())


def test_a_file_that_waits_is_still_written_when_the_window_closes(worker: Worker, gate: threading.Event) -> None:
    ran: list[str] = []
    submit(worker, Lane.FILE, "picture.png", ran)
    submit(worker, Lane.LENS, "map", ran)
    threading.Timer(0.05, gate.set).start()
    worker.close()
    assert ran == ["picture.png"]


def test_it_is_settled_once_what_is_on_screen_is_answered_whatever_long_job_goes_on(
    worker: Worker, gate: threading.Event, qtbot: QtBot
) -> None:
    def job() -> Iterator[float]:
        while not over.wait(0.001):
            yield 0.5

    over = threading.Event()
    submit(worker, Lane.LENS, "lens", [])
    submit(worker, Lane.LONG, "job", [], job)
    assert not worker.is_settled
    with qtbot.waitSignal(worker.settled):
        gate.set()
        qtbot.waitUntil(lambda: worker.is_settled)
    assert not worker.is_idle
    with qtbot.waitSignal(worker.idle):
        over.set()


def test_a_long_job_begins_once_the_answer_before_it_is_painted(
    worker: Worker, gate: threading.Event, qtbot: QtBot
) -> None:
    seen: list[str] = []

    def answered(result: object) -> None:
        seen.append("answered")
        QTimer.singleShot(0, lambda: seen.append("painted"))

    worker.submit(Lane.LENS, "map", lambda: None, answered, fail)
    submit(worker, Lane.LONG, "job", seen)
    with qtbot.waitSignal(worker.idle):
        gate.set()
    assert seen == ["answered", "painted", "job"]


def test_a_held_job_of_a_former_answer_never_begins(worker: Worker, gate: threading.Event, qtbot: QtBot) -> None:
    ran: list[str] = []
    submit(worker, Lane.LONG, "job", ran)
    worker.cancel(Lane.LONG)
    with qtbot.waitSignal(worker.idle):
        gate.set()
    assert ran == []


def test_nothing_is_told_to_an_owner_that_is_gone(worker: Worker, gate: threading.Event, qtbot: QtBot) -> None:
    told: list[str] = []
    owner, there = QObject(), QObject()
    worker.submit(Lane.FILE, "gone", lambda: None, lambda _: told.append("gone"), fail, owner=owner)
    worker.submit(Lane.FILE, "there", lambda: None, lambda _: told.append("there"), fail, owner=there)
    shiboken6.delete(owner)
    with qtbot.waitSignal(worker.idle):
        gate.set()
    assert told == ["there"]
