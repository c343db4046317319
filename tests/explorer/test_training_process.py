"""Runs in processes of their own, and what the window sees of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer import training_process
from explorer.training_process import Watch
from explorer.worker import Worker
from model.training.history import History
from model.training.recipe import Recipe
from model.training.run import Run

ROOT = Path(__file__).parents[2]

RECIPE = """
steps = 100000
length = 16
batch = 2
log_steps = 1
snapshot_steps = 50
[corpus]
little_world = 200
[vocabulary]
size = 300
[network]
layers = 1
hidden_size = 16
"""

LONG = 60_000  # milliseconds: torch takes its time to load on a busy machine


@pytest.fixture
def worker(qtbot: QtBot) -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    run = Run.create(tmp_path / "runs", "r", Recipe.from_toml(RECIPE).to_toml())
    yield run
    status = run.status()
    if status.alive and status.pid not in (None, os.getpid()):
        assert status.pid is not None
        os.kill(status.pid, signal.SIGKILL)
        while run.status().alive:
            time.sleep(0.05)


@pytest.fixture
def watch(run: Run, worker: Worker) -> Iterator[Watch]:
    watch = Watch(run, worker)
    yield watch
    watch.close()


def wait(qtbot: QtBot, watch: Watch, until: Callable[[training_process.Seen], bool]) -> training_process.Seen:
    qtbot.waitUntil(lambda: watch.seen is not None and until(watch.seen), timeout=LONG)
    assert watch.seen is not None
    return watch.seen


def test_a_run_that_was_started_is_seen_learning_and_stops_when_it_is_asked_to(
    qtbot: QtBot, run: Run, watch: Watch
) -> None:
    training_process.start(run)
    assert run.status().alive  # from the first moment
    assert run.status().state == "starting"
    seen = wait(qtbot, watch, lambda seen: seen.step >= 60 and len(seen.snapshots) >= 2 and seen.batch is not None)
    assert seen.status.alive
    assert seen.recipe is not None
    assert seen.recipe.batch == 2
    assert 0 < seen.share < 1
    assert seen.seconds_left is not None
    assert {"uniform", "unigram_entropy"} <= set(seen.baselines)
    assert [step for step, _ in seen.snapshots][:2] == [0, 50]
    run.request_stop()
    seen = wait(qtbot, watch, lambda seen: seen.status.state == "stopped")
    assert not seen.stopping
    assert "Stopped at step" in seen.log


def test_a_run_outlives_its_window_and_what_was_not_saved_of_a_killed_one_is_made_again(
    qtbot: QtBot, run: Run, watch: Watch
) -> None:
    training_process.start(run)
    seen = wait(qtbot, watch, lambda seen: seen.status.state == "running" and seen.step > 5)
    assert os.getsid(seen.status.pid or 0) != os.getsid(0)  # what ends the window does not end it
    os.kill(seen.status.pid or 0, signal.SIGKILL)
    seen = wait(qtbot, watch, lambda seen: seen.status.state == "interrupted")
    assert not seen.status.alive
    assert "Training goes on at step 0" in seen.log
    training_process.start(run)
    seen = wait(qtbot, watch, lambda seen: seen.status.state == "running" and seen.step > 5)
    run.request_stop()
    wait(qtbot, watch, lambda seen: not seen.status.alive)


def test_the_window_is_killed_and_the_run_goes_on(qtbot: QtBot, run: Run, watch: Watch) -> None:
    window = f"""
import os, signal
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from explorer import training_process
from model.training.run import Run
application = QCoreApplication([])
training_process.start(Run.open(Path({str(run.directory)!r})))
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", window], cwd=ROOT, timeout=60, check=False)
    assert ended.returncode == -signal.SIGKILL
    seen = wait(qtbot, watch, lambda seen: seen.status.state == "running" and seen.step > 5)
    run.request_stop()
    seen = wait(qtbot, watch, lambda seen: not seen.status.alive)
    assert seen.status.state == "stopped"
    assert run.load_state()["progress"]["step"] == seen.step


def test_a_stop_that_is_asked_while_the_process_only_starts_is_heeded(qtbot: QtBot, run: Run, watch: Watch) -> None:
    training_process.start(run)
    run.request_stop()
    assert wait(qtbot, watch, lambda seen: seen.status.state == "stopped").step == 0


