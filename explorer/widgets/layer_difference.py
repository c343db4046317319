"""How far each token has turned from what it was in the pinned answer, layer by layer (C5, C12)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from explorer.widgets.axis import Axis, elided, token_axis
from explorer.widgets.figures import cosine
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.layer_curve import heights
from explorer.widgets.layer_map import LayerMap
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import difference
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


class LayerDifference(View):
    """A row a layer and a column a token: paper is the same, the strongest colour what turned farthest."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._turned: Floats | None = None
        self._cell: Cell | None = None  # clicked
        self._hovered: Cell | None = None
        self.heatmap = Heatmap(scale=Scale.SHARE, square=False)
        self.heatmap.setAccessibleName(self.tr("How far each token has turned, by layer"))
        self.map = LayerMap(self.heatmap, "layers-difference", None)
        self.map.set_heading(self.tr("Each token and what it was"), self.tr("1 − cosine, now against pinned"))
        self._legend, self._line = Legend(Scale.SHARE), Line()
        self.map.tools.insertWidget(0, self._legend)
        self.map.add_below(self._line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.map)
        self.heatmap.hovered.connect(self._hover)
        self.heatmap.chosen.connect(self._choose)

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self._line.text()

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._turned = self._hovered = None
        assert self.workspace.pinned is not None
        before = self.workspace.pinned.trace
        self.page.examine(
            "difference",
            lambda _, trace: difference.turned(trace, before, difference.match(trace.inputs, before.inputs)),
            self._show,
        )

    def mark(self, selection: Selection) -> None:
        trace, turned = self.workspace.trace, self._turned
        if trace is None or turned is None:
            return
        cell = self._hovered or self._cell
        if cell is None or cell[0] >= len(turned) or cell[1] >= len(trace.tokens):
            cell = _farthest(turned)
        if selection.token is not None and selection.token < len(trace.tokens) and self._hovered is None:
            cell = cell[0], selection.token
        self.map.mark(cell)
        number = 1 - float(turned[cell])
        sentence = self.tr("{0}, {1}: cosine {2} with itself in the pinned answer.")
        if np.isnan(number):
            sentence = self.tr("{0}, {1}: the pinned sentence has no such token there.")
        words = elided(trace.tokens[cell[1]]), heights(len(turned))[cell[0]], cosine(number)
        self.heatmap.setAccessibleDescription(sentence.format(*words))
        self._line.say(sentence.format(*(strong(escape(word)) for word in words)))

    def _show(self, turned: Floats) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self._turned = turned
        limit = float(np.nanmax(turned))
        self._legend.set_limit(round(limit, 2) or 1.0)
        self.map.fit(turned.shape)
        self.heatmap.show_values(turned, Axis(heights(len(turned))), token_axis(trace), limit)
        self.answer = self._answer_for(trace, turned, limit)
        self.mark(self.workspace.selection)

    def _answer_for(self, trace: Trace, turned: Floats, limit: float) -> str:
        names, (height, token) = heights(len(turned)), _farthest(turned)
        if not limit:
            said = strong(self.tr("Nothing is different: every token is in every layer what it was."))
        else:
            most = self.tr("{0} has turned most: at {1} its cosine with itself in the pinned answer is {2}.")
            said = strong(most.format(escape(elided(trace.tokens[token])), names[height], cosine(1 - limit)))
            means = np.nanmean(turned, axis=1)
            mean = self.tr("On average over the tokens it is {0} at the input and {1} after all layers.")
            said = f"{said} {mean.format(cosine(1 - float(means[0])), cosine(1 - float(means[-1])))}"
        missing = int(np.isnan(turned[0]).sum())
        blank = self.tr("Tokens without their like in the pinned sentence stay blank: {0} of {1}.")
        return f"{said} {blank.format(missing, len(trace.tokens))}" if missing else said

    def _hover(self, cell: Cell | None) -> None:
        self._hovered = cell
        self.mark(self.workspace.selection)

    def _choose(self, height: int, token: int) -> None:
        self._cell, self._hovered = (height, token), None
        self.workspace.select(token=token)
        self.mark(self.workspace.selection)


def _farthest(turned: Floats) -> Cell:
    height, token = divmod(int(np.nanargmax(turned)), turned.shape[1])
    return height, token
