"""Numbers that run through the layers as lines, a point at each height: what layer 1 reads, then layer after layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.axis import elided
from explorer.widgets.curve_axes import Scale, ticks_written
from explorer.widgets.curve_labels import spread
from explorer.widgets.figures import MINUS, NO_BREAK
from explorer.widgets.heatmap import Cell
from explorer.widgets.pointed import Pointed
from model.trace import Floats

translate = QCoreApplication.translate  # by its own name: lupdate finds the texts by it

_LEAST = QSize(300, 170)
_BESIDE = 7.0  # pixels between lines and words
_DOT = 3.0  # pixels from the middle of a point to its edge
_TICKS_APART = 40.0  # pixels
_MOVES = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Course(NamedTuple):
    """A line: its ``values`` (N,), NaN where there is no number, and what it is called."""

    name: str
    values: Floats


def heights(count: int) -> tuple[str, ...]:
    """What the rows of ``hidden`` are called: L+1 of them."""
    layer = translate("LayerCurve", "layer {0}")
    return (translate("LayerCurve", "input"), *(layer.format(number) for number in range(1, count)))


def percents(values: Sequence[float]) -> list[str]:
    """What stands beside an axis of probabilities."""
    return [f"{written}{NO_BREAK}%" for written in ticks_written([value * 100 for value in values])]


class LayerCurve(Pointed):
    """Draws up to three courses over ``labels``; the first one is the strong one, its values are written.

    A click or the left and right keys choose a height, up and down another course. ``write`` makes words of a number,
    and ``ticks`` of those beside the axis.
    """

    renewed = Signal()  # other values are drawn
    chosen = Signal(int, int)  # height and course

    def __init__(
        self,
        write: Callable[[float], str],
        parent: QWidget | None = None,
        *,
        ticks: Callable[[Sequence[float]], list[str]] = ticks_written,
    ) -> None:
        super().__init__(parent)
        self._write, self._ticks = write, ticks
        self._labels: tuple[str, ...] = ()
        self._courses: tuple[Course, ...] = ()
        self._low, self._high = 0.0, 1.0
        self._cell: Cell | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.setMinimumSize(_LEAST)

    def show_courses(self, labels: Sequence[str], courses: Sequence[Course], low: float, high: float) -> None:
        """Draws ``courses`` between ``low`` and ``high``."""
        self._labels, self._courses, self._low, self._high = tuple(labels), tuple(courses), low, high
        self.mark(self._cell)
        self._describe()
        self.update()
        self.renewed.emit()

    @property
    def courses(self) -> tuple[Course, ...]:
        """What is drawn."""
        return self._courses

    def sheet(self) -> Sheet:
        """What is drawn, a row a height."""
        values = [course.values for course in self._courses] or [np.zeros(len(self._labels), dtype=np.float32)]
        names = [course.name for course in self._courses] or [""]
        return Sheet(np.stack(values, axis=1), self._labels, names)

    @property
    def cell(self) -> Cell | None:
        """The height that is marked, and the course."""
        return self._cell

    def mark(self, cell: Cell | None, row: int | None = None) -> None:
        """Marks a height, where every course writes its value."""
        if cell is not None and not (cell[0] < len(self._labels) and cell[1] < len(self._courses)):
            cell = (min(cell[0], len(self._labels) - 1), 0) if self._labels else None
        if cell != self._cell:
            self._cell = cell
            self._describe()
            self.update()

    def point(self, height: int, course: int = 0) -> QPointF:
        """Where a value lies in the widget."""
        return QPointF(self._x(height), self._scale().pixel(float(self._courses[course].values[height])))

    def sizeHint(self) -> QSize:
        return QSize(420, 220)

    # Mouse and keys

    def _take(self, height: int) -> None:
        self.chosen.emit(height, self._cell[1] if self._cell else 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        move = _MOVES.get(Qt.Key(event.key()))
        if move is None or not self._courses:
            event.ignore()
            return
        height, course = self._cell or (len(self._labels) - 1, 0)
        height = min(max(height + move[0], 0), len(self._labels) - 1)
        self.chosen.emit(height, min(max(course + move[1], 0), len(self._courses) - 1))

    def _place_at(self, point: QPointF) -> int | None:
        if not self._courses or not self._labels:
            return None
        height = round((point.x() - self._area().left()) / max(self._pitch(), 1.0))
        return height if 0 <= height < len(self._labels) and self.rect().contains(point.toPoint()) else None

    def _describe(self) -> None:
        if self._cell is None or not self._courses:
            self.setAccessibleDescription("")
            return
        height = self._cell[0]
        values = [f"{course.name} {self._write(float(course.values[height]))}" for course in self._courses]
        self.setAccessibleDescription(f"{self._labels[height]}: {', '.join(values)}")

    # Where things are

    def _area(self) -> QRectF:
        words = QFontMetricsF(theme.font(0.85))
        names = max((words.horizontalAdvance(elided(course.name)) for course in self._courses), default=0.0)
        ends = self._ticks([self._low, (self._low + self._high) / 2, self._high])  # as long as any between them
        left = max(map(words.horizontalAdvance, ends)) + 2 * _BESIDE
        left = max(left, words.horizontalAdvance(self._labels[0]) / 2 if self._labels else 0.0) + 8
        right = self.width() - names - 2 * _BESIDE
        top, bottom = words.height() + _BESIDE, self.height() - words.height() - _BESIDE - 2
        return QRectF(left, top, max(right - left, 40.0), max(bottom - top, 40.0))

    def _scale(self) -> Scale:
        area = self._area()
        return Scale(self._low, self._high, area.bottom(), area.top())

    def _pitch(self) -> float:
        return self._area().width() / max(1, len(self._labels) - 1)

    def _x(self, height: int) -> float:
        return self._area().left() + height * self._pitch()

    # The picture

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._courses or not self._labels:
            return
        painter = QPainter(self)
        painter.setFont(theme.font(0.85))
        self._paint_axes(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for place in reversed(range(len(self._courses))):
            self._paint_course(painter, place)
        self._paint_names(painter)
        self._paint_values(painter)

    def _paint_axes(self, painter: QPainter) -> None:
        colours, area, scale = theme.palette(), self._area(), self._scale()
        words = QFontMetricsF(painter.font())
        ticks = scale.ticks(_TICKS_APART)
        for value, text in zip(ticks, self._ticks(ticks), strict=True):
            y = round(scale.pixel(value)) + 0.5
            painter.setPen(QPen(QColor(colours.line), 1))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            painter.setPen(QColor(colours.faint))
            box = QRectF(0, y - words.height() / 2, area.left() - _BESIDE - _DOT, words.height())
            written = text.replace("-", MINUS)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, written)
        if self._cell is not None:
            x = round(self._x(self._cell[0])) + 0.5
            painter.setPen(QPen(QColor(colours.accent if self.hasFocus() else colours.special), 1))
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
        self._paint_heights(painter, area.bottom() + 5)

    def _paint_heights(self, painter: QPainter, top: float) -> None:
        """All labels in full, or else the last word of each; the marked one covers its neighbours."""
        words, colours = QFontMetricsF(painter.font()), theme.palette()
        full = max(map(words.horizontalAdvance, self._labels)) + 8 <= self._pitch()
        marked = self._cell[0] if self._cell is not None else None
        end = -math.inf
        for height, label in enumerate(self._labels):
            text = label if full else label.split()[-1]
            width = words.horizontalAdvance(text)
            left = self._x(height) - width / 2
            if left < end and height != marked:
                continue
            end = left + width + 4
            painter.setPen(QColor(colours.ink if height == marked else colours.faint))
            painter.drawText(QRectF(left - 2, top, width + 4, words.height()), Qt.AlignmentFlag.AlignCenter, text)

    def _colour(self, place: int) -> str:
        colours = theme.palette()
        return (colours.accent, colours.ink, colours.faint)[min(place, 2)]

    def _paint_course(self, painter: QPainter, place: int) -> None:
        colour, values = QColor(self._colour(place)), self._courses[place].values
        pen = QPen(colour, 2.0 if not place else 1.4)
        if place == 2:
            pen.setDashPattern([4, 3])
        there = np.flatnonzero(np.isfinite(values)).tolist()
        points = [self.point(height, place) for height in there]
        painter.setPen(pen)
        painter.drawPolyline(points)
        painter.setPen(QPen(colour, 1.4))
        for height, point in zip(there, points, strict=True):
            marked = self._cell is not None and self._cell[0] == height
            painter.setBrush(colour if marked else QColor(theme.palette().paper))
            painter.drawEllipse(point, _DOT, _DOT)
        painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_names(self, painter: QPainter) -> None:
        words, area, last = QFontMetricsF(painter.font()), self._area(), len(self._labels) - 1
        named = [place for place, course in enumerate(self._courses) if np.isfinite(course.values[last])]
        middles = [self.point(last, place).y() for place in named]
        for place, middle in zip(named, spread(middles, words.height(), 0, self.height()), strict=True):
            painter.setPen(QColor(self._colour(place)))
            box = QRectF(area.right() + _BESIDE + _DOT, middle - words.height() / 2, self.width(), words.height())
            painter.drawText(
                box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, elided(self._courses[place].name)
            )

    def _paint_values(self, painter: QPainter) -> None:
        """Of the first course all where there is room, and of all courses those at the marked height."""
        words = QFontMetricsF(painter.font())
        values = self._courses[0].values
        widest = max(words.horizontalAdvance(self._write(float(value))) for value in values) + 6
        places = {(height, 0) for height in range(len(self._labels)) if widest <= self._pitch()}
        if self._cell is not None:
            places |= {(self._cell[0], place) for place in range(len(self._courses))}
        taken: list[QRectF] = []
        for height, place in sorted(places, key=lambda entry: (entry[0] != (self._cell or (-1,))[0], entry[1])):
            if math.isfinite(self._courses[place].values[height]):
                self._paint_value(painter, height, place, taken)

    def _paint_value(self, painter: QPainter, height: int, place: int, taken: list[QRectF]) -> None:
        """Above its point, or below where another stands there."""
        words, point = QFontMetricsF(painter.font()), self.point(height, place)
        text = self._write(float(self._courses[place].values[height]))
        width = words.horizontalAdvance(text) + 2
        for top in (point.y() - words.height() - _DOT - 1, point.y() + _DOT + 1):
            left = point.x() - (width - _DOT if height == len(self._labels) - 1 else width / 2)  # names stand behind it
            box = QRectF(left, top, width, words.height())
            if not any(box.intersects(other) for other in taken):
                taken.append(box)
                paper = QColor(theme.palette().paper)
                paper.setAlphaF(0.75)
                painter.fillRect(box, paper)
                painter.setPen(QColor(self._colour(place)))
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
                return
