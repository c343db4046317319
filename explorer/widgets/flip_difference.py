"""What a token's other segment would change now, less what it would change in the pinned answer (C9)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.export_python import before
from explorer.widgets.axis import Axis, elided, token_axis
from explorer.widgets.difference import blank, chosen_places, not_there, other_layers
from explorer.widgets.figures import signed
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.layer_curve import heights
from explorer.widgets.layer_map import LayerMap
from explorer.widgets.map_difference import MapDifference
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.workspace import Selection
from model.lens import difference, embeddings
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


class _Found(NamedTuple):
    """How far every hidden state moves, (L+1, T), where the token at ``position`` changes its segment."""

    position: int
    now: Floats | None = None  # None where the token has no like
    change: Floats | None = None


class FlipDifference(MapDifference):
    """A row a layer: orange moves farther than in the pinned answer, blue less far. The strip chooses the token."""

    def __init__(self, page: Page) -> None:
        heatmap = Heatmap(scale=Scale.SIGNED, square=False)
        heatmap.setAccessibleName(self.tr("Change of every hidden state by the flip, now less pinned"))
        self.map = LayerMap(heatmap, "flip-difference", self._python)
        super().__init__(page, self.map, tokens=None)
        self._found: _Found | None = None
        self._asked: int | None = -1
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.map)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.forget()
        self._asked = -1
        self.sentence = other_layers(Answer(bert, trace), self.pinned)

    def mark(self, selection: Selection) -> None:
        super().mark(selection)
        position = self.workspace.clicked.token  # the passes are worth it only for what is clicked
        if position != self._asked:
            self._asked = position
            self.compare(lambda now, pinned: _flipped(now, pinned, position), self._show)

    def read(self, cell: Cell) -> tuple[str, Sequence[str]]:
        trace, found = self.workspace.trace, self._found
        assert trace is not None
        assert found is not None
        assert found.now is not None
        words = elided(trace.tokens[cell[1]]), heights(len(found.now))[cell[0]]
        now, change = float(found.now[cell]), float(self.heatmap.values[cell])
        if np.isnan(change):
            return self.tr("{0}, {1}: the pinned sentence has no such token there."), words
        sentence = self.tr("{0}, {1}: the flip moves it by {2} in the pinned answer and by {3} now (1 − cosine).")
        return sentence, (*words, signed(now - change), signed(now))

    def _python(self) -> str:
        place, flipped = self._found.position if self._found is not None else 0, "model.lens.embeddings.flipped"
        return (
            f"{before(self.pinned)}"
            f"now = 1 - {flipped}(bert, trace, {place}).hidden\n"
            f"then = 1 - {flipped}(pinned_bert, pinned, matching.like({place})).hidden\n"
            "values = now - model.lens.difference.aligned(then, matching)"
        )

    def _show(self, found: _Found) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self._found = found
        token = trace.tokens[found.position]
        self.map.setVisible(found.change is not None)
        if found.change is None:
            self.forget()
            self.answer = not_there(token)
            return
        self.map.set_heading(
            self.tr("What flipping {0} changes").format(elided(token)), self.tr("1 − cosine, now less pinned")
        )
        self.map.fit(found.change.shape)
        self.show_numbers(found.change, Axis(heights(len(found.change))), token_axis(trace))
        self.answer = self._answer_for(trace, found.change)

    def _answer_for(self, trace: Trace, change: Floats) -> str:
        row, column = self.largest
        if not np.nan_to_num(change).any():
            said = strong(self.tr("Nothing is different: the flip moves every token as far as in the pinned answer."))
        else:
            sentence = (
                self.tr("The flip moves {0} farther at {1} than in the pinned answer, by {2} (1 − cosine).")
                if change[row, column] > 0
                else self.tr("The flip moves {0} less far at {1} than in the pinned answer, by {2} (1 − cosine).")
            )
            words = (
                escape(elided(trace.tokens[column])),
                heights(len(change))[row],
                signed(abs(float(change[row, column]))),
            )
            said = strong(sentence.format(*words))
        return f"{said} {blank(int(np.isnan(change[0]).sum()), len(trace.tokens))}".rstrip()


def _flipped(now: Answer, pinned: Answer, token: int | None) -> _Found:
    """On the worker; ``ValueError`` where a model has one segment only."""
    position, place = chosen_places(now, pinned, token)
    if place is None:
        return _Found(position)
    sides = (now, position), (pinned, place)
    moved = [1 - embeddings.flipped(*answer, where).hidden for answer, where in sides]
    matching = difference.match(now.trace.inputs, pinned.trace.inputs)
    return _Found(position, moved[0], moved[0] - difference.aligned(moved[1], matching))
