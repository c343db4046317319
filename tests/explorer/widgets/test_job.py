from __future__ import annotations

import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer.widgets import job as jobs
from explorer.widgets.job import Job
from explorer.workspace import Workspace
from model.scenario import Scenario


class Passes:
    """A lens whose passes end one by one, when they are let."""

    def __init__(self) -> None:
        self.gate = threading.Semaphore(0)

    def __call__(self, bert: Any, trace: Any) -> Generator[float, None, str]:
        for share in (0.25, 0.5, 0.75):
            assert self.gate.acquire(timeout=5), "the gate stayed closed"
            yield share
        assert self.gate.acquire(timeout=5), "the gate stayed closed"
        return "the result"


@pytest.fixture
def passes() -> Iterator[Passes]:
    passes = Passes()
    yield passes
    passes.gate.release(10)


@pytest.fixture
def job(qtbot: QtBot, workspace: Workspace, starter_folder: Path) -> Iterator[Job]:
    with qtbot.waitSignal(workspace.answered, timeout=30_000):
        workspace.open_model(starter_folder, Scenario("my dog"))
    page, view = QWidget(), QLabel("the picture")
    view.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    job = Job(workspace, "test", "Ask token by token", view)
    layout = QVBoxLayout(page)
    layout.addWidget(job)
    layout.addWidget(view)
    qtbot.addWidget(page)
    with qtbot.waitActive(page):
        page.show()
        page.activateWindow()
    yield job
    page.close()


def test_it_waits_for_its_button(job: Job, passes: Passes) -> None:
    job.offer(passes, lambda _: None, "It takes a while.", at_once=False)
    assert job.start.isVisible()
    assert job.hint.text() == "It takes a while."


def test_it_says_how_far_it_is_and_how_long_it_takes(
    job: Job, passes: Passes, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [100.0]
    monkeypatch.setattr(jobs.time, "monotonic", lambda: clock[0])
    job.offer(passes, lambda _: None, "", at_once=False)
    qtbot.mouseClick(job.start, Qt.MouseButton.LeftButton)
    assert job.left.text() == "waiting for the model"
    clock[0] += 10  # a quarter in ten seconds: three times that is left
    passes.gate.release()
    qtbot.waitUntil(lambda: job.left.text() == "about 30 s left")
    assert job.bar.value() == job.bar.maximum() / 4
    clock[0] += 110  # a half in two minutes
    passes.gate.release()
    qtbot.waitUntil(lambda: job.left.text() == "about 2 min left")


def test_what_is_soon_done_shows_no_bar(job: Job, passes: Passes, qtbot: QtBot) -> None:
    results: list[str] = []
    job.offer(passes, results.append, "", at_once=True)
    assert not job.isVisible()
    passes.gate.release(4)
    qtbot.waitUntil(lambda: results == ["the result"])
    assert not job.isVisible()


def test_cancel_works_at_once_and_nothing_more_is_heard(job: Job, passes: Passes, qtbot: QtBot) -> None:
    results: list[str] = []
    job.offer(passes, results.append, "", at_once=False)
    qtbot.mouseClick(job.start, Qt.MouseButton.LeftButton)
    assert job.cancel.hasFocus()
    qtbot.keyClick(job.cancel, Qt.Key.Key_Space)  # the first pass has not even ended
    assert job.start.isVisible()
    assert job.start.hasFocus()
    passes.gate.release(4)
    qtbot.waitUntil(lambda: job._workspace.worker.is_idle)
    assert results == []


def test_it_can_be_started_again_once_it_was_cancelled(job: Job, passes: Passes, qtbot: QtBot) -> None:
    results: list[str] = []
    job.offer(passes, results.append, "", at_once=False)
    for act in (job.start, job.cancel, job.start):
        qtbot.mouseClick(act, Qt.MouseButton.LeftButton)
    passes.gate.release(10)
    qtbot.waitUntil(lambda: results == ["the result"])


def test_once_done_the_picture_has_its_place_and_the_keys(job: Job, passes: Passes, qtbot: QtBot) -> None:
    job.offer(passes, lambda _: None, "", at_once=False)
    view = job._view
    assert not view.isVisible()
    qtbot.mouseClick(job.start, Qt.MouseButton.LeftButton)
    passes.gate.release(4)
    qtbot.waitUntil(view.isVisible)
    assert not job.isVisible()
    assert view.hasFocus()


def test_what_it_cannot_do_is_said_in_its_place(job: Job, qtbot: QtBot) -> None:
    def refuse(bert: Any, trace: Any) -> Generator[float, None, None]:
        yield 0.5
        raise ValueError("This model has no head.")

    job.offer(refuse, lambda _: None, "", at_once=True)
    qtbot.waitUntil(lambda: job.hint.isVisible() and job.hint.text() == "This model has no head.")


def test_what_is_offered_anew_is_not_answered_by_what_was_asked_before(job: Job, passes: Passes, qtbot: QtBot) -> None:
    results: list[str] = []
    job.offer(passes, results.append, "", at_once=False)
    qtbot.mouseClick(job.start, Qt.MouseButton.LeftButton)
    job.offer(passes, results.append, "about something else", at_once=False)
    passes.gate.release(10)
    qtbot.waitUntil(lambda: job._workspace.worker.is_idle)
    assert results == []
    assert job.start.isVisible()
