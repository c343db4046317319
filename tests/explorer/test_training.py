"""The runs as the window knows them. Their processes are played: what they leave behind is made up."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer import training_process
from explorer.training import Training
from explorer.worker import Lane, Worker
from model.training.run import Run
from tests.explorer.runs import recipe


@pytest.fixture
def worker(qtbot: QtBot) -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture
def training(worker: Worker, tmp_path: Path) -> Iterator[Training]:
    """Of an empty folder that does not exist yet."""
    training = Training(worker, tmp_path / "runs")
    yield training
    training.follow(False)
    training.look_at(())


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs whose process was started."""
    runs: list[Run] = []

    def start(run: Run) -> None:
        run.write_status("starting")
        runs.append(run)

    monkeypatch.setattr(training_process, "start", start)
    return runs


Rest = Callable[[], None]


@pytest.fixture
def rest(qtbot: QtBot, worker: Worker) -> Rest:
    """Waits until everything was read."""
    return lambda: qtbot.waitUntil(lambda: worker.is_idle, timeout=10_000)


def run(training: Training, name: str) -> Run:
    made = Run.create(training.folder, name, recipe().to_toml())
    made.write_status("stopped")
    return made


def listed(training: Training) -> set[str]:
    return {summary.run.name for summary in training.summaries or ()}


# Which there are


def test_before_the_folder_was_read_nothing_is_claimed_of_it(training: Training, rest: Rest) -> None:
    assert training.summaries is None
    training.list()
    rest()
    assert training.summaries == ()


def test_the_list_is_read_at_once_and_again_while_someone_looks(qtbot: QtBot, training: Training) -> None:
    run(training, "one")
    training._listing.setInterval(20)
    training.follow(True)
    qtbot.waitUntil(lambda: listed(training) == {"one"}, timeout=10_000)
    run(training, "two")
    qtbot.waitUntil(lambda: listed(training) == {"one", "two"}, timeout=10_000)


def test_nobody_reads_the_folder_when_the_tab_is_left(qtbot: QtBot, training: Training, rest: Rest) -> None:
    training._listing.setInterval(20)
    training.follow(True)
    training.follow(False)
    rest()
    run(training, "one")
    qtbot.wait(100)
    assert listed(training) == set()


def test_a_list_that_has_not_changed_is_not_told_again(qtbot: QtBot, training: Training, rest: Rest) -> None:
    run(training, "one")
    training.list()
    rest()
    with qtbot.assertNotEmitted(training.listed):
        training.list()
        rest()


def test_a_run_that_was_deleted_elsewhere_leaves_the_list(training: Training, rest: Rest) -> None:
    for name in ("one", "two"):
        run(training, name)
    training.list()
    rest()
    shutil.rmtree(training.folder / "one")
    training.list()
    rest()
    assert listed(training) == {"two"}


def test_runs_at_work_are_known_wherever_they_were_started(training: Training, rest: Rest) -> None:
    run(training, "idle")
    busy = run(training, "busy")
    with busy.lock():
        busy.write_status("running")
        training.list()
        rest()
        assert training.alive == (busy,)


# Which are looked at


def test_the_first_of_the_runs_that_are_looked_at_is_attended_to(training: Training, rest: Rest) -> None:
    one, two = run(training, "one"), run(training, "two")
    training.look_at([two, one])
    rest()
    assert [seen.run for seen in training.seen] == [two, one]
    assert training.attended is training.seen[0]


def test_another_order_reads_nothing_anew(training: Training, rest: Rest) -> None:
    one, two = run(training, "one"), run(training, "two")
    training.look_at([one, two])
    rest()
    before = {id(seen) for seen in training.seen}
    training.look_at([two, one])
    assert {id(seen) for seen in training.seen} == before
    assert training.attended is not None
    assert training.attended.run == two


def test_the_same_runs_again_change_nothing(qtbot: QtBot, training: Training, rest: Rest) -> None:
    one = run(training, "one")
    training.look_at([one])
    rest()
    with qtbot.assertNotEmitted(training.changed):
        training.look_at([one])


