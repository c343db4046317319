"""Every head of every layer in one image: layers down, heads across, or in any other order; a square is a map."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
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
from explorer.widgets import shrink
from model.lens.attention import Head
from model.trace import Floats

RESOLUTION = 96  # cells a side that a square can show at most; larger maps may be shrunk to it beforehand

_GAP = 4.0  # pixels between squares
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


@dataclass(frozen=True)
class _Grid:
    """Where the squares lie: from ``origin`` on, ``columns`` in a row, ``across`` and ``down`` from one to the next.

    Below each, in its middle, are ``caption`` pixels for words, or before it where they are ``beside``; with a note
    where it is ``noted``.
    """

    origin: QPointF
    columns: int
    side: float
    across: float
    down: float
    caption: float
    noted: bool = False
    beside: bool = False

    def square(self, place: int) -> QRectF:
        row, column = divmod(place, self.columns)
        inset = self.across - _GAP - self.side
        x = self.origin.x() + column * self.across + (inset if self.beside else math.floor(inset / 2))
        return QRectF(x, self.origin.y() + row * self.down, self.side, self.side)

    def words(self, place: int) -> QRectF:
        square = self.square(place)
        if self.beside:
            return QRectF(
                square.left() - self.caption - 3, square.center().y() - self.down / 2, self.caption, self.down
            )
        return QRectF(square.center().x() - self.across / 2 + 1, square.bottom() + 1, self.across - 2, self.caption)

    def place(self, point: QPointF) -> int | None:
        """Which square a point is in or next to."""
        inside = point - self.origin
        row, column = math.floor(inside.y() / self.down), math.floor(inside.x() / self.across)
        return row * self.columns + column if row >= 0 and 0 <= column < self.columns else None


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
        self._order: list[Head] = []  # as they are shown, row by row
        self._places: dict[Head, int] = {}
        self._sorted: tuple[Head, ...] | None = None  # None is layers down and heads across
        self._notes: Mapping[Head, str] = {}
        self._described: Mapping[Head, str] = {}
        self._head: Head | None = None
        self._under: Head | None = None
        self._image: QImage | None = None
        self._layout: _Grid | None = None
        self._laid_in = QSize()
        self._painted_at = 0.0  # device pixels a pixel
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(200, 120)
        self.setAccessibleName(self.tr("All heads"))

    def show_maps(self, maps: Floats, off: frozenset[Head] = frozenset()) -> None:
        """Draws ``maps`` (L, H, T, T), strikes through those that are ``off``."""
        self._maps, self._off = maps, off
        self._arrange()

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
            head = self._head_at(QPointF(event.pos()))
            hint = self.tr("Click chooses a head, Ctrl+click or X switches it off.")
            QToolTip.showText(event.globalPos(), "" if head is None else f"{self.description(head)}.\n{hint}", self)
            return True
        return super().event(event)

    def description(self, head: Head) -> str:
        """Which head it is and what it does."""
        name = self.tr("Layer {0}, head {1}").format(head[0] + 1, head[1] + 1)
        return ": ".join(filter(None, (name, self._described.get(head, ""))))

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
        if key in _MOVES and self._order:
            self.chosen.emit(*self._beside(*_MOVES[key]))
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_End) and self._order:
            self.chosen.emit(*self._order[0 if key == Qt.Key.Key_Home else -1])
        elif key == Qt.Key.Key_X and self._head is not None:
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

    def _grid(self) -> _Grid:
        if self._layout is None or self._laid_in != self.size():  # what is hidden hears of its size when it is shown
            self._laid_in, self._image = self.size(), None
            self._layout = self._by_layer() if self._sorted is None else self._by_order()
        return self._layout

    def _by_layer(self) -> _Grid:
        """Layers down and heads across, between numbers; with notes where that leaves the squares large enough."""
        layers, heads = (max(1, count) for count in self._maps.shape[:2])
        metrics = QFontMetricsF(theme.font(0.8))
        origin = QPointF(round(metrics.horizontalAdvance("00")) + 10, round(metrics.height()) + 6)
        across = (self.width() - origin.x() - 4) / heads - _GAP
        down = (self.height() - origin.y() - 4) / layers - _GAP
        side = max(_SMALLEST, math.floor(min(_LARGEST, across, down)))
        words, line = self._widest(self._notes.values()), self._line()
        noted = math.floor(min(_LARGEST, across, down - line))
        if words and noted >= _NAMED_FROM and words <= across:
            pitch = math.ceil(max(noted, words)) + _GAP
            return _Grid(origin, heads, noted, pitch, noted + line + _GAP, line, noted=True)
        return _Grid(origin, heads, side, side + _GAP, side + _GAP, 0)

    def _by_order(self) -> _Grid:
        """Row by row, with as many in a row as lets the squares be largest; each with its layer and head."""
        names = self._widest(f"{layer + 1}·{head + 1}" for layer, head in self._order)
        notes = self._widest(self._notes.values())
        plain = max(self._filled(names), key=lambda grid: grid.side)
        noted = replace(max(self._filled(names + notes + 6), key=lambda grid: grid.side), noted=True)
        return noted if notes and not noted.beside and noted.side >= _WORTH * plain.side else plain

    def _filled(self, words: float) -> Iterator[_Grid]:
        """Every number of columns, each with room for ``words`` below the squares, and before them."""
        origin, line, count = QPointF(4, 4), self._line(), max(1, len(self._order))
        for columns in range(1, count + 1):
            across = (self.width() - 2 * origin.x()) / columns - _GAP
            down = (self.height() - 2 * origin.y()) / math.ceil(count / columns) - _GAP
            if words <= across or columns == 1:
                side = max(_SMALLEST, math.floor(min(_LARGEST, across, down - line)))
                yield _Grid(origin, columns, side, math.ceil(max(side, words)) + _GAP, side + line + _GAP, line)
            side = math.floor(min(_LARGEST, across - words - 3, down))
            if side >= max(_SMALLEST, line - _GAP):
                pitch = math.ceil(side + words + 3) + _GAP
                yield _Grid(origin, columns, side, pitch, side + _GAP, words, beside=True)

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
        if self._image is None or ratio != self._painted_at:
            self._painted_at = ratio
            grid = self._grid()
            corners = [(grid.square(place).topLeft() * ratio).toPoint() for place in range(len(self._order))]
            places = {head: (at.y(), at.x()) for head, at in zip(self._order, corners, strict=True)}
            self._image = compose(self._maps, round(grid.side * ratio), places)
            self._image.setDevicePixelRatio(ratio)
        painter.drawImage(QPointF(), self._image)
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
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(layer + 1))

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


def compose(maps: Floats, side: int, places: Mapping[Head, tuple[int, int]]) -> QImage:
    """One image of ``maps`` (L, H, T, T), each ``side`` pixels, its upper left at the row and column of ``places``."""
    tokens = maps.shape[-1]
    step = max(1, math.ceil(tokens / side))
    levels = _levels(shrink.largest(maps, step, step))
    source = np.arange(side) * levels.shape[-1] // side  # nearest: a pixel shows one block, never a blend
    levels = levels.take(source, axis=-1)
    height, width = (max(corner[axis] for corner in places.values()) + side for axis in (0, 1))
    colours = theme.attention_lut().astype(np.uint32)
    table = 0xFF000000 | colours[:, 0] << 16 | colours[:, 1] << 8 | colours[:, 2]
    canvas = np.zeros((height, width), dtype=np.uint8)
    for head, (top, left) in places.items():
        canvas[top : top + side, left : left + side] = levels[head].take(source, axis=0)
    pixels = table[canvas]
    return QImage(pixels.data, width, height, 4 * width, QImage.Format.Format_RGB32).copy()  # owns its bytes


def _levels(shares: Floats) -> NDArray[np.uint8]:
    """``shares`` from 0 to 1 as entries of the colour table; what is no number is 0."""
    scaled = np.nan_to_num(shares) * np.float32(255)
    scaled += np.float32(0.5)
    return np.clip(scaled, 0, 255, out=scaled).astype(np.uint8)
