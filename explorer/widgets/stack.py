"""The stack of a BERT as one draws it on a board: input at the bottom, layers above it, heads on top (C6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme

_GAP = 4.0  # pixels between boxes
_BAR = 90.0  # pixels of the bar that stands for all parameters
_MOST = 12  # boxes of layers that are drawn; the middle of a taller stack is one box


class Box(NamedTuple):
    """One part of the stack: what it is called, its sizes, and how many weights it has."""

    name: str
    sizes: str
    parameters: int
    weight: str  # the number of parameters in words
    quiet: bool = False  # stands for others, such as layers that are not drawn


class Stack(QWidget):
    """Draws boxes from the top down, each with its share of all parameters beside it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._boxes: tuple[Box, ...] = ()
        self._total = 1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_boxes(self, boxes: Sequence[Box], total: int) -> None:
        """Draws ``boxes``, the output's first; ``total`` is the number of all parameters."""
        self._boxes, self._total = tuple(boxes), max(total, 1)
        self.setAccessibleDescription("; ".join(f"{box.name} {box.sizes} {box.weight}" for box in reversed(boxes)))
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._natural_width(), self._whole_height())

    def minimumSizeHint(self) -> QSize:
        texts = [text for box in self._boxes for text in (box.name, box.sizes)]
        return QSize(self._width(texts), self._whole_height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()  # its height follows its width

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()

    def _width(self, texts: Sequence[str]) -> int:
        words = QFontMetricsF(theme.font())
        return round(max(map(words.horizontalAdvance, texts), default=300.0) + 40 + self._figures() + _BAR)

    def _natural_width(self) -> int:
        return self._width([f"{box.name}   {box.sizes}" for box in self._boxes])

    def _lines(self) -> int:
        """Of a box: the sizes stand below the name where there is no room beside it."""
        return 1 if self.width() >= self._natural_width() else 2

    def _height(self) -> float:
        return QFontMetricsF(theme.font()).height() * self._lines() + 8

    def _whole_height(self) -> int:
        return round(len(self._boxes) * (self._height() + _GAP))

    def _figures(self) -> float:
        metrics = QFontMetricsF(theme.font())
        return max((metrics.horizontalAdvance(box.weight) for box in self._boxes), default=0.0) + 16

    def paintEvent(self, event: QPaintEvent) -> None:
        painter, colours = QPainter(self), theme.palette()
        right = self.width() - self._figures() - _BAR
        name = sizes = Qt.AlignmentFlag.AlignVCenter
        if self._lines() > 1:
            name, sizes = Qt.AlignmentFlag.AlignTop, Qt.AlignmentFlag.AlignBottom
        for place, box in enumerate(self._boxes):
            line = QRectF(0, place * (self._height() + _GAP), right - 12, self._height())
            painter.setPen(QPen(QColor(colours.line), 1, Qt.PenStyle.DashLine if box.quiet else Qt.PenStyle.SolidLine))
            painter.setBrush(QColor(colours.paper if box.quiet else colours.panel))
            painter.drawRect(line.adjusted(0.5, 0.5, -0.5, -0.5))
            inside = line.adjusted(10, 4, -10, -4)
            painter.setPen(QColor(colours.faint if box.quiet else colours.ink))
            painter.setFont(theme.font())
            painter.drawText(inside, name | Qt.AlignmentFlag.AlignLeft, box.name)
            painter.setPen(QColor(colours.faint))
            painter.drawText(inside, sizes | Qt.AlignmentFlag.AlignRight, box.sizes)
            self._paint_share(painter, box, QRectF(right, line.top(), self.width() - right, line.height()))

    def _paint_share(self, painter: QPainter, box: Box, room: QRectF) -> None:
        colours = theme.palette()
        bar = QRectF(room.left(), room.top() + 6, max(1.0, _BAR * box.parameters / self._total), room.height() - 12)
        if box.parameters:
            painter.fillRect(bar, QColor(theme.mixed(colours.accent, colours.paper, 0.35)))
        painter.setPen(QColor(colours.ink))
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, box.weight)


def shown_layers(count: int) -> tuple[list[int], int]:
    """Which of ``count`` layers have a box, counted from 1 and from the top down, and how many the box between hides.

    The box between stands before the last two.
    """
    if count <= _MOST:
        return list(range(count, 0, -1)), 0
    return [*range(count, count - _MOST + 3, -1), 2, 1], count - _MOST + 1
