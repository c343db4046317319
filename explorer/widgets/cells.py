"""Cells of a table, painted by hand: Qt asks the style sheet about every one of them, which takes far longer."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from explorer import theme

CELL_SIDE = 5  # pixels left and right of a text

CENTRE = Qt.AlignmentFlag.AlignCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


class Cell(NamedTuple):
    """What a cell says, and how."""

    text: str
    font: QFont
    ink: str
    tint: str | None = None  # the colour behind it
    alignment: Qt.AlignmentFlag = CENTRE


def fill(table: QTableView, look: Callable[[int, int], Cell]) -> None:
    """Has ``look`` say what stands in the cells of a table that is read, not edited; Tab leaves it."""
    table.setItemDelegate(Cells(table, look))
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setWordWrap(False)


class Cells(QStyledItemDelegate):
    """Paints what ``look`` says of a row and a column.

    Where rows are what one selects, those that are selected stand out, quietly while the keys go elsewhere; where
    nothing is selected, the current cell has a frame while the table has the keys.
    """

    def __init__(self, table: QTableView, look: Callable[[int, int], Cell]) -> None:
        super().__init__(table)
        self._table, self._look = table, look

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        cell = self._look(index.row(), index.column())
        metrics = QFontMetricsF(cell.font)
        return QSize(math.ceil(metrics.horizontalAdvance(cell.text)) + 2 * CELL_SIDE + 2, math.ceil(metrics.height()))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        # No Python error may leave this: Qt calls it while it paints.
        place: QRect = option.rect  # type: ignore[attr-defined]
        text, font, ink, tint, alignment = self._look(index.row(), index.column())
        has_keys, current, colours = self._table.hasFocus(), self._table.currentIndex(), theme.palette()
        by_row = self._table.selectionBehavior() == QAbstractItemView.SelectionBehavior.SelectRows
        if by_row and self._table.selectionModel().isRowSelected(index.row()):
            tint = colours.accent if has_keys else theme.mixed(colours.paper, colours.accent, 0.12)
            ink = colours.paper if has_keys else ink
        if tint is not None:
            painter.fillRect(place, QColor(tint))
        if text:
            painter.setFont(font)
            painter.setPen(QColor(ink))
            room, metrics = place.adjusted(CELL_SIDE, 0, -CELL_SIDE, 0), painter.fontMetrics()
            if metrics.horizontalAdvance(text) > room.width():
                text = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, alignment, text)
        if has_keys and not by_row and index == current:
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.drawRect(place.adjusted(0, 0, -1, -1))
