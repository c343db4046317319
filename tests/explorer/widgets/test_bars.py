from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.bars import Bar, Bars
from explorer.widgets.figures import cosine, percent, rounded_percent, signed


@pytest.fixture
def bars(qtbot: QtBot) -> Bars:
    bars = Bars()
    qtbot.addWidget(bars)
    bars.resize(440, 120)
    bars.show_bars([Bar("dog", 0.4), Bar("cat", 0.2, "original"), Bar("cow", 0.1)])
    bars.show()
    qtbot.waitExposed(bars)
    return bars


def length(bars: Bars, index: int) -> int:
    image, accent = bars.grab().toImage(), QColor(theme.palette().accent)
    y = round(bars.bar_rect(index).bottom() - 7)
    return sum(image.pixelColor(x, y) == accent for x in range(image.width()))


def test_a_bar_is_as_long_as_its_probability(bars: Bars) -> None:
    longest = length(bars, 0)
    assert longest > 100
    assert length(bars, 1) == pytest.approx(longest / 2, abs=3)
    assert length(bars, 2) == pytest.approx(longest / 4, abs=3)


def test_a_click_and_enter_choose_a_bar(bars: Bars, qtbot: QtBot) -> None:
    told: list[int] = []
    bars.chosen.connect(told.append)
    qtbot.mouseClick(bars, Qt.MouseButton.LeftButton, pos=bars.bar_rect(1).center().toPoint())
    qtbot.keyClick(bars, Qt.Key.Key_Down)
    qtbot.keyClick(bars, Qt.Key.Key_Return)
    assert told == [1, 2]


def test_screen_readers_hear_the_bar_that_is_reached(bars: Bars, qtbot: QtBot) -> None:
    qtbot.keyClick(bars, Qt.Key.Key_Down)
    assert bars.accessibleDescription().replace("\N{NO-BREAK SPACE}", " ") == "cat 20.0 % original"


def test_cosines_are_written_as_cosines(qtbot: QtBot) -> None:
    bars = Bars(write=cosine, measure="cosine")
    qtbot.addWidget(bars)
    bars.show_bars([Bar("dog", 0.734), Bar("cat", -0.25)])
    assert bars.accessibleDescription() == "dog 0.73"
    assert bars.sheet().columns == ("cosine",)
    assert (cosine(-0.25), cosine(-0.004)) == ("\N{MINUS SIGN}0.25", "0.00")


@pytest.mark.parametrize(
    ("share", "column", "sentence"),
    [
        (0.412, "41.2 %", "41 %"),
        (0.0634, "6.3 %", "6.3 %"),
        (0.0004, "0.04 %", "0.04 %"),
        (0.00001, "≤ 0.01 %", "≤ 0.01 %"),
        (0.99961, "≥ 99.9 %", "≥ 99.9 %"),
        (1.0, "100.0 %", "100.0 %"),
        (0.0, "0.0 %", "0.0 %"),
        (0.9971, "99.7 %", "99.7 %"),
    ],
)
def test_percentages_keep_what_counts(share: float, column: str, sentence: str) -> None:
    assert percent(share).replace("\N{NO-BREAK SPACE}", " ") == column
    assert rounded_percent(share).replace("\N{NO-BREAK SPACE}", " ") == sentence


def test_a_minus_is_as_wide_as_a_figure() -> None:
    assert signed(-0.25, 2) == "\N{MINUS SIGN}0.25"
    assert signed(float("nan")) == "–"
