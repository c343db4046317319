"""The slider over the snapshots of a run."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.comparison import Shown
from explorer.widgets.attention_difference import AttentionDifference
from explorer.window import Window
from model.training.run import Run, default_runs
from tests.explorer.runs import made_up

Answered = Callable[[Callable[[], object]], None]


@pytest.fixture
def run() -> Run:
    return made_up(default_runs(), steps=(0, 250, 500))


@pytest.fixture
def opened(window: Window, run: Run, answered: Answered, qtbot: QtBot) -> Window:
    """The run's last snapshot is open, and the slider knows of all."""
    answered(lambda: window.open_model(run.snapshots()[-1][1]))
    qtbot.waitUntil(lambda: window.time.steps == (0, 250, 500), timeout=10_000)
    return window


def test_a_run_that_is_open_has_a_slider_and_other_models_have_none(
    opened: Window, answered: Answered, starter_folder: object
) -> None:
    assert opened.time.isVisible()
    assert opened.time.slider.value() == 2
    assert opened.workspace.bert is not None
    assert opened.workspace.bert.name == "toy @ step 500"
    answered(lambda: opened.open_model(starter_folder))  # type: ignore[arg-type]
    assert not opened.time.isVisible()


def test_moving_it_asks_the_same_question_of_the_model_of_that_step(opened: Window, answered: Answered) -> None:
    workspace = opened.workspace
    assert workspace.trace is not None
    before = workspace.trace
    answered(lambda: opened.time.go(-2))
    assert workspace.bert is not None
    assert workspace.bert.name == "toy @ step 0"
    assert workspace.trace.scenario == before.scenario
    assert workspace.trace.fingerprint != before.fingerprint


def test_the_neighbours_are_there_before_they_are_asked_for(opened: Window, qtbot: QtBot) -> None:
    snapshots = opened.workspace.snapshots
    qtbot.waitUntil(lambda: len(snapshots._kept) == 3, timeout=10_000)


def test_playing_goes_through_all_steps_and_ends(opened: Window, run: Run, qtbot: QtBot) -> None:
    opened.time._playing.setInterval(1)
    names: list[str] = []
    opened.workspace.answered.connect(lambda: names.append(opened.workspace.bert.name))  # type: ignore[union-attr]
    opened.time.play.click()
    qtbot.waitUntil(lambda: names[-1:] == ["toy @ step 500"], timeout=10_000)
    assert names == ["toy @ step 0", "toy @ step 250", "toy @ step 500"]
    qtbot.waitUntil(lambda: not opened.time.play.isChecked(), timeout=10_000)  # it is over: nothing more is to come


def test_playing_waits_for_the_steps_that_a_run_at_work_is_still_to_make(
    opened: Window, run: Run, qtbot: QtBot
) -> None:
    opened.time._playing.setInterval(1)
    names: list[str] = []
    opened.workspace.answered.connect(lambda: names.append(opened.workspace.bert.name))  # type: ignore[union-attr]
    run.write_status("running")
    with run.lock():
        qtbot.waitUntil(lambda: opened.time._alive, timeout=10_000)
        opened.time.play.click()
        qtbot.waitUntil(lambda: names[-1:] == ["toy @ step 500"], timeout=10_000)
        shutil.copytree(run.snapshot_path(250), run.snapshot_path(750))
        qtbot.waitUntil(lambda: names[-1] == "toy @ step 750", timeout=10_000)


def test_a_run_that_is_deleted_leaves_its_open_model_and_no_slider(opened: Window, run: Run, qtbot: QtBot) -> None:
    shutil.rmtree(run.directory)
    qtbot.waitUntil(lambda: not opened.time.isVisible(), timeout=10_000)
    assert opened.workspace.bert is not None
    assert opened.workspace.bert.name == "toy @ step 500"


def test_a_snapshot_that_is_gone_is_said_and_the_slider_stays_where_it_was(
    opened: Window, run: Run, qtbot: QtBot
) -> None:
    opened.workspace.snapshots._kept.clear()
    gone = run.snapshot_path(250)
    (gone / "model.safetensors").write_bytes(b"torn")
    with qtbot.waitSignal(opened.workspace.refused, timeout=10_000) as refused:
        opened.time.go(-1)
    assert "model.safetensors" in refused.args[0]
    assert opened.time.slider.value() == 2
    assert opened.workspace.bert is not None
    assert opened.workspace.bert.name == "toy @ step 500"


def test_what_was_asked_stays_undoable_while_the_steps_change(opened: Window, answered: Answered) -> None:
    answered(lambda: opened.workspace.set_texts("My dog is cute", "he likes"))
    answered(lambda: opened.time.go(-1))
    answered(opened.workspace.undo)
    assert opened.workspace.scenario.second == "he likes playing"


def test_a_pinned_step_is_subtracted_from_the_one_the_slider_goes_to(
    opened: Window, answered: Answered, qtbot: QtBot
) -> None:
    workspace = opened.workspace
    pinned = workspace.trace
    workspace.pin()
    answered(lambda: opened.time.go(-2))
    opened.show_tab("attention")
    workspace.compare(Shown.DIFFERENCE)
    now, view = workspace.trace, opened.pages["attention"].difference()
    assert now is not None
    assert pinned is not None
    assert isinstance(view, AttentionDifference)
    qtbot.waitUntil(lambda: workspace.worker.is_idle and view.heatmap.values.size > 0, timeout=10_000)
    np.testing.assert_array_equal(view.heatmap.values, now.attention[0, 0] - pinned.attention[0, 0])
