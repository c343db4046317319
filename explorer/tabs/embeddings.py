"""What does each token start as? Token, segment and position embedding, their sum, and its LayerNorm (C7, C9, C10)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets.axis import Axis, token_axis
from explorer.widgets.figures import signed
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.legend import Legend
from explorer.widgets.page import Page
from explorer.widgets.panel import note, strong
from explorer.workspace import Selection, Workspace
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_STRONGEST = 0.995  # of all values lie within the colours; few are far out, and would leave the rest pale
_GAP = 8  # pixels between pictures


class EmbeddingsTab(Page):
    """The addition written as one does by hand: addends above their sum, tokens down, dimensions across."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._dimension = 0  # clicked
        self._hovered: int | None = None
        names = (
            self.tr("token"),
            self.tr("+ segment"),
            self.tr("+ position"),
            self.tr("= sum"),
            self.tr("LayerNorm"),
        )
        self.maps = tuple(Heatmap(scale=Scale.SIGNED, square=False) for _ in names)
        self._addition = _Addition(names, self.maps)
        self._line = note()
        self._legends = (Legend(Scale.SIGNED), Legend(Scale.SIGNED))
        self._lay_out()
        for heatmap in self.maps:
            heatmap.hovered.connect(self._hover)
            heatmap.chosen.connect(self._choose)

    @property
    def title(self) -> str:
        return self.tr("Embeddings")

    @property
    def question(self) -> str:
        return self.tr("What does each token start as?")

    @property
    def reading(self) -> str:
        """The addition at the marked cell, in numbers."""
        return self._line.text()

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._line.setFont(theme.mono())
        rows = token_axis(trace)
        parts = trace.embeddings
        size = parts.sum.shape[1]
        self._dimension, self._hovered = min(self._dimension, size - 1), None
        labels = tuple(map(str, range(size)))
        limits = (_limit(parts.sum), _limit(parts.output))
        arrays = (parts.token, parts.segment, parts.position, parts.sum, parts.output)
        for place, (heatmap, values) in enumerate(zip(self.maps, arrays, strict=True)):
            columns = Axis(labels, numbers=True, shown=place == 0)
            heatmap.show_values(values, rows, columns, limits[values is parts.output])
        for legend, limit in zip(self._legends, limits, strict=True):
            legend.set_limit(limit)
        self._addition.spread()
        self.answer = self.tr(
            "As {0}: {1} numbers for the token itself, for its segment and for its position, added up. "
            "LayerNorm of the sum is what layer 1 reads."
        ).format(strong(self.tr("the sum of three vectors")), size)

    def mark(self, selection: Selection) -> None:
        trace = self.workspace.trace
        assert trace is not None
        token = selection.token if selection.token is not None else min(1, len(trace.tokens) - 1)
        cell = token, self._dimension if self._hovered is None else self._hovered
        for heatmap in self.maps:
            heatmap.mark(cell)
        self._read(trace, cell)

    def _lay_out(self) -> None:
        legends = QHBoxLayout()
        for legend, text in zip(self._legends, (self.tr("addends and sum"), self.tr("LayerNorm")), strict=True):
            label = note(wrap=False)
            label.setText(text)
            legends.addWidget(label)
            legends.addWidget(legend)
            legends.addSpacing(16)
        legends.addStretch(1)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._addition, 1)
        column.addWidget(self._line)
        column.addLayout(legends)

    def _hover(self, cell: Cell | None) -> None:
        self._hovered = None if cell is None else cell[1]
        if cell is None:
            self.workspace.hover()
        else:
            self.workspace.hover(token=cell[0])
        self.mark(self.workspace.selection)  # another dimension of the same token is no other selection

    def _choose(self, token: int, dimension: int) -> None:
        self._dimension, self._hovered = dimension, None
        self.workspace.select(token=token)
        self.mark(self.workspace.selection)

    def _read(self, trace: Trace, cell: Cell) -> None:
        parts = trace.embeddings
        numbers = [
            signed(float(values[cell]), 4)
            for values in (parts.token, parts.segment, parts.position, parts.sum, parts.output)
        ]
        token, dimension = trace.tokens[cell[0]], cell[1]
        sentence = self.tr("{0}, dimension {1}: token {2} + segment {3} + position {4} = {5}; LayerNorm {6}")
        numbers[3] = strong(numbers[3])
        self._line.setText(sentence.format(strong(escape(token)), dimension, *numbers))
        for heatmap in self.maps:
            heatmap.setAccessibleDescription(sentence.format(token, dimension, *map(_plain, numbers)))


class _Addition(QWidget):
    """Five pictures one below the other, of one height and one zoom, each with its name before it."""

    def __init__(self, names: tuple[str, ...], maps: tuple[Heatmap, ...]) -> None:
        super().__init__()
        self._maps = maps
        self._names = [QLabel(name, self) for name in names]
        for name, heatmap, label in zip(names, maps, self._names, strict=True):
            theme.role(label, "heading")
            label.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
            heatmap.setParent(self)
            heatmap.setAccessibleName(name)
        for heatmap in maps[1:]:
            heatmap.link(maps[0])
        self.setMinimumHeight(200)

    def spread(self) -> None:
        """Shares the height out; the first picture carries the axis of all."""
        left = max(label.sizeHint().width() for label in self._names) + 8
        axis = round(self._maps[0].map_rect().top())
        room = self.height() - axis - _GAP * (len(self._maps) - 1)
        height, top = room // len(self._maps), 0
        for place, (label, heatmap) in enumerate(zip(self._names, self._maps, strict=True)):
            above = axis if place == 0 else 0
            heatmap.setGeometry(left, top, self.width() - left, height + above)
            label.setGeometry(0, top + above, left, height)
            top += height + above + _GAP

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.spread()


def _limit(values: Floats) -> float:
    """What the strongest colour stands for."""
    return float(np.quantile(np.abs(values), _STRONGEST)) or 1.0


def _plain(rich: str) -> str:
    return rich.split(">")[1].split("<")[0] if rich.startswith("<") else rich
