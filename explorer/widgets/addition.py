"""Token, segment and position embedding, their sum, and its LayerNorm: five pictures with one cursor (C7)."""

from __future__ import annotations

import math
from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.axis import Axis, token_axis
from explorer.widgets.figures import signed
from explorer.widgets.flow import Flow
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import emphasised, note, strong
from explorer.widgets.picture import Picture
from explorer.widgets.view import View, chosen_token, lines
from explorer.workspace import Selection
from model.lens.steps import Place, Stage
from model.trace import EmbeddingsTrace, Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_STRONGEST = 0.995  # of all values lie within the colours; few are far out, and would leave the rest pale
_SAMPLE = 40_000  # values
_GAP = 8  # pixels between pictures
_STAGES = (Stage.TOKEN, Stage.SEGMENT, Stage.POSITION, Stage.EMBEDDED_SUM, Stage.HIDDEN)  # of the five pictures
_LEAST = 2.5  # lines of text that a picture is as high as, at least


class Addition(View):
    """The addition written as one does by hand: addends above their sum, tokens down, dimensions across."""

    def __init__(self, page: Page, difference: Callable[[Page], View] | None = None, *, finest: float = 0.0) -> None:
        """``difference`` makes what stands in its place while that is asked for; ``finest`` is a heatmap's."""
        super().__init__(page)
        self._difference = difference
        self._part = 0  # of the five, the one that was clicked last
        self._dimension = 0  # clicked
        self._hovered: int | None = None
        self._drawn: Trace | None = None
        self._names = (
            self.tr("token"),
            self.tr("+ segment"),
            self.tr("+ position"),
            self.tr("= sum"),
            self.tr("LayerNorm"),
        )
        self._stacked = _Stacked(self._names, finest)
        self.maps = self._stacked.maps
        heading = self.tr("Tokens × dimensions")
        self.picture = Picture(self._stacked, self._sheet, "embeddings", heading, python=self._python)
        self._line = Line()
        self._legends = (Legend(Scale.SIGNED), Legend(Scale.SIGNED))
        self._lay_out()
        for heatmap in self.maps:
            heatmap.hovered.connect(self._hover)
        self._stacked.chosen.connect(self._choose)

    @property
    def title(self) -> str:
        return self.tr("Addition")

    @property
    def question(self) -> str:
        return self.tr("What does each token start as?")

    @property
    def reading(self) -> str:
        """The addition at the marked cell, in numbers."""
        return self._line.text()

    def difference(self) -> View | None:
        return None if self._difference is None else self._difference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._line.setFont(theme.mono())
        self._drawn = trace
        parts = trace.embeddings
        size = parts.sum.shape[1]
        self._dimension, self._hovered = min(self._dimension, size - 1), None
        limits = (_limit(parts.sum), _limit(parts.output))
        self._stacked.show_parts(trace, limits)
        for legend, limit in zip(self._legends, limits, strict=True):
            legend.set_limit(limit)
        sentence = self.tr(
            "As <b>the sum of three vectors</b>: {0} numbers for the token itself, for its segment and for its "
            "position, added up. LayerNorm of the sum is what layer 1 reads."
        )
        self.answer = emphasised(sentence.format(size))

    def mark(self, selection: Selection) -> None:
        trace = self._drawn
        if trace is None:
            return
        token = self.token(trace, selection)
        cell = token, self._dimension if self._hovered is None else self._hovered
        self.picture.mark((len(self.maps) * token + self._part, cell[1]))
        self._read(trace, cell)

    def token(self, trace: Trace, selection: Selection) -> int:
        """The token whose numbers are marked and read."""
        return chosen_token(trace, selection)

    def _lay_out(self) -> None:
        explained = Flow()
        for legend, text in zip(self._legends, (self.tr("addends and sum"), self.tr("LayerNorm")), strict=True):
            label = note(wrap=False)
            label.setText(text)
            explained.addWidget(label)
            explained.addWidget(legend)
        self.picture.tools.insertWidget(0, explained)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture, 1)
        column.addWidget(self._line)

    def _hover(self, cell: Cell | None) -> None:
        self._hovered = None if cell is None else cell[1]
        if cell is None:
            self.workspace.hover()
        else:
            self.workspace.hover(token=cell[0])
        self.mark(self.workspace.selection)  # another dimension of the same token is no other selection

    def _choose(self, row: int, dimension: int) -> None:
        token, self._part = divmod(row, len(self.maps))
        self._dimension, self._hovered = dimension, None
        self.workspace.select(token=token)
        self.mark(self.workspace.selection)
        self.workspace.inspect(Place(_STAGES[self._part], row=token, column=dimension))

    def _sheet(self) -> Sheet:
        """The addition of every token, one part below the other: T times token, segment, position, sum, LayerNorm."""
        trace = self._drawn
        assert trace is not None
        values = np.stack(_parts(trace.embeddings), axis=1)
        rows = [f"{token} {name}" for token in trace.tokens for name in self._names]
        return Sheet(values.reshape(len(rows), -1), rows, tuple(map(str, range(values.shape[2]))))

    def _python(self) -> str:
        return (
            f"{self._python_of_parts()}\n"
            "five = (parts.token, parts.segment, parts.position, parts.sum, parts.output)\n"
            "values = np.stack(five, axis=1).reshape(-1, parts.sum.shape[1])"
        )

    def _python_of_parts(self) -> str:
        return "parts = trace.embeddings"

    def _read(self, trace: Trace, cell: Cell) -> None:
        numbers = [signed(float(values[cell]), 4) for values in _parts(trace.embeddings)]
        token, dimension = trace.tokens[cell[0]], cell[1]
        sentence = self.tr("{0}, dimension {1}: token {2} + segment {3} + position {4} = {5}; LayerNorm {6}")
        for heatmap in self.maps:
            heatmap.setAccessibleDescription(sentence.format(token, dimension, *numbers))
        numbers[3] = strong(numbers[3])
        self._line.say(sentence.format(strong(escape(token)), dimension, *numbers))


