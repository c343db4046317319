from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QFontMetricsF
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
def test_one_bright_cell_is_seen_at_any_length(qtbot: QtBot, tokens: int) -> None:
    maps = np.zeros((2, 3, tokens, tokens), dtype=np.float32)
    maps[1, 2, tokens // 2, tokens - 1] = 1
    image = compose(maps, 36, {(layer, head): (layer * 40, head * 40) for layer, head in np.ndindex(2, 3)})
    high = QColor(theme.palette().attention_high)
    bright = [(x, y) for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y) == high]
    assert bright
    assert all(x >= 80 and y >= 40 for x, y in bright)


REVERSED = [(layer, head) for layer in (2, 1, 0) for head in (4, 3, 2, 1, 0)]


def test_sorted_heads_stand_in_that_order_and_say_their_layer_and_head(atlas: Atlas) -> None:
    atlas.sort(REVERSED)
    assert colour(atlas, (2, 4)) == QColor(theme.palette().attention_high)  # the picture goes with its head
    places = [(atlas.head_rect(head).y(), atlas.head_rect(head).x()) for head in REVERSED]
    assert places == sorted(places)
    assert atlas.words((2, 4)) == "3·5"


def test_arrow_keys_go_through_the_order_that_is_seen(atlas: Atlas, qtbot: QtBot) -> None:
    atlas.sort(REVERSED)
    told: list[tuple[int, int]] = []
    atlas.chosen.connect(lambda layer, head: told.append((layer, head)))
    atlas.mark((2, 4))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_End, Qt.Key.Key_Home, Qt.Key.Key_Left):
        qtbot.keyClick(atlas, key)
    assert told == [(2, 3), (0, 0), (2, 4), (2, 4)]


def test_the_order_of_another_model_is_not_taken(atlas: Atlas) -> None:
    atlas.sort([(0, 0), (0, 1)])
    assert atlas.order == sorted(REVERSED)


def test_a_head_is_described_by_what_it_does(atlas: Atlas) -> None:
    atlas.mark((1, 3))
    atlas.describe({(1, 3): "next"}, {(1, 3): "looks at the token after"})
    assert atlas.accessibleDescription() == "Layer 2, head 4: looks at the token after"
    assert atlas.words((1, 3)) == "next"


@pytest.mark.parametrize("size", [(438, 290), (600, 480), (960, 560)])
@pytest.mark.parametrize("is_sorted", [False, True])
@pytest.mark.parametrize("shape", [(12, 12), (6, 8), (2, 2)])
@pytest.mark.parametrize("note", ["", "token before"])
def test_squares_and_their_words_never_lie_over_each_other(
    qtbot: QtBot, size: tuple[int, int], is_sorted: bool, shape: tuple[int, int], note: str
) -> None:
    atlas = Atlas()
    qtbot.addWidget(atlas)
    atlas.resize(*size)
    atlas.show_maps(np.zeros((*shape, 4, 4), dtype=np.float32))
    heads = [(layer, head) for layer, head in np.ndindex(*shape)]
    atlas.sort(heads if is_sorted else None)
    atlas.describe(dict.fromkeys(heads, note), {})
    metrics, boxes = QFontMetricsF(theme.font(0.75)), []
    for head in heads:
        boxes.append(atlas.head_rect(head))
        if atlas.words(head):
            boxes.append(atlas.words_rect(head))
            assert metrics.horizontalAdvance(atlas.words(head)) <= boxes[-1].width() + 0.5
    inner = [box.adjusted(0.5, 0.5, -0.5, -0.5) for box in boxes]
    assert all(box.right() <= size[0] and box.bottom() <= size[1] for box in inner)
    assert not any(box.intersects(other) for place, box in enumerate(inner) for other in inner[:place])


def test_a_click_on_its_number_or_shift_x_is_about_a_whole_layer(atlas: Atlas, qtbot: QtBot) -> None:
    told: list[object] = []
    atlas.layer_toggled.connect(told.append)
    atlas.toggled.connect(lambda *head: told.append(head))
    for layer in (0, 2):
        square = atlas.head_rect((layer, 0))
        number = QPoint(round(square.left() / 2), round(square.center().y()))
        qtbot.mouseClick(atlas, Qt.MouseButton.LeftButton, pos=number)
    atlas.mark((1, 3))
    qtbot.keyClick(atlas, Qt.Key.Key_X, Qt.KeyboardModifier.ShiftModifier)
    qtbot.keyClick(atlas, Qt.Key.Key_X)
    assert told == [0, 2, 1, (1, 3)]


def test_beside_sorted_heads_there_are_no_layers_to_click(atlas: Atlas, qtbot: QtBot) -> None:
    told: list[object] = []
    atlas.layer_toggled.connect(told.append)
    atlas.sort([(layer, head) for layer in (2, 0, 1) for head in range(5)])
    qtbot.mouseClick(atlas, Qt.MouseButton.LeftButton, pos=QPoint(1, 60))
    assert told == []


def test_a_layer_that_is_off_is_struck_through_from_its_number_on(atlas: Atlas) -> None:
    before = [colour(atlas, (1, head)) for head in range(5)]
    atlas.show_maps(np.zeros((3, 5, 8, 8), dtype=np.float32), layers_off=frozenset({1}))
    assert all(colour(atlas, (1, head)) != former for head, former in enumerate(before))
    assert colour(atlas, (0, 0)) == before[0]
    assert atlas._number(1).strikeOut()
    assert not atlas._number(0).strikeOut()
    atlas.mark((1, 3))
    assert atlas.accessibleDescription() == "Layer 2, head 4, switched off"
