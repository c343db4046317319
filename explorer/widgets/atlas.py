"""Every head of every layer in one image: layers down, heads across, or in any other order; a square is a map."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFont,
    QFontMetricsF,
    QHelpEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from explorer import theme
from explorer.export_drawing import is_drawing
from explorer.widgets import shrink
from explorer.widgets.atlas_grid import GAP, Grid
from model.lens.attention import Head
from model.trace import Floats

RESOLUTION = 96  # cells a side that a square can show at most; larger maps may be shrunk to it beforehand

_LARGEST, _SMALLEST = 96.0, 8.0  # pixels a square
_NAMED_FROM = 40.0  # pixels a square, from which on there is room for a note below it
_CAPTION = 0.75  # of the text's size
_WORTH = 0.85  # of the largest possible side that squares keep where notes are written, too
_MOVES = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


class Atlas(QWidget):
    """Shows attention maps (L, H, T, T), or if ``signed`` their differences from -1 to 1.

    Hovering previews a head, a click or the arrow keys choose one.

    Labels count layers and heads from 1; everything else here counts from 0.
    """

    hovered = Signal(object)  # the head (layer, head) under the mouse, None where there is none
    chosen = Signal(int, int)
    toggled = Signal(int, int)  # a head to switch off, or on again: Ctrl+click or X
    layer_toggled = Signal(int)  # a whole layer: a click on its number, or Shift+X

    def __init__(self, parent: QWidget | None = None, *, signed: bool = False) -> None:
        super().__init__(parent)
        self._signed = signed
        self._maps: Floats = np.zeros((0, 0, 0, 0), dtype=np.float32)
        self._off: frozenset[Head] = frozenset()
        self._layers_off: frozenset[int] = frozenset()
        self._order: list[Head] = []  # as they are shown, row by row
        self._places: dict[Head, int] = {}
        self._sorted: tuple[Head, ...] | None = None  # None is layers down and heads across
        self._notes: Mapping[Head, str] = {}
        self._described: Mapping[Head, str] = {}
        self._head: Head | None = None
        self._under: Head | None = None
        self._image: QImage | None = None
        self._layout: Grid | None = None
        self._laid_in = QSize()
        self._painted_at = 0.0  # device pixels a pixel
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 120)
        self.setAccessibleName(self.tr("All heads"))

    def show_maps(
        self, maps: Floats, off: frozenset[Head] = frozenset(), layers_off: frozenset[int] = frozenset()
    ) -> None:
        """Draws ``maps`` (L, H, T, T), strikes through those that are ``off`` and all of the layers that are."""
        self._maps, self._layers_off = maps, layers_off
        self._off = off | {(layer, head) for layer in layers_off for head in range(maps.shape[1])}
        self._arrange()
        self._tell()

    def sort(self, order: Sequence[Head] | None) -> None:
        """Shows the heads in this ``order``, each with its layer and head below it; None puts them back."""
        self._sorted = None if order is None else tuple(order)
        self._arrange()

    def describe(self, notes: Mapping[Head, str], described: Mapping[Head, str]) -> None:
        """Says what each head does: a word or two below it, where there is room, and whole for mouse and reader."""
        self._notes, self._described = notes, described
        self._tell()
        self._lay_out()

    @property
    def order(self) -> list[Head]:
        """The heads as they are shown, row by row."""
        return list(self._order)

    @property
    def head(self) -> Head | None:
        """The head that is framed."""
        return self._head

    def mark(self, head: Head | None) -> None:
        """Frames ``head``."""
        if head != self._head:
            self._head = head
            self._tell()
            self.update()

    def head_rect(self, head: Head) -> QRectF:
        """Where the square of ``head`` lies in the widget."""
        return self._grid().square(self._places.get(head, 0))

    def words_rect(self, head: Head) -> QRectF:
        """Where the words at the square of ``head`` lie."""
        return self._grid().words(self._places.get(head, 0))

    def sizeHint(self) -> QSize:
        return QSize(560, 420)

    def used_height(self) -> float:
        """Pixels from the top to below the last row; what is left of the height stays empty."""
        grid = self._grid()
        return grid.square(max(len(self._order) - 1, 0)).bottom() + (0 if grid.beside else grid.caption) + 4

    def words(self, head: Head) -> str:
        """What stands below a square."""
        layer, number = head
        name = f"{layer + 1}·{number + 1}" if self._sorted is not None else ""
        return "  ".join(filter(None, (name, self._notes.get(head, "") if self._grid().noted else "")))

    # Mouse and keys

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self._tip(QPointF(event.pos())), self)
            return True
        return super().event(event)

    def _tip(self, point: QPointF) -> str:
        layer, head = self._layer_at(point), self._head_at(point)
        if layer is not None:
            return self.tr("Click switches all of layer {0} off, or on again.").format(layer + 1)
        hint = self.tr("Click chooses a head, Ctrl+click or X switches it off, Shift+X all of its layer.")
        return "" if head is None else f"{self.description(head)}.\n{hint}"

    def description(self, head: Head) -> str:
        """Which head it is and what it does."""
        name = self.tr("Layer {0}, head {1}") if head not in self._off else self.tr("Layer {0}, head {1}, switched off")
        name = name.format(head[0] + 1, head[1] + 1)
        return ": ".join(filter(None, (name, self._described.get(head, ""))))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._head_at(event.position()))
        on_number = self._layer_at(event.position()) is not None
        self.setCursor(Qt.CursorShape.PointingHandCursor if on_number else Qt.CursorShape.ArrowCursor)

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        layer, head = self._layer_at(event.position()), self._head_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton:
            return
        if layer is not None:
            self.layer_toggled.emit(layer)
        elif head is None:
            return
        elif event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.toggled.emit(*head)
        else:
            self.chosen.emit(*head)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _MOVES and self._order:
            self.chosen.emit(*self._beside(*_MOVES[key]))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._order:
            self.chosen.emit(*self._order[0 if key == Qt.Key.Key_Home else -1])
        elif key == Qt.Key.Key_X and self._head is not None:
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self.layer_toggled.emit(self._head[0])
            else:
                self.toggled.emit(*self._head)
        else:
            event.ignore()

    def _beside(self, down: int, across: int) -> Head:
        """The head that many squares away from the framed one, or the framed one where there is none."""
        columns = self._grid().columns
        here = self._places.get(self._head or (0, 0), 0)
        row, column = here // columns + down, here % columns + across
        place = row * columns + column
        return self._order[place if row >= 0 and 0 <= column < columns and place < len(self._order) else here]

    def _hover(self, head: Head | None) -> None:
        if head != self._under:
            self._under = head
            self.hovered.emit(head)

    def _head_at(self, point: QPointF) -> Head | None:
        place = self._grid().place(point)
        return self._order[place] if place is not None and place < len(self._order) else None

    def _layer_at(self, point: QPointF) -> int | None:
        """The layer whose number is at ``point``, which stands there only while layers go down."""
        row = self._grid().row_beside(point) if self._sorted is None else None
        return row if row is not None and row < self._maps.shape[0] else None

    def _tell(self) -> None:
        if self._head is not None:
            self.setAccessibleDescription(self.description(self._head))

    # Where it lies

    def _arrange(self) -> None:
        heads = list(np.ndindex(*self._maps.shape[:2]))
        fits = self._sorted is not None and set(self._sorted) == set(heads)  # another model's order does not
        self._order = list(self._sorted) if self._sorted is not None and fits else [(a, b) for a, b in heads]
        self._places = {head: place for place, head in enumerate(self._order)}
        self._lay_out()

    def _lay_out(self) -> None:
        self._layout = self._image = None
        self.update()

    def _grid(self) -> Grid:
        if self._layout is None or self._laid_in != self.size():  # what is hidden hears of its size when it is shown
            self._laid_in, self._image = self.size(), None
            self._layout = self._by_layer() if self._sorted is None else self._by_order()
        return self._layout

    def _by_layer(self) -> Grid:
        """Layers down and heads across, between numbers; with notes where that leaves the squares large enough."""
        layers, heads = (max(1, count) for count in self._maps.shape[:2])
        metrics = QFontMetricsF(theme.font(0.8))
        origin = QPointF(round(metrics.horizontalAdvance("00")) + 10, round(metrics.height()) + 6)
        across = (self.width() - origin.x() - 4) / heads - GAP
        down = (self.height() - origin.y() - 4) / layers - GAP
        side = max(_SMALLEST, math.floor(min(_LARGEST, across, down)))
        words, line = self._widest(self._notes.values()), self._line()
        noted = math.floor(min(_LARGEST, across, down - line))
        if words and noted >= _NAMED_FROM and words <= across:
            pitch = math.ceil(max(noted, words)) + GAP
            return Grid(origin, heads, noted, pitch, noted + line + GAP, line, noted=True)
        return Grid(origin, heads, side, side + GAP, side + GAP, 0)

    def _by_order(self) -> Grid:
        """Row by row, with as many in a row as lets the squares be largest; each with its layer and head."""
        names = self._widest(f"{layer + 1}·{head + 1}" for layer, head in self._order)
        notes = self._widest(self._notes.values())
        plain = max(self._filled(names), key=lambda grid: grid.side)
        noted = replace(max(self._filled(names + notes + 6), key=lambda grid: grid.side), noted=True)
        return noted if notes and not noted.beside and noted.side >= _WORTH * plain.side else plain

    def _filled(self, words: float) -> Iterator[Grid]:
        """Every number of columns, each with room for ``words`` below the squares, and before them."""
        origin, line, count = QPointF(4, 4), self._line(), max(1, len(self._order))
        for columns in range(1, count + 1):
            across = (self.width() - 2 * origin.x()) / columns - GAP
            down = (self.height() - 2 * origin.y()) / math.ceil(count / columns) - GAP
            if words <= across or columns == 1:
                side = max(_SMALLEST, math.floor(min(_LARGEST, across, down - line)))
                yield Grid(origin, columns, side, math.ceil(max(side, words)) + GAP, side + line + GAP, line)
            side = math.floor(min(_LARGEST, across - words - 3, down))
            if side >= max(_SMALLEST, line - GAP):
                pitch = math.ceil(side + words + 3) + GAP
                yield Grid(origin, columns, side, pitch, side + GAP, words, beside=True)

    def _widest(self, texts: Iterable[str]) -> float:
        metrics = QFontMetricsF(theme.font(_CAPTION))
        return max((metrics.horizontalAdvance(text) + 2 for text in set(texts)), default=0.0)

    def _line(self) -> float:
        return math.ceil(QFontMetricsF(theme.font(_CAPTION)).height()) + 1

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._lay_out()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    # The picture

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._maps.size:
            return
        painter, ratio = QPainter(self), self.devicePixelRatioF()
        if is_drawing(painter):
            self._paint_whole(painter)
            self._paint_around(painter)
            return
        if self._image is None or ratio != self._painted_at:
            self._painted_at = ratio
            grid = self._grid()
            corners = [(grid.square(place).topLeft() * ratio).toPoint() for place in range(len(self._order))]
            places = {head: (at.y(), at.x()) for head, at in zip(self._order, corners, strict=True)}
            self._image = compose(self._maps, round(grid.side * ratio), places, signed=self._signed)
            self._image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(), self._image)
        self._paint_around(painter)

    def _paint_whole(self, painter: QPainter) -> None:
        """Every head with a pixel a cell, to be drawn at any size."""
        grid, side = self._grid(), self._maps.shape[-1]
        for place, (layer, head) in enumerate(self._order):
            image = compose(self._maps[layer : layer + 1, head : head + 1], side, {(0, 0): (0, 0)}, signed=self._signed)
            painter.drawImage(grid.square(place), image)

    def _paint_around(self, painter: QPainter) -> None:
        if self._sorted is None:
            self._paint_axes(painter)
        self._paint_words(painter)
        self._paint_squares(painter)

    def _paint_axes(self, painter: QPainter) -> None:
        layers, heads = self._maps.shape[:2]
        painter.setFont(theme.font(0.8))
        painter.setPen(QColor(theme.palette().faint))
        metrics, grid = QFontMetricsF(painter.font()), self._grid()
        for head in range(0, heads, math.ceil((metrics.horizontalAdvance("00") + 3) / grid.across)):
            square = grid.square(head)
            box = QRectF(square.center().x() - 20, 0, 40, square.top() - 3)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom, str(head + 1))
        for layer in range(0, layers, math.ceil(metrics.height() / grid.down)):
            square = grid.square(layer * heads)
            box = QRectF(0, square.center().y() - 20, grid.origin.x() - 7, 40)
            painter.setFont(self._number(layer))
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(layer + 1))

    def _number(self, layer: int) -> QFont:
        """What the number of a layer is written in: struck through as its heads are where it is off."""
        font = theme.font(0.8, bold=layer in self._layers_off)
        font.setStrikeOut(layer in self._layers_off)
        return font

    def _paint_words(self, painter: QPainter) -> None:
        """At each square: sorted, its layer and head; and a note, where there is room."""
        colours, grid = theme.palette(), self._grid()
        painter.setFont(theme.font(_CAPTION))
        painter.setPen(QColor(colours.faint))
        where = Qt.AlignmentFlag.AlignHCenter
        if grid.beside:
            where = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        for place, head in enumerate(self._order if grid.caption else ()):
            painter.drawText(grid.words(place), where, self.words(head))

    def _paint_squares(self, painter: QPainter) -> None:
        colours, grid = theme.palette(), self._grid()
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawRects([grid.square(place).adjusted(-0.5, -0.5, 0.5, 0.5) for place in range(len(self._order))])
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


def compose(maps: Floats, side: int, places: Mapping[Head, tuple[int, int]], *, signed: bool = False) -> QImage:
    """One image of ``maps`` (L, H, T, T), each ``side`` pixels, its upper left at the row and column of ``places``."""
    tokens = maps.shape[-1]
    step = max(1, math.ceil(tokens / side))
    if signed:
        levels = _levels((shrink.outstanding(maps, step, step) + np.float32(1)) / np.float32(2))
    else:
        levels = _levels(shrink.largest(maps, step, step))
    source = np.arange(side) * levels.shape[-1] // side  # nearest: a pixel shows one block, never a blend
    levels = levels.take(source, axis=-1)
    height, width = (max(corner[axis] for corner in places.values()) + side for axis in (0, 1))
    colours = (theme.signed_lut() if signed else theme.attention_lut()).astype(np.uint32)
    table = 0xFF000000 | colours[:, 0] << 16 | colours[:, 1] << 8 | colours[:, 2]
    canvas = np.full((height, width), 128 if signed else 0, dtype=np.uint8)
    for head, (top, left) in places.items():
        canvas[top : top + side, left : left + side] = levels[head].take(source, axis=0)
    pixels = table[canvas]
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()  # owns its bytes


def _levels(shares: Floats) -> NDArray[np.uint8]:
    """``shares`` from 0 to 1 as entries of the colour table; what is no number is 0."""
    scaled = np.nan_to_num(shares) * np.float32(255)
    scaled += np.float32(0.5)
    return np.clip(scaled, 0, 255, out=scaled).astype(np.uint8)
