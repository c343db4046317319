"""Probabilities, or other shares, as bars: rank, word, bar and number, the largest fills the track."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontMetricsF,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.figures import percent
from explorer.widgets.pointed import Pointed

_LONGEST_LABEL = 0.5  # of the width; what is longer is cut
_GAP = 10.0
_LEAST = 40  # letters of text that it is as wide as, at least


@dataclass(frozen=True)
class Bar:
    """One line: ``share`` is a probability or a cosine, which below zero is drawn hollow; ``note`` a word about it."""

    label: str
    share: float
    note: str = ""


class Bars(Pointed):
    """Shows bars, the first on top. A click, or Enter on the one reached with the arrow keys, chooses one.

    ``write`` makes words of a share, and ``measure`` is what a sheet calls it.
    """

    chosen = Signal(int)

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        ranked: bool = True,
        choosable: bool = True,
        write: Callable[[float], str] = percent,
        measure: str = "probability",
    ) -> None:
        super().__init__(parent)
        self._write, self._measure = write, measure
        self._ranked, self._choosable = ranked, choosable
        self._bars: tuple[Bar, ...] = ()
        self._full = 1.0
        self._current = 0
        self.setMouseTracking(choosable)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_bars(self, bars: Sequence[Bar], full: float | None = None) -> None:
        """Draws ``bars``; a share of ``full``, or the largest, fills the track."""
        if len(bars) != len(self._bars):
            self.updateGeometry()
        self._bars = tuple(bars)
        self._full = full or max((bar.share for bar in bars), default=1.0) or 1.0
        self._current = min(self._current, max(len(bars) - 1, 0))
        self._describe()
        self.update()

    @property
    def bars(self) -> tuple[Bar, ...]:
        """What is drawn."""
        return self._bars

    def sheet(self) -> Sheet:
        """What is drawn, a row a bar."""
        shares = np.array([[bar.share] for bar in self._bars], dtype=np.float64).reshape(-1, 1)
        return Sheet(shares, [bar.label for bar in self._bars], (self._measure,))

    def bar_rect(self, index: int) -> QRectF:
        """Where a line lies in the widget."""
        return QRectF(0, self._line(index) * self._pitch(), self.width(), self._pitch())

    def sizeHint(self) -> QSize:
        lines = self._line(len(self._bars) - 1) + 1
        return QSize(440, round(self._pitch() * max(1, lines)) + 2)

    def minimumSizeHint(self) -> QSize:
        return QSize(round(QFontMetricsF(theme.font()).averageCharWidth() * _LEAST), self.sizeHint().height())

    # Mouse and keys

    def _take(self, index: int) -> None:
        self._go(index)
        if self._choosable:
            self.chosen.emit(index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Up:
            self._go(max(0, self._current - 1))
        elif key == Qt.Key.Key_Down:
            self._go(min(len(self._bars) - 1, self._current + 1))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._choosable and self._bars:
            self.chosen.emit(self._current)
        else:
            event.ignore()

    def _go(self, index: int) -> None:
        self._current = max(0, index)
        self._describe()
        self.update()

    def _describe(self) -> None:
        if self._bars:
            bar = self._bars[self._current]
            self.setAccessibleDescription(self._told(bar))

    def _told(self, bar: Bar) -> str:
        """What a screen reader says of a line."""
        return " ".join(filter(None, (bar.label, self._write(bar.share), bar.note)))

    def _hover(self, place: int | None) -> None:
        if place != self._under:
            self.setCursor(Qt.CursorShape.PointingHandCursor if place is not None else Qt.CursorShape.ArrowCursor)
            self.update()
        super()._hover(place)

    def _place_at(self, point: QPointF) -> int | None:
        lines = (index for index in range(len(self._bars)) if self.bar_rect(index).contains(point))
        return next(lines, None) if self.rect().contains(point.toPoint()) else None

    # The picture

    def _words(self, bar: Bar) -> QFont:
        """Pieces of a vocabulary stand in the fixed font, that of the text is bold."""
        return _bold(theme.mono()) if self._ranked and bar.note else theme.mono() if self._ranked else theme.font()

    def _line(self, index: int) -> int:
        """How many lines down a bar stands."""
        return index

    def _pitch(self) -> float:
        return round(QFontMetricsF(theme.mono()).height() + 10)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        rank, left, right = self._edges()
        for index, bar in enumerate(self._bars):
            line = self.bar_rect(index)
            if index == self._under and self._choosable:
                painter.fillRect(line, QColor(theme.palette().panel))
            self._paint_words(painter, index, bar, rank, left - _GAP)
            self._paint_track(painter, bar, line, left, max(left + 10, right))
        if self.hasFocus() and self._bars:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
            painter.setPen(QPen(QColor(theme.palette().accent), 1))
            painter.drawRect(self.bar_rect(self._current).adjusted(0.5, 0.5, -1, -0.5))

    def _edges(self) -> tuple[float, float, float]:
        """Where the ranks end, and where the tracks begin and end."""
        words, plain = QFontMetricsF(_bold(theme.mono())), QFontMetricsF(theme.font())
        rank = plain.horizontalAdvance("00") + _GAP if self._ranked else 0.0
        longest = max((QFontMetricsF(self._words(bar)).horizontalAdvance(bar.label) for bar in self._bars), default=0.0)
        label = min(longest, self.width() * _LONGEST_LABEL)
        left = rank + max(label, words.horizontalAdvance("0" * 8) if self._ranked else 0.0) + 2 * _GAP
        return rank, left, self.width() - self._figures_width() - _GAP

    def _figures_width(self) -> float:
        return QFontMetricsF(theme.font()).horizontalAdvance("≤ 0.01 %")

    def is_cut(self, bar: Bar) -> bool:
        """Whether there is too little room for all of its label."""
        rank, left, _ = self._edges()
        return QFontMetricsF(self._words(bar)).horizontalAdvance(bar.label) > left - 2 * _GAP - rank + 1

    def _paint_words(self, painter: QPainter, index: int, bar: Bar, rank: float, end: float) -> None:
        colours, line = theme.palette(), self.bar_rect(index)
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(theme.font())
        if self._ranked:
            painter.setPen(QColor(colours.faint))
            box = QRectF(0, line.top(), rank - _GAP + 6, line.height())
            painter.drawText(box, middle | Qt.AlignmentFlag.AlignRight, str(index + 1))
        painter.setPen(QColor(colours.ink))
        self._paint_figures(painter, bar, line.adjusted(0, 0, -4, 0))
        painter.setFont(self._words(bar))
        room = QRectF(
            rank + (_GAP if self._ranked else 2), line.top(), end - rank - (_GAP if self._ranked else 0), line.height()
        )
        text = QFontMetricsF(painter.font()).elidedText(bar.label, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, middle | Qt.AlignmentFlag.AlignLeft, text)

    def _paint_figures(self, painter: QPainter, bar: Bar, box: QRectF) -> None:
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, self._write(bar.share))

    def _paint_track(self, painter: QPainter, bar: Bar, line: QRectF, left: float, right: float) -> None:
        colours = theme.palette()
        track = QRectF(left, line.top() + 5, right - left, line.height() - 10)
        filled = QRectF(track)
        filled.setWidth(max(1.0, track.width() * min(1.0, abs(bar.share) / self._full)))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.mixed(colours.panel, colours.line, 0.5)))
        painter.drawRoundedRect(track, 2, 2)
        if bar.share < 0:  # hollow, as its number is below zero
            painter.setPen(QPen(QColor(colours.accent), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(filled.adjusted(0.5, 0.5, -0.5, -0.5))
            return
        painter.setBrush(QColor(colours.accent))
        painter.drawRoundedRect(filled, min(2.0, filled.width() / 2), 2)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if bar.note:
            self._paint_note(painter, bar.note, track, filled)

    def _paint_note(self, painter: QPainter, note: str, track: QRectF, filled: QRectF) -> None:
        """Behind the bar or in it; where neither has room the bold word says it."""
        colours = theme.palette()
        painter.setFont(theme.font(0.85))
        needed = QFontMetricsF(painter.font()).horizontalAdvance(note) + 2 * _GAP
        outside = track.right() - filled.right() >= needed - _GAP
        if not outside and filled.width() < needed:
            return
        painter.setPen(QColor(colours.faint if outside else theme.readable_on(colours.accent)))
        box = QRectF(filled.right() + _GAP if outside else track.left() + _GAP, track.top(), needed, track.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, note)


def _bold(font: QFont) -> QFont:
    font.setBold(True)
    return font
