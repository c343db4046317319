from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QFontMetricsF
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.axis import Axis
from explorer.widgets.heatmap import Heatmap, Scale
from model.trace import Floats
from tests.explorer.paints import Paints


def shown(qtbot: QtBot, values: Floats, **options: object) -> Heatmap:
    heatmap = Heatmap(**options)  # type: ignore[arg-type]
    qtbot.addWidget(heatmap)
    heatmap.resize(420, 420)
    rows, columns = (Axis(tuple(f"t{place}" for place in range(size))) for size in values.shape)
    heatmap.show_values(values, rows, columns)
    heatmap.show()
    qtbot.waitExposed(heatmap)
    return heatmap


def colour(heatmap: Heatmap, cell: tuple[int, int]) -> str:
    place = heatmap.cell_rect(cell)
    corner = QPoint(round(place.left() + place.width() * 0.25), round(place.top() + place.height() * 0.25))
    return QColor(heatmap.grab().toImage().pixelColor(corner)).name().upper()


def test_rows_go_down_and_columns_across(qtbot: QtBot) -> None:
    values = np.zeros((4, 4), dtype=np.float32)
    values[0, 3] = 1
    heatmap = shown(qtbot, values)
    assert colour(heatmap, (0, 3)) == theme.palette().attention_high.upper()
    assert colour(heatmap, (3, 0)) == theme.palette().attention_low.upper()


def test_zero_is_paper_between_two_signs(qtbot: QtBot) -> None:
    heatmap = shown(qtbot, np.array([[-1, 0, 1]] * 3, dtype=np.float32), scale=Scale.SIGNED)
    palette = theme.palette()
    assert colour(heatmap, (1, 0)) == palette.negative.upper()
    assert colour(heatmap, (1, 1)) == palette.zero.upper()
    assert colour(heatmap, (1, 2)) == palette.positive.upper()


def test_one_bright_cell_of_512_tokens_is_seen(qtbot: QtBot) -> None:
    values = np.zeros((512, 512), dtype=np.float32)
    values[301, 77] = 1
    heatmap = shown(qtbot, values)
    image = heatmap.grab(heatmap.map_rect().toRect()).toImage()
    bright = QColor(theme.palette().attention_high)
    assert any(
        image.pixelColor(x, y) == bright for x in range(2, image.width() - 2) for y in range(2, image.height() - 2)
    )


