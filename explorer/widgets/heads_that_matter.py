"""Which heads a prediction needs: each one off in turn, as a map of all and as a list of the largest changes (C12)."""

from __future__ import annotations

from html import escape

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from explorer.export import Sheet
from explorer.widgets.axis import Axis
from explorer.widgets.beside import Beside
from explorer.widgets.figures import rounded_percent, signed
from explorer.widgets.heatmap import Heatmap, Scale
from explorer.widgets.job import AT_ONCE, Job
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import Panel, strong
from explorer.widgets.picture import Picture
from explorer.widgets.shifts import Shift, Shifts
from explorer.widgets.view import lines
from model.lens import what_if
from model.lens.attention import Head
from model.lens.what_if import HeadsThatMatter, Prediction
from model.trace import Trace

_LISTED = 8  # heads
_MAP = 12  # lines of text that the map is as high and as wide as
_LEAST = 0.01  # the strongest colour stands at least for that much: below is rounding


class HeadFinder(Panel):
    """Below its heading a button, or at once what it finds: a sentence, the map and the list."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._workspace = page.workspace
        self._prediction: Prediction | None = None
        self._found: HeadsThatMatter | None = None
        self._said = Line()
        self.map = Heatmap(scale=Scale.SIGNED)
        self.list = Shifts(("now", "without the head", "change of ln p"), pieces=False)
        self._legend = Legend(Scale.SIGNED)
        self._map = Picture(self.map, self._map_sheet, "heads-that-matter", self.tr("Change of ln p"))
        self._list = Picture(self.list, self.list.sheet, "heads-that-matter", self.tr("Largest changes"))
        results = QWidget()
        self.job = Job(page.workspace, "HeadFinder.find", self.tr("Find the heads that matter"), results)
        self._lay_out(results)
        self._connect()

    @property
    def said(self) -> str:
        """Which head matters most, in words."""
        return self._said.text()

    def offer(self, trace: Trace, prediction: Prediction) -> None:
        """Is to find the heads that ``prediction`` needs: at once where that is soon done, or else by its button."""
        if self.job.is_about(trace) and prediction == self._prediction:
            return
        self._prediction = prediction
        layers, heads = trace.attention.shape[:2]
        self.set_heading(self._title(prediction))
        hint = self.tr("Each of {0} heads is switched off in turn, which takes a while.").format(layers * heads)
        self.job.offer(
            lambda bert, trace: what_if.heads_that_matter(bert, trace, prediction),
            self._show,
            hint,
            at_once=layers * heads * len(trace.tokens) <= AT_ONCE**2,
        )

    def mark(self, head: Head | None) -> None:
        """Frames ``head`` in the map and in the list."""
        if self._found is not None and head is not None:
            self._map.mark(head)
            listed = self._found.ranked[:_LISTED]
            self.list.mark(listed.index(head) if head in listed else None)

    def _lay_out(self, results: QWidget) -> None:
        self.map.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._map, 1)
        foot = QHBoxLayout()
        foot.addWidget(self._legend)
        foot.addStretch(1)
        column.addLayout(foot)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._list)
        column.addStretch(1)
        whole = QVBoxLayout(results)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._said)
        whole.addWidget(Beside(left, right, (1, 1), spacing=20))
        self.column.addWidget(self.job)
        self.column.addWidget(results)
        self.map.setMinimumSize(lines(_MAP), lines(_MAP))

    def _connect(self) -> None:
        workspace = self._workspace
        self.map.hovered.connect(lambda cell: workspace.hover(head=cell) if cell else workspace.hover())
        self.map.chosen.connect(lambda layer, head: workspace.select(head=(layer, head)))
        self.list.hovered.connect(
            lambda place: workspace.hover() if place is None else workspace.hover(head=self._listed(place))
        )
        self.list.chosen.connect(lambda place: workspace.select(head=self._listed(place)))
        self.list.toggled.connect(self._toggle)

    def _listed(self, place: int) -> Head:
        assert self._found is not None
        return self._found.ranked[place]

    def _toggle(self, place: int) -> None:
        head = self._listed(place)
        self._workspace.select(head=head)
        self._workspace.edit(lambda scenario: scenario.toggle_head(*head))

    def _title(self, prediction: Prediction) -> str:
        if prediction.position is None:
            return self.tr("Which heads does IsNext need?")
        return self.tr("Which heads does {0} at position {1} need?").format(prediction.piece, prediction.position)

    def _show(self, found: HeadsThatMatter) -> None:
        self._found = found
        layers, heads = found.change.shape
        largest = float(np.nanmax(np.abs(found.change), initial=0))
        limit = float(f"{max(largest, _LEAST):.2g}")  # the legend writes it
        rows, columns = (Axis([str(number + 1) for number in range(count)], numbers=True) for count in (layers, heads))
        self.map.show_values(found.change, rows, columns, limit)
        self.map.setAccessibleName(self.tr("Change of ln p without each head, layers down and heads across"))
        self._legend.set_limit(limit)
        self.list.setAccessibleName(self.tr("The heads with the largest changes"))
        self.list.show_shifts(
            [
                Shift(
                    self.tr("layer {0} head {1}").format(layer + 1, head + 1),
                    float(found.without[layer, head]),
                    before=found.now,
                    change=_change(float(found.change[layer, head])),
                )
                for layer, head in found.ranked[:_LISTED]
            ],
            before=False,
        )
        self._list.set_heading(self.tr("Largest changes"), self.tr("without it, change of ln p"))
        self._said.say(self._sentence(found))
        self.mark(self._workspace.selection.head)

    def _sentence(self, found: HeadsThatMatter) -> str:
        if not found.ranked:
            return self.tr("No head is on.")
        layer, head = found.ranked[0]
        name = strong(escape(found.prediction.piece or "IsNext"))
        before, after = (rounded_percent(float(share)) for share in (found.now, found.without[layer, head]))
        most = self.tr("{0} matters most: without it, too, {1} goes from {2} to {3}. X or Ctrl+click switches it off.")
        which = strong(self.tr("Layer {0} head {1}").format(layer + 1, head + 1))
        return most.format(which, name, before, strong(after))

    def _map_sheet(self) -> Sheet:
        values = self.map.values
        rows, columns = (range(1, count + 1) for count in values.shape)
        return Sheet(
            values,
            [self.tr("layer {0}").format(layer) for layer in rows],
            [self.tr("head {0}").format(head) for head in columns],
        )


def _change(value: float) -> str:
    written = signed(value, 2)
    return f"+{written}" if value > 0 and written.strip("0.") else written
