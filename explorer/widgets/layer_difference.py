"""How far each token has turned from what it was in the pinned answer, layer by layer (C5, C12)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.export_python import before
from explorer.widgets.axis import Axis, elided, token_axis
from explorer.widgets.difference import blank, two_spaces
from explorer.widgets.figures import cosine
from explorer.widgets.heatmap import FINEST, Cell, Heatmap, Scale
from explorer.widgets.layer_curve import heights
from explorer.widgets.layer_map import LayerMap
from explorer.widgets.map_difference import MapDifference
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from model.lens import difference
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


class LayerDifference(MapDifference):
    """A row a layer and a column a token: paper is the same, the strongest colour what turned farthest."""

    def __init__(self, page: Page) -> None:
        heatmap = Heatmap(scale=Scale.SHARE, square=False, finest=FINEST)
        heatmap.setAccessibleName(self.tr("How far each token has turned, by layer"))
        self.map = LayerMap(heatmap, "layers-difference", self._python)
        self.map.set_heading(self.tr("Each token and what it was"), self.tr("1 − cosine, now against pinned"))
        super().__init__(page, self.map, Scale.SHARE)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.map)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.forget()
        self.sentence = two_spaces(Answer(bert, trace), self.pinned)
        if not self.sentence:
            self.compare(_turned, self._show)

    def read(self, cell: Cell) -> tuple[str, Sequence[str]]:
        trace, turned = self.workspace.trace, self.heatmap.values
        assert trace is not None
        number, mean = 1 - float(turned[cell]), 1 - float(np.nanmean(turned[cell[0]]))
        sentence = self.tr("{0}, {1}: cosine {2} with itself in the pinned answer; over all tokens {3} on average.")
        if np.isnan(number):
            sentence = self.tr("{0}, {1}: the pinned sentence has no such token there.")
        return sentence, (elided(trace.tokens[cell[1]]), heights(len(turned))[cell[0]], cosine(number), cosine(mean))

    def _show(self, turned: Floats) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self.map.fit(turned.shape)
        # What goes in is another word or the same: where it is another, it would leave all that follows pale.
        self.show_numbers(turned, Axis(heights(len(turned))), token_axis(trace), scaled=turned[1:])
        self.answer = self._answer_for(trace, turned)

    def _answer_for(self, trace: Trace, turned: Floats) -> str:
        height, token = self.largest
        if not np.nansum(turned):
            said = strong(self.tr("Nothing is different: every token is in every layer what it was."))
        else:
            most = self.tr("{0} has turned most: its cosine with itself in the pinned answer is {1} at layer {2}.")
            if not height:
                most = self.tr("{0} has turned most: its cosine with itself in the pinned answer is {1} at the input.")
            number = cosine(1 - float(turned[height, token]))
            said = strong(most.format(escape(elided(trace.tokens[token])), number, height))
            said = " ".join(filter(None, (said, self._means(turned), self._among_the_same(trace, turned))))
        return f"{said} {blank(int(np.isnan(turned[0]).sum()), len(trace.tokens))}".rstrip()

    def _means(self, turned: Floats) -> str:
        """What it is on average; empty where that is the same above as below."""
        first, last = (cosine(1 - float(mean)) for mean in np.nanmean(turned[[0, -1]], axis=1))
        mean = self.tr("On average over the tokens it is {0} at the input and {1} after all layers.")
        return "" if first == last else mean.format(first, last)

    def _among_the_same(self, trace: Trace, turned: Floats) -> str:
        """Which token that starts as it did is another further up; empty where there is none, or it was told."""
        same = np.where(turned[:1] == 0, np.nan_to_num(turned), 0.0)
        height, token = divmod(int(same.argmax()), same.shape[1])
        if not same[height, token] or token == self.largest[1]:
            return ""
        sentence = self.tr("Of those that go in unchanged {0} turns most: {1} at layer {2}.")
        number = cosine(1 - float(turned[height, token]))
        return sentence.format(strong(escape(elided(trace.tokens[token]))), number, height)

    def _python(self) -> str:
        assert self.workspace.pinned is not None
        return f"{before(self.workspace.pinned)}values = model.lens.difference.turned(trace, pinned, matching)"


def _turned(now: Answer, pinned: Answer) -> Floats:
    """On the worker."""
    matching = difference.match(now.trace.inputs, pinned.trace.inputs)
    return difference.turned(now.trace, pinned.trace, matching)
