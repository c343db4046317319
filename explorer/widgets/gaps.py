"""Rows and columns of a map that have no numbers: struck out, since paper would read as zero."""

from __future__ import annotations

import dataclasses

import numpy as np
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen

from explorer import theme
from explorer.widgets.axis import Axis, Line
from model.trace import Floats


@dataclasses.dataclass(frozen=True)
class Gaps:
    """Which rows and columns are NaN throughout."""

    rows: frozenset[int] = frozenset()
    columns: frozenset[int] = frozenset()

    @classmethod
    def of(cls, values: Floats) -> Gaps:
        """Those of ``values`` (R, C)."""
        gone = np.isnan(values)
        if not gone.any():
            return cls()
        rows, columns = (frozenset(np.flatnonzero(gone.all(axis=axis)).tolist()) for axis in (1, 0))
        return cls(rows, columns)

    def quiet(self, rows: Axis, columns: Axis) -> tuple[Axis, Axis]:
        """Both axes with the labels of what is struck out as faint as those of special tokens."""
        gone = ((rows, self.rows), (columns, self.columns))
        down, across = (dataclasses.replace(axis, special=axis.special | places) for axis, places in gone)
        return down, across

    def paint(self, painter: QPainter, place: QRectF, down: Line, across: Line) -> None:
        """Paints them grey with a line along the middle, within the map's ``place``."""
        colours = theme.palette()
        sides = ((self.rows, down), (self.columns, across))
        rows, columns = (self._seen(places, line) for places, line in sides)
        for row in rows:
            top = down.start + row * down.cell
            painter.fillRect(QRectF(place.left(), top, place.width(), down.cell), QColor(colours.panel))
        for column in columns:
            left = across.start + column * across.cell
            painter.fillRect(QRectF(left, place.top(), across.cell, place.height()), QColor(colours.panel))
        painter.setPen(QPen(QColor(colours.line), 1))
        for row in rows:
            painter.drawLine(QLineF(place.left(), down.centre(row), place.right(), down.centre(row)))
        for column in columns:
            painter.drawLine(QLineF(across.centre(column), place.top(), across.centre(column), place.bottom()))

    @staticmethod
    def _seen(places: frozenset[int], line: Line) -> list[int]:
        return [entry for entry in line.entries(max(places, default=-1) + 1, 1) if entry in places]