def test_a_line_of_one_token_among_512_is_as_thick_as_one_sees(qtbot: QtBot) -> None:
    values = np.zeros((512, 512), dtype=np.float32)
    values[301] = -1
    palette = theme.palette()
    thick = {}
    for finest in (0.0, 3.0):
        heatmap = shown(qtbot, values, scale=Scale.SIGNED, finest=finest)
        image = heatmap.grab(heatmap.map_rect().toRect()).toImage()
        column = [QColor(image.pixelColor(image.width() // 2, y)).name() for y in range(image.height())]
        thick[finest] = sum(found.upper() == palette.negative.upper() for found in column)
    assert thick[0.0] <= 1
    assert thick[3.0] >= 2


def test_whatever_changes_is_painted_once(qtbot: QtBot) -> None:
    heatmap = shown(qtbot, np.eye(5, dtype=np.float32))
    axis = Axis(tuple("abcde"))
    changes: tuple[Callable[[], object], ...] = (
        lambda: heatmap.show_values(np.ones((5, 5), dtype=np.float32), axis, axis),
        lambda: heatmap.mark((1, 2)),
        lambda: heatmap.set_per_row(True),
        lambda: heatmap.zoom(1.25),
        heatmap.show_all,
    )
    for change in changes:
        for _ in range(5):
            QApplication.processEvents()
        paints = Paints(heatmap.viewport())
        change()
        for _ in range(5):
            QApplication.processEvents()
        assert paints.number == 1


def test_the_mouse_tells_which_cell_it_is_over_and_when_it_leaves(qtbot: QtBot) -> None:
    heatmap = shown(qtbot, np.eye(5, dtype=np.float32))
    told: list[object] = []
    heatmap.hovered.connect(told.append)
    qtbot.mouseMove(heatmap.viewport(), heatmap.cell_rect((1, 2)).center().toPoint())
    qtbot.mouseMove(heatmap.viewport(), heatmap.cell_rect((3, 4)).center().toPoint())
    qtbot.mouseMove(heatmap.viewport(), QPoint(1, 1))
    assert told == [(1, 2), (3, 4), None]


def test_what_has_no_number_is_struck_out_and_zero_is_paper(qtbot: QtBot) -> None:
    values = np.zeros((4, 4), dtype=np.float32)
    values[1], values[:, 2] = np.nan, np.nan
    heatmap = shown(qtbot, values, scale=Scale.SIGNED)
    struck = {cell for cell in np.ndindex(4, 4) if colour(heatmap, cell) == theme.palette().panel}
    assert struck == {cell for cell in np.ndindex(4, 4) if cell[0] == 1 or cell[1] == 2}
    assert colour(heatmap, (0, 0)) == theme.palette().zero
    image = heatmap.grab().toImage()
    for cell in struck:
        middle = heatmap.cell_rect(cell).center().toPoint()
        near = {image.pixelColor(middle + QPoint(by, by)).name().upper() for by in (-1, 0, 1)}
        assert near != {theme.palette().panel}
    heatmap.show_values(np.zeros((4, 4), dtype=np.float32), *(Axis(("a", "b", "c", "d")) for _ in range(2)))
    assert colour(heatmap, (1, 1)) == theme.palette().zero


def test_a_click_chooses_and_a_drag_does_not(qtbot: QtBot) -> None:
    heatmap = shown(qtbot, np.eye(5, dtype=np.float32))
    told: list[tuple[int, int]] = []
    heatmap.chosen.connect(lambda row, column: told.append((row, column)))
    start, end = (heatmap.cell_rect(cell).center().toPoint() for cell in ((0, 0), (4, 4)))
    qtbot.mousePress(heatmap.viewport(), Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(heatmap.viewport(), end)
    qtbot.mouseRelease(heatmap.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert told == []
    qtbot.mouseClick(heatmap.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert told == [(4, 4)]


def test_arrow_keys_move_the_cell_and_stop_at_the_edge(qtbot: QtBot) -> None:
    heatmap = shown(qtbot, np.eye(3, dtype=np.float32))
    heatmap.chosen.connect(lambda row, column: heatmap.mark((row, column)))
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Up):
        qtbot.keyClick(heatmap, key)
    assert heatmap.cell == (0, 2)


def test_a_cell_out_of_sight_comes_into_sight_by_keyboard(qtbot: QtBot) -> None:
    heatmap = shown(qtbot, np.eye(100, dtype=np.float32))
    heatmap.chosen.connect(lambda row, column: heatmap.mark((row, column)))
    heatmap.mark((0, 0))
    for _ in range(12):
        qtbot.keyClick(heatmap, Qt.Key.Key_Plus)
    for _ in range(60):
        qtbot.keyClick(heatmap, Qt.Key.Key_Down)
    assert heatmap.cell == (60, 0)
    assert heatmap.map_rect().adjusted(-1, -1, 1, 1).contains(heatmap.cell_rect((60, 0)))


def test_zero_shows_all_again(qtbot: QtBot) -> None:
    heatmap = shown(qtbot, np.eye(50, dtype=np.float32))
    before = heatmap.cell_rect((49, 49))
    qtbot.keyClick(heatmap, Qt.Key.Key_Plus)
    assert heatmap.cell_rect((49, 49)) != before
    qtbot.keyClick(heatmap, Qt.Key.Key_0)
    after = heatmap.cell_rect((49, 49))
    assert (after.x(), after.y(), after.width()) == pytest.approx((before.x(), before.y(), before.width()))


@pytest.mark.parametrize("scale", list(Scale))
@pytest.mark.parametrize("per_row", [False, True])
def test_numbers_that_are_none_are_drawn_as_nothing(qtbot: QtBot, scale: Scale, per_row: bool) -> None:
    heatmap = Heatmap(scale=scale)
    qtbot.addWidget(heatmap)
    heatmap.set_per_row(per_row)
    values = np.array([[0.5, np.nan], [np.inf, -np.inf], [np.nan, np.nan]], dtype=np.float32)
    heatmap.show_values(values, Axis(("a", "b", "c")), Axis(("d", "e")))
    heatmap.resize(300, 300)
    heatmap.show()
    heatmap.grab()


def test_labels_over_narrow_columns_have_room_to_stand(qtbot: QtBot) -> None:
    heatmap = Heatmap(square=False)
    qtbot.addWidget(heatmap)
    heatmap.resize(420, 200)
    heatmap.show_values(np.zeros((3, 60), dtype=np.float32), Axis(("a", "b", "c")), Axis(("wilderness",) * 60))
    font = theme.mono()
    font.setPointSizeF(font.pointSizeF() * 0.9)
    assert heatmap.map_rect().top() >= QFontMetricsF(font).horizontalAdvance("wilderness")


def test_a_number_with_its_minus_stays_in_its_cell(qtbot: QtBot) -> None:
    heatmap = shown(qtbot, np.full((5, 5), -0.46, dtype=np.float32), scale=Scale.SIGNED)
    least = QFontMetricsF(theme.font(0.8)).horizontalAdvance("0.00") + 3
    heatmap.resize(60, 420)
    while heatmap.cell_rect((0, 0)).width() < least:  # the narrowest cells that are written in
        heatmap.resize(heatmap.width() + 1, 420)
    cell, image = heatmap.cell_rect((2, 2)), heatmap.grab().toImage()

    def colours(x: float) -> set[str]:
        inner = range(round(cell.top()) + 3, round(cell.bottom()) - 2)
        return {image.pixelColor(round(x), y).name() for y in inner}

    assert len(colours(cell.left())) == len(colours(cell.right())) == 1  # nothing is written over the thin lines
    assert any(len(colours(x)) > 1 for x in range(round(cell.left()) + 1, round(cell.right())))  # but between them


@pytest.mark.parametrize(("width", "height"), [(700, 200), (300, 400), (420, 420)])
def test_cells_may_be_wider_than_high_but_only_so_far(qtbot: QtBot, width: int, height: int) -> None:
    heatmap = Heatmap(widest=2.0)
    qtbot.addWidget(heatmap)
    heatmap.resize(width, height)
    heatmap.show_values(np.eye(11, dtype=np.float32), Axis(("to",) * 11), Axis(("to",) * 11))
    cell = heatmap.cell_rect((0, 0))
    assert 0.99 <= cell.width() / cell.height() <= 2.01
    assert heatmap.map_rect().right() <= width
    assert heatmap.map_rect().bottom() <= height
