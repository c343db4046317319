from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.number_table import NumberTable

VALUES = np.array([[0.25, -1.5], [1 / 3, 4.0]], dtype=np.float32)


@pytest.fixture
def table(qtbot: QtBot) -> NumberTable:
    table = NumberTable()
    qtbot.addWidget(table)
    table.show_sheet(Sheet(VALUES, ("my", 'a "quoted", one'), ("dog", "is")))
    return table


def test_screen_readers_hear_row_column_and_number(table: NumberTable) -> None:
    assert table.numbers.index(0, 1).data(Qt.ItemDataRole.AccessibleTextRole) == "my, is: −1.500"


def test_the_copy_key_copies_the_selected_block(table: NumberTable, qtbot: QtBot) -> None:
    table.selectionModel().select(table.numbers.index(0, 0), QItemSelectionModel.SelectionFlag.Select)
    table.selectionModel().select(table.numbers.index(0, 1), QItemSelectionModel.SelectionFlag.Select)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "0.250\t−1.500"


def test_a_cell_reached_by_keyboard_is_told_and_a_marked_one_is_not(table: NumberTable, qtbot: QtBot) -> None:
    told: list[tuple[int, int]] = []
    table.chosen.connect(lambda row, column: told.append((row, column)))
    table.mark((0, 0))
    qtbot.keyClick(table, Qt.Key.Key_Down)
    assert told == [(1, 0)]


def test_the_corner_between_two_scroll_bars_is_paper(table: NumberTable, light: None) -> None:
    table.show_sheet(Sheet(np.zeros((40, 40), dtype=np.float32), tuple("r" * 40), tuple("c" * 40)))
    table.resize(400, 300)
    table.show()
    QApplication.processEvents()
    across, down = table.horizontalScrollBar(), table.verticalScrollBar()
    assert across.isVisible()
    assert down.isVisible()
    picture = table.grab().toImage()
    corner = [
        picture.pixelColor(x, y).name().upper()
        for x in range(table.width() - down.width(), table.width())
        for y in range(table.height() - across.height(), table.height())
    ]
    assert set(corner) == {theme.palette().paper}