class _Stacked(QWidget):
    """Five pictures one below the other, of one height and one zoom, each with its name before it.

    Its cells are those of the sheet: row ``5 * token + part``.
    """

    renewed = Signal()
    chosen = Signal(int, int)

    def __init__(self, names: tuple[str, ...], finest: float) -> None:
        super().__init__()
        self.maps = tuple(Heatmap(scale=Scale.SIGNED, square=False, finest=finest) for _ in names)
        self._cell: Cell | None = None
        self._names = [QLabel(name, self) for name in names]
        for part, (name, heatmap, label) in enumerate(zip(names, self.maps, self._names, strict=True)):
            theme.role(label, "heading")
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            heatmap.setParent(self)
            heatmap.setAccessibleName(name)
            heatmap.chosen.connect(
                lambda token, dimension, part=part: self.chosen.emit(len(names) * token + part, dimension)
            )
        for heatmap in self.maps[1:]:
            heatmap.link(self.maps[0])
        self._size()

    def show_parts(self, trace: Trace, limits: tuple[float, float]) -> None:
        """Draws the five arrays; the colours of the LayerNorm, the last, have a limit of their own."""
        rows = token_axis(trace)
        labels = tuple(map(str, range(trace.embeddings.sum.shape[1])))
        for part, (heatmap, values) in enumerate(zip(self.maps, _parts(trace.embeddings), strict=True)):
            columns = Axis(labels, numbers=True, shown=part == 0)
            heatmap.show_values(values, rows, columns, limits[heatmap is self.maps[-1]])
        self.spread()
        self.renewed.emit()

    @property
    def cell(self) -> Cell | None:
        """The cell of the sheet that is marked."""
        return self._cell

    def mark(self, cell: Cell | None, row: int | None = None) -> None:
        """Frames the token and the dimension of a cell of the sheet, in all five."""
        self._cell = cell
        for heatmap in self.maps:
            heatmap.mark(None if cell is None else (cell[0] // len(self.maps), cell[1]))

    def spread(self) -> None:
        """Shares the height out; the first picture carries the axis of all."""
        left = max(label.sizeHint().width() for label in self._names) + 8
        axis = round(self.maps[0].map_rect().top())
        room = self.height() - axis - _GAP * (len(self.maps) - 1)
        height, top = room // len(self.maps), 0
        for place, (label, heatmap) in enumerate(zip(self._names, self.maps, strict=True)):
            above = axis if place == 0 else 0
            heatmap.setGeometry(left, top, self.width() - left, height + above)
            label.setGeometry(0, top + above, left, height)
            top += height + above + _GAP

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.spread()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "maps"):
            self._size()

    def _size(self) -> None:
        self.setMinimumHeight(lines(_LEAST * len(self.maps)))


def _parts(embeddings: EmbeddingsTrace) -> tuple[Floats, ...]:
    """What is added, the sum, and what is made of it, (T, D) each."""
    return embeddings.token, embeddings.segment, embeddings.position, embeddings.sum, embeddings.output


def _limit(values: Floats) -> float:
    """What the strongest colour stands for: of many values a sample says it in less time.

    Zeros do not count: a difference of one token among many would be as pale as they are.
    """
    sizes = np.abs(values[np.nan_to_num(values) != 0])
    step = max(1, sizes.size // _SAMPLE)
    while math.gcd(step, values.shape[1]) > 1:  # or else it would always be the same dimensions
        step += 1
    return float(np.quantile(sizes[::step], _STRONGEST)) if sizes.size else 1.0
