"""Rows of numbers over one axis, one lane below the other, as bars; the numbers of the marked column beside them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.axis import Axis, elided
from explorer.widgets.axis import step as every
from explorer.widgets.figures import signed
from explorer.widgets.heatmap import Cell
from explorer.widgets.pointed import Pointed

_HEIGHT, _LOWEST = 34.0, 16.0  # pixels a lane, where there is room and where there is not
_GAP = 4.0  # pixels between lanes
_BESIDE = 8.0  # pixels between bars and words
_APART_FROM = 4.0  # pixels a bar, from which on bars stand apart
_MOST_LABELS = 32  # that are tried; more would have no room

_MOVES = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


class Lane(NamedTuple):
    """A row of ``values`` (N,), each drawn on its own scale; one that is not finite is drawn as nothing."""

    name: str
    values: NDArray[np.floating]
    is_signed: bool = True  # whether colours tell plus from minus
    write: Callable[[float], str] = signed


class Lanes(Pointed):
    """Hovering tells of a cell (lane, column), a click or the arrow keys choose one. It shows the one it is told."""

    renewed = Signal()
    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lanes: tuple[Lane, ...] = ()
        self._axis = Axis(())
        self._cell: Cell | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def show_lanes(self, lanes: Sequence[Lane], axis: Axis) -> None:
        """Draws ``lanes``, all as long as ``axis``."""
        if len(lanes) != len(self._lanes):
            self.updateGeometry()
        self._lanes, self._axis = tuple(lanes), axis
        self._cell = self._cell if self._cell is not None and self._has(self._cell) else None
        self.update()
        self.renewed.emit()

    @property
    def lanes(self) -> tuple[Lane, ...]:
        """What is drawn."""
        return self._lanes

    def sheet(self) -> Sheet:
        """What is drawn, a row a lane."""
        values = np.stack([lane.values for lane in self._lanes]) if self._lanes else np.zeros((0, 0))
        return Sheet(values, [lane.name for lane in self._lanes], self._axis.labels)

    @property
    def cell(self) -> Cell | None:
        """The lane and the column that are marked."""
        return self._cell

    def mark(self, cell: Cell | None, row: int | None = None) -> None:
        """Marks a column, in all lanes, and writes its numbers beside them."""
        cell = cell if cell is not None and self._has(cell) else None
        if cell != self._cell:
            self._cell = cell
            self.update()

    def column_rect(self, column: int) -> QRectF:
        """Where a column of all lanes lies in the widget."""
        left, pitch = self._left(), self._pitch()
        return QRectF(left + column * pitch, 0, pitch, self.height() - self._words())

    def sizeHint(self) -> QSize:
        return QSize(320, self._needed(_HEIGHT))

    def minimumSizeHint(self) -> QSize:
        return QSize(round(self._left() + self._right() + 80), self._needed(_LOWEST))

    # Mouse and keys

    def _take(self, cell: Cell) -> None:
        self.chosen.emit(*cell)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key, last = Qt.Key(event.key()), len(self._axis) - 1
        lane, column = self._cell or (0, 0)
        if key in _MOVES and self._lanes:
            down, across = _MOVES[key]
            self.chosen.emit(min(max(lane + down, 0), len(self._lanes) - 1), min(max(column + across, 0), last))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._lanes:
            self.chosen.emit(lane, 0 if key == Qt.Key.Key_Home else last)
        else:
            event.ignore()

    def _has(self, cell: Cell) -> bool:
        return 0 <= cell[0] < len(self._lanes) and 0 <= cell[1] < len(self._axis)

    def _place_at(self, point: QPointF) -> Cell | None:
        if not self._lanes or point.y() < 0:
            return None
        lane = min(int(point.y() / self._height()), len(self._lanes) - 1)  # the words below are the last lane's
        cell = (lane, math.floor((point.x() - self._left()) / self._pitch()))
        return cell if self._has(cell) else None

    # Where it lies

    def _left(self) -> float:
        metrics = QFontMetricsF(theme.font(0.85))
        return max((metrics.horizontalAdvance(lane.name) for lane in self._lanes), default=0.0) + _BESIDE

    def _right(self) -> float:
        return QFontMetricsF(theme.font(0.85, bold=True)).horizontalAdvance("−00.000") + _BESIDE

    def _pitch(self) -> float:
        return max(0.1, (self.width() - self._left() - self._right()) / max(1, len(self._axis)))

    def _words(self) -> float:
        return QFontMetricsF(theme.mono()).height() + 2

    def _height(self) -> float:
        """Pixels from one lane to the next."""
        return max(_LOWEST, (self.height() - self._words()) / max(1, len(self._lanes)))

    def _needed(self, height: float) -> int:
        lane = max(height, QFontMetricsF(theme.font(0.85)).height())
        return round(lane * max(1, len(self._lanes)) + self._words())

    # The picture

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._lanes:
            return
        painter, colours = QPainter(self), theme.palette()
        if self._cell is not None:
            band = self.column_rect(self._cell[1])
            band.setWidth(max(band.width(), 1.0))
            painter.fillRect(band, QColor(theme.mixed(colours.accent, colours.paper, 0.8)))
        for place, lane in enumerate(self._lanes):
            room = QRectF(0, place * self._height(), self.width(), self._height() - _GAP)
            self._paint_words(painter, lane, room, chosen=self._cell is not None and self._cell[0] == place)
            self._paint_bars(painter, lane, room)
        self._paint_labels(painter)
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))

    def _paint_words(self, painter: QPainter, lane: Lane, room: QRectF, *, chosen: bool) -> None:
        colours, middle = theme.palette(), Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font(0.85))
        painter.setPen(QColor(colours.faint))
        painter.drawText(room.adjusted(2, 0, 0, 0), middle | Qt.AlignmentFlag.AlignLeft, lane.name)
        if self._cell is not None:
            painter.setFont(theme.font(0.85, bold=chosen and self.hasFocus()))
            painter.setPen(QColor(colours.ink))
            value = lane.write(float(lane.values[self._cell[1]]))
            painter.drawText(room.adjusted(0, 0, -2, 0), middle | Qt.AlignmentFlag.AlignRight, value)

    def _paint_bars(self, painter: QPainter, lane: Lane, room: QRectF) -> None:
        """Bars at least a pixel wide; of those that share one, only the longest up and the longest down."""
        colours, left, pitch = theme.palette(), self._left(), self._pitch()
        values = np.where(np.isfinite(lane.values), lane.values, 0)
        high, low = float(values.max(initial=0.0)), float(values.min(initial=0.0))
        scale = room.height() / ((high - low) or 1.0)  # pixels a unit
        line = round(room.top() + high * scale)
        width = max(1, round(pitch * 0.7 if pitch >= _APART_FROM else pitch))
        lefts = np.rint(left + (np.arange(len(values)) + 0.5) * pitch - width / 2).astype(int)
        first = np.flatnonzero(np.diff(lefts, prepend=-1))  # of the columns that begin at one pixel
        painter.setPen(Qt.PenStyle.NoPen)
        up, down = (colours.positive, colours.negative) if lane.is_signed else (colours.accent, colours.accent)
        highest, lowest = np.maximum.reduceat(values, first), np.minimum.reduceat(values, first)
        for colour, ends in ((up, np.maximum(highest, 0)), (down, np.minimum(lowest, 0))):
            painter.setBrush(QColor(theme.mixed(colour, colours.paper, 0.35)))
            bars = zip(lefts[first].tolist(), (ends * scale).tolist(), strict=True)
            painter.drawRects([_bar(x, line, width, length) for x, length in bars if length])
        if self._cell is not None and (value := float(values[self._cell[1]])):
            x = int(lefts[self._cell[1]])
            painter.fillRect(_bar(x, line, width, value * scale), QColor(up if value > 0 else down))
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawLine(QPointF(left, line + 0.5), QPointF(left + pitch * len(self._axis), line + 0.5))

    def _paint_labels(self, painter: QPainter) -> None:
        """The marked column's label and as many others as lie beside one another, the most important first."""
        colours, taken = theme.palette(), list[QRectF]()
        left, pitch, height, end = self._left(), self._pitch(), self._words(), self.width() - self._right()
        font = theme.mono()
        font.setPointSizeF(font.pointSizeF() * 0.9)
        painter.setFont(font)
        for column in self._by_importance():
            marked = self._cell is not None and column == self._cell[1]
            if marked != font.bold():
                font.setBold(marked)
                painter.setFont(font)
            label = elided(self._axis.labels[column])
            width = painter.fontMetrics().horizontalAdvance(label) + 6
            x = left + (column + 0.5) * pitch - width / 2
            box = QRectF(min(max(x, left - _BESIDE), end - width + _BESIDE), self.height() - height, width, height)
            if any(box.intersects(other) for other in taken):
                continue
            taken.append(box)
            special = column in self._axis.special
            ink = colours.special if special else colours.ink if marked or not self._axis.numbers else colours.faint
            painter.setPen(QColor(ink))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, label)

    def _by_importance(self) -> Iterable[int]:
        """Columns as their labels get room: the marked one, then numbers in round steps, words by their size."""
        first = [] if self._cell is None else [self._cell[1]]
        if self._axis.numbers:
            rest = list(range(0, len(self._axis), every(self._axis, theme.mono(), self._pitch(), across=True)))
        else:
            rest = np.argsort(-np.nan_to_num(self._lanes[-1].values), kind="stable")[:_MOST_LABELS].tolist()
        return dict.fromkeys([*first, *rest])


def _bar(left: int, line: int, width: int, length: float) -> QRectF:
    """From the line up, or down where ``length`` is less than 0; at least a pixel."""
    height = max(abs(length), 1.0)
    return QRectF(left, line - height if length > 0 else line, width, height)
