"""Probabilities before and after something was changed: a ring and a dot on a line, and both in figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.bars import Bar, Bars
from explorer.widgets.figures import percent

_PITCH = 6  # pixels between the lines
_RADIUS = 4.0  # pixels of ring and dot
_MARK = 3.0  # pixels beside the chosen line
_WIDEST = "≤ 0.01 %"


@dataclass(frozen=True)
class Shift(Bar):
    """One line: ``share`` is the probability after, ``change`` its change in figures.

    ``group`` stands above the first of several that have the same; they share a scale that ends at the largest.
    """

    before: float = 0.0
    change: str = ""
    group: str = ""


class Shifts(Bars):
    """Shows shifts, the first on top. Ctrl+click or X on one asks to switch off what it is about.

    ``pieces`` are written in the fixed font. ``measures`` are what a sheet calls the probability before and after;
    behind them it has the change in percentage points.
    """

    toggled = Signal(int)

    def __init__(self, measures: tuple[str, str], *, pieces: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent, ranked=False)
        self._measures, self._pieces, self._shows_before = measures, pieces, True
        self._marked: int | None = None
        self._headings: list[int] = []  # how many of them stand above each line

    @property
    def shifts(self) -> list[Shift]:
        """What is drawn."""
        return [bar for bar in self.bars if isinstance(bar, Shift)]

    def show_shifts(self, shifts: Sequence[Shift], *, before: bool) -> None:
        """Draws ``shifts``; what was ``before`` is left out of the figures where that is the same in each line."""
        former, self._shows_before = self.sizeHint(), before
        groups = ["", *(shift.group for shift in shifts)]
        self._headings = list(accumulate(here not in ("", last) for last, here in pairwise(groups)))
        self.show_bars(shifts)
        if self.sizeHint() != former:
            self.updateGeometry()

    def mark(self, index: int | None) -> None:
        """Marks the line that is chosen."""
        if index != self._marked:
            self._marked = index
            self.update()

    def sheet(self) -> Sheet:
        """What is drawn, a row a line."""
        shares = np.array([(shift.before, shift.share) for shift in self.shifts]).reshape(-1, 2)
        values = np.column_stack([shares, 100 * (shares[:, 1] - shares[:, 0])])
        names = [" ".join(filter(None, (shift.group, shift.label))) for shift in self.shifts]
        return Sheet(values, names, (*self._measures, "change in percentage points"))

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._place_at(event.position())
        if index is not None and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._go(index)
            self.toggled.emit(index)
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_X and self.bars:
            self.toggled.emit(self._current)
        else:
            super().keyPressEvent(event)

    def _told(self, bar: Bar) -> str:
        if not isinstance(bar, Shift):
            return super()._told(bar)
        told = self.tr("{0}: from {1} to {2}, change {3}").format(
            bar.label, percent(bar.before), percent(bar.share), bar.change
        )
        return f"{bar.group}. {told}" if bar.group else told

    # The picture

    def _line(self, index: int) -> int:
        return index + (self._headings[index] if 0 <= index < len(self._headings) else 0)

    def _pitch(self) -> float:
        return round(QFontMetricsF(theme.mono()).height() + _PITCH)

    def _words(self, bar: Bar) -> QFont:
        return theme.mono() if self._pieces else theme.font()

    def _columns(self) -> list[float]:
        """How wide the columns of figures are, each with the space before it."""
        metrics = QFontMetricsF(theme.font())
        share, arrow = metrics.horizontalAdvance(_WIDEST), metrics.horizontalAdvance("→")
        change = max((metrics.horizontalAdvance(shift.change) for shift in self.shifts), default=0.0)
        change = max(change, metrics.horizontalAdvance("−00.0")) + 12 if change else 0.0
        return [share + 4, arrow + 8, share + 6, change] if self._shows_before else [0.0, 0.0, share + 4, change]

    def _figures_width(self) -> float:
        return sum(self._columns()) + 4

    def _paint_figures(self, painter: QPainter, bar: Bar, box: QRectF) -> None:
        if not isinstance(bar, Shift):
            return
        colours, right = theme.palette(), box.right() - sum(self._columns())
        texts = (percent(bar.before), "→", percent(bar.share), bar.change)
        inks = (colours.faint, colours.faint, colours.ink, colours.ink)
        for text, ink, width in zip(texts, inks, self._columns(), strict=True):
            right += width
            if width:
                painter.setPen(QColor(ink))
                place = QRectF(right - width, box.top(), width, box.height())
                painter.drawText(place, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, text)

    def _paint_words(self, painter: QPainter, index: int, bar: Bar, rank: float, end: float) -> None:
        colours, line = theme.palette(), self.bar_rect(index)
        above = self._headings[index - 1] if index else 0
        if isinstance(bar, Shift) and self._headings[index] > above:
            painter.setFont(theme.font(0.9))
            painter.setPen(QColor(colours.faint))
            place = line.translated(0, -line.height()).adjusted(2 * _MARK, 0, 0, -2)
            group = QFontMetricsF(painter.font()).elidedText(bar.group, Qt.TextElideMode.ElideRight, place.width())
            painter.drawText(place, Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft, group)
        if index == self._marked:
            painter.fillRect(line, QColor(theme.mixed(colours.paper, colours.accent, 0.1)))
            painter.fillRect(QRectF(0, line.top(), _MARK, line.height()), QColor(colours.accent))
        super()._paint_words(painter, index, bar, rank + 2 * _MARK, end)

    def _paint_track(self, painter: QPainter, bar: Bar, line: QRectF, left: float, right: float) -> None:
        if not isinstance(bar, Shift):
            return
        colours, middle = theme.palette(), line.center().y()
        alike = [shift for shift in self.shifts if shift.group == bar.group]
        full = max(max(shift.before, shift.share) for shift in alike) or 1.0
        room = max(0.0, right - left - 2 * _RADIUS)
        before, after = (QPointF(left + _RADIUS + share / full * room, middle) for share in (bar.before, bar.share))
        painter.setPen(QPen(QColor(colours.line), 1))
        painter.drawLine(QPointF(left, middle), QPointF(right, middle))
        colour = QColor(colours.positive if bar.share > bar.before else colours.negative)
        if bar.share == bar.before:
            colour = QColor(colours.accent)
        painter.setPen(QPen(colour, 2.5))
        painter.drawLine(before, after)
        painter.setPen(QPen(QColor(colours.faint), 1.5))
        painter.setBrush(QColor(colours.paper))
        painter.drawEllipse(before, _RADIUS, _RADIUS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        painter.drawEllipse(after, _RADIUS, _RADIUS)
        painter.setBrush(Qt.BrushStyle.NoBrush)
