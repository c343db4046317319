"""One array as a picture: tokens along its sides, a cell under the mouse or the arrow keys, values where they fit."""

from __future__ import annotations

import math
from enum import Enum

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QApplication, QGraphicsView, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.export_drawing import is_drawing
from explorer.widgets import axis as axes
from explorer.widgets import shrink
from explorer.widgets.axis import Axis, Line
from explorer.widgets.gaps import Gaps
from model.trace import Floats

Cell = tuple[int, int]

_LARGEST_CELL = 56.0  # pixels
_LINES_FROM = 7.0  # pixels a cell, from which on thin lines part the cells
LEAST_WRITTEN = 0.095  # of the scale; paler cells stay empty so that the eye finds the strong ones
_FINE = 0.1  # a strongest colour that stands for less asks for a third decimal
_FRAME = 7.0  # pixels down, at least, of the frame around a row
FINEST = 3.0  # pixels: in a picture that is empty but for one token among 512, what is thinner is not seen
_FEWEST_CELLS = 4  # along a side at the strongest zoom

_MOVES = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


class Scale(Enum):
    """How numbers become colours."""

    SHARE = "share"  # 0 to 1, one hue
    SIGNED = "signed"  # -limit to limit, zero is paper


class Heatmap(pg.GraphicsView):
    """A picture of ``values`` (R, C). It tells which cell is hovered or chosen, and shows the one it is told.

    The wheel zooms, dragging pans, a double click shows all again; so do plus, minus and 0. Cells of a ``square`` map
    are up to ``widest`` times as wide as high, where there is room. Where cells are smaller than ``finest`` pixels,
    several are drawn as one that is not, so that a thin line does not go unseen.
    """

    renewed = Signal()  # other values are drawn
    hovered = Signal(object)  # the cell (row, column) under the mouse, None where there is none
    chosen = Signal(int, int)  # row and column that were clicked or reached with the arrow keys

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        scale: Scale = Scale.SHARE,
        square: bool = True,
        widest: float = 1.0,
        finest: float = 0.0,
    ) -> None:
        super().__init__(parent)
        self._scale, self._square, self._widest, self._finest = scale, square, widest, finest
        self._values: Floats = np.zeros((0, 0), dtype=np.float32)
        self._rows, self._columns, self._gaps = Axis(()), Axis(()), Gaps()
        self._limit = 1.0
        self._per_row = False
        self._cell: Cell | None = None
        self._row: int | None = None
        self._under: Cell | None = None
        self._pressed: QPointF | None = None
        self._shrunk_by: tuple[int, int] | None = None
        self._whole = False  # whether every cell is drawn
        self._image = pg.ImageItem(axisOrder="row-major")
        self._box = pg.ViewBox(enableMenu=False, defaultPadding=0, invertY=True)
        self._box.disableAutoRange()
        self._box.addItem(self._image)
        self._box.sigRangeChanged.connect(self._render)
        self.scene().addItem(self._box)
        # The scene would have all painted once more after it was; whatever changes here says so itself.
        self.setViewportUpdateMode(self.ViewportUpdateMode.NoViewportUpdate)
        self.setMinimumSize(60, 40)
        self._dress()

    # What is shown

    def show_values(self, values: Floats, rows: Axis, columns: Axis, limit: float = 1.0) -> None:
        """Draws ``values`` (R, C) from 0, or -limit, to ``limit``; zoomed out where their shape is new.

        A value that is not finite is drawn as nothing, and rows and columns that are NaN throughout are struck out.
        """
        anew = values.shape != self._values.shape
        self._values, self._limit, self._gaps = values, limit or 1.0, Gaps.of(values)
        self._rows, self._columns = self._gaps.quiet(rows, columns)
        self._shrunk_by = None
        if anew:
            self.mark(self._cell, self._row)
            self._under = None
            height, width = values.shape
            self._box.setLimits(
                xMin=0,
                xMax=max(width, 1),
                yMin=0,
                yMax=max(height, 1),
                minXRange=min(_FEWEST_CELLS, width) or 1,
                minYRange=min(_FEWEST_CELLS, height) or 1,
            )
        self._place()
        if anew:
            self.show_all()
        self._render()
        self.renewed.emit()

    def set_per_row(self, on: bool) -> None:
        """Gives the strongest colour to the largest value of each row, whatever it is; written values stay theirs."""
        self._per_row, self._shrunk_by = on, None
        self._render()

    @property
    def values(self) -> Floats:
        """(R, C) what is drawn."""
        return self._values

    def sheet(self) -> Sheet:
        """What is drawn, with its labels."""
        return Sheet(self._values, self._rows.labels, self._columns.labels)

    @property
    def cell(self) -> Cell | None:
        """The cell that is marked."""
        return self._cell

    def mark(self, cell: Cell | None, row: int | None = None) -> None:
        """Frames ``cell`` and its row, or without a cell ``row`` alone, or nothing."""
        cell = cell if cell is not None and self._has(cell) else None
        row = cell[0] if cell is not None else row if row is not None and row < self._values.shape[0] else None
        if (cell, row) != (self._cell, self._row):
            self._cell, self._row = cell, row
            self.viewport().update()

    def show_all(self) -> None:
        """Zooms out until every cell is seen."""
        height, width = self._values.shape
        self._box.setRange(xRange=(0, max(width, 1)), yRange=(0, max(height, 1)), padding=0)

    def zoom(self, factor: float) -> None:
        """Shows ``factor`` times fewer cells along each side, around the marked cell or the middle."""
        centre = None if self._cell is None else QPointF(self._cell[1] + 0.5, self._cell[0] + 0.5)
        self._box.scaleBy((1 / factor, 1 / factor), center=centre)

    def link(self, other: Heatmap) -> None:
        """Zooms and pans together with ``other``."""
        self._box.setXLink(other._box)
        self._box.setYLink(other._box)

    def map_rect(self) -> QRectF:
        """Where the cells lie in the widget."""
        return QRectF(self._box.geometry())

    def cell_rect(self, cell: Cell) -> QRectF:
        """Where one cell lies in the widget, perhaps outside of what is seen."""
        down, across = self._lines()
        return QRectF(across.start + cell[1] * across.cell, down.start + cell[0] * down.cell, across.cell, down.cell)

    def sizeHint(self) -> QSize:
        return QSize(420, 420) if self._square else QSize(600, 90)

    def close(self) -> bool:
        """Qt's own: pyqtgraph's takes the viewport away, which Qt 6 does not survive."""
        return bool(QGraphicsView.close(self))

    # Mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        under = self._cell_at(event.position())
        if under != self._under:
            self._under = under
            self.hovered.emit(under)

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        if self._under is not None:
            self._under = None
            self.hovered.emit(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        self._pressed = event.position() if event.button() == Qt.MouseButton.LeftButton else None

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, None
        if pressed is None or (event.position() - pressed).manhattanLength() >= QApplication.startDragDistance():
            return
        cell = self._cell_at(event.position())
        if cell is not None:
            self.chosen.emit(*cell)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.show_all()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = Qt.Key(event.key())
        if key in _MOVES and self._values.size:
            self._move(*_MOVES[key])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(1.25)
        elif key == Qt.Key.Key_Minus:
            self.zoom(0.8)
        elif key == Qt.Key.Key_0:
            self.show_all()
        else:
            event.ignore()

    def _move(self, down: int, across: int) -> None:
        height, width = self._values.shape
        row, column = self._cell or (self._row or 0, -1)
        cell = (min(max(row + down, 0), height - 1), min(max(column + across, 0), width - 1))
        self._reveal(cell)
        self.chosen.emit(*cell)

    def _reveal(self, cell: Cell) -> None:
        """Pans as far as it takes to see ``cell``."""
        (left, right), (top, bottom) = self._box.viewRange()
        row, column = cell
        x = min(0, column - left) + max(0, column + 1 - right)
        y = min(0, row - top) + max(0, row + 1 - bottom)
        if x or y:
            self._box.translateBy(x=x, y=y)

    def _cell_at(self, point: QPointF) -> Cell | None:
        if not self.map_rect().contains(point) or not self._values.size:
            return None
        down, across = self._lines()
        cell = (int((point.y() - down.start) // down.cell), int((point.x() - across.start) // across.cell))
        return cell if self._has(cell) else None

    def _has(self, cell: Cell) -> bool:
        return 0 <= cell[0] < self._values.shape[0] and 0 <= cell[1] < self._values.shape[1]

    # Where it lies

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if hasattr(self, "_box"):
            self._place()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_box"):
            self._dress()
            self._place()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def _dress(self) -> None:
        self._labels = theme.mono()
        self._labels.setPointSizeF(self._labels.pointSizeF() * 0.9)
        self._figures = theme.font(0.8)
        lut = theme.attention_lut() if self._scale is Scale.SHARE else theme.signed_lut()
        self._ink = [QColor(theme.readable_on(f"#{red:02X}{green:02X}{blue:02X}")) for red, green, blue, _ in lut]
        self._image.setLookupTable(lut)
        self.setBackground(theme.palette().paper)
        self.viewport().update()

    def _place(self) -> None:
        """Gives the cells the room that their labels leave."""
        height, width = (max(1, count) for count in self._values.shape)
        left = axes.left_margin(self._rows, self._labels)
        cell = _LARGEST_CELL
        for _ in range(2):  # labels lie flatter over wide cells, so they ask for the cell and the cell for them
            top = axes.top_margin(self._columns, self._labels, cell)
            right = axes.right_margin(self._columns, self._labels, cell)
            across, down = self.width() - left - right - 2, self.height() - top - 3
            high = max(0.05, min(_LARGEST_CELL, across / width, down / height))
            cell = max(0.05, min(across / width, self._widest * high)) if self._square else across / width
        if self._square:
            across, down = cell * width, high * height
        self._box.setGeometry(QRectF(round(left), round(top), max(1.0, across), max(1.0, down)))
        self._render()

    def show_whole(self, on: bool) -> None:
        """Draws every cell, also where several share a pixel of the screen."""
        self._whole = on
        self._render()

    def _lines(self) -> tuple[Line, Line]:
        """Where rows and columns lie."""
        place = self.map_rect()
        (left, right), (top, bottom) = self._box.viewRange()
        across, down = place.width() / (right - left), place.height() / (bottom - top)
        return (
            Line(place.top() - top * down, down, place.top(), place.bottom()),
            Line(place.left() - left * across, across, place.left(), place.right()),
        )

    # The picture

    def _render(self) -> None:
        """Hands the image what fits the pixels: of cells that share one, the one that stands out."""
        self.viewport().update()
        if not self._values.size:
            self._image.clear()
            return
        down, across = self._lines()
        spot = max(1 / self.devicePixelRatioF(), self._finest)
        steps = (1, 1) if self._whole else (_share(down.cell, spot), _share(across.cell, spot))
        if steps == self._shrunk_by:
            return
        self._shrunk_by = steps
        reduce = shrink.largest if self._scale is Scale.SHARE else shrink.outstanding
        low = 0.0 if self._scale is Scale.SHARE else -self._limit
        drawn = self._values if np.isfinite(self._values).all() else np.nan_to_num(self._values, posinf=0, neginf=0)
        image = reduce(shrink.by_row(drawn) if self._per_row else drawn, *steps)
        self._image.setImage(image, autoLevels=False, levels=(low, self._limit))
        self._image.setRect(QRectF(0, 0, image.shape[1] * steps[1], image.shape[0] * steps[0]))

    def drawForeground(self, painter: QPainter, rect: QRectF | object) -> None:
        # No Python error may leave this: Qt calls it while it paints, and would not survive.
        if not self._values.size:
            return
        down, across = self._lines()
        place, column = self.map_rect(), self._cell[1] if self._cell is not None else None
        painter.save()
        painter.setFont(self._labels)
        axes.paint_rows(painter, self._rows, down, place.left(), self._row)
        axes.paint_columns(painter, self._columns, across, place.top(), column)
        painter.setClipRect(place.adjusted(-2, -2, 2, 2))
        self._gaps.paint(painter, place, down, across)
        self._paint_lines(painter, down, across)
        self._paint_values(painter, down, across)
        self._paint_marks(painter)
        painter.restore()

    def _paint_lines(self, painter: QPainter, down: Line, across: Line) -> None:
        place, colours = self.map_rect(), theme.palette()
        painter.setPen(QPen(QColor(colours.panel if self._scale is Scale.SIGNED else colours.paper), 1))
        if across.cell >= _LINES_FROM and down.cell >= _LINES_FROM:
            on_pixel = float if is_drawing(painter) else lambda place: round(place) + 0.5
            for entry in across.entries(len(self._columns), 1):
                x = on_pixel(across.start + entry * across.cell)
                painter.drawLine(QPointF(x, place.top()), QPointF(x, place.bottom()))
            for entry in down.entries(len(self._rows), 1):
                y = on_pixel(down.start + entry * down.cell)
                painter.drawLine(QPointF(place.left(), y), QPointF(place.right(), y))
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawRect(place.adjusted(-0.5, -0.5, 0.5, 0.5))

    def _paint_values(self, painter: QPainter, down: Line, across: Line) -> None:
        metrics = QFontMetricsF(self._figures)
        decimals = 2 if self._limit >= _FINE else 3
        if across.cell < metrics.horizontalAdvance(f"{0:.{decimals}f}") + 3 or down.cell < metrics.height() + 2:
            return
        painter.setFont(self._figures)
        tight = across.cell < metrics.horizontalAdvance(f"−{0:.{decimals}f}") + 3
        drop = (metrics.ascent() - metrics.descent()) / 2
        for row in down.entries(len(self._rows), 1):
            strongest = float(np.nanmax(np.abs(self._values[row]), initial=0)) or 1.0 if self._per_row else 1.0
            for column in across.entries(len(self._columns), 1):
                value = float(self._values[row, column])
                if not math.isfinite(value) or abs(value) < LEAST_WRITTEN * self._limit * strongest:
                    continue
                text = f"{value:.{decimals}f}".replace("-", "−")
                if tight and self._scale is Scale.SIGNED:
                    text = text.replace("0.", ".", 1)  # a minus takes its place
                if metrics.horizontalAdvance(text) > across.cell and abs(value) >= 1:
                    text = f"{value:.1f}".replace("-", "−")
                painter.setPen(self._ink[self._level(value / strongest)])
                x = across.centre(column) - metrics.horizontalAdvance(text) / 2
                painter.drawText(QPointF(x, down.centre(row) + drop), text)

    def _paint_marks(self, painter: QPainter) -> None:
        place, colours = self.map_rect(), theme.palette()
        if self._row is not None:
            painter.setPen(QPen(QColor(colours.accent), 2))
            row = self.cell_rect((self._row, 0))
            if row.height() < _FRAME:  # around a row too thin for a frame
                row.adjust(0, (row.height() - _FRAME) / 2, 0, (_FRAME - row.height()) / 2)
            painter.drawRect(QRectF(place.left(), row.top(), place.width(), row.height()).adjusted(0, 0, 1, 1))
        if self._cell is not None:
            cell = self.cell_rect(self._cell)
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.drawRect(cell.adjusted(1, 1, 0, 0) if cell.width() > 4 else cell.adjusted(-1, 0, 1, 0))
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.drawRect(place.adjusted(-1.5, -1.5, 1.5, 1.5))

    def _level(self, value: float) -> int:
        low = 0.0 if self._scale is Scale.SHARE else -self._limit
        return min(255, max(0, int((value - low) / (self._limit - low) * 255)))


def _share(cell: float, spot: float) -> int:
    """How many cells of that many pixels share a ``spot``."""
    return max(1, math.ceil(spot / cell - 1e-6)) if cell > 0 else 1
