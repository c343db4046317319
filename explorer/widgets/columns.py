"""A number for every token, as columns side by side: the value on top, the token below."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.axis import elided
from explorer.widgets.figures import signed
from model.trace import Floats

_WIDEST = 74.0  # pixels from one column to the next
_HEIGHT = 120.0  # of the tallest column
_VALUES_FROM = 24.0  # pixels a column, from which on its value stands on top


class Columns(QWidget):
    """Shows ``values`` (T,) over ``labels``; NaN leaves a gap. A click or the left and right keys choose one."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: Floats = np.zeros(0, dtype=np.float32)
        self._labels: tuple[str, ...] = ()
        self._marked: int | None = None
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_values(self, values: Floats, labels: Sequence[str]) -> None:
        """Draws ``values``; the tallest takes the whole height."""
        self._values, self._labels = values, tuple(labels)
        self.updateGeometry()
        self.update()

    @property
    def values(self) -> Floats:
        """(T,) what is drawn."""
        return self._values

    def sheet(self) -> Sheet:
        """What is drawn, a row a token."""
        return Sheet(self._values[:, None], self._labels, ("value",))

    def mark(self, place: int | None) -> None:
        """Marks one column."""
        if place != self._marked:
            self._marked = place
            if place is not None and place < len(self._labels):
                self.setAccessibleDescription(f"{self._labels[place]} {signed(float(self._values[place]), 1)}")
            self.update()

    def column_rect(self, place: int) -> QRectF:
        """Where a column and its words lie in the widget."""
        return QRectF(place * self._pitch(), 0, self._pitch(), self.height())

    def sizeHint(self) -> QSize:
        figures, words = QFontMetricsF(theme.font(0.85)).height(), QFontMetricsF(theme.mono())
        longest = max((words.horizontalAdvance(elided(label)) for label in self._labels), default=0.0)
        return QSize(480, round(figures + _HEIGHT + max(longest, words.height()) + 10))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, self.sizeHint().height())

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = int(event.position().x() // self._pitch())
        if event.button() == Qt.MouseButton.LeftButton and 0 <= place < len(self._labels):
            self.chosen.emit(place)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
        if step is None or not self._labels:
            event.ignore()
            return
        place = (self._marked if self._marked is not None else -step) + step
        self.chosen.emit(min(max(place, 0), len(self._labels) - 1))

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()

    # The picture

    def _pitch(self) -> float:
        return min(_WIDEST, self.width() / max(1, len(self._labels)))

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._labels:
            return
        painter, colours, pitch = QPainter(self), theme.palette(), self._pitch()
        figures = QFontMetricsF(theme.font(0.85))
        top, bottom = figures.height() + 2, figures.height() + 2 + _HEIGHT
        tallest = float(np.nanmax(self._values, initial=0.0)) or 1.0
        for place, value in enumerate(self._values.tolist()):
            if math.isnan(value):
                continue
            height = (bottom - top) * value / tallest
            column = QRectF(place * pitch + pitch * 0.22, bottom - height, pitch * 0.56, height)
            marked = place == self._marked
            painter.fillRect(
                column, QColor(colours.accent if marked else theme.mixed(colours.accent, colours.paper, 0.35))
            )
            if pitch >= _VALUES_FROM:
                painter.setFont(theme.font(0.85, bold=marked))
                painter.setPen(QColor(colours.ink if marked else colours.faint))
                box = QRectF(place * pitch, column.top() - top, pitch, top - 1)
                painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, signed(value, 1))
        painter.setPen(QPen(QColor(colours.accent if self.hasFocus() else colours.line), 1))
        painter.drawLine(QPointF(0, bottom), QPointF(pitch * len(self._labels), bottom))
        self._paint_labels(painter, bottom, pitch)

    def _paint_labels(self, painter: QPainter, bottom: float, pitch: float) -> None:
        colours = theme.palette()
        painter.setFont(theme.mono())
        metrics = QFontMetricsF(painter.font())
        longest = max(metrics.horizontalAdvance(elided(label)) for label in self._labels)
        flat = longest <= pitch - 4
        every = 1 if flat else math.ceil(metrics.height() * 0.9 / pitch)
        for place in range(0, len(self._labels), every):
            painter.setPen(QColor(colours.faint if math.isnan(self._values[place]) else colours.ink))
            label = elided(self._labels[place])
            if flat:
                box = QRectF(place * pitch, bottom + 5, pitch, metrics.height())
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, label)
                continue
            painter.save()
            painter.translate((place + 0.5) * pitch + metrics.ascent() / 2 - 1, bottom + 5)
            painter.rotate(-90)
            painter.drawText(QPointF(-metrics.horizontalAdvance(label), 0), label)
            painter.restore()
