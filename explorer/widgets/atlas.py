"""Every head of every layer in one image: layers down, heads across, each square one attention map."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.widgets import shrink
from model.trace import Floats

Head = tuple[int, int]

RESOLUTION = 96  # cells a side that a square can show at most; larger maps may be shrunk to it beforehand

_GAP = 4.0  # pixels between squares
_LARGEST, _SMALLEST = 96.0, 8.0  # pixels a square
_MOVES = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


class Atlas(QWidget):
    """Shows attention maps (L, H, T, T). Hovering previews a head, a click or the arrow keys choose one.

    Labels count layers and heads from 1; everything else here counts from 0.
    """

    hovered = Signal(object)  # the head (layer, head) under the mouse, None where there is none
    chosen = Signal(int, int)
    toggled = Signal(int, int)  # a head to switch off, or on again: Ctrl+click or X

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._maps: Floats = np.zeros((0, 0, 0, 0), dtype=np.float32)
        self._off: frozenset[Head] = frozenset()
        self._head: Head | None = None
        self._under: Head | None = None
        self._image: QImage | None = None
        self._painted_as: tuple[int, float] = (0, 0.0)  # device pixels a square and a gap
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 120)
        self.setAccessibleName(self.tr("All heads"))

    def show_maps(self, maps: Floats, off: frozenset[Head] = frozenset()) -> None:
        """Draws ``maps`` (L, H, T, T), strikes through those that are ``off``."""
        self._maps, self._off, self._image = maps, off, None
        self.update()

    @property
    def head(self) -> Head | None:
        """The head that is framed."""
        return self._head

    def mark(self, head: Head | None) -> None:
        """Frames ``head``."""
        if head != self._head:
            self._head = head
            if head is not None:
                self.setAccessibleDescription(self.tr("Layer {0}, head {1}").format(head[0] + 1, head[1] + 1))
            self.update()

    def head_rect(self, head: Head) -> QRectF:
        """Where the square of ``head`` lies in the widget."""
        origin, side = self._origin(), self._side()
        return QRectF(origin.x() + head[1] * (side + _GAP), origin.y() + head[0] * (side + _GAP), side, side)

    def sizeHint(self) -> QSize:
        return QSize(560, 420)

    def used_height(self) -> float:
        """Pixels from the top to below the last layer; what is left of the height stays empty."""
        return self.head_rect((max(self._maps.shape[0] - 1, 0), 0)).bottom() + 4

    # Mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._head_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        head = self._head_at(event.position())
        if head is None or event.button() != Qt.MouseButton.LeftButton:
            return
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.toggled.emit(*head)
        else:
            self.chosen.emit(*head)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        layers, heads = self._maps.shape[:2]
        if key in _MOVES and layers:
            layer, head = self._head or (0, 0)
            down, across = _MOVES[key]
            self.chosen.emit(min(max(layer + down, 0), layers - 1), min(max(head + across, 0), heads - 1))
        elif key == Qt.Key.Key_X and self._head is not None:
            self.toggled.emit(*self._head)
        else:
            event.ignore()

    def _hover(self, head: Head | None) -> None:
        if head != self._under:
            self._under = head
            self.hovered.emit(head)

    def _head_at(self, point: QPointF) -> Head | None:
        layers, heads = self._maps.shape[:2]
        pitch, place = self._side() + _GAP, point - self._origin()
        layer, head = math.floor(place.y() / pitch), math.floor(place.x() / pitch)
        return (layer, head) if 0 <= layer < layers and 0 <= head < heads else None

    # Where it lies

    def _origin(self) -> QPointF:
        metrics = QFontMetricsF(theme.font(0.8))
        return QPointF(round(metrics.horizontalAdvance("00")) + 10, round(metrics.height()) + 6)

    def _side(self) -> float:
        """Pixels along one square."""
        layers, heads = (max(1, count) for count in self._maps.shape[:2])
        origin = self._origin()
        across = (self.width() - origin.x() - 4) / heads - _GAP
        down = (self.height() - origin.y() - 4) / layers - _GAP
        return max(_SMALLEST, math.floor(min(_LARGEST, across, down)))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._image = None
            self.update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    # The picture

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._maps.size:
            return
        painter = QPainter(self)
        ratio = self.devicePixelRatioF()
        painted_as = (round(self._side() * ratio), _GAP * ratio)
        if self._image is None or painted_as != self._painted_as:
            self._painted_as = painted_as
            self._image = compose(self._maps, *painted_as)
            self._image.setDevicePixelRatio(ratio)
        painter.drawImage(self._origin(), self._image)
        self._paint_labels(painter)
        self._paint_squares(painter)

    def _paint_labels(self, painter: QPainter) -> None:
        layers, heads = self._maps.shape[:2]
        painter.setFont(theme.font(0.8))
        painter.setPen(QColor(theme.palette().faint))
        metrics, pitch = QFontMetricsF(painter.font()), self._side() + _GAP
        for head in range(0, heads, math.ceil((metrics.horizontalAdvance("00") + 3) / pitch)):
            square = self.head_rect((0, head))
            box = QRectF(square.center().x() - 20, 0, 40, square.top() - 3)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, str(head + 1))
        for layer in range(0, layers, math.ceil(metrics.height() / pitch)):
            square = self.head_rect((layer, 0))
            box = QRectF(0, square.center().y() - 20, square.left() - 7, 40)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(layer + 1))

    def _paint_squares(self, painter: QPainter) -> None:
        colours = theme.palette()
        layers, heads = self._maps.shape[:2]
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawRects(
            [
                self.head_rect((layer, head)).adjusted(-0.5, -0.5, 0.5, 0.5)
                for layer in range(layers)
                for head in range(heads)
            ]
        )
        for head in self._off:
            self._strike(painter, self.head_rect(head))
        if self._head is not None:
            painter.setPen(QPen(QColor(colours.accent), 2))
            painter.drawRect(self.head_rect(self._head).adjusted(-1, -1, 1, 1))
            if self.hasFocus():
                painter.setPen(QPen(QColor(colours.accent), 1, Qt.PenStyle.DotLine))
                painter.drawRect(self.head_rect(self._head).adjusted(-3.5, -3.5, 3.5, 3.5))

    def _strike(self, painter: QPainter, square: QRectF) -> None:
        colours = theme.palette()
        veil = QColor(colours.paper)
        veil.setAlphaF(0.6)
        painter.fillRect(square, veil)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.ink), 1.5))
        painter.drawLine(square.bottomLeft(), square.topRight())
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def compose(maps: Floats, side: int, gap: float) -> QImage:
    """One indexed image of all ``maps`` (L, H, T, T), each ``side`` pixels, ``gap`` pixels between."""
    layers, heads, tokens, _ = maps.shape
    step = max(1, math.ceil(tokens / side))
    blocks = shrink.largest(maps, step, step)
    levels = np.clip(np.nan_to_num(blocks) * 255 + 0.5, 0, 255).astype(np.uint8)
    source = np.arange(side) * levels.shape[-1] // side  # nearest: a pixel shows one block, never a blend
    height, width = (round((count - 1) * (side + gap)) + side for count in (layers, heads))
    canvas = np.zeros((height, width + -width % 4), dtype=np.uint8)  # rows of a QImage begin at multiples of 4
    for layer in range(layers):
        top = round(layer * (side + gap))
        for head in range(heads):
            left = round(head * (side + gap))
            canvas[top : top + side, left : left + side] = levels[layer, head][source[:, None], source]
    image = QImage(canvas.data, width, height, canvas.shape[1], QImage.Format.Format_Indexed8)
    image.setColorTable([0xFF000000 | r << 16 | g << 8 | b for r, g, b, _ in theme.attention_lut().tolist()])
    return image.copy()  # owns its bytes
