"""Who looks at whom? Every head of every layer, the chosen one in full, and how one weight of it comes about (C12)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets import shrink
from explorer.widgets.atlas import RESOLUTION
from explorer.widgets.attention_difference import AttentionDifference
from explorer.widgets.chosen_head import ChosenHead
from explorer.widgets.figures import NO_BREAK, rounded_percent, signed
from explorer.widgets.head_survey import HeadSurvey
from explorer.widgets.heads import Habits, Heads, habits
from explorer.widgets.heatmap import Scale
from explorer.widgets.legend import Legend
from explorer.widgets.page import Page
from explorer.widgets.panel import isolated, strong
from explorer.widgets.picture import Picture
from explorer.widgets.scroll import Scroll
from explorer.widgets.switch import Switch
from explorer.widgets.view import View
from explorer.widgets.what_if import WhatIf
from explorer.workspace import Selection, Workspace
from model.lens import what_if
from model.lens.attention import Head
from model.scenario import Scenario
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_LONG = 32  # tokens, from which on most rows are too faint from 0 to 1
_WHOLE = 100  # milliseconds for which the former maps stay at most, until all that belongs to the new ones is there
_SIDE_BY_SIDE = 860  # pixels at normal text size, from which on the map stands beside the atlas
_LOWEST, _ALONE = 150, 220  # pixels a picture at least, side by side and one below the other


class AttentionTab(Page):
    """Left the atlas of all heads; right the chosen head, and below it how its marked weight comes about.

    Or, in its place, what the predictions hang on, or which head does what over many texts.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._head: Head = (0, 0)
        self._habits: Habits | None = None
        self._scale_chosen = False  # whether the user wants one scale or the other, however long the text
        self.heads = Heads()
        self.atlas = self.heads.atlas
        self.one = ChosenHead(self)
        self.heatmap = self.one.heatmap
        self.what_if = WhatIf(self)
        self.survey = HeadSurvey(self, self.heads)
        self.beside = Switch([self.tr("One head"), self.what_if.title, self.survey.title])
        self.beside.setAccessibleName(self.tr("What stands beside all heads"))
        self.name_sides(self.beside, ("head", "what-if", "finder"))
        self.all_on = QPushButton(self.tr("All on again"))
        self.scale = Switch([self.tr("0 to 1"), self.tr("each row by itself")])
        self.scale.setAccessibleName(self.tr("What the strongest colour stands for"))
        self._legend = Legend(Scale.SHARE)
        self._all = Picture(self.heads, self.heads.sheet, "attention", self.tr("All heads"), python=self.heads.python)
        self._difference: AttentionDifference | None = None
        self._whole = QTimer(self, singleShot=True, interval=_WHOLE)
        self._lay_out()
        self._connect()
        self.kept.add_control("sort", self.heads.sort)
        self.kept.add("scale", lambda: self.scale.current if self._scale_chosen else -1, self._choose_scale)
        for name, control in self.one.controls.items():
            self.kept.add_control(name, control)
        self.kept.add_control("finder-sort", self.survey.sort)
        self.kept.add("finder-texts", lambda: self.survey.file, self.survey.ask_file_named)

    @property
    def title(self) -> str:
        return self.tr("Attention")

    @property
    def question(self) -> str:
        return self.tr("Who looks at whom?")

    @property
    def summary(self) -> str:
        """What the chosen head does, in numbers."""
        return self.heads.caption.text()

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self.one.reading

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._habits = None
        self.one.draw()
        # The lenses, which are asked here, would have the maps painted again: the former ones stay until they answer.
        for widget in (self.heads, self.heatmap):
            widget.setUpdatesEnabled(False)
        self._whole.start()
        self._turn()
        if not self._scale_chosen:
            with QSignalBlocker(self.scale):
                self.scale.choose(int(len(trace.tokens) >= _LONG))
            self._dress_rows()
        self.what_if.draw(bert, trace)
        self.survey.draw(bert, trace)
        self._show_head(trace)
        self._show_atlas(trace)
        self.examine("habits", lambda _, trace: habits(trace), self._show_habits)

    def difference(self) -> AttentionDifference:
        if self._difference is None:
            self._difference = AttentionDifference(self)
            self.hold(self._difference)
        return self._difference

    def mark(self, selection: Selection) -> None:
        trace = self.workspace.trace
        assert trace is not None
        head = selection.head or (0, 0)
        if head != self._head:
            self._head = head
            self._show_head(trace)
        self._mark_head()
        self.one.mark(trace, selection)
        bert = self.workspace.bert
        assert bert is not None
        if self._view is self.what_if or what_if.is_changed(bert, trace):
            self.what_if.mark(selection)
        if self._view is self.survey:
            self.survey.mark(selection)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    # How it is laid out

    def _lay_out(self) -> None:
        self._all.tools.insertWidget(0, self.heads.sort)
        for widget in (self.all_on, self.beside, self.scale, self._legend):
            self.tools.addWidget(widget)
        self.all_on.setToolTip(self.tr("Switches on all heads and layers that are off"))
        self.all_on.hide()
        content = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, content)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(28)
        self._columns.addWidget(self._all, 5)
        self._columns.addWidget(self.one, 6)
        for view in (self.what_if, self.survey):
            self._columns.addWidget(view, 6)
            view.hide()
        whole = QVBoxLayout(self.body)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(Scroll(content))

    def _turn(self) -> None:
        """Puts the map beside the atlas where both have room, or else below it."""
        wide = self.width() >= _SIDE_BY_SIDE * theme.text_scale()
        self._columns.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        for picture in (self.heads, self.heatmap):
            picture.setMinimumHeight(_LOWEST if wide else round(_ALONE * theme.text_scale()))

    def _connect(self) -> None:
        workspace = self.workspace
        self.atlas.hovered.connect(lambda head: workspace.hover(head=head) if head else workspace.hover())
        self.atlas.chosen.connect(lambda layer, head: workspace.select(head=(layer, head)))
        self.atlas.toggled.connect(
            lambda layer, head: workspace.edit(lambda scenario: scenario.toggle_head(layer, head))
        )
        self.atlas.layer_toggled.connect(lambda layer: workspace.edit(lambda scenario: scenario.toggle_layer(layer)))
        self.all_on.clicked.connect(lambda: workspace.edit(lambda scenario: scenario.all_on()))
        self.beside.chosen.connect(self._turn_to)
        for view in (self.what_if, self.survey):
            view.said.connect(self._describe)
        self.survey.opened.connect(self._open)
        self.one.ways.changed.connect(self._describe)
        for renewed in (workspace.answered, workspace.compared):
            renewed.connect(self._dress_tools)
        self.heads.chosen.connect(lambda row, column: workspace.select(head=self.heads.head(row, column)))
        self.scale.chosen.connect(self._scale_rows)
        self._whole.timeout.connect(self._release_maps)
        workspace.worker.settled.connect(self._release_maps)

    @property
    def _view(self) -> View | None:
        """What stands beside the atlas in place of the chosen head."""
        return (None, self.what_if, self.survey)[self.beside.current]

    def _turn_to(self) -> None:
        """Shows the chosen head beside the atlas, or a view in its place."""
        shown = self._view
        for widget in (self.one, self.what_if, self.survey):
            widget.setVisible(widget is (shown or self.one))
        self._dress_tools()
        self._describe()
        if self.workspace.trace is not None:
            self.mark(self.workspace.selection)

    def _open(self) -> None:
        """Shows the head that was found, where the keys go on."""
        self.beside.choose(0)
        self.heatmap.setFocus()

    def _dress_tools(self) -> None:
        """Asks what is answered, and shows the tools that are of use there."""
        trace = self.workspace.trace
        self.all_on.setVisible(trace is not None and bool(trace.scenario.heads_off or trace.scenario.layers_off))
        shown = None if self.differs else self._view
        self.ask(shown.question if shown else self.question)
        for tool in (self.beside, self.scale, self._legend):
            tool.setVisible(not self.differs)

    def _release_maps(self) -> None:
        self._whole.stop()
        for widget in (self.heads, self.heatmap):
            widget.setUpdatesEnabled(True)

    def _scale_rows(self) -> None:
        self._scale_chosen = True
        self._dress_rows()
        if self.workspace.trace is not None:
            self._show_atlas(self.workspace.trace)

    def _choose_scale(self, place: int) -> None:
        """Chooses one, or by the length of the text where ``place`` is below 0."""
        trace = self.workspace.trace
        by_length = int(trace is not None and len(trace.tokens) >= _LONG)
        self.scale.choose(by_length if place < 0 else min(place, 1))
        self._scale_chosen = place >= 0

    def _dress_rows(self) -> None:
        per_row = bool(self.scale.current)
        self.one.set_per_row(per_row)
        self._legend.set_end(self.tr("largest of its row") if per_row else "")

    # All heads, and the chosen one

    def _show_atlas(self, trace: Trace) -> None:
        per_row, asked = bool(self.scale.current), trace.scenario
        self.examine(
            "atlas",
            lambda _, trace: fitted(trace.attention, per_row),
            lambda maps: self._show_maps(maps, asked),
        )

    def _show_maps(self, maps: Floats, asked: Scenario) -> None:
        self.atlas.show_maps(maps, asked.heads_off, asked.layers_off)
        self.heads.place()

    def _mark_head(self) -> None:
        self.atlas.mark(self._head)
        if self.heads.cell is not None:
            self._all.mark(self.heads.cell)

    def _show_head(self, trace: Trace) -> None:
        layer, head = self._head
        if layer >= trace.attention.shape[0] or head >= trace.attention.shape[1]:
            layer, head = self._head = (0, 0)
        self.one.show_head(trace, self._head)
        self._describe()

    def _show_habits(self, found: Habits) -> None:
        self._habits = found
        self.heads.show_habits(found)
        trace = self.workspace.trace
        assert trace is not None
        self._describe()
        self._mark_head()

    def _describe(self) -> None:
        trace = self.workspace.trace
        if trace is None:
            return
        layer, head = self._head
        how = self.tr("Each square is one head; a row looks at a column, and every row adds up to 1.")
        if not self.one.ways.adds_up:
            how = self.tr("Each square is one head; a row looks at a column.")
        how = self.what_if.change or how
        if self._view is not None:
            self.answer = self._view.answer or self.answer
        if self._habits is None:
            self.answer = self.answer if self.beside.current else how
            self.heads.caption.setText("")
            return
        does = self.tr("Layer {0} · head {1} {2}").format(layer + 1, head + 1, self.heads.pattern(self._head))
        exception = self._habits.exceptions[layer][head]
        if exception is not None:
            does = self.tr("{0}, except {1} → {2}").format(
                does, *(isolated(escape(trace.tokens[place])) for place in exception)
            )
        if not self.beside.current:
            self.answer = f"{strong(self.one.many(trace) or does + '.')} {how}"
        self.heads.caption.setText(self._shares(trace))
        self.heads.place()

    def _shares(self, trace: Trace) -> str:
        assert self._habits is not None
        numbers, layer, head = self._habits.statistics, *self._head
        parts = [
            self.tr("entropy {0} of at most {1} nats").format(
                signed(float(numbers.entropy[layer, head]), 1), signed(float(np.log(len(trace.tokens))), 1)
            )
        ]
        shares = {
            self.tr("[CLS] {0}"): numbers.cls,
            self.tr("[SEP] {0}"): numbers.sep,
            self.tr("token before {0}"): numbers.previous,
            self.tr("token after {0}"): numbers.next,
            self.tr("itself {0}"): numbers.itself,
        }
        for text, share in shares.items():
            if not np.isnan(share[layer, head]):
                parts.append(text.format(rounded_percent(float(share[layer, head]))))
        figures = " · ".join(part.replace(" ", NO_BREAK) for part in parts)
        if layer in trace.scenario.layers_off:
            return f"{strong(self.tr('Its layer is switched off and passes on what it reads.'))} {figures}"
        if self._head in trace.scenario.heads_off:
            return f"{strong(self.tr('Switched off: what it finds does not reach the next layer.'))} {figures}"
        return figures


def fitted(maps: Floats, per_row: bool) -> Floats:
    """On the worker: ``maps`` (L, H, T, T), as large as the atlas can show them; layer by layer to spare memory.

    Scaling ``per_row`` leaves the largest of a block the largest: so first to fewer columns, and then to the scale.
    """
    step = -(-maps.shape[-1] // RESOLUTION)
    if not per_row:
        return shrink.largest(maps, step, step)
    return np.stack([shrink.largest(shrink.by_row(shrink.largest(layer, 1, step)), step, 1) for layer in maps])
