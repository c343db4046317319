"""Which heads a prediction needs: each one off in turn, as a map of all and as a list of the largest changes (C12)."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from explorer.export import Sheet
from explorer.widgets.axis import Axis
from explorer.widgets.beside import Beside
from explorer.widgets.effect import name, quoted
from explorer.widgets.figures import plus, rounded_percent
from explorer.widgets.heatmap import Heatmap, Scale
from explorer.widgets.job import AT_ONCE, Job
from explorer.widgets.legend import Legend
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.shifts import Shift, Shifts
from explorer.widgets.view import lines
from model.lens import what_if
from model.lens.attention import Head
from model.lens.what_if import HeadsThatMatter, Prediction
from model.trace import Trace

_MATTERS = 0.02  # nats of ln p: below that no head does by itself
_LISTED = 8  # heads
_MAP = 10  # lines of text that the map is as high and as wide as, at least
_WIDEST = 1.6  # times as wide as high: its cells, where there is room
_LEAST = 0.01  # the strongest colour stands at least for that much: below is rounding


class HeadFinder(Picture):
    """Below its heading a button, or at once what it finds: the map, and beside it the list."""

    found = Signal()

    def __init__(self, page: Page) -> None:
        self.map = Heatmap(scale=Scale.SIGNED, widest=_WIDEST)
        self.list = Shifts(("now", "without the head"), pieces=False)
        self._legend = Legend(Scale.SIGNED)
        super().__init__(
            self.map, self._map_sheet, "heads-that-matter", frame=self._beside_each_other(), python=self._python
        )
        self._workspace = page.workspace
        self._prediction: Prediction | None = None
        self._result: HeadsThatMatter | None = None
        self.job = Job(page.workspace, "HeadFinder.find", self.tr("Find the heads that matter"), self._stack)
        self.column.insertWidget(1, self.job)
        self.map.setAccessibleName(self.tr("Change of ln p without each head, layers down and heads across"))
        self.list.setAccessibleName(self.tr("The heads with the largest changes"))
        self._connect()

    def offer(self, trace: Trace, prediction: Prediction) -> None:
        """Is to find the heads that ``prediction`` needs: at once where that is soon done, or else by its button."""
        if self.job.is_about(trace) and prediction == self._prediction:
            return
        self._prediction = prediction
        layers, heads = trace.attention.shape[:2]
        self.set_heading(
            self.tr("Heads that {0} needs").format(name(prediction)),
            self.tr("change of ln p"),
        )
        hint = self.tr("Each of {0} heads is switched off in turn.").format(layers * heads)
        self.job.offer(
            lambda bert, trace: what_if.heads_that_matter(bert, trace, prediction),
            self._show,
            hint,
            at_once=layers * heads * len(trace.tokens) <= AT_ONCE**2,
        )

    def show_head(self, head: Head | None) -> None:
        """Frames ``head`` in the map and in the list."""
        if self._result is not None and head is not None:
            self.mark(head)
            listed = self._result.ranked[:_LISTED]
            self.list.mark(listed.index(head) if head in listed else None)

    def answer(self, trace: Trace, prediction: Prediction) -> str:
        """Which head matters most, in words; empty while that is not known."""
        result = self._result
        known = self.job.is_about(trace) and result is not None and result.prediction == prediction
        if result is None or not known or not result.ranked:
            return ""
        layer, head = result.ranked[0]
        before, after = (rounded_percent(float(share)) for share in (result.now, result.without[layer, head]))
        if abs(float(result.change[layer, head])) < _MATTERS:
            return self.tr("No single head matters to {0}: it stays at {1}.").format(quoted(prediction), before)
        return self.tr("{0} matters most to {1}: without it {2} → {3}.").format(
            strong(self.tr("Layer {0} head {1}").format(layer + 1, head + 1)),
            quoted(prediction),
            before,
            strong(after),
        )

    def _beside_each_other(self) -> QWidget:
        self.map.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.map.setMinimumSize(lines(_MAP), lines(_MAP))
        sides = []
        for widgets in ((self.map, self._legend), (self.list,)):
            side = QWidget()
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            for widget in widgets:
                column.addWidget(widget, int(widget is self.map))
            sides.append(side)
        column.addStretch(1)
        return Beside(sides[0], sides[1], (2, 3), spacing=20)

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
        assert self._result is not None
        return self._result.ranked[place]

    def _toggle(self, place: int) -> None:
        head = self._listed(place)
        self._workspace.select(head=head)
        self._workspace.edit(lambda scenario: scenario.toggle_head(*head))

    def _show(self, result: HeadsThatMatter) -> None:
        self._result = result
        largest = float(np.nanmax(np.abs(result.change), initial=0))
        limit = math.ceil(max(largest, _LEAST) * 100) / 100  # the legend writes it
        rows, columns = (
            Axis([str(number + 1) for number in range(count)], numbers=True) for count in result.change.shape
        )
        self.map.show_values(result.change, rows, columns, limit)
        self._legend.set_limit(limit)
        self.list.show_shifts([self._shift(result, head) for head in result.ranked[:_LISTED]], before=False)
        self.show_head(self._workspace.selection.head)
        self.found.emit()

    def _shift(self, result: HeadsThatMatter, head: Head) -> Shift:
        layer, number = head
        return Shift(
            self.tr("layer {0} head {1}").format(layer + 1, number + 1),
            float(result.without[head]),
            before=result.now,
            change=plus(float(result.change[head]), 2),
            group=self.tr("Largest: p without it, change of ln p"),
        )

    def _python(self) -> str:
        return (
            f"prediction = model.lens.what_if.{self._prediction}\n"
            "values = model.lens.passes.result(model.lens.what_if.heads_that_matter(bert, trace, prediction)).change"
        )

    def _map_sheet(self) -> Sheet:
        layers, heads = (range(1, count + 1) for count in self.map.values.shape)
        return Sheet(
            self.map.values,
            [self.tr("layer {0}").format(layer) for layer in layers],
            [self.tr("head {0}").format(head) for head in heads],
        )