def test_of_too_many_runs_the_first_are_looked_at(training: Training, rest: Rest) -> None:
    runs = [run(training, f"run {number}") for number in range(9)]
    training.look_at(runs)
    rest()
    assert [seen.run for seen in training.seen] == runs[:6]


def test_a_run_that_vanished_between_listing_and_choosing_says_so(training: Training, rest: Rest) -> None:
    one = run(training, "one")
    training.list()
    rest()
    shutil.rmtree(one.directory)
    training.look_at([one])
    rest()
    assert training.attended is not None
    assert "is gone" in training.attended.trouble


def test_a_run_that_is_left_while_it_is_read_is_forgotten_quietly(
    qtbot: QtBot, training: Training, worker: Worker, rest: Rest
) -> None:
    gate = threading.Event()
    worker.submit(Lane.FILE, "long", lambda: gate.wait(5), lambda _: None, lambda _: None)
    training.look_at([run(training, "one")])
    training.look_at([])
    qtbot.wait(10)  # what is of no use any more is deleted
    gate.set()
    rest()
    assert training.seen == ()


# What is done to them


def test_start_makes_a_run_begins_it_and_looks_at_it(training: Training, started: list[Run], rest: Rest) -> None:
    training.start(recipe(), "mine & yours")
    rest()
    assert [one.name for one in started] == ["mine & yours"]
    assert training.attended is not None
    assert training.attended.run == started[0]
    assert listed(training) == {"mine & yours"}
    assert training.left_running() == tuple(started)


def test_a_double_click_on_start_begins_one_run(
    training: Training, worker: Worker, started: list[Run], rest: Rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    begins, gate, start = threading.Event(), threading.Event(), training_process.start

    def slow(one: Run) -> None:
        begins.set()
        assert gate.wait(5)
        start(one)

    monkeypatch.setattr(training_process, "start", slow)
    training.start(recipe(), "mine")
    assert begins.wait(5)
    training.start(recipe(), "mine")
    gate.set()
    rest()
    assert len(started) == 1
    assert training.left_running() == tuple(started)


def test_after_one_that_could_not_begin_the_next_can(
    qtbot: QtBot, training: Training, started: list[Run], rest: Rest
) -> None:
    with qtbot.waitSignal(training.failed) as failed:
        training.start(recipe(), "a/b")
    assert "cannot be the name of a run" in failed.args[0]
    training.start(recipe(), "ab")
    rest()
    assert [one.name for one in started] == ["ab"]


def test_a_folder_that_cannot_be_is_said(qtbot: QtBot, worker: Worker, tmp_path: Path, started: list[Run]) -> None:
    (tmp_path / "file").touch()
    training = Training(worker, tmp_path / "file" / "runs")
    with qtbot.waitSignal(training.failed) as failed:
        training.start(recipe(), "mine")
    assert "a file stands where a folder should be" in failed.args[0]
    assert started == []


def test_resume_begins_the_same_run(training: Training, started: list[Run], rest: Rest) -> None:
    one = run(training, "one")
    training.resume(one)
    rest()
    assert started == [one]


def test_a_run_that_is_in_use_elsewhere_is_not_resumed(qtbot: QtBot, training: Training, started: list[Run]) -> None:
    one = run(training, "one")
    with one.lock(), qtbot.waitSignal(training.failed) as failed:
        training.resume(one)
    assert "in use" in failed.args[0]
    assert started == []


def test_stop_asks_the_process_to_save_and_end(training: Training, rest: Rest) -> None:
    one = run(training, "one")
    training.stop(one)
    rest()
    assert one.stop_requested()


def test_stop_for_a_run_that_is_gone_is_said(qtbot: QtBot, training: Training) -> None:
    one = run(training, "one")
    shutil.rmtree(one.directory)
    with qtbot.waitSignal(training.failed):
        training.stop(one)


def test_closing_the_window_asks_only_about_runs_that_go_on(training: Training, started: list[Run], rest: Rest) -> None:
    training.start(recipe(), "one")
    rest()
    training.start(recipe(), "two")
    rest()
    started[0].write_status("finished")
    assert training.left_running() == (started[1],)
