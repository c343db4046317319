"""Who looks at whom? Every head of every layer, and the chosen one in full (C12)."""

from __future__ import annotations

from dataclasses import fields
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import QSignalBlocker
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from explorer.export import Sheet
from explorer.widgets import shrink
from explorer.widgets.atlas import RESOLUTION, Atlas, Head
from explorer.widgets.axis import token_axis
from explorer.widgets.figures import NO_BREAK, rounded_percent, signed
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.legend import Legend
from explorer.widgets.page import Page
from explorer.widgets.panel import note, strong
from explorer.widgets.picture import Picture
from explorer.workspace import Selection, Workspace
from model.lens import attention
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_GAP = 8  # pixels between atlas and caption
_LONG = 64  # tokens, from which on most rows are too faint from 0 to 1
_EXCEPTION_FROM = 0.5  # of a row's mass: a word that looks so firmly elsewhere is worth naming


class _Habits(NamedTuple):
    """What every head does, in numbers and by name."""

    statistics: attention.HeadStatistics
    patterns: list[list[attention.Pattern]]


class AttentionTab(Page):
    """Left the atlas of all heads, right the chosen head: a row looks at a column."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._head: Head = (0, 0)
        self._habits: _Habits | None = None
        self._scale_chosen = False  # whether the user wants one scale or the other, however long the text
        self.atlas = Atlas()
        self.heatmap = Heatmap(scale=Scale.SHARE)
        self._legend = Legend(Scale.SHARE)
        self._facts = note()
        self._captioned = _Captioned(self.atlas, self._facts)
        self._line = note(wrap=False)
        self.per_row = QToolButton()
        self.per_row.setText(self.tr("Each row by itself"))
        self.per_row.setCheckable(True)
        self.per_row.setToolTip(
            self.tr("The strongest colour for the largest weight of each row: shows faint rows of long texts")
        )
        self._all = Picture(self.atlas, self._statistics, "attention", self.tr("All heads"), frame=self._captioned)
        self.chosen = Picture(self.heatmap, self.heatmap.sheet, "attention")
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
        return self._facts.text()

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self._line.text()

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._habits = None
        if not self._scale_chosen:
            with QSignalBlocker(self.per_row):
                self.per_row.setChecked(len(trace.tokens) >= _LONG)
            self._dress_rows()
        self._show_head(trace)
        self._show_atlas(trace)
        self.examine("habits", _habits, self._show_habits)

    def _show_atlas(self, trace: Trace) -> None:
        off = trace.scenario.heads_off | {
            (layer, head) for layer in trace.scenario.layers_off for head in range(trace.attention.shape[1])
        }
        per_row = self.per_row.isChecked()
        self.examine(
            "atlas", lambda _, trace: _fitted(trace.attention, per_row), lambda maps: self._show_maps(maps, off)
        )

    def _show_maps(self, maps: Floats, off: frozenset[Head]) -> None:
        self.atlas.show_maps(maps, off)
        self._captioned.place()

    def mark(self, selection: Selection) -> None:
        trace = self.workspace.trace
        assert trace is not None
        head = selection.head or (0, 0)
        if head != self._head:
            self._head = head
            self._show_head(trace)
        self.atlas.mark(head)
        self.chosen.mark(selection.cell, selection.token)
        self._read(trace, selection.cell, selection.token)

    # How it is laid out

    def _lay_out(self) -> None:
        self.atlas.setToolTip(self.tr("Click chooses a head, Ctrl+click or X switches it off."))
        self._all.tools.insertWidget(0, self.per_row)
        self._all.tools.insertWidget(1, self._legend)
        self.chosen.column.insertWidget(1, self._line)
        columns = QHBoxLayout(self.body)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(28)
        columns.addWidget(self._all, 1)
        columns.addWidget(self.chosen, 1)

    def _connect(self) -> None:
        workspace = self.workspace
        self.atlas.hovered.connect(lambda head: workspace.hover(head=head) if head else workspace.hover())
        self.atlas.chosen.connect(lambda layer, head: workspace.select(head=(layer, head)))
        self.atlas.toggled.connect(
            lambda layer, head: workspace.edit(lambda scenario: scenario.toggle_head(layer, head))
        )
        self.heatmap.hovered.connect(
            lambda cell: workspace.hover(cell=cell, token=cell[0]) if cell else workspace.hover()
        )
        self.heatmap.chosen.connect(lambda row, column: workspace.select(cell=(row, column), token=row))
        self.per_row.toggled.connect(self._scale_rows)

    def _statistics(self) -> Sheet:
        """Every head's habits, a row a head; empty until they are counted."""
        if self._habits is None:
            return Sheet(np.zeros((0, 0)), (), ())
        numbers = {
            field.name: getattr(self._habits.statistics, field.name) for field in fields(attention.HeadStatistics)
        }
        names = np.array(self._habits.patterns, dtype=object)
        heads = [self.tr("layer {0} head {1}").format(layer + 1, head + 1) for layer, head in np.ndindex(names.shape)]
        columns = [names.ravel(), *(number.ravel() for number in numbers.values())]
        return Sheet(np.array(columns, dtype=object).T, heads, ("pattern", *numbers))

    def _scale_rows(self) -> None:
        self._scale_chosen = True
        self._dress_rows()
        if self.workspace.trace is not None:
            self._show_atlas(self.workspace.trace)

    def _dress_rows(self) -> None:
        on = self.per_row.isChecked()
        self.heatmap.set_per_row(on)
        self._legend.set_end(self.tr("largest of its row") if on else "")

    # What it says

    def _show_head(self, trace: Trace) -> None:
        layer, head = self._head
        if layer >= trace.attention.shape[0] or head >= trace.attention.shape[1]:
            layer, head = self._head = (0, 0)
        tokens = token_axis(trace)
        name = self.tr("Layer {0} · head {1}").format(layer + 1, head + 1)
        self.chosen.set_heading(name)
        self.heatmap.setAccessibleName(self.tr("Attention of layer {0}, head {1}").format(layer + 1, head + 1))
        self.heatmap.show_values(trace.attention[layer, head], tokens, tokens)
        self._describe(trace)

    def _show_habits(self, habits: _Habits) -> None:
        self._habits = habits
        trace = self.workspace.trace
        assert trace is not None
        self._describe(trace)

    def _describe(self, trace: Trace) -> None:
        layer, head = self._head
        how = self.tr("Each square is one head; a row looks at a column, and every row adds up to 1.")
        if self._habits is None:
            self.answer = how
            self._facts.setText("")
            return
        pattern = self._habits.patterns[layer][head]
        does = self._habit(pattern).format(layer + 1, head + 1)
        exception = _exception(trace, self._head, pattern)
        if exception is not None:
            does = self.tr("{0}, except {1} → {2}").format(does, *(escape(trace.tokens[place]) for place in exception))
        self.answer = f"{strong(does + '.')} {how}"
        self._facts.setText(self._shares(trace))
        self._captioned.place()

    def _habit(self, pattern: attention.Pattern) -> str:
        return {
            "previous": self.tr("Layer {0} · head {1} looks at the token before"),
            "next": self.tr("Layer {0} · head {1} looks at the token after"),
            "itself": self.tr("Layer {0} · head {1} has each token look at itself"),
            "same": self.tr("Layer {0} · head {1} looks at the same word elsewhere"),
            "cls": self.tr("Layer {0} · head {1} rests on [CLS]"),
            "sep": self.tr("Layer {0} · head {1} rests on [SEP]"),
            "a_to_b": self.tr("Layer {0} · head {1} looks from A across to B"),
            "b_to_a": self.tr("Layer {0} · head {1} looks from B across to A"),
            "broad": self.tr("Layer {0} · head {1} looks at all tokens nearly alike"),
            "mixed": self.tr("Layer {0} · head {1} follows no single pattern"),
        }[pattern]

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
        if self._head in trace.scenario.heads_off or layer in trace.scenario.layers_off:
            parts.insert(0, strong(self.tr("switched off: what it finds does not reach the next layer")))
        return f"{NO_BREAK}· ".join(parts)

    def _read(self, trace: Trace, cell: Cell | None, token: int | None) -> None:
        weights = trace.attention[self._head]
        if cell is not None and max(cell) < len(weights):
            sentence = self.tr("{0} looks at {1} with {2}.")
        elif token is not None and token < len(weights):
            cell = token, int(weights[token].argmax())
            sentence = self.tr("{0} looks most at {1}, with {2}.")
        else:
            self._line.setText(self.tr("Point at a cell, or reach it with the arrow keys, to read it."))
            return
        looks, seen = (trace.tokens[place] for place in cell)
        weight = signed(float(weights[cell]))
        self._line.setText(sentence.format(strong(escape(looks)), strong(escape(seen)), weight))
        self.heatmap.setAccessibleDescription(sentence.format(looks, seen, weight))


