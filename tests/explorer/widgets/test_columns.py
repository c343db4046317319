from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.columns import Columns

LABELS = ("a", "b", "c", "d")


@pytest.fixture
def columns(qtbot: QtBot) -> Columns:
    theme.apply("light")
    columns = Columns("change", is_signed=True)
    qtbot.addWidget(columns)
    columns.show_values(np.array([2.0, -1.0, np.nan, 1.0], dtype=np.float32), LABELS)
    columns.resize(300, columns.sizeHint().height())
    columns.show()
    qtbot.waitExposed(columns)
    return columns


def lengths(columns: Columns, place: int) -> tuple[int, int]:
    """Pixels above and below the line of one column, by its colours."""
    image, middle = columns.grab().toImage(), round(columns.column_rect(place).center().x())
    colours = theme.palette()
    shades = [QColor(theme.mixed(colour, colours.paper, 0.35)) for colour in (colours.positive, colours.negative)]
    above, below = (sum(image.pixelColor(middle, y) == shade for y in range(image.height())) for shade in shades)
    return above, below


def test_a_number_below_zero_hangs_from_the_line(columns: Columns) -> None:
    above, below = lengths(columns, 0)
    assert above == pytest.approx(80, abs=2)
    assert below == 0
    assert lengths(columns, 1) == pytest.approx((0, above / 2), abs=2)
    assert lengths(columns, 3) == pytest.approx((above / 2, 0), abs=2)


def test_no_number_leaves_a_gap(columns: Columns) -> None:
    assert lengths(columns, 2) == (0, 0)


def test_the_keys_reach_every_column_and_say_its_value(columns: Columns, qtbot: QtBot) -> None:
    columns.chosen.connect(columns.mark)
    said = []
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Home):
        qtbot.keyClick(columns, key)
        said.append(columns.accessibleDescription())
    assert said == ["a +2.0", "b \N{MINUS SIGN}1.0", "d +1.0", "a +2.0"]


def test_the_mouse_tells_which_column_it_is_over(columns: Columns, qtbot: QtBot) -> None:
    told: list[object] = []
    columns.hovered.connect(told.append)
    qtbot.mouseMove(columns, columns.column_rect(3).center().toPoint())
    qtbot.mouseMove(columns, QPoint(299, 5))
    assert told == [3, None]


def test_a_table_has_a_row_for_every_column(columns: Columns) -> None:
    assert columns.sheet().csv() == ",change\na,2.0\nb,-1.0\nc,nan\nd,1.0\n"


def test_columns_thinner_than_a_pixel_show_the_longest(qtbot: QtBot) -> None:
    theme.apply("light")
    columns = Columns("surprise")
    qtbot.addWidget(columns)
    values = np.ones(512, dtype=np.float32)
    values[300] = 4.0
    columns.show_values(values, ["x"] * 512)
    columns.resize(256, columns.sizeHint().height())
    image = columns.grab().toImage()
    paper = QColor(theme.palette().paper)
    assert any(image.pixelColor(x, 40) != paper for x in (149, 150, 151))
    assert all(image.pixelColor(x, 40) == paper for x in (100, 200))