def test_a_run_whose_process_fails_says_why(qtbot: QtBot, run: Run, watch: Watch) -> None:
    run.recipe_path.write_text(run.recipe_path.read_text().replace("files = []", 'files = ["/nowhere/a.txt"]'))
    training_process.start(run)
    seen = wait(qtbot, watch, lambda seen: seen.status.state == "failed")
    assert "/nowhere/a.txt" in seen.status.reason


def test_a_process_that_dies_before_it_can_say_anything_is_not_starting_for_ever(run: Run) -> None:
    run.write_status("starting")
    assert (run.status().state, run.status().alive) == ("starting", True)
    status = run.directory / "status.json"
    fields = json.loads(status.read_text())
    status.write_text(json.dumps(fields | {"time": "2026-01-01T00:00:00+00:00"}))
    assert (run.status().state, run.status().alive) == ("interrupted", False)


def test_a_run_directory_that_is_deleted_is_said_and_what_was_seen_stays(qtbot: QtBot, run: Run, watch: Watch) -> None:
    run.append_metrics({"step": 3, "split": "train", "loss": 1.0})
    wait(qtbot, watch, lambda seen: seen.step == 3)
    run.directory.rename(run.directory.with_name("elsewhere"))
    seen = wait(qtbot, watch, lambda seen: bool(seen.trouble))
    assert "is gone" in seen.trouble
    assert seen.step == 3


def test_a_line_that_comes_while_the_doctor_reads_is_seen(
    qtbot: QtBot, run: Run, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = training_process.Evidence.read
    steps = iter([1, 2])

    def late(of: Run, history: History) -> object:
        for step in steps:
            of.append_metrics({"step": step, "split": "train", "loss": 1.0})
            break
        return read(of, history)

    monkeypatch.setattr(training_process, "_JUDGE_EVERY", 0.0)
    monkeypatch.setattr(training_process.Evidence, "read", late)
    watch = Watch(run, worker)
    wait(qtbot, watch, lambda seen: seen.step == 2)
    watch.close()


def test_a_look_that_fails_is_tried_again(
    qtbot: QtBot, run: Run, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Run.batch
    failures = iter([RuntimeError("torn")])

    def batch(self: Run) -> object:
        for failure in failures:
            raise failure
        return read(self)

    monkeypatch.setattr(Run, "batch", batch)
    with qtbot.captureExceptions() as raised:
        watch = Watch(run, worker)
        wait(qtbot, watch, lambda seen: True)
    watch.close()
    assert [str(error) for _, error, _ in raised] == ["torn"]


def test_nothing_is_read_twice_where_nothing_has_changed(qtbot: QtBot, run: Run, watch: Watch) -> None:
    seen = wait(qtbot, watch, lambda seen: True)
    with qtbot.assertNotEmitted(watch.changed, wait=1_200):
        pass
    assert watch.seen is seen


def test_runs_of_any_origin_are_found_while_they_are_alive(run: Run) -> None:
    assert training_process.alive(run.directory.parent) == []
    with run.lock():
        run.write_status("running")
        assert training_process.alive(run.directory.parent) == [run]


def test_the_command_is_the_door_beside_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    program, arguments = training_process.command("pretrain", "r.toml")
    assert program == sys.executable
    assert arguments == [str(Path(__file__).parents[2] / "main.py"), "pretrain", "r.toml"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert training_process.command("pretrain") == (sys.executable, ["pretrain"])


def test_a_run_takes_all_cores_although_the_window_leaves_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(training_process, "_threads_are_the_windows", False)
    training_process.leave_a_core_to_the_window()
    assert int(os.environ["OMP_NUM_THREADS"]) >= 1
    assert not training_process.environment().contains("OMP_NUM_THREADS")


def test_a_number_of_threads_that_the_user_set_holds_for_runs_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setattr(training_process, "_threads_are_the_windows", False)
    training_process.leave_a_core_to_the_window()
    assert training_process.environment().value("OMP_NUM_THREADS") == "3"


def test_a_file_that_is_renamed_during_a_look_costs_that_look_alone(
    qtbot: QtBot, run: Run, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait(qtbot, watch, lambda seen: True)
    snapshots, failures = Run.snapshots, iter([FileNotFoundError("snapshots/.step-000500 is gone")])

    def renamed(self: Run) -> list[tuple[int, Path]]:
        if (failure := next(failures, None)) is not None:
            raise failure
        return snapshots(self)

    monkeypatch.setattr(Run, "snapshots", renamed)
    run.append_metrics({"step": 7, "split": "train", "loss": 1.0})
    seen = wait(qtbot, watch, lambda seen: seen.step == 7)
    assert seen.trouble == ""
