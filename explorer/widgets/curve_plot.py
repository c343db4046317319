"""Curves over steps on two axes, with lines to measure them against; hovering and arrow keys tell of a step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QFontMetricsF,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.widgets.curve_axes import Scale
from explorer.widgets.curve_drawing import Curve, Drawing
from explorer.widgets.curve_labels import along_lines, spread
from explorer.widgets.curve_quantities import Baseline
from explorer.widgets.curve_smoothing import Pixels

DASHES: tuple[tuple[float, ...], ...] = ((), (7, 4), (2, 4), (10, 3, 2, 3))  # of one run after the other
_BESIDE = 6.0  # pixels between lines and words
_SMALL = 0.85  # of the size of the text
_DOT = 3.0  # pixels from the middle of a point to its edge
_POINTS_APART = 7.0  # pixels, below which the points of a validation are not drawn one by one
_LINES_APART = 40.0  # pixels between the lines of the grid, and twice the height of a figure
_LEAST = QSize(220, 150)


class Axes(NamedTuple):
    """The room of the curves, the scale of the steps and that of the numbers with what is written beside it."""

    area: QRectF
    across: Scale
    up: Scale
    ticks: Sequence[tuple[float, str]]


class Plot(QWidget):
    """Shows a drawing. What does not change while the mouse moves is painted once."""

    pointed = Signal(object)  # the step that is read, None for none
    picked = Signal(float)  # a step that was clicked, or that is read when Return is pressed

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._drawing = Drawing()
        self._step: float | None = None
        self._kept: QPixmap | None = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    @property
    def drawing(self) -> Drawing:
        """What is shown."""
        return self._drawing

    @property
    def step(self) -> float | None:
        """The step that is read."""
        return self._step

    def show_drawing(self, drawing: Drawing) -> None:
        """Draws anew. The step that is read stays where there is still one near."""
        self._drawing = drawing
        self._renew()
        if self._step is not None:
            self.read(self._nearest(self._step))

    def read(self, step: float | None) -> None:
        """Draws the hairline at a step, and tells of it."""
        if step != self._step:
            self._step = step
            self.update()
            self.pointed.emit(step)

    def area(self) -> QRectF:
        """Where the curves are, without what stands around them."""
        return self._axes().area

    def place(self, step: float, value: float) -> QPointF:
        """Where a value at a step is in the widget."""
        axes = self._axes()
        return QPointF(axes.across.pixel(step), axes.up.pixel(value))

    def sizeHint(self) -> QSize:
        return QSize(560, 320)

    def minimumSizeHint(self) -> QSize:
        return _LEAST

    # Mouse and keys

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        axes, point = self._axes(), event.position()
        inside = axes.area.adjusted(-_BESIDE, 0, _BESIDE, _BESIDE).contains(point)
        self.read(self._nearest(axes.across.value(point.x())) if inside else None)

    def leaveEvent(self, event: QEvent) -> None:
        self.read(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self._step is not None:
            self.picked.emit(self._step)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        stops, key = self._drawing.stops, event.key()
        moves = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_PageUp: -10, Qt.Key.Key_PageDown: 10}
        if key == Qt.Key.Key_Escape and self._step is not None:
            self.read(None)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._step is not None:
            self.picked.emit(self._step)
        elif len(stops) and key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self.read(float(stops[0 if key == Qt.Key.Key_Home else -1]))
        elif len(stops) and key in moves:
            last = len(stops) - 1
            now = int(np.searchsorted(stops, self._step)) if self._step is not None else last
            move = moves[Qt.Key(key)] * self._stride() if self._step is not None else 0
            self.read(float(stops[min(max(now + move, 0), last)]))
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._renew()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._renew()

    def _renew(self) -> None:
        self._kept = None
        self.update()

    def _stride(self) -> int:
        """Points that an arrow key goes over: as few as can be told apart on screen."""
        return max(1, round(len(self._drawing.stops) / max(1.0, self.area().width())))

    def _nearest(self, step: float) -> float | None:
        stops = self._drawing.stops
        if not len(stops):
            return None
        after = min(int(np.searchsorted(stops, step)), len(stops) - 1)
        near = stops[max(0, after - 1) : after + 1]
        return float(near[np.abs(near - step).argmin()])

    # Where things are

    def _axes(self) -> Axes:
        words, drawing = QFontMetricsF(theme.font(_SMALL)), self._drawing
        high = words.height()
        top = (1 + self._legend_lines(words)) * (high + 2) + 4
        bottom = max(top + 40, self.height() - high - _BESIDE)
        up = Scale(drawing.low, drawing.high, bottom, top, drawing.log)
        values = up.ticks(max(2 * high, _LINES_APART))
        ticks = drawing.ticks(values)
        left = max(map(words.horizontalAdvance, ticks), default=0.0) + _BESIDE + 2
        names = [words.horizontalAdvance(curve.series.name) for curve in self._named()]
        most = words.horizontalAdvance(f"{drawing.last:,.0f}") / 2
        right = max(left + 40, self.width() - max(max(names, default=0.0) + _BESIDE + 2, most + 1, 12.0))
        across = Scale(0.0, max(drawing.last, 1.0), left, right)
        return Axes(QRectF(left, top, right - left, bottom - top), across, up, list(zip(values, ticks, strict=True)))

    def _named(self) -> list[Curve]:
        """The curves with a name at their end."""
        return [
            curve for curve in self._drawing.curves if curve.series.named and not curve.run and not curve.validation
        ]

    def _legend(self, words: QFontMetricsF) -> list[tuple[float, int, str]]:
        """Where each run's sample begins, on which line, and its name, cut to the width that there is."""
        found, x, line = [], 0.0, 0
        for name in self._drawing.runs if len(self._drawing.runs) > 1 else ():
            short = words.elidedText(name, Qt.TextElideMode.ElideMiddle, max(40.0, self.width() - 40.0))
            width = 30 + words.horizontalAdvance(short) + 14
            if x and x + width > self.width():
                x, line = 0.0, line + 1
            found.append((x, line, short))
            x += width
        return found

    def _legend_lines(self, words: QFontMetricsF) -> int:
        legend = self._legend(words)
        return legend[-1][1] + 1 if legend else 0

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        sharpness = painter.deviceTransform().m11()  # more than the screen's where a picture is saved
        if abs(sharpness - self.devicePixelRatioF()) > 0.01:
            self._paint(painter)
        else:
            if self._kept is None:
                self._kept = QPixmap((self.size().toSizeF() * sharpness).toSize())
                self._kept.setDevicePixelRatio(sharpness)
                self._kept.fill(Qt.GlobalColor.transparent)
                with QPainter(self._kept) as inner:
                    self._paint(inner)
            painter.drawPixmap(0, 0, self._kept)
        self._paint_reading(painter)

    def _paint(self, painter: QPainter) -> None:
        painter.setFont(theme.font(_SMALL))
        if not self._drawing.curves:
            painter.setFont(theme.font())
            painter.setPen(QColor(theme.palette().faint))
            painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._drawing.empty)
            return
        axes = self._axes()
        area, across, up, _ = axes
        self._paint_axes(painter, axes)
        self._paint_legend(painter)
        self._paint_baselines(painter, area, up)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.save()
        painter.setClipRect(area.adjusted(-_DOT, -_DOT, _DOT, _DOT))
        points = self._paint_curves(painter, across, up)
        painter.restore()
        taken = self._paint_names(painter, area, across, up)
        self._paint_words(painter, area, up, taken, points)

    def _paint_axes(self, painter: QPainter, axes: Axes) -> None:
        area, across, up, ticks = axes
        colours, words = theme.palette(), painter.fontMetrics()
        line, faint = QPen(QColor(colours.line), 1), QPen(QColor(colours.faint))
        for value, written in ticks:
            y = round(up.pixel(value)) + 0.5
            painter.setPen(line)
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))
            box = QRectF(0, y - words.height() / 2, area.left() - _BESIDE, words.height())
            painter.setPen(faint)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, written)
        widest = words.horizontalAdvance(f"{self._drawing.last:,.0f}")
        for value in across.ticks(widest * 1.6 + 12):
            if value % 1:  # between two steps
                continue
            x, label = across.pixel(value), f"{value:,.0f}"
            box = QRectF(x - widest, area.bottom() + 4, 2 * widest, words.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, label)
        unit = QRectF(area.left(), area.top() - words.height() - 3, area.width(), words.height())
        painter.drawText(unit, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self._drawing.unit)

    def _paint_legend(self, painter: QPainter) -> None:
        colours, words = theme.palette(), QFontMetricsF(painter.font())
        for run, (x, line, name) in enumerate(self._legend(words)):
            middle = round((line + 0.5) * (words.height() + 2)) + 0.5
            painter.setPen(_pen(colours.ink, 1.6, run))
            painter.drawLine(QPointF(x + 1, middle), QPointF(x + 23, middle))
            painter.setPen(QColor(colours.faint if run else colours.ink))
            painter.drawText(
                QPointF(x + 30, middle + (words.ascent() - words.descent()) / 2),
                name,
            )

    def _paint_baselines(self, painter: QPainter, area: QRectF, up: Scale) -> None:
        pen = QPen(QColor(theme.palette().special), 1)
        pen.setDashPattern([4, 3])
        painter.setPen(pen)
        for _, y in self._seen_baselines(area, up):
            painter.drawLine(QPointF(area.left(), round(y) + 0.5), QPointF(area.right(), round(y) + 0.5))

    def _seen_baselines(self, area: QRectF, up: Scale) -> list[tuple[Baseline, float]]:
        found = [(baseline, up.pixel(baseline.value)) for baseline in self._drawing.baselines]
        return [(baseline, y) for baseline, y in found if area.top() - 1 <= y <= area.bottom() + 1]

    def _paint_curves(self, painter: QPainter, across: Scale, up: Scale) -> NDArray[np.float64]:
        """Raw lines, then those of other runs, then the strong ones. Gives back points (P, 2) of all of them."""
        colours, drawn = theme.palette(), list[NDArray[np.float64]]()
        columns: dict[int, Pixels] = {}

        def line(curve: Curve, values: NDArray[Any], colour: str, width: float) -> None:
            if (shared := id(curve.steps)) not in columns:  # by all lines of a run
                columns[shared] = Pixels.of(across.pixels(curve.steps))
            x, y = columns[shared].thinned(up.pixels(values))
            painter.setPen(_pen(colour, width, curve.run))
            painter.drawPath(pg.functions.arrayToQPath(x, y))
            drawn.append(np.stack([x, y], axis=1))
            if len(x) == 1 or (curve.validation and len(x) * _POINTS_APART < x[-1] - x[0]):
                painter.setPen(_pen(colour, 1.4))
                painter.setBrush(QColor(colours.paper))
                for place in zip(x.tolist(), y.tolist(), strict=True):
                    painter.drawEllipse(QPointF(*place), _DOT, _DOT)
                painter.setBrush(Qt.BrushStyle.NoBrush)

        for curve in self._drawing.curves:
            if curve.smooth is not None and curve.series.strong and not curve.run:
                line(curve, curve.raw, theme.mixed(curve.series.colour(), colours.paper, 0.6), 1.0)
        for curve in sorted(self._drawing.curves, key=lambda curve: (-curve.run, curve.validation)):
            colour, values = curve.series.colour(), curve.raw if curve.smooth is None else curve.smooth
            shade = theme.mixed(colour, colours.paper, 0.25) if curve.run else colour
            width = 1.0 if curve.validation else 1.8 if curve.series.strong else 1.2
            line(curve, values, shade, width)
        return np.concatenate(drawn) if drawn else np.zeros((0, 2))

    def _paint_names(self, painter: QPainter, area: QRectF, across: Scale, up: Scale) -> list[QRectF]:
        """What each line is called, at its end; gives back where that stands."""
        words, ends = QFontMetricsF(painter.font()), []
        for curve in self._named():
            values = curve.raw if curve.smooth is None else curve.smooth
            known = np.flatnonzero(np.isfinite(up.pixels(values[-1000:]))) + max(0, len(values) - 1000)
            if len(known):
                ends.append((curve.series, across.pixel(curve.steps[known[-1]]), up.pixel(values[known[-1]])))
        if len(ends) < 2 or len(ends) * words.height() > area.height():
            return []
        places = spread([y for _, _, y in ends], words.height(), area.top() - 4, area.bottom() + 4)
        boxes = []
        for (series, x, _), y in zip(ends, places, strict=True):
            width = words.horizontalAdvance(series.name) + 2
            box = QRectF(x + _BESIDE, y - words.height() / 2, width, words.height())
            _write(painter, box, series.name, series.colour(text=True))
            boxes.append(box)
        return boxes

    def _paint_words(
        self, painter: QPainter, area: QRectF, up: Scale, taken: list[QRectF], points: NDArray[np.float64]
    ) -> None:
        """What the lines to measure against say about themselves."""
        words = QFontMetricsF(painter.font())
        seen = self._seen_baselines(area, up)
        sizes = [QSizeF(words.horizontalAdvance(baseline.words) + 4, words.height()) for baseline, _ in seen]
        boxes = along_lines([y for _, y in seen], sizes, area, taken, points)
        for (baseline, _), box in zip(seen, boxes, strict=True):
            if box is not None:
                _write(painter, box, baseline.words, theme.palette().faint)

    def _paint_reading(self, painter: QPainter) -> None:
        """The hairline and a dot on each line that is read; and that the keyboard is here."""
        if not self._drawing.curves:
            return
        area, across, up, _ = self._axes()
        colours = theme.palette()
        if self.hasFocus():
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.drawRect(area.adjusted(-0.5, -0.5, 0.5, 0.5))
        if self._step is None:
            return
        x = across.pixel(self._step)
        painter.setPen(QPen(QColor(colours.special), 1))
        painter.drawLine(QPointF(round(x) + 0.5, area.top()), QPointF(round(x) + 0.5, area.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(colours.paper), 1))
        for curve in self._drawing.curves:
            if curve.run or curve.validation or not len(curve.steps):
                continue
            place = min(int(np.searchsorted(curve.steps, self._step)), len(curve.steps) - 1)
            y = up.pixel(float(curve.raw[place]))
            if curve.steps[place] == self._step and np.isfinite(y):
                painter.setBrush(QColor(curve.series.colour()))
                painter.drawEllipse(QPointF(x, y), _DOT + 0.5, _DOT + 0.5)


def _write(painter: QPainter, box: QRectF, words: str, colour: str) -> None:
    """On a little paper, where a curve goes below."""
    paper = QColor(theme.palette().paper)
    paper.setAlphaF(0.7)
    painter.fillRect(box.adjusted(-1, 1, 1, -1), paper)
    painter.setPen(QColor(colour))
    painter.drawText(box, Qt.AlignmentFlag.AlignCenter, words)


def _pen(colour: str, width: float, run: int = 0) -> QPen:
    pen = QPen(QColor(colour), width)
    pen.setJoinStyle(Qt.PenJoinStyle.BevelJoin)
    if dashes := DASHES[run % len(DASHES)]:
        pen.setDashPattern([length / max(width, 1.0) for length in dashes])
    return pen