class _Captioned(QWidget):
    """The atlas with what its chosen head does right below the last layer, however many there are."""

    def __init__(self, atlas: Atlas, caption: QLabel) -> None:
        super().__init__()
        self._atlas, self._caption = atlas, caption
        for widget in (atlas, caption):
            widget.setParent(self)
        self.setMinimumSize(atlas.minimumSize())

    def place(self) -> None:
        """Gives the caption at least two lines, so that the atlas keeps its size from head to head."""
        lines = max(self._caption.heightForWidth(self.width()), 2 * self._caption.fontMetrics().lineSpacing() + 2)
        self._atlas.setGeometry(0, 0, self.width(), self.height() - lines - _GAP)
        self._caption.setGeometry(0, round(self._atlas.used_height()) + _GAP, self.width(), lines)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place()


def _fitted(maps: Floats, per_row: bool) -> Floats:
    """On the worker: ``maps`` (L, H, T, T), as large as the atlas can show them; layer by layer to spare memory."""
    step = -(-maps.shape[-1] // RESOLUTION)
    if not per_row:
        return shrink.largest(maps, step, step)
    return np.stack([shrink.largest(shrink.by_row(layer), step, step) for layer in maps])


def _habits(_: Bert, trace: Trace) -> _Habits:
    """On the worker."""
    statistics = attention.statistics(trace)
    return _Habits(statistics, attention.patterns(statistics, len(trace.tokens)))


def _exception(trace: Trace, head: Head, pattern: attention.Pattern) -> Cell | None:
    """The word that looks most firmly at another than the ``pattern`` says, if one does."""
    size = len(trace.tokens)
    special = np.array([text is None for text in trace.inputs.texts])
    expected = {
        "cls": np.broadcast_to(np.arange(size) == 0, (size, size)),
        "sep": np.broadcast_to(special & (np.arange(size) > 0), (size, size)),
        "previous": np.eye(size, k=-1, dtype=bool),
        "next": np.eye(size, k=1, dtype=bool),
        "itself": np.eye(size, dtype=bool),
    }.get(pattern)
    if expected is None:
        return None
    unremarkable = expected | special[:, None] | special[None, :] | np.eye(size, dtype=bool)
    elsewhere = np.where(unremarkable, 0, trace.attention[head])
    row, column = divmod(int(elsewhere.argmax()), size)
    return (row, column) if elsewhere[row, column] >= _EXCEPTION_FROM else None
