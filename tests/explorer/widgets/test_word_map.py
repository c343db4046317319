from __future__ import annotations

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.axis import Axis
from explorer.widgets.word_map import WordMap


@pytest.fixture
def words(qtbot: QtBot) -> WordMap:
    theme.apply("light")
    words = WordMap()
    qtbot.addWidget(words)
    words.resize(420, 200)
    shares = np.array([[0.62, 0.5, 0.01, np.nan]], dtype=np.float32)
    words.show_words(shares, [["dog", "", "", ""]], Axis(("layer 1",)), Axis(("a", "b", "c", "d")))
    words.show()
    qtbot.waitExposed(words)
    return words


def is_written(words: WordMap, column: int) -> bool:
    """Whether anything stands in a cell, by its colours."""
    place, image = words.cell_rect((0, column)).adjusted(4, 4, -4, -4).toRect(), words.grab().toImage()
    colours = {
        image.pixel(x, y)
        for x in range(place.left(), place.right())
        for y in range(place.top(), place.bottom())
    }  # fmt: skip
    return len(colours) > 1


def test_a_strong_cell_without_a_word_says_its_share(words: WordMap) -> None:
    assert [is_written(words, column) for column in range(3)] == [True, True, False]


def test_its_numbers_are_words_and_shares_and_nothing_where_there_is_none(words: WordMap) -> None:
    assert words.sheet().csv() == ",a,b,c,d\nlayer 1,dog 0.6200,0.5000,0.0100,\n"
