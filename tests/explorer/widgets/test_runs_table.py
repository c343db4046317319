"""The table of all runs."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMenu
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.runs_table import RunsTable
from model.training.run import Run, Status
from model.training.summary import Summary

NAME, STATE, STEPS, LOSS = range(4)

KEY, NO, CTRL = Qt.Key, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ControlModifier


def summary(name: str, step: int = 500, *, alive: bool = False, **others: Any) -> Summary:
    status = Status("running", True) if alive else Status("stopped", False)
    made = Summary(Run(Path("/runs") / name), status, "textbook", step, 1_000, 1.25, 12_345_678, 1.75e9)
    return dataclasses.replace(made, **others)


@pytest.fixture
def table(qtbot: QtBot, light: None) -> RunsTable:
    """Three runs, none chosen, the keys in the table."""
    table = RunsTable()
    qtbot.addWidget(table)
    table.resize(640, 240)
    table.show_runs([summary("new", alive=True), summary("middle"), summary("old")])
    with qtbot.waitActive(table):
        table.show()
        table.activateWindow()
    table.table.setFocus()
    return table


def names(runs: tuple[Run, ...]) -> list[str]:
    return [run.name for run in runs]


def click(qtbot: QtBot, table: RunsTable, row: int, keys: Qt.KeyboardModifier = NO, column: int = NAME) -> None:
    place = table.table.visualRect(table.table.model().index(row, column)).center()
    qtbot.mouseClick(table.table.viewport(), Qt.MouseButton.LeftButton, keys, place)


def editor(table: RunsTable) -> QLineEdit:
    found = table.table.findChild(QLineEdit)
    assert found is not None
    return found


def text(table: RunsTable, row: int, column: int = NAME) -> str:
    item = table.table.item(row, column)
    assert item is not None
    return item.text()


def texts(table: RunsTable) -> list[str]:
    return [text(table, row) for row in range(table.table.rowCount())]


def menu(table: RunsTable) -> QMenu:
    found = table.more.menu()
    assert found is not None
    found.aboutToShow.emit()
    return found


def entry(menu: QMenu, title: str) -> Any:
    return next(action for action in menu.actions() if action.text() == title)


# What is chosen


def test_the_run_that_was_clicked_last_is_the_one_attended_to(qtbot: QtBot, table: RunsTable) -> None:
    click(qtbot, table, 2)
    click(qtbot, table, 0, CTRL)
    assert names(table.runs) == ["new", "old"]


def test_which_of_several_runs_is_attended_to_survives_a_refresh(qtbot: QtBot, table: RunsTable) -> None:
    click(qtbot, table, 2)
    click(qtbot, table, 0, CTRL)
    with qtbot.assertNotEmitted(table.chosen):
        table.show_runs([summary("new", 510, alive=True), summary("middle"), summary("old")])
    assert names(table.runs) == ["new", "old"]


def test_a_run_that_begins_does_not_move_the_choice_to_its_neighbour(qtbot: QtBot, table: RunsTable) -> None:
    click(qtbot, table, 1)
    with qtbot.assertNotEmitted(table.chosen):
        table.show_runs([summary("newest"), summary("new"), summary("middle"), summary("old")])
    assert names(table.runs) == ["middle"]


def test_of_two_chosen_runs_the_other_stays_when_one_is_deleted(qtbot: QtBot, table: RunsTable) -> None:
    click(qtbot, table, 0)
    click(qtbot, table, 1, CTRL)
    with qtbot.waitSignal(table.chosen) as chosen:
        table.show_runs([summary("new", alive=True), summary("old")])
    assert names(chosen.args[0]) == ["new"]
    assert texts(table) == ["new", "old"]


def test_when_the_only_chosen_run_is_gone_nothing_else_is_deleted_in_its_place(qtbot: QtBot, table: RunsTable) -> None:
    click(qtbot, table, 1)
    with qtbot.waitSignal(table.chosen) as chosen:
        table.show_runs([summary("new", alive=True), summary("old")])
    assert chosen.args[0] == ()
    with qtbot.assertNotEmitted(table.deleted):
        qtbot.keyClick(table.table, KEY.Key_Delete)
    assert not table.open.isEnabled()


def test_runs_in_another_order_keep_the_choice(qtbot: QtBot, table: RunsTable) -> None:
    click(qtbot, table, 2)
    with qtbot.assertNotEmitted(table.chosen):
        table.show_runs([summary("old"), summary("new", alive=True), summary("middle")])
    assert texts(table) == ["old", "new", "middle"]
    assert names(table.runs) == ["old"]


def test_a_run_is_chosen_instead_of_those_that_were(qtbot: QtBot, table: RunsTable) -> None:
    click(qtbot, table, 0)
    click(qtbot, table, 1, CTRL)
    with qtbot.waitSignal(table.chosen) as chosen:
        table.choose(summary("old").run)
    assert names(chosen.args[0]) == ["old"]


def test_a_run_is_chosen_in_a_window_from_right_to_left(qtbot: QtBot, table: RunsTable) -> None:
    table.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    table.choose(summary("old").run)
    assert names(table.runs) == ["old"]


# What stays as it is


def test_a_row_that_says_the_same_is_not_touched(table: RunsTable, qtbot: QtBot) -> None:
    changed: list[int] = []
    table.table.model().dataChanged.connect(lambda first, last: changed.append(first.row()))
    table.show_runs([summary("new", 510, alive=True), summary("middle"), summary("old")])
    assert set(changed) == {0}


def test_rows_keep_their_items_when_a_run_begins(table: RunsTable) -> None:
    before = table.table.item(2, NAME)
    table.show_runs([summary("newest"), summary("new", alive=True), summary("middle"), summary("old")])
    assert table.table.item(3, NAME) is before


def test_the_list_stays_where_it_was_scrolled_to(qtbot: QtBot, table: RunsTable) -> None:
    many = [summary(f"run {number}") for number in range(60)]
    table.show_runs(many)
    table.choose(many[0].run)
    bar = table.table.verticalScrollBar()
    bar.setValue(40)
    table.show_runs([dataclasses.replace(many[0], step=501), *many[1:]])
    QApplication.processEvents()
    assert bar.value() == 40
    table.show_runs([summary("new"), *many])
    QApplication.processEvents()
    assert table.table.rowAt(2) == 41


def test_a_list_that_was_not_scrolled_shows_the_run_that_begins(qtbot: QtBot, table: RunsTable) -> None:
    many = [summary(f"run {number}") for number in range(60)]
    table.show_runs(many)
    table.show_runs([summary("new"), *many])
    QApplication.processEvents()
    assert table.table.rowAt(2) == 0


# Keys


@pytest.mark.parametrize(("key", "signal"), [(KEY.Key_Return, "opened"), (KEY.Key_Delete, "deleted")])
def test_return_opens_and_delete_asks_for_the_chosen_run(
    qtbot: QtBot, table: RunsTable, key: Qt.Key, signal: str
) -> None:
    table.choose(summary("middle").run)
    with qtbot.waitSignal(getattr(table, signal)) as sent:
        qtbot.keyClick(table.table, key)
    assert sent.args[0].name == "middle"


def test_arrows_choose_the_next_run(qtbot: QtBot, table: RunsTable) -> None:
    table.choose(summary("new").run)
    with qtbot.waitSignal(table.chosen) as chosen:
        qtbot.keyClick(table.table, KEY.Key_Down)
    assert names(chosen.args[0]) == ["middle"]


def test_tab_leaves_the_table(qtbot: QtBot, table: RunsTable) -> None:
    table.choose(summary("new").run)
    qtbot.keyClick(table.table, KEY.Key_Tab)
    assert not table.table.hasFocus()
    assert names(table.runs) == ["new"]


@pytest.mark.parametrize("column", [NAME, STATE])
def test_f2_lets_the_name_be_typed_whichever_column_was_clicked(qtbot: QtBot, table: RunsTable, column: int) -> None:
    table.resize(1_000, 240)
    click(qtbot, table, 1, column=column)
    qtbot.keyClick(table.table, KEY.Key_F2)
    assert editor(table).text() == "middle"


def test_a_double_click_opens(qtbot: QtBot, table: RunsTable) -> None:
    place = table.table.visualRect(table.table.model().index(1, STEPS)).center()
    click(qtbot, table, 1, column=STEPS)
    with qtbot.waitSignal(table.opened) as sent:
        qtbot.mouseDClick(table.table.viewport(), Qt.MouseButton.LeftButton, NO, place)
    assert sent.args[0].name == "middle"


# Another name


def rename(qtbot: QtBot, table: RunsTable, row: int, name: str) -> None:
    click(qtbot, table, row)
    qtbot.keyClick(table.table, KEY.Key_F2)
    editor(table).setText(name)
    qtbot.keyClick(editor(table), KEY.Key_Return)
    QApplication.processEvents()


def test_return_after_typing_a_name_renames_and_opens_nothing(qtbot: QtBot, table: RunsTable) -> None:
    with qtbot.assertNotEmitted(table.opened), qtbot.waitSignal(table.renamed) as sent:
        rename(qtbot, table, 1, "the one & only 😀")
    assert (sent.args[0].name, sent.args[1]) == ("middle", "the one & only 😀")
    assert text(table, 1) == "middle"  # until it is called so


@pytest.mark.parametrize("typed", ["middle", " middle "])
def test_the_same_name_again_asks_for_nothing(qtbot: QtBot, table: RunsTable, typed: str) -> None:
    with qtbot.assertNotEmitted(table.renamed):
        rename(qtbot, table, 1, typed)
    assert text(table, 1) == "middle"


def test_a_run_that_is_renamed_stays_chosen(qtbot: QtBot, table: RunsTable) -> None:
    rename(qtbot, table, 1, "better")
    with qtbot.waitSignal(table.chosen) as chosen:
        table.show_runs([summary("new", alive=True), summary("better"), summary("old")])
    assert names(chosen.args[0]) == ["better"]
    assert text(table, 1) == "better"


def test_a_list_that_comes_while_a_name_is_typed_waits_for_its_end(qtbot: QtBot, table: RunsTable) -> None:
    click(qtbot, table, 1)
    qtbot.keyClick(table.table, KEY.Key_F2)
    qtbot.keyClicks(editor(table), "mine")
    table.show_runs([summary("newest"), summary("new"), summary("middle"), summary("old")])
    assert editor(table).text() == "mine"
    with qtbot.waitSignal(table.renamed) as sent:
        qtbot.keyClick(editor(table), KEY.Key_Return)
    assert (sent.args[0].name, sent.args[1]) == ("middle", "mine")
    assert texts(table) == ["newest", "new", "middle", "old"]


def test_escape_leaves_the_name_and_shows_what_came_meanwhile(qtbot: QtBot, table: RunsTable) -> None:
    click(qtbot, table, 1)
    qtbot.keyClick(table.table, KEY.Key_F2)
    qtbot.keyClicks(editor(table), "mine")
    table.show_runs([summary("new"), summary("old")])
    with qtbot.assertNotEmitted(table.renamed):
        qtbot.keyClick(editor(table), KEY.Key_Escape)
    assert texts(table) == ["new", "old"]


def test_a_run_that_is_at_work_cannot_be_renamed_or_deleted_from_the_menu(qtbot: QtBot, table: RunsTable) -> None:
    table.choose(summary("new").run)
    table.edit_name()
    assert table.table.findChild(QLineEdit) is None
    assert not entry(menu(table), "Rename…").isEnabled()
    assert not entry(menu(table), "Move to the trash…").isEnabled()
    table.show_runs([summary("new"), summary("middle"), summary("old")])
    assert entry(menu(table), "Rename…").isEnabled()


# The menus


def test_what_a_menu_offers_is_done_to_the_run_it_was_opened_for(qtbot: QtBot, table: RunsTable) -> None:
    table.choose(summary("middle").run)
    delete = entry(menu(table), "Move to the trash…")
    table.show_runs([summary("new", alive=True), summary("old")])
    table.choose(summary("old").run)
    with qtbot.waitSignal(table.deleted) as sent:
        delete.trigger()
    assert sent.args[0].name == "middle"


@pytest.mark.parametrize(
    ("title", "signal"),
    [
        ("Open as a model", "opened"),
        ("Begin another with this recipe", "duplicated"),
        ("Export as a Hugging Face directory…", "exported"),
        ("Show the folder", "revealed"),
        ("Move to the trash…", "deleted"),
    ],
)
def test_each_entry_of_the_menu_asks_for_what_it_says(qtbot: QtBot, table: RunsTable, title: str, signal: str) -> None:
    table.choose(summary("middle").run)
    with qtbot.waitSignal(getattr(table, signal)) as sent:
        entry(menu(table), title).trigger()
    assert sent.args[0].name == "middle"


def test_the_context_menu_key_opens_the_same_menu(qtbot: QtBot, table: RunsTable) -> None:
    table.choose(summary("middle").run)
    QCoreApplication.sendEvent(
        table.table, QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), table.mapToGlobal(QPoint(5, 5)))
    )
    opened = QApplication.activePopupWidget()
    assert isinstance(opened, QMenu)
    assert [action.text() for action in opened.actions()] == [action.text() for action in menu(table).actions()]
    opened.close()


def test_without_a_chosen_run_there_is_nothing_to_open(table: RunsTable) -> None:
    assert not table.open.isEnabled()
    assert not table.more.isEnabled()
    assert table.runs == ()


# What it says


def test_without_runs_it_says_how_to_get_one(table: RunsTable) -> None:
    table.show_runs([])
    assert "none yet: Start trains the first" in [label.text() for label in table.findChildren(QLabel)]


def test_a_path_or_a_reason_with_tags_is_shown_as_it_is(table: RunsTable) -> None:
    reason = "File <stdin>, line 1 & more"
    table.show_runs([summary("a <b>bold & b", status=Status("failed", False, reason))])
    assert text(table, 0) == "a <b>bold & b"
    tips = [item.toolTip() for column in (NAME, STATE) if (item := table.table.item(0, column)) is not None]
    assert "a &lt;b&gt;bold" in tips[0]
    assert "&lt;stdin&gt;, line 1 &amp; more" in tips[1]


def test_a_run_with_a_very_long_name_leaves_its_state_in_sight(qtbot: QtBot, table: RunsTable) -> None:
    table.resize(440, 240)
    table.show_runs([summary("n" * 200, 123_456)])
    QApplication.processEvents()
    state = table.table.visualRect(table.table.model().index(0, STATE))
    assert state.right() <= table.table.viewport().width()


def test_a_run_without_a_planned_number_of_steps_or_a_loss_says_what_is_known(table: RunsTable) -> None:
    table.show_runs([summary("new", 1_500, steps=0, best_loss=None)])
    assert [text(table, 0, column) for column in (STEPS, LOSS)] == ["1,500", ""]


def test_what_is_chosen_stands_out_over_the_whole_width(qtbot: QtBot, table: RunsTable) -> None:
    table.resize(1_600, 240)
    QApplication.processEvents()
    assert table.table.horizontalHeader().length() == table.table.viewport().width()


def test_rows_grow_with_the_text(qtbot: QtBot, table: RunsTable) -> None:
    before = table.table.rowHeight(0)
    theme.set_text_scale(2.0)
    assert table.table.rowHeight(0) > 1.5 * before
    assert table.table.rowHeight(0) >= table.table.fontMetrics().height()
    theme.set_text_scale(1.0)


def test_each_column_is_as_wide_as_what_it_says_at_twice_the_text_size(qtbot: QtBot, table: RunsTable) -> None:
    theme.set_text_scale(2.0)
    QApplication.processEvents()
    header, metrics = table.table.horizontalHeader(), table.table.fontMetrics()
    for column in range(table.table.columnCount()):
        assert header.sectionSize(column) >= metrics.horizontalAdvance(text(table, 0, column))
    theme.set_text_scale(1.0)


def test_what_can_be_reached_by_keys_has_a_name(table: RunsTable) -> None:
    assert table.table.accessibleName() == "Runs"
    for button in (table.open, table.more):
        assert button.text()
        assert button.toolTip()
