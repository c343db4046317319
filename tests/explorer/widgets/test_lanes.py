from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.axis import Axis
from explorer.widgets.lanes import Lane, Lanes


def shown(qtbot: QtBot, *lanes: Lane) -> Lanes:
    drawn = Lanes()
    qtbot.addWidget(drawn)
    drawn.resize(420, 140)
    size = len(lanes[0].values)
    drawn.show_lanes(lanes, Axis(tuple(f"t{place}" for place in range(size))))
    drawn.show()
    qtbot.waitExposed(drawn)
    return drawn


def colours(image: QImage, x: float) -> set[str]:
    return {image.pixelColor(round(x), y).name().upper() for y in range(image.height())}


def test_bars_go_up_and_down_in_the_colours_of_their_signs(qtbot: QtBot) -> None:
    lanes = shown(qtbot, Lane("product", np.array([2.0, -1.0, 0.0])))
    image, palette = lanes.grab().toImage(), theme.palette()
    up, down = (theme.mixed(colour, palette.paper, 0.35) for colour in (palette.positive, palette.negative))
    at = [colours(image, lanes.column_rect(column).center().x()) for column in range(3)]
    assert [up in seen for seen in at] == [True, False, False]
    assert [down in seen for seen in at] == [False, True, False]


def test_one_long_bar_among_hundreds_is_seen(qtbot: QtBot) -> None:
    values = np.full(512, 0.001, dtype=np.float32)
    values[300] = 1
    lanes = shown(qtbot, Lane("softmax", values, is_signed=False))
    image = lanes.grab().toImage()
    accent = QColor(theme.mixed(theme.palette().accent, theme.palette().paper, 0.35))
    high = [x for x in range(image.width()) if image.pixelColor(x, 8) == accent]
    assert high
    assert all(abs(x - lanes.column_rect(300).center().x()) <= 1.5 for x in high)


def test_the_numbers_of_the_marked_column_stand_beside_the_lanes(qtbot: QtBot) -> None:
    written: list[float] = []

    def write(value: float) -> str:
        written.append(value)
        return f"{value:.1f}"

    lanes = shown(
        qtbot, Lane("query", np.array([1.0, 2.0]), write=write), Lane("key", np.array([3.0, 4.0]), write=write)
    )
    lanes.grab()
    assert written == []
    lanes.mark((0, 1))
    lanes.grab()
    assert set(written) == {2.0, 4.0}


@pytest.mark.parametrize("number", [np.nan, -np.inf])
def test_what_is_no_number_is_drawn_as_nothing(qtbot: QtBot, number: float) -> None:
    lanes = shown(qtbot, Lane("score", np.array([number, 1.0, number])))
    lanes.mark((0, 0))
    lanes.grab()
    shown(qtbot, Lane("score", np.array([number, number]))).grab()


def test_arrow_keys_go_from_column_to_column_and_from_lane_to_lane(qtbot: QtBot) -> None:
    lanes = shown(qtbot, Lane("query", np.ones(4)), Lane("key", np.ones(4)))
    lanes.chosen.connect(lambda lane, column: lanes.mark((lane, column)))
    seen = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_End, Qt.Key.Key_Right, Qt.Key.Key_Home):
        qtbot.keyClick(lanes, key)
        seen.append(lanes.cell)
    assert seen == [(0, 1), (1, 1), (1, 1), (1, 3), (1, 3), (1, 0)]


def test_the_mouse_tells_the_lane_and_the_column_it_is_over(qtbot: QtBot) -> None:
    lanes = shown(qtbot, Lane("query", np.ones(4)), Lane("key", np.ones(4)))
    told: list[object] = []
    lanes.hovered.connect(told.append)
    place = lanes.column_rect(2)
    for down in (0.25, 0.75):
        qtbot.mouseMove(lanes, (place.topLeft() + (place.bottomRight() - place.topLeft()) * down).toPoint())
    assert told == [(0, 2), (1, 2)]
