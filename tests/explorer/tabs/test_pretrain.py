"""The tab in which BERTs are trained. Real processes are those of test_training_process; here they are made up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLineEdit, QMessageBox, QPushButton
from pytestqt.qtbot import QtBot

from explorer import training_process
from explorer.tabs.pretrain import PretrainTab
from explorer.widgets.training_desk import TrainingDesk
from explorer.workspace import Workspace
from model.scenario import Scenario
from model.training.recipe import Recipe
from model.training.run import Run, default_runs
from tests.explorer.runs import TEXTBOOK, made_up
from tests.explorer.tabs.conftest import plain

Show = Callable[[], TrainingDesk]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """The runs that a process would have been started for."""
    runs: list[Run] = []

    def start(run: Run) -> None:
        runs.append(run)
        run.write_status("starting")

    monkeypatch.setattr(training_process, "start", start)
    return runs


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace) -> Iterator[PretrainTab]:
    page = PretrainTab(workspace)
    qtbot.addWidget(page)
    page.desk.form.hold(True)
    page.resize(1440, 720)
    yield page
    page.desk.training.follow(False)
    page.desk.training.look_at(())


@pytest.fixture
def show(qtbot: QtBot, page: PretrainTab) -> Show:
    """The desk once it has read which runs there are, and what the one that it attends to says."""

    def wait() -> TrainingDesk:
        page.show()
        tab = page.desk
        qtbot.waitUntil(lambda: tab.training.summaries is not None, timeout=10_000)
        if tab.training.summaries:
            qtbot.waitUntil(lambda: tab.training.attended is not None, timeout=10_000)
        return tab

    return wait


def attend(tab: TrainingDesk, run: Run, qtbot: QtBot) -> None:
    tab.runs.choose(run)
    qtbot.waitUntil(lambda: tab.attended == run, timeout=10_000)


def box(tab: TrainingDesk) -> QMessageBox:
    return tab.findChild(QMessageBox)  # type: ignore[return-value]


def press(box: QMessageBox, text: str) -> None:
    next(button for button in box.findChildren(QPushButton) if text in button.text()).click()


def test_a_newcomer_starts_a_toy_training_without_setting_anything(
    show: Show, page: PretrainTab, started: list[Run], qtbot: QtBot
) -> None:
    tab = show()
    assert tab.control.start_button.isEnabled()
    assert "masked" in plain(page.answer)
    qtbot.mouseClick(tab.control.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: tab.attended is not None, timeout=10_000)
    assert [run.name for run in started] == ["little-world"]
    recipe = Recipe.read(started[0].recipe_path)
    assert (recipe.minutes, recipe.network.preset, recipe.corpus.little_world) == (5.0, "tiny", 60_000)
    assert "is starting" in plain(tab.control.standing.text())
    qtbot.waitUntil(lambda: [run.name for run in tab.runs.runs] == ["little-world"], timeout=10_000)


def test_a_run_that_was_begun_is_the_one_that_is_chosen_among_others(
    show: Show, started: list[Run], qtbot: QtBot
) -> None:
    made_up(default_runs(), "former")
    tab = show()
    assert [run.name for run in tab.runs.runs] == ["former"]
    tab.start()
    qtbot.waitUntil(lambda: [run.name for run in tab.runs.runs] == ["little-world"], timeout=10_000)
    assert tab.attended == started[0]


def test_an_impossible_recipe_cannot_be_started(show: Show, started: list[Run]) -> None:
    tab = show()
    edit = tab.form.fields.rows["length"].editor.findChild(QLineEdit)
    assert isinstance(edit, QLineEdit)
    edit.setText("2")
    edit.textEdited.emit("2")
    assert tab.form.recipe() is None
    assert not tab.control.start_button.isEnabled()
    tab.start()
    assert not started


@pytest.mark.parametrize(
    ("state", "says", "primary"),
    [
        ("stopped", "was stopped at step 496", "resume_button"),
        ("finished", "is finished after 496 steps", "start_button"),
        ("running", "ended at step 496 without a word", "resume_button"),  # nobody holds its lock
        ("failed", "failed at step 496: The disk is full.", "resume_button"),
    ],
)
def test_how_a_run_stands_is_said_with_what_can_be_done(
    show: Show, qtbot: QtBot, state: str, says: str, primary: str
) -> None:
    made_up(default_runs(), state=state, reason="The disk is full." if state == "failed" else "")
    tab = show()
    assert says in plain(tab.control.standing.text())
    assert getattr(tab.control, primary).property("role") == "primary"
    assert not tab.control.stop_button.isVisible()
    assert tab.control.open_button.isVisible()
    ended = state == "running"
    assert ("at step 500." in plain(tab.control.standing.text())) == ended  # the last line of the log


def test_what_failed_before_its_first_save_is_not_offered_to_go_on_first(show: Show) -> None:
    made_up(default_runs(), state="failed", reason="No text.", saved=False)
    tab = show()
    assert tab.control.start_button.property("role") == "primary"


def test_a_killed_run_says_what_is_lost(show: Show) -> None:
    made_up(default_runs(), state="running")
    assert "at most about 2 min, is learnt again" in plain(show().control.standing.text())


def test_a_killed_run_without_a_save_begins_anew(show: Show) -> None:
    made_up(default_runs(), state="running", saved=False)
    assert "before its first save: Resume begins anew" in plain(show().control.standing.text())


def test_what_became_of_a_lost_run_stays_to_be_read(show: Show, qtbot: QtBot) -> None:
    made_up(default_runs(), "other")
    run = made_up(default_runs(), "lost")
    tab = show()
    attend(tab, run, qtbot)
    shutil.rmtree(run.directory)
    qtbot.waitUntil(lambda: len(tab.training.summaries or ()) == 1, timeout=10_000)
    qtbot.wait(300)
    assert "lost: " in plain(tab.control.standing.text())
    assert "is gone" in plain(tab.control.standing.text())


def test_a_complaint_ends_when_another_run_is_looked_at(show: Show, qtbot: QtBot) -> None:
    runs = [made_up(default_runs(), name) for name in ("one", "two")]
    tab = show()
    attend(tab, runs[0], qtbot)
    tab._complain("Something is wrong.")
    assert tab.trouble.isVisible()
    attend(tab, runs[1], qtbot)
    assert not tab.trouble.isVisible()


def test_a_name_that_a_run_cannot_have_is_marked_where_it_is_typed(show: Show, started: list[Run]) -> None:
    tab = show()
    edit = tab.form._name.edit
    edit.setText("a/b")
    edit.textEdited.emit("a/b")
    assert not tab.control.start_button.isEnabled()
    assert tab.form._name_row.is_marked
    tab.start()
    assert not started
    edit.setText("ab")
    edit.textEdited.emit("ab")
    assert tab.control.start_button.isEnabled()


def test_a_run_that_another_program_began_is_asked_about_also_before_the_list_knows_it(
    show: Show, started: list[Run], qtbot: QtBot
) -> None:
    tab = show()
    tab.training.follow(False)
    run = made_up(default_runs(), "busy", state="running")
    with run.lock():
        tab.start()
        qtbot.waitUntil(lambda: box(tab) is not None, timeout=10_000)
        assert "busy is training already" in box(tab).text()
    assert not started


def test_a_model_that_is_open_stays_open_when_its_run_is_renamed(
    show: Show, workspace: Workspace, qtbot: QtBot
) -> None:
    run = made_up(default_runs())
    tab = show()
    with qtbot.waitSignal(workspace.answered, timeout=20_000):
        workspace.open_model(run.snapshot_path(250), Scenario("my dog is cute"))
    with qtbot.waitSignal(workspace.answered, timeout=20_000):
        tab.files.rename(run, "mine")
    assert workspace.bert is not None
    assert workspace.bert.name == "mine @ step 250"


def test_a_run_that_is_alive_is_attended_to_and_can_be_stopped(show: Show, qtbot: QtBot) -> None:
    run = made_up(default_runs(), "old", state="running")
    made_up(default_runs(), "new")
    with run.lock():
        tab = show()
        qtbot.waitUntil(lambda: tab.attended == run, timeout=10_000)
        assert tab.control.stop_button.isVisible()
        assert not tab.control.resume_button.isVisible()
        assert "tokens/s" in plain(tab.control.standing.text())
        tab.stop()
        qtbot.waitUntil(run.stop_requested, timeout=10_000)
        qtbot.waitUntil(lambda: "is saving" in plain(tab.control.standing.text()), timeout=10_000)
        assert not tab.control.stop_button.isEnabled()


def test_resume_starts_the_attended_run_again(show: Show, started: list[Run], qtbot: QtBot) -> None:
    run = made_up(default_runs())
    tab = show()
    tab.resume()
    qtbot.waitUntil(lambda: started == [run], timeout=10_000)


def test_a_second_run_at_the_same_time_only_where_the_user_insists(
    show: Show, started: list[Run], qtbot: QtBot
) -> None:
    run = made_up(default_runs(), "busy", state="running")
    with run.lock():
        tab = show()
        qtbot.waitUntil(lambda: tab.training.alive == (run,), timeout=10_000)
        tab.start()
        qtbot.waitUntil(lambda: box(tab) is not None, timeout=10_000)
        assert "busy is training already" in box(tab).text()
        press(box(tab), "Cancel")
        qtbot.waitUntil(lambda: box(tab) is None, timeout=10_000)
        assert not started
        tab.start()
        qtbot.waitUntil(lambda: box(tab) is not None, timeout=10_000)
        press(box(tab), "Train both")
        qtbot.waitUntil(lambda: len(started) == 1, timeout=10_000)


def test_a_run_that_is_renamed_stays_the_one_attended_to(show: Show, qtbot: QtBot) -> None:
    for name in ("first", "second"):
        made_up(default_runs(), name)
    tab = show()
    attend(tab, Run(default_runs() / "first"), qtbot)
    tab.runs.edit_name()
    editor = tab.runs.table.findChild(QLineEdit)
    assert editor is not None
    editor.setText("better")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: tab.attended == Run(default_runs() / "better"), timeout=10_000)


def test_opening_a_run_opens_its_last_snapshot(show: Show, workspace: Workspace, qtbot: QtBot) -> None:
    made_up(default_runs())
    tab = show()
    with qtbot.waitSignal(workspace.answered, timeout=20_000):
        workspace.open_model(TEXTBOOK, Scenario("my dog is cute"))
    qtbot.mouseClick(tab.control.open_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: workspace.bert is not None and workspace.bert.name == "toy @ step 500", timeout=20_000)


def test_two_runs_that_are_chosen_have_their_curves_laid_over_each_other(show: Show, qtbot: QtBot) -> None:
    runs = [made_up(default_runs(), name) for name in ("one", "two")]
    tab = show()
    tab.training.look_at(runs)
    qtbot.waitUntil(lambda: len(tab.training.seen) == 2, timeout=10_000)
    qtbot.waitUntil(lambda: tab.curves.plot.drawing.runs == ["one", "two"], timeout=10_000)


def test_what_is_seen_of_a_run_stands_in_every_part(show: Show, page: PretrainTab, qtbot: QtBot) -> None:
    made_up(default_runs())
    tab = show()
    assert "MLM loss 1.11" in plain(page.answer)
    qtbot.waitUntil(lambda: bool(tab.curves.plot.drawing.curves), timeout=10_000)
    assert "Healthy" in plain(tab.doctor.words.text())
    assert tab.batch.model.rowCount() == 11


def test_a_run_that_is_deleted_meanwhile_is_said_and_breaks_nothing(show: Show, qtbot: QtBot) -> None:
    run = made_up(default_runs())
    tab = show()
    shutil.rmtree(run.directory)
    qtbot.waitUntil(lambda: "is gone" in plain(tab.control.standing.text()), timeout=10_000)
    qtbot.waitUntil(lambda: tab.training.summaries == (), timeout=10_000)
    assert tab.control.start_button.isEnabled()


def test_a_torn_line_of_metrics_is_passed_over(show: Show, qtbot: QtBot) -> None:
    run = made_up(default_runs())
    with run.metrics_path.open("ab") as file:
        file.write(b'{"step": 900, "split": "train", "lo')
    tab = show()
    assert "step 496" in plain(tab.control.standing.text())


def test_a_full_disk_is_said_where_the_user_looks(show: Show, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    tab = show()

    def full(run: Run) -> None:
        raise OSError(f"{run.directory} cannot be written: the disk is full; make room on it and try again.")

    monkeypatch.setattr(training_process, "start", full)
    tab.start()
    qtbot.waitUntil(lambda: "the disk is full" in plain(tab.trouble.text()), timeout=10_000)
    assert tab.trouble.isVisible()


def test_the_recipe_of_a_run_can_begin_another(show: Show, qtbot: QtBot) -> None:
    run = made_up(default_runs())
    tab = show()
    tab.begin_another(run)
    qtbot.waitUntil(lambda: tab.form.recipe() == Recipe.read(run.recipe_path), timeout=10_000)
    assert tab.form.name == "toy"


def test_a_model_that_cannot_be_opened_leaves_the_tab_as_it_is(
    show: Show, page: PretrainTab, workspace: Workspace, qtbot: QtBot
) -> None:
    tab = show()
    with qtbot.waitSignal(workspace.refused, timeout=10_000):
        workspace.open_model(Path("nowhere"))
    assert page.sentence == ""
    assert tab.control.start_button.isVisible()


def test_the_words_of_a_run_are_no_markup(show: Show, qtbot: QtBot) -> None:
    made_up(default_runs(), "a&b", state="failed", reason="<b>no</b> & never")
    tab = show()
    assert "a&b failed at step 496: <b>no</b> & never" in plain(tab.control.standing.text())


def test_while_it_is_hidden_the_folder_of_runs_is_left_alone(show: Show, page: PretrainTab, qtbot: QtBot) -> None:
    tab = show()
    page.hide()
    made_up(default_runs())
    with qtbot.assertNotEmitted(tab.training.listed, wait=2_500):
        QApplication.processEvents()
