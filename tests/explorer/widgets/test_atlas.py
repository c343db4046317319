from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.atlas import Atlas, compose


@pytest.fixture
def atlas(qtbot: QtBot) -> Atlas:
    atlas = Atlas()
    qtbot.addWidget(atlas)
    atlas.resize(500, 400)
    maps = np.zeros((3, 5, 8, 8), dtype=np.float32)
    maps[2, 4] = 1
    atlas.show_maps(maps)
    atlas.show()
    qtbot.waitExposed(atlas)
    return atlas


def colour(atlas: Atlas, head: tuple[int, int], across: float = 0.5, down: float = 0.5) -> QColor:
    square = atlas.head_rect(head)
    image = atlas.grab().toImage()
    return image.pixelColor(
        round(square.left() + square.width() * across), round(square.top() + square.height() * down)
    )


def test_layers_go_down_and_heads_across(atlas: Atlas) -> None:
    assert colour(atlas, (2, 4)) == QColor(theme.palette().attention_high)
    assert colour(atlas, (0, 0)) == QColor(theme.palette().attention_low)


def test_a_head_that_is_off_is_struck_through(atlas: Atlas) -> None:
    before = colour(atlas, (1, 1))
    atlas.show_maps(np.zeros((3, 5, 8, 8), dtype=np.float32), off=frozenset({(1, 1)}))
    assert colour(atlas, (1, 1)) != before
    assert colour(atlas, (1, 2)) == before


def test_every_square_says_which_head_is_under_the_mouse(atlas: Atlas, qtbot: QtBot) -> None:
    told: list[object] = []
    atlas.hovered.connect(told.append)
    heads = [(layer, head) for layer in range(3) for head in range(5)]
    for head in heads:
        qtbot.mouseMove(atlas, atlas.head_rect(head).center().toPoint())
    assert told == heads


def test_arrow_keys_stop_at_the_edge(atlas: Atlas, qtbot: QtBot) -> None:
    told: list[tuple[int, int]] = []
    atlas.chosen.connect(lambda layer, head: told.append((layer, head)))
    atlas.mark((0, 0))
    qtbot.keyClick(atlas, Qt.Key.Key_Up)
    atlas.mark((2, 4))
    qtbot.keyClick(atlas, Qt.Key.Key_Right)
    assert told == [(0, 0), (2, 4)]


def test_screen_readers_hear_layers_and_heads_counted_from_one(atlas: Atlas) -> None:
    atlas.mark((1, 3))
    assert atlas.accessibleDescription() == "Layer 2, head 4"


@pytest.mark.parametrize("tokens", [3, 11, 40, 128, 512])
def test_one_bright_cell_is_seen_at_any_length(tokens: int) -> None:
    maps = np.zeros((2, 3, tokens, tokens), dtype=np.float32)
    maps[1, 2, tokens // 2, tokens - 1] = 1
    image = compose(maps, 36, 4.0)
    assert image.format() == QImage.Format.Format_Indexed8
    bright = [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixelIndex(x, y) == 255]
    assert bright
    assert all(x >= 80 and y >= 40 for x, y in bright)
