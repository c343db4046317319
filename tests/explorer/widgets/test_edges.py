"""Attention as lines, as one sees and uses them."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.axis import Axis
from explorer.widgets.edges import Edges
from model.lens.attention import strongest_lines

WEIGHTS = np.array([[0.9, 0.1, 0.0], [0.2, 0.2, 0.6], [0.0, 0.5, 0.5]], dtype=np.float32)


@pytest.fixture
def edges(qtbot: QtBot, qapp: object) -> Edges:
    theme.apply("light")
    widget = Edges()
    qtbot.addWidget(widget)
    widget.resize(400, 200)
    widget.show()
    widget.show_edges(WEIGHTS, Axis(("a", "b", "c")), strongest_lines(WEIGHTS, 1.0))
    return widget


def over(edges: Edges, side: int, token: int) -> QPoint:
    return edges.token_rect(side, token).center().toPoint()


def middle(edges: Edges, row: int, column: int) -> QColor:
    """The colour halfway along a line."""
    left, right = edges.token_rect(0, row), edges.token_rect(1, column)
    x = (left.right() + right.left()) / 2
    return edges.grab().toImage().pixelColor(QPoint(round(x), int((left.center().y() + right.center().y()) / 2)))


def test_no_line_is_drawn_for_a_weight_of_zero(edges: Edges) -> None:
    assert len(edges.shown) == 7
    assert (0, 2) not in edges.shown
    assert edges.shown[-1] == (0, 0)


def test_a_stronger_weight_is_a_darker_line(edges: Edges) -> None:
    strong, weak = middle(edges, 0, 0), middle(edges, 1, 1)
    assert strong.lightness() < weak.lightness() < 255


def test_hovering_a_token_that_looks_leaves_its_lines_alone(edges: Edges, qtbot: QtBot) -> None:
    with qtbot.waitSignal(edges.hovered) as told:
        qtbot.mouseMove(edges, over(edges, 0, 1))
    assert told.args == [1]
    assert set(edges.shown) == {(1, 0), (1, 1), (1, 2)}


def test_hovering_a_token_that_is_looked_at_leaves_the_lines_to_it(edges: Edges, qtbot: QtBot) -> None:
    qtbot.mouseMove(edges, over(edges, 1, 0))
    assert set(edges.shown) == {(0, 0), (1, 0)}
    qtbot.mouseMove(edges, QPoint(200, 195))
    assert len(edges.shown) == 7


def test_a_click_on_a_token_chooses_what_it_looks_at_most(edges: Edges, qtbot: QtBot) -> None:
    with qtbot.waitSignal(edges.chosen) as told:
        qtbot.mouseClick(edges, Qt.MouseButton.LeftButton, pos=over(edges, 0, 1))
    assert told.args == [1, 2]
    with qtbot.waitSignal(edges.chosen) as told:
        qtbot.mouseClick(edges, Qt.MouseButton.LeftButton, pos=over(edges, 1, 1))
    assert told.args == [2, 1]


def test_arrow_keys_walk_over_the_lines(edges: Edges, qtbot: QtBot) -> None:
    told: list[tuple[int, int]] = []
    edges.chosen.connect(lambda row, column: (told.append((row, column)), edges.mark((row, column))))
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Left):
        qtbot.keyClick(edges, key)
    assert told == [(0, 0), (1, 2), (1, 1)]


def test_of_very_many_lines_the_strongest_of_each_row_are_left(edges: Edges) -> None:
    weights = np.random.default_rng(0).dirichlet(np.ones(100), 100).astype(np.float32)
    edges.show_edges(weights, Axis([str(i) for i in range(100)]), strongest_lines(weights, 1.0))
    assert edges.lines == 10_000
    assert len(edges.shown) == 600
    rows = np.array(edges.shown)[:, 0]
    assert np.bincount(rows).tolist() == [6] * 100
    edges.keep(3)
    assert len(edges.shown) == 100


def test_the_marked_line_is_drawn_in_the_accent(edges: Edges) -> None:
    edges.mark((2, 2))
    assert middle(edges, 2, 2).name().upper() == theme.palette().accent
