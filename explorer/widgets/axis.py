"""What stands along the sides of a heatmap: labels that thin out before they touch, and how they are painted."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter

from explorer import theme
from model.trace import Trace

SLANT = 40.0  # degrees, of token labels over a map whose cells are wide enough
_SLANTED_FROM = 20.0  # pixels a cell; below, labels stand upright
_LONGEST = 12  # characters of a label; the rest is one hover away
_GAP = 6.0  # pixels between labels and map


@dataclass(frozen=True)
class Axis:
    """The labels of one side, ``special`` those of special tokens. ``numbers`` count: they thin out in round steps.

    Where there is not room for all, those ``sought`` take it from their neighbours. What is longer than ``longest``
    characters is cut.
    """

    labels: Sequence[str]
    special: frozenset[int] = frozenset()
    sought: frozenset[int] = frozenset()
    numbers: bool = False
    shown: bool = True
    longest: int = _LONGEST

    def written(self, entry: int) -> str:
        """A label, cut where it would take the map's room."""
        return elided(self.labels[entry], self.longest)

    def __len__(self) -> int:
        return len(self.labels)


def token_axis(trace: Trace, sought: Iterable[int] = ()) -> Axis:
    """The tokens of ``trace`` along a side of a map; one looks for those that are edited, and others ``sought``."""
    special = frozenset(place for place, text in enumerate(trace.inputs.texts) if text is None)
    return Axis(trace.tokens, special, frozenset(sought).union(edit.position for edit in trace.scenario.edits))


@dataclass(frozen=True)
class Line:
    """Where the entries of an axis lie on screen: entry i from ``start + i * cell``, seen from ``low`` to ``high``."""

    start: float
    cell: float
    low: float
    high: float

    def centre(self, entry: int) -> float:
        return self.start + (entry + 0.5) * self.cell

    def entries(self, count: int, step: int) -> range:
        """Every ``step``-th entry whose centre is seen."""
        first = max(0, math.ceil((self.low - self.start) / self.cell - 0.5))
        last = min(count - 1, math.floor((self.high - self.start) / self.cell - 0.5))
        return range(math.ceil(first / step) * step, last + 1, step)


def elided(label: str, longest: int = _LONGEST) -> str:
    """``label``, cut where it would take the map's room."""
    return label if len(label) <= longest else label[: longest - 1] + "…"


def left_margin(axis: Axis, font: QFont) -> float:
    """Pixels that row labels take."""
    return _widest(axis, font) + _GAP + 4 if axis.shown else 2.0


def top_margin(axis: Axis, font: QFont, cell: float) -> float:
    """Pixels that column labels take above the map."""
    if not axis.shown:
        return 1.0
    height = QFontMetricsF(font).height()
    if axis.numbers:
        return height + 2
    width = _widest(axis, font)
    if cell < _SLANTED_FROM:
        return width + _GAP
    angle = math.radians(SLANT)
    return width * math.sin(angle) + height * math.cos(angle) + 2


def right_margin(axis: Axis, font: QFont, cell: float) -> float:
    """Pixels by which a slanted last label reaches past the map."""
    if not axis.shown or axis.numbers or cell < _SLANTED_FROM or not len(axis):
        return 1.0
    reach = _width(axis.written(len(axis) - 1), font) * math.cos(math.radians(SLANT)) - cell / 2 + _GAP
    return max(1.0, reach)


def step(axis: Axis, font: QFont, cell: float, *, across: bool) -> int:
    """Every how many entries a label fits."""
    metrics = QFontMetricsF(font)
    needed = metrics.height() * 0.9
    if across and axis.numbers:
        needed = metrics.horizontalAdvance(axis.labels[-1]) * 1.8 if len(axis) else 1.0
    elif across and cell >= _SLANTED_FROM:
        return 1
    steps = max(1, math.ceil(needed / cell))
    return _round(steps) if axis.numbers else steps


