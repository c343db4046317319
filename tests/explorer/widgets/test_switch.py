from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.widgets.switch import Switch


@pytest.fixture
def switch(qtbot: QtBot) -> Switch:
    switch = Switch(("one", "two", "three"))
    qtbot.addWidget(switch)
    switch.show()
    qtbot.waitExposed(switch)
    return switch


def test_one_button_is_down_at_a_time(switch: Switch, qtbot: QtBot) -> None:
    told: list[int] = []
    switch.chosen.connect(told.append)
    qtbot.mouseClick(switch.button(2), Qt.MouseButton.LeftButton)
    assert [switch.button(place).isChecked() for place in range(3)] == [False, False, True]
    assert (switch.current, told) == (2, [2])


def test_pressing_the_button_that_is_down_changes_nothing(switch: Switch, qtbot: QtBot) -> None:
    told: list[int] = []
    switch.chosen.connect(told.append)
    qtbot.mouseClick(switch.button(0), Qt.MouseButton.LeftButton)
    assert (switch.current, told) == (0, [])


def test_arrow_keys_choose_the_neighbour(switch: Switch, qtbot: QtBot) -> None:
    qtbot.keyClick(switch.button(0), Qt.Key.Key_Right)
    assert switch.current == 1
    qtbot.keyClick(switch.button(1), Qt.Key.Key_Left)
    assert switch.current == 0
