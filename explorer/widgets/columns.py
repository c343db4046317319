"""A number for every token, as columns side by side: the value at its end, the token below."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.axis import elided
from explorer.widgets.figures import plus, signed
from explorer.widgets.pointed import Pointed
from model.trace import Floats

_WIDEST = 74.0  # pixels from one column to the next
_HEIGHT, _LOWEST = 120.0, 50.0  # pixels from the lowest end to the highest, where nothing else is said
_LEAST = 40  # letters of text that it is as wide as, at least
_GAPS_FROM = 4.0  # pixels a column, from which on columns stand apart

_STEPS = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}


class Columns(Pointed):
    """Shows ``values`` (T,) over ``labels``; NaN leaves a gap, and a number below zero hangs from the line.

    A click or the left and right keys choose one. ``quantity`` says in a table what the numbers are; ``height`` is that
    from the lowest end to the highest, where there is room, and ``least`` the same where there is not.
    """

    chosen = Signal(int)

    def __init__(
        self,
        quantity: str,
        parent: QWidget | None = None,
        *,
        is_signed: bool = False,
        height: float = _HEIGHT,
        least: float = _LOWEST,
    ) -> None:
        super().__init__(parent)
        self._most, self._least = height, least
        self._quantity, self._is_signed = quantity, is_signed
        self._values: Floats = np.zeros(0, dtype=np.float32)
        self._labels: tuple[str, ...] = ()
        self._decimals = 1
        self._marked: int | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)

    def show_values(self, values: Floats, labels: Sequence[str], decimals: int = 1) -> None:
        """Draws ``values``; they take the whole height."""
        former = self.sizeHint()
        self._values, self._labels, self._decimals = values, tuple(labels), decimals
        self._under = None
        self._describe()
        if self.sizeHint() != former:
            self.updateGeometry()
        self.update()

    @property
    def values(self) -> Floats:
        """(T,) what is drawn."""
        return self._values

    def written(self, place: int) -> str:
        """A value as it is written at its column."""
        return self._written(float(self._values[place]))

    def sheet(self) -> Sheet:
        """What is drawn, a row a token."""
        return Sheet(self._values[:, None], self._labels, (self._quantity,))

    def mark(self, place: int | None) -> None:
        """Marks one column, and writes its value whether or not there is room for all."""
        if place != self._marked:
            self._marked = place
            self._describe()
            self.update()

    def column_rect(self, place: int) -> QRectF:
        """Where a column and its words lie in the widget."""
        return QRectF(place * self._pitch(), 0, self._pitch(), self.height())

    def sizeHint(self) -> QSize:
        return QSize(480, round(self._words() + self._most))

    def minimumSizeHint(self) -> QSize:
        return QSize(round(QFontMetricsF(theme.font()).averageCharWidth() * _LEAST), round(self._words() + self._least))

    # Mouse and keys

    def _take(self, place: int) -> None:
        self.chosen.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        last, step = len(self._labels) - 1, _STEPS.get(Qt.Key(event.key()))
        if event.key() in (Qt.Key.Key_Home, Qt.Key.Key_End):
            step = last if event.key() == Qt.Key.Key_End else -last
        if step is None or not self._labels:
            event.ignore()
            return
        place = (self._marked if self._marked is not None else -1 if step > 0 else last + 1) + step
        self.chosen.emit(min(max(place, 0), last))

    def _place_at(self, point: QPointF) -> int | None:
        place = int(point.x() // self._pitch())
        return place if 0 <= place < len(self._labels) and self.rect().contains(point.toPoint()) else None

    def _describe(self) -> None:
        place = self._marked
        if place is not None and place < len(self._labels):
            self.setAccessibleDescription(f"{self._labels[place]} {self.written(place)}")
        else:
            self.setAccessibleDescription("")

    # The picture

    def _written(self, value: float) -> str:
        return (plus if self._is_signed else signed)(value, self._decimals)

    def _pitch(self) -> float:
        return min(_WIDEST, self.width() / max(1, len(self._labels)))

    def _figures(self) -> float:
        return QFontMetricsF(theme.font(0.85)).height() + 2

    def _words(self) -> float:
        """Pixels that values above and below and the labels take."""
        words = QFontMetricsF(theme.mono())
        longest = max((words.horizontalAdvance(elided(label)) for label in set(self._labels)), default=0.0)
        return self._figures() * (2 if self._is_signed else 1) + max(longest, words.height()) + 10

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._labels:
            return
        painter, colours, pitch = QPainter(self), theme.palette(), self._pitch()
        high, low = (float(bound(self._values, initial=0.0)) for bound in (np.nanmax, np.nanmin))
        room = max(self._least, min(self._most, self.height() - self._words()))
        scale = room / ((high - low) or 1.0)  # pixels a unit
        line = self._figures() + high * scale
        bottom = self._figures() * (2 if self._is_signed else 1) + room
        there = np.flatnonzero(~np.isnan(self._values)).tolist()
        there.sort(key=lambda place: place == self._marked)  # the marked one over its neighbours
        written = self._all_written(low, high)
        for place in there:
            self._paint_column(painter, place, float(self._values[place]), line, scale)
            if written or place == self._marked:
                self._paint_value(painter, place, line, scale, alone=not written)
        painter.setPen(QPen(QColor(colours.accent if self.hasFocus() else colours.line), 1))
        painter.drawLine(QPointF(0, line), QPointF(pitch * len(self._labels), line))
        self._paint_labels(painter, bottom, pitch)

    def _all_written(self, low: float, high: float) -> bool:
        """Whether there is room for every value from ``low`` to ``high``."""
        metrics = QFontMetricsF(theme.font(0.85, bold=True))
        return self._pitch() >= max(metrics.horizontalAdvance(self._written(end)) for end in (low, high)) + 2

    def _paint_column(self, painter: QPainter, place: int, value: float, line: float, scale: float) -> None:
        """One column, at least a pixel wide: of those that share one, the longest is seen."""
        colours, pitch, marked = theme.palette(), self._pitch(), place == self._marked
        width = pitch * 0.56 if pitch >= _GAPS_FROM else pitch
        left, length = round((place + 0.5) * pitch - width / 2), round(abs(value) * scale)
        column = QRect(left, round(line) - (length if value > 0 else 0), max(1, round(width)), length)
        strong = colours.accent
        if self._is_signed:
            strong = colours.positive if value > 0 else colours.negative
        if marked and pitch < _GAPS_FROM:  # too thin to stand out by its colour
            painter.fillRect(column.adjusted(-1, 0, 1, 0), QColor(colours.paper))
        painter.fillRect(column, QColor(strong if marked else theme.mixed(strong, colours.paper, 0.35)))

    def _paint_value(self, painter: QPainter, place: int, line: float, scale: float, *, alone: bool) -> None:
        """At the end of its column; where it stands ``alone`` it covers its neighbours' columns."""
        colours, pitch, marked = theme.palette(), self._pitch(), place == self._marked
        value = float(self._values[place])
        painter.setFont(theme.font(0.85, bold=marked))
        painter.setPen(QColor(colours.ink if marked else colours.faint))
        text, height = self._written(value), self._figures()
        width = max(pitch, QFontMetricsF(painter.font()).horizontalAdvance(text) + 4)
        left = min(max(0.0, (place + 0.5) * pitch - width / 2), max(0.0, self.width() - width))
        end = round(line) - round(value * scale)
        box = QRectF(left, end - height if value >= 0 else end + 1, width, height - 1)
        if alone:
            painter.fillRect(box, QColor(colours.paper))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)

    def _paint_labels(self, painter: QPainter, bottom: float, pitch: float) -> None:
        painter.setFont(theme.mono())
        metrics = QFontMetricsF(painter.font())
        longest = max(metrics.horizontalAdvance(elided(label)) for label in set(self._labels))
        flat = longest <= pitch - 4
        every = 1 if flat else math.ceil(metrics.height() * 0.9 / pitch)
        shown = list(range(every // 2, len(self._labels), every))
        if self._marked is not None and self._marked < len(self._labels) and not flat:  # it covers its neighbours
            shown = [place for place in shown if abs(place - self._marked) >= every] + [self._marked]
        for place in shown:
            self._paint_label(painter, place, bottom + 5, pitch, flat=flat)

    def _paint_label(self, painter: QPainter, place: int, top: float, pitch: float, *, flat: bool) -> None:
        colours, marked = theme.palette(), place == self._marked
        font = theme.mono()
        font.setBold(marked)
        painter.setFont(font)
        metrics = QFontMetricsF(font)
        painter.setPen(QColor(colours.faint if math.isnan(self._values[place]) else colours.ink))
        label = elided(self._labels[place])
        if flat:
            box = QRectF(place * pitch - 4, top, pitch + 8, metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, label)
            return
        painter.save()
        base = (place + 0.5) * pitch + metrics.ascent() / 2 - 1
        painter.translate(max(metrics.ascent() - 2, min(base, self.width() - metrics.descent())), top)
        painter.rotate(-90)
        painter.drawText(QPointF(-metrics.horizontalAdvance(label), 0), label)
        painter.restore()