def paint_rows(painter: QPainter, axis: Axis, line: Line, right: float, chosen: int | None) -> None:
    """Row labels, ending at ``right``; the ``chosen`` one is bold. It and those sought cover their neighbours."""
    if not axis.shown:
        return
    font = painter.font()
    height = QFontMetricsF(font).height()
    taken: list[float] = []  # where labels begin that are already there
    entries = line.entries(len(axis), step(axis, font, line.cell, across=False))
    first = _first(axis, line, chosen)
    for entry in [*first, *(entry for entry in entries if entry not in first)]:
        top = min(max(line.centre(entry) - height / 2, line.low - 1), line.high + 1 - height)  # no half of a label
        if all(abs(top - other) >= height * 0.85 for other in taken):
            taken.append(top)
            _row_label(painter, axis, entry, QRectF(0, top, right - _GAP, height), bold=entry == chosen)
    painter.setFont(font)


def paint_columns(painter: QPainter, axis: Axis, line: Line, bottom: float, chosen: int | None) -> None:
    """Column labels, standing on ``bottom``; as ``paint_rows`` has it."""
    if not axis.shown:
        return
    font = painter.font()
    metrics = QFontMetricsF(font)
    reach = metrics.height()
    if axis.numbers and len(axis):
        reach = metrics.horizontalAdvance(axis.labels[-1]) * 1.2
    elif line.cell >= _SLANTED_FROM:
        reach = 0.0
    first: list[int] = []
    for entry in _first(axis, line, chosen):
        if all(abs(entry - other) * line.cell >= reach for other in first):
            first.append(entry)
    entries = line.entries(len(axis), step(axis, font, line.cell, across=True))
    free = (e for e in entries if all(e != other and abs(e - other) * line.cell >= reach for other in first))
    for entry in (*free, *first):
        _column_label(painter, axis, entry, line, bottom, bold=entry == chosen)
    painter.setFont(font)


def _first(axis: Axis, line: Line, chosen: int | None) -> list[int]:
    """What of that which is seen is labelled before all else: the ``chosen`` entry, and those one looks for."""
    wished = dict.fromkeys((*([] if chosen is None else [chosen]), *sorted(axis.sought)))
    return [entry for entry in wished if line.low <= line.centre(entry) <= line.high]


def _row_label(painter: QPainter, axis: Axis, entry: int, box: QRectF, *, bold: bool) -> None:
    _dress(painter, axis, entry, bold)
    painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, axis.written(entry))


def _column_label(painter: QPainter, axis: Axis, entry: int, line: Line, bottom: float, *, bold: bool) -> None:
    _dress(painter, axis, entry, bold)
    label, metrics = axis.written(entry), QFontMetricsF(painter.font())
    if axis.numbers:
        width = metrics.horizontalAdvance(label)
        painter.drawText(QPointF(line.centre(entry) - width / 2, bottom - 4), label)
        return
    slanted = line.cell >= _SLANTED_FROM
    painter.save()
    painter.translate(line.centre(entry) + (0 if slanted else metrics.ascent() / 2 - 1), bottom - 4)
    painter.rotate(-SLANT if slanted else -90)
    painter.drawText(QPointF(0, 0), label)
    painter.restore()


def _dress(painter: QPainter, axis: Axis, entry: int, bold: bool) -> None:
    colours = theme.palette()
    font = QFont(painter.font())
    font.setBold(bold)
    painter.setFont(font)
    quiet = colours.special if entry in axis.special else colours.faint if axis.numbers else colours.ink
    painter.setPen(QColor(colours.ink if bold and entry not in axis.special else quiet))


def _widest(axis: Axis, font: QFont) -> float:
    return _width(max(map(axis.written, range(len(axis))), key=len, default=""), font)


def _width(label: str, font: QFont) -> float:
    bold = QFont(font)
    bold.setBold(True)
    return QFontMetricsF(bold).horizontalAdvance(label)


def _round(steps: int) -> int:
    """The next of 1, 2, 5, 10, 20, 50, …"""
    power = 10 ** math.floor(math.log10(steps))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= steps)
