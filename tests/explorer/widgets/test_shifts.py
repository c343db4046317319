from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.shifts import Shift, Shifts

WORDS = [
    Shift("too", 0.1, before=0.4, change="−30.0", group="Position 4"),
    Shift("very", 0.2, before=0.1, change="+10.0", group="Position 4"),
    Shift("IsNext", 0.9, before=0.9, change="0.0", group="Does B follow A?"),
]


@pytest.fixture
def shifts(qtbot: QtBot) -> Shifts:
    theme.apply("light")
    shifts = Shifts(("before", "after"), pieces=True)
    qtbot.addWidget(shifts)
    shifts.resize(500, 200)
    shifts.show_shifts(WORDS, before=True)
    shifts.show()
    qtbot.waitExposed(shifts)
    return shifts


def test_a_click_below_a_heading_is_about_the_line_that_is_seen_there(shifts: Shifts, qtbot: QtBot) -> None:
    told: list[int] = []
    shifts.chosen.connect(told.append)
    for place in (2, 0, 1):
        qtbot.mouseClick(shifts, Qt.MouseButton.LeftButton, pos=shifts.bar_rect(place).center().toPoint())
    heading = shifts.bar_rect(2).center() - shifts.bar_rect(2).topLeft() + shifts.bar_rect(1).bottomLeft()
    qtbot.mouseClick(shifts, Qt.MouseButton.LeftButton, pos=heading.toPoint())
    assert told == [2, 0, 1]
    assert shifts.sizeHint().height() >= shifts.bar_rect(2).bottom()


def test_x_and_ctrl_click_ask_to_switch_off_and_choose_nothing(shifts: Shifts, qtbot: QtBot) -> None:
    told: list[int] = []
    shifts.toggled.connect(told.append)
    shifts.chosen.connect(lambda place: told.append(-1))
    place = shifts.bar_rect(1).center().toPoint()
    qtbot.mouseClick(shifts, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, place)
    qtbot.keyClick(shifts, Qt.Key.Key_Down)
    qtbot.keyClick(shifts, Qt.Key.Key_X)
    assert told == [1, 2]


def test_a_screen_reader_hears_both_probabilities(shifts: Shifts, qtbot: QtBot) -> None:
    qtbot.keyClick(shifts, Qt.Key.Key_Down)
    told = shifts.accessibleDescription().replace("\N{NO-BREAK SPACE}", " ")
    assert told == "Position 4. very: from 10.0 % to 20.0 %, change +10.0"


def test_what_falls_and_what_rises_have_the_colours_of_the_signed_scale(shifts: Shifts) -> None:
    image = shifts.grab().toImage()
    colours = {"falls": theme.palette().negative, "rises": theme.palette().positive}
    seen = {}
    for name, place in (("falls", 0), ("rises", 1)):
        line = shifts.bar_rect(place).toRect()
        pixels = {
            QColor(image.pixelColor(x, y)).name() for x in range(line.width()) for y in range(line.top(), line.bottom())
        }
        seen[name] = [other for other, colour in colours.items() if QColor(colour).name() in pixels]
    assert seen == {"falls": ["falls"], "rises": ["rises"]}


def test_its_sheet_says_which_group_a_line_is_of(shifts: Shifts) -> None:
    sheet = shifts.sheet()
    assert sheet.rows == ["Position 4 too", "Position 4 very", "Does B follow A? IsNext"]
    assert sheet.values[0].tolist() == pytest.approx([0.4, 0.1, -30.0])
