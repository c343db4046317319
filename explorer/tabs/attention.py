"""Who looks at whom? Every head of every layer, the chosen one in full, and how one weight of it comes about (C12)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QSignalBlocker, QTimer
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets import shrink
from explorer.widgets.atlas import RESOLUTION
from explorer.widgets.axis import elided, token_axis
from explorer.widgets.figures import NO_BREAK, rounded_percent, signed
from explorer.widgets.heads import Habits, Heads, habits
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import isolated, strong
from explorer.widgets.picture import Picture
from explorer.widgets.scroll import Scroll
from explorer.widgets.switch import Switch
from explorer.widgets.weight_path import WeightPath, weight
from explorer.widgets.what_if import WhatIf
from explorer.workspace import Selection, Workspace
from model.lens import attention, what_if
from model.lens.attention import Derivation, Head
from model.lens.steps import Place, Stage
from model.scenario import Scenario
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_LONG = 32  # tokens, from which on most rows are too faint from 0 to 1
_WHOLE = 100  # milliseconds for which the former maps stay at most, until all that belongs to the new ones is there
_WIDE = 2.2  # times as wide as high: cells of the map, where the window is low
_SIDE_BY_SIDE = 860  # pixels at normal text size, from which on the map stands beside the atlas
_LOWEST, _ALONE = 150, 220  # pixels a picture at least, side by side and one below the other


class AttentionTab(Page):
    """Left the atlas of all heads; right the chosen head, and below it how its marked weight comes about.

    Or, in its place, what the predictions hang on.
    """

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._head: Head = (0, 0)
        self._habits: Habits | None = None
        self._scale_chosen = False  # whether the user wants one scale or the other, however long the text
        self._asked: tuple[Head, Cell | None, int | None] | None = None  # what ``path`` shows, or is to show
        self.heads = Heads()
        self.atlas = self.heads.atlas
        self.heatmap = Heatmap(scale=Scale.SHARE, widest=_WIDE)
        self.path = WeightPath()
        self.what_if = WhatIf(self)
        self.beside = Switch([self.tr("One head"), self.what_if.title])
        self.beside.setAccessibleName(self.tr("What stands beside all heads"))
        self.name_sides(self.beside, ("head", "what-if"))
        self.all_on = QPushButton(self.tr("All on again"))
        self.scale = Switch([self.tr("0 to 1"), self.tr("each row by itself")])
        self.scale.setAccessibleName(self.tr("What the strongest colour stands for"))
        self._legend = Legend(Scale.SHARE)
        self._line = Line()
        self.steps = QToolButton()
        self._all = Picture(self.heads, self.heads.sheet, "attention", self.tr("All heads"), python=self.heads.python)
        self.chosen = Picture(self.heatmap, self.heatmap.sheet, "attention", python=self._python)
        self._whole = QTimer(self, singleShot=True, interval=_WHOLE)
        self._lay_out()
        self._connect()

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
        return self._line.text()

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._habits = self._asked = None
        # The lenses, which are asked here, would have the maps painted again: the former ones stay until they answer.
        for widget in (self.heads, self.heatmap):
            widget.setUpdatesEnabled(False)
        self._whole.start()
        self._turn()
        if not self._scale_chosen:
            with QSignalBlocker(self.scale):
                self.scale.choose(int(len(trace.tokens) >= _LONG))
            self._dress_rows()
        self.all_on.setVisible(bool(trace.scenario.heads_off or trace.scenario.layers_off))
        self.what_if.draw(bert, trace)
        self._show_head(trace)
        self._show_atlas(trace)
        self.examine("habits", lambda _, trace: habits(trace), self._show_habits)

    def mark(self, selection: Selection) -> None:
        trace = self.workspace.trace
        assert trace is not None
        head = selection.head or (0, 0)
        if head != self._head:
            self._head = head
            self._show_head(trace)
        self._mark_head()
        self._ask_cell(trace, *_looked_at(trace, selection))
        bert = self.workspace.bert
        assert bert is not None
        if self.beside.current or what_if.is_changed(bert, trace):
            self.what_if.mark(selection)

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
        self.steps.setText(self.tr("q · k"))
        self.steps.setCheckable(True)
        self.steps.setChecked(True)
        self.steps.setToolTip(self.tr("Shows below the map how the marked weight comes about"))
        self.steps.setAccessibleName(self.tr("How the marked weight comes about"))
        self.chosen.tools.insertWidget(0, self.steps)
        self.chosen.column.insertWidget(1, self._line)
        self._one = QWidget()
        right = QVBoxLayout(self._one)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(8)
        right.addWidget(self.chosen, 2)
        right.addWidget(self.path, 1)
        content = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, content)
        self._columns.setContentsMargins(0, 0, 0, 0)
        self._columns.setSpacing(28)
        self._columns.addWidget(self._all, 5)
        self._columns.addWidget(self._one, 6)
        self._columns.addWidget(self.what_if, 6)
        self.what_if.hide()
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
        self.what_if.said.connect(self._describe)
        self.heads.chosen.connect(lambda row, column: workspace.select(head=self.heads.head(row, column)))
        self.heatmap.hovered.connect(
            lambda cell: workspace.hover(cell=cell, token=cell[0]) if cell else workspace.hover()
        )
        self.heatmap.chosen.connect(self._choose_cell)
        self.path.inspected.connect(workspace.inspect)
        self.path.hovered.connect(self._hover_token)
        self.path.chosen.connect(self._choose_token)
        self.scale.chosen.connect(self._scale_rows)
        self._whole.timeout.connect(self._release_maps)
        workspace.worker.settled.connect(self._release_maps)
        self.steps.toggled.connect(self.path.setVisible)

    def _turn_to(self, beside: int) -> None:
        """Shows the chosen head beside the atlas, or what the predictions hang on."""
        self._one.setVisible(not beside)
        self.what_if.setVisible(bool(beside))
        self.ask(self.what_if.question if beside else self.question)
        if self.workspace.trace is not None:
            self._describe()
            self.mark(self.workspace.selection)

    def _release_maps(self) -> None:
        self._whole.stop()
        for widget in (self.heads, self.heatmap):
            widget.setUpdatesEnabled(True)

    def _scale_rows(self) -> None:
        self._scale_chosen = True
        self._dress_rows()
        if self.workspace.trace is not None:
            self._show_atlas(self.workspace.trace)

    def _dress_rows(self) -> None:
        per_row = bool(self.scale.current)
        self.heatmap.set_per_row(per_row)
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
        tokens = token_axis(trace)
        self.chosen.set_heading(self.tr("Layer {0} · head {1}").format(layer + 1, head + 1))
        self.heatmap.setAccessibleName(self.tr("Attention of layer {0}, head {1}").format(layer + 1, head + 1))
        self.heatmap.show_values(trace.attention[layer, head], tokens, tokens)
        self._describe()

    def _python(self) -> str:
        layer, head = self._head
        return f"values = trace.attention[{layer}, {head}]  # a row looks at a column"

    def _show_habits(self, found: Habits) -> None:
        self._habits = found
        self.heads.show_habits(found)
        trace = self.workspace.trace
        assert trace is not None
        self._describe()
        self._mark_head()

    def _describe(self) -> None:
        trace = self.workspace.trace
        assert trace is not None
        layer, head = self._head
        how = self.tr("Each square is one head; a row looks at a column, and every row adds up to 1.")
        how = self.what_if.change or how
        if self.beside.current:
            self.answer = self.what_if.answer or self.answer
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
            self.answer = f"{strong(does + '.')} {how}"
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

    # One cell of it

    def _hover_token(self, column: int | None) -> None:
        if column is None or self.path.derivation is None:
            self.workspace.hover()
        else:
            row = self.path.derivation.cell[0]
            self.workspace.hover(cell=(row, column), token=row)

    def _choose_cell(self, row: int, column: int) -> None:
        head = self.workspace.selection.head
        self.workspace.select(cell=(row, column), token=row)
        if head is not None:
            self.workspace.inspect(Place(Stage.ATTENTION, *head, row=row, column=column))

    def _choose_token(self, column: int) -> None:
        if self.path.derivation is not None:
            row = self.path.derivation.cell[0]
            self.workspace.select(cell=(row, column), token=row)

    def _ask_cell(self, trace: Trace, cell: Cell | None, row: int | None) -> None:
        """Marks ``cell``, or else the strongest of ``row`` or of all, and asks how its weight comes about."""
        if (self._head, cell, row) == self._asked:
            return
        self._asked = head, *_ = self._head, cell, row
        if cell is not None:
            self.chosen.mark(cell)
            self._read(trace, cell, self.tr("{0} looks at {1} with {2}."))
        self.examine(
            "cell",
            lambda _, trace: attention.derivation(trace, head, cell or attention.strongest(trace, head, row)),
            lambda derivation: self._show_cell(derivation, cell, row),
        )

    def _show_cell(self, derivation: Derivation, cell: Cell | None, row: int | None) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self.path.show_derivation(derivation, token_axis(trace))
        if cell is None:
            self.chosen.mark(derivation.cell)
            words = all(trace.inputs.texts[place] is not None for place in derivation.cell)
            sentence = self.tr("{0} looks most at {1}, with {2}.")
            if row is None:
                strongest = self.tr("Strongest is {0} → {1} with {2}.")
                sentence = self.tr("Strongest between words is {0} → {1} with {2}.") if words else strongest
            self._read(trace, derivation.cell, sentence)

    def _read(self, trace: Trace, cell: Cell, sentence: str) -> None:
        looks, seen = (elided(trace.tokens[place]) for place in cell)
        share = weight(float(trace.attention[(*self._head, *cell)]))
        self._line.say(sentence.format(strong(escape(looks)), strong(escape(seen)), share))
        self.heatmap.setAccessibleDescription(sentence.format(looks, seen, share))


def fitted(maps: Floats, per_row: bool) -> Floats:
    """On the worker: ``maps`` (L, H, T, T), as large as the atlas can show them; layer by layer to spare memory.

    Scaling ``per_row`` leaves the largest of a block the largest: so first to fewer columns, and then to the scale.
    """
    step = -(-maps.shape[-1] // RESOLUTION)
    if not per_row:
        return shrink.largest(maps, step, step)
    return np.stack([shrink.largest(shrink.by_row(shrink.largest(layer, 1, step)), step, 1) for layer in maps])


def _looked_at(trace: Trace, selection: Selection) -> tuple[Cell | None, int | None]:
    """The chosen cell, and the token whose row it is in; where another token is chosen it is not that cell."""
    size = len(trace.tokens)
    token = selection.token if selection.token is not None and selection.token < size else None
    cell = selection.cell if selection.cell is not None and max(selection.cell) < size else None
    return (cell if cell is not None and token in (None, cell[0]) else None), token
