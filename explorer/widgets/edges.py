"""Attention as lines between two columns of tokens: left who looks, right who is looked at (C12)."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QEvent, QLineF, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPaintEngine,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from explorer import theme
from explorer.widgets import axis as axes
from explorer.widgets.axis import Axis, Line, elided
from explorer.widgets.heatmap import Cell
from model.inputs import Integers
from model.lens.attention import Lines
from model.trace import Floats

_LARGEST_CELL = 30.0  # pixels down
_LEVELS = 24  # of strength
_MOST = 600  # lines that are drawn at once, the strongest of each row: more take longer than a picture may
_FEW = 150  # lines that may be thicker, which takes longer
_SIDE = 8.0  # pixels between a label and its lines

_MOVES = {Qt.Key.Key_Up: (-1, 0), Qt.Key.Key_Down: (1, 0), Qt.Key.Key_Left: (0, -1), Qt.Key.Key_Right: (0, 1)}


class Edges(QWidget):
    """One widget paints them all. A weight is the opacity of its line, over paper: lines that cross add up to nothing.

    What the mouse is over, or else the token that it is told to ``keep``, is left alone with its lines.
    """

    renewed = Signal()  # other lines are drawn
    hovered = Signal(object)  # the row under the mouse, None where there is none
    chosen = Signal(int, int)  # row and column

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values: Floats = np.zeros((0, 0), dtype=np.float32)
        self._tokens = Axis(())
        self._edges = Lines(*[np.zeros(0, dtype=np.int64)] * 3)
        self._per_row = False
        self._cell: Cell | None = None
        self._kept: int | None = None
        self._under: tuple[int, int] | None = None  # column of tokens, 0 or 1, and the token
        self._drawn: QPixmap | None = None  # all lines: they take longer than a hover may
        self._margin: float | None = None  # pixels that the labels of one side take
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(60, 40)

    # What is shown

    def show_edges(self, values: Floats, tokens: Axis, edges: Lines) -> None:
        """Draws the ``edges`` of ``values`` (N, N)."""
        self._values, self._tokens, self._edges = values, tokens, edges
        self._under = None
        self._redraw()
        self.renewed.emit()

    def set_per_row(self, on: bool) -> None:
        """Makes the largest weight of each row opaque, whatever it is."""
        self._per_row = on
        self._redraw()

    @property
    def lines(self) -> int:
        """How many there are; of very many only the strongest of each row are drawn at once."""
        return len(self._edges.rows)

    @property
    def each(self) -> int | None:
        """Of how many lines a row is left at most, where there are very many."""
        return None if self.lines <= _MOST else max(1, _MOST // max(1, len(self._tokens)))

    @property
    def shown(self) -> list[Cell]:
        """The lines that are seen, row and column of each, the weakest first."""
        rows, columns = self._filtered()
        return list(zip(rows.tolist(), columns.tolist(), strict=True))

    @property
    def cell(self) -> Cell | None:
        """The line that is marked."""
        return self._cell

    def mark(self, cell: Cell | None, row: int | None = None) -> None:
        """Draws the line of ``cell`` in the accent; ``row`` says no more."""
        self._cell = cell
        self.update()

    def keep(self, row: int | None) -> None:
        """Leaves the lines of one ``row`` alone, or shows all again."""
        self._kept = row
        self.update()

    def token_rect(self, side: int, token: int) -> QRectF:
        """Where a token stands: on the left, 0, or on the right, 1."""
        line, left, right = self._down(), self._left(), self._right()
        top = line.start + token * line.cell
        return QRectF(0, top, left, line.cell) if side == 0 else QRectF(right, top, self.width() - right, line.cell)

    def sizeHint(self) -> QSize:
        return QSize(420, 420)

    # Mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._token_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        under = self._token_at(event.position())
        if event.button() != Qt.MouseButton.LeftButton or under is None:
            return
        side, token = under
        whole = self._values[token] if side == 0 else self._values[:, token]
        most = int(whole.argmax())
        self.chosen.emit(*((token, most) if side == 0 else (most, token)))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        move = _MOVES.get(Qt.Key(event.key()))
        if move is None or not len(self._tokens):
            event.ignore()
            return
        last = len(self._tokens) - 1
        row, column = self._cell or (-1, 0)
        row = min(max(row + move[0], 0), last)
        column = int(self._values[row].argmax()) if move[0] else min(max(column + move[1], 0), last)
        self.chosen.emit(row, column)

    def _hover(self, under: tuple[int, int] | None) -> None:
        if under != self._under:
            self._under = under
            self.update()
            self.hovered.emit(under[1] if under is not None and under[0] == 0 else None)

    def _token_at(self, point: QPointF) -> tuple[int, int] | None:
        line = self._down()
        token = int((point.y() - line.start) // line.cell)
        if not 0 <= token < len(self._tokens) or self._left() < point.x() < self._right():
            return None
        return int(point.x() >= self._right()), token

    # Where it lies

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._redraw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._redraw()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def _left(self) -> float:
        if self._margin is None:
            heads = max(QFontMetricsF(theme.font(0.9)).horizontalAdvance(head) for head in self._heads())
            self._margin = max(axes.left_margin(self._tokens, theme.mono()), heads + _SIDE)
        return self._margin

    def _right(self) -> float:
        return max(self._left() + 1, self.width() - self._left())

    def _heads(self) -> tuple[str, str]:
        return self.tr("looks"), self.tr("is looked at")

    def _down(self) -> Line:
        top = QFontMetricsF(theme.font(0.9)).height() + 4
        bottom = max(top + 1.0, self.height() - 2.0)
        cell = min(_LARGEST_CELL, (bottom - top) / max(1, len(self._tokens)))
        return Line(top, cell, top, top + cell * max(1, len(self._tokens)))

    # The picture

    def _redraw(self) -> None:
        self._drawn = self._margin = None
        self.update()

    def _filtered(self) -> tuple[Integers, Integers]:
        rows, columns = self._edges.rows, self._edges.columns
        if self._under is not None:
            side, token = self._under
            seen = (rows if side == 0 else columns) == token
        elif self._kept is not None:
            seen = rows == self._kept
        elif self.each is not None:
            seen = self._edges.ranks < self.each
        else:
            return rows, columns
        return rows[seen], columns[seen]

    def paintEvent(self, event: QPaintEvent) -> None:
        # No Python error may leave this: Qt calls it while it paints.
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(theme.palette().paper))
        if not len(self._tokens):
            return
        on_screen = painter.paintEngine().type() == QPaintEngine.Type.Raster  # a drawing for paper keeps its lines
        if self._under is None and self._kept is None and on_screen:
            painter.drawPixmap(0, 0, self._all())
        else:
            self._paint_lines(painter)
        self._paint_mark(painter)
        self._paint_labels(painter)

    def _all(self) -> QPixmap:
        if self._drawn is None:
            ratio = self.devicePixelRatioF()
            self._drawn = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            self._drawn.setDevicePixelRatio(ratio)
            self._drawn.fill(QColor(theme.palette().paper))
            painter = QPainter(self._drawn)
            self._paint_lines(painter)
            painter.end()
        return self._drawn

    def _paint_lines(self, painter: QPainter) -> None:
        rows, columns = self._filtered()
        weights = self._values[rows, columns]
        if self._per_row:
            weights = weights / self._values.max(axis=1)[rows]
        levels = np.ceil(np.clip(weights, 0, 1) * _LEVELS).astype(int)
        down, left, right = self._down(), self._left(), self._right()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme.palette()
        for level in np.unique(levels[levels > 0]).tolist():
            colour = theme.mixed(colours.paper, colours.attention_high, level / _LEVELS)
            painter.setPen(QPen(QColor(colour), 1.6 if len(rows) <= _FEW else 1))
            here = levels == level
            ends = zip(rows[here].tolist(), columns[here].tolist(), strict=True)
            painter.drawLines([QLineF(left, down.centre(row), right, down.centre(column)) for row, column in ends])

    def _paint_mark(self, painter: QPainter) -> None:
        if self._cell is None or max(self._cell) >= len(self._tokens):
            return
        down = self._down()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(theme.palette().accent), 2.4 if self.hasFocus() else 1.6))
        row, column = self._cell
        painter.drawLine(QLineF(self._left(), down.centre(row), self._right(), down.centre(column)))

    def _paint_labels(self, painter: QPainter) -> None:
        colours, down = theme.palette(), self._down()
        painter.setFont(theme.font(0.9))
        painter.setPen(QColor(colours.faint))
        right_aligned, left_aligned = Qt.AlignmentFlag.AlignRight, Qt.AlignmentFlag.AlignLeft
        heads = self._heads()
        painter.drawText(QRectF(0, 0, self._left() - _SIDE, down.start), right_aligned, heads[0])
        painter.drawText(QRectF(self._right() + _SIDE, 0, self.width(), down.start), left_aligned, heads[1])
        for side in (0, 1):
            self._paint_column(painter, side, down)

    def _paint_column(self, painter: QPainter, side: int, down: Line) -> None:
        """The tokens of one side, as many as fit; the one that is attended to first, over its neighbours."""
        colours, font = theme.palette(), theme.mono()
        height, step = QFontMetricsF(font).height(), axes.step(self._tokens, font, down.cell, across=False)
        first = self._attended(side)
        taken: list[float] = []
        for token in [*([] if first is None else [first]), *range(0, len(self._tokens), step)]:
            middle = down.centre(token)
            if any(abs(middle - other) < height * 0.85 for other in taken):
                continue
            taken.append(middle)
            font.setBold(token == first)
            painter.setFont(font)
            quiet = colours.special if token in self._tokens.special else colours.ink
            painter.setPen(QColor(colours.accent if token == first else quiet))
            place, flag = QRectF(0, middle - height / 2, self._left() - _SIDE, height), Qt.AlignmentFlag.AlignRight
            if side == 1:
                place.moveLeft(self._right() + _SIDE)
                flag = Qt.AlignmentFlag.AlignLeft
            painter.drawText(place, flag | Qt.AlignmentFlag.AlignVCenter, elided(self._tokens.labels[token]))

    def _attended(self, side: int) -> int | None:
        if self._under is not None and self._under[0] == side:
            return self._under[1]
        token = self._cell[side] if self._cell is not None else self._kept if side == 0 else None
        return token if token is not None and token < len(self._tokens) else None
