"""What is predicted at a position now, and what was in the pinned answer (C5, C13)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.export_python import before
from explorer.widgets.axis import Axis, elided
from explorer.widgets.beside import columns
from explorer.widgets.change_columns import ChangeColumns
from explorer.widgets.difference import chosen_places, no_predictions, not_there
from explorer.widgets.figures import percent, points
from explorer.widgets.heatmap import Cell, Scale
from explorer.widgets.layer_curve import heights
from explorer.widgets.layer_map import LayerMap
from explorer.widgets.map_difference import MapDifference
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.shifts import Shift, Shifts
from explorer.widgets.view import View
from explorer.widgets.word_map import WordMap
from explorer.workspace import Selection
from model.lens import difference, masked_lm
from model.lens.difference import Change
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_WIDEST = 720  # pixels: lines beyond that only move the figures away from their words
_SURPRISE = (
    "result(model.lens.masked_lm.surprise(bert, trace))",
    "result(model.lens.masked_lm.surprise(pinned_bert, pinned))",
)
_SEEN = 0.0005  # of a probability: what is no more reads as the same


class Found(NamedTuple):
    """The predictions at ``position`` and at that of its like in the pinned answer, where it has one."""

    position: int
    place: int | None
    changes: tuple[Change, ...] = ()
    by_layer: tuple[tuple[Change, ...], ...] = ()  # none where the two models have other layers


def found(now: Answer, pinned: Answer, token: int | None) -> Found:
    """On the worker: for the chosen ``token``, or else where ``chosen_places`` says."""
    position, place = chosen_places(now, pinned, token)
    if place is None:
        return Found(position, place)
    changes = difference.predictions(now, pinned, (position, place))
    is_alike = len(now.trace.hidden) == len(pinned.trace.hidden)
    return Found(position, place, changes, difference.candidates(now, pinned, (position, place)) if is_alike else ())


class PredictionDifference(View):
    """Left a line a candidate, the largest change first; right each token's surprise, and the candidates by layer.

    Enter on a candidate asks how its probability came about.
    """

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._asked: int | None = -1  # the token
        self._found: Found | None = None
        self._places: tuple[int, int | None] = (0, None)  # what is shown
        self.shifts = Shifts(("pinned", "now"), pieces=True)
        self.shifts.setAccessibleName(self.tr("The predictions then and now"))
        self.picture = Picture(self.shifts, self.shifts.sheet, "masked-lm-difference", python=self._python)
        self.picture.setMaximumWidth(_WIDEST)
        self.surprise = ChangeColumns(
            page,
            "surprise-difference",
            "change of the surprise in nats",
            self.tr("Ask token by token"),
            decimals=1,
            unedited=True,
        )
        self.surprise.set_heading(self.tr("How surprising is each token?"), self.tr("change of −ln p in nats"))
        self.surprise.columns.setAccessibleName(self.tr("How the surprise of each token changed"))
        self.layers = CandidatesDifference(page)
        self._lay_out()
        self.shifts.chosen.connect(self._inspect)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._asked, self._found = -1, None
        self.layers.forget()
        self.sentence = no_predictions(Answer(bert, trace), self.pinned)
        if not self.sentence:
            hint = self.tr("Each token of both answers is masked in turn, which takes a while.")
            self.surprise.offer(masked_lm.surprise, masked_lm.surprise, "surprise", hint, _SURPRISE)

    def mark(self, selection: Selection) -> None:
        token = selection.token
        self.surprise.mark(token)
        self.layers.mark(selection)
        if token != self._asked:
            self._asked = token
            self.compare(lambda now, pinned: found(now, pinned, token), self._show)

    def _lay_out(self) -> None:
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(columns((self.picture,), (self.surprise, self.layers)))

    def _show(self, found: Found) -> None:
        trace, pinned = self.workspace.trace, self.workspace.pinned
        assert trace is not None
        assert pinned is not None
        self._found, self._places = found, (found.position, found.place)
        token = trace.tokens[found.position]
        self.picture.setVisible(found.place is not None)
        self.layers.setVisible(bool(found.by_layer))
        if found.place is None:
            self.answer = not_there(token)
            return
        former = pinned.trace.tokens[found.place]
        heading = self.tr("Position {0} · {1}") if former == token else self.tr("Position {0} · {1}, pinned {2}")
        heading = heading.format(found.position, elided(token), elided(former))
        self.picture.set_heading(heading, self.tr("pinned → now, and change"))
        self.shifts.show_shifts(
            [
                Shift(
                    elided(change.piece), change.after, before=change.before, change=points(change.before, change.after)
                )
                for change in found.changes
            ],
            before=True,
        )
        if found.by_layer:
            self.layers.show_candidates(found.by_layer, self._places)
        self.answer = self._answer_for(found.changes)

    def _answer_for(self, changes: tuple[Change, ...]) -> str:
        most = changes[0]
        if abs(most.after - most.before) < _SEEN:
            return strong(self.tr("Nothing is different here: the predictions are those of the pinned answer."))
        rises, falls = self.tr("{0} rises from {1} to {2}."), self.tr("{0} falls from {1} to {2}.")
        said = strong(
            escape(
                (rises if most.after > most.before else falls).format(
                    f"“{elided(most.piece)}”", percent(most.before), percent(most.after)
                )
            )
        )
        now, then = max(changes, key=lambda change: change.after), max(changes, key=lambda change: change.before)
        if now is then:
            stays = self.tr("Expected first in both is {0}.")
            return f"{said} {stays.format(strong(escape(elided(now.piece))))}"
        turns = self.tr("Expected first is now {0}, and in the pinned answer it was {1}.")
        return f"{said} {turns.format(*(strong(escape(elided(change.piece))) for change in (now, then)))}"

    def _python(self) -> str:
        assert self.workspace.pinned is not None
        return (
            f"{before(self.workspace.pinned)}"
            f"places = {self._places}\n"
            "found = model.lens.difference.predictions((bert, trace), (pinned_bert, pinned), places)\n"
            "values = np.array([[one.before, one.after, 100 * (one.after - one.before)] for one in found])"
        )

    def _inspect(self, line: int) -> None:
        if self._found is not None:
            self.workspace.inspect_piece(self._found.position, self._found.changes[line].piece)


class CandidatesDifference(MapDifference):
    """A row a layer, from left to right the candidates whose probability changed most if it were the last."""

    def __init__(self, page: Page) -> None:
        words = WordMap(scale=Scale.SIGNED)
        self.map = LayerMap(words, "masked-lm-layers-difference", self._python)
        self.map.set_heading(self.tr("Across the layers"))
        super().__init__(page, self.map, tokens=None)
        self._rows: tuple[tuple[Change, ...], ...] = ()
        self._places: tuple[int, int | None] = (0, None)
        words.setAccessibleName(self.tr("What changed most by layer, in percentage points"))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.map)

    def show_candidates(self, rows: tuple[tuple[Change, ...], ...], places: tuple[int, int | None]) -> None:
        """Draws the changes of L+1 rows at two ``places``."""
        self._rows, self._places = rows, places
        values: Floats = np.array([[c.after - c.before for c in row] for row in rows], np.float32) * 100
        ranks = Axis(tuple(map(str, range(1, values.shape[1] + 1))), numbers=True)
        self.map.fit(values.shape)
        self.show_numbers(values, Axis(heights(len(rows))), ranks, [[change.piece for change in row] for row in rows])

    def read(self, cell: Cell) -> tuple[str, Sequence[str]]:
        change = self._rows[cell[0]][cell[1]]
        sentence = self.tr("{0}: {1} had {2} in the pinned answer and has {3} now.")
        height = heights(len(self._rows))[cell[0]]
        return sentence, (height, elided(change.piece), percent(change.before), percent(change.after))

    def _python(self) -> str:
        return (
            f"{before(self.pinned)}"
            f"places = {self._places}\n"
            "rows = model.lens.difference.candidates((bert, trace), (pinned_bert, pinned), places)\n"
            "values = np.array([[one.after - one.before for one in row] for row in rows], np.float32) * 100"
        )
