"""What is predicted at a position now, and what was in the pinned answer (C5, C13)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.widgets.axis import elided
from explorer.widgets.figures import percent, points
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.shifts import Shift, Shifts
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import difference, masked_lm
from model.lens.difference import Change
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_WIDEST = 720  # pixels: lines beyond that only move the figures away from their words
_SEEN = 0.0005  # of a probability: what is no more reads as the same


class Found(NamedTuple):
    """The predictions at ``position`` and at that of its like in the pinned answer, where it has one."""

    position: int
    place: int | None
    changes: tuple[Change, ...]


def found(now: Answer, pinned: Answer, token: int | None) -> Found:
    """On the worker: for the chosen ``token``, or else the first that is edited in one of both, or of the text."""
    matching = difference.match(now.trace.inputs, pinned.trace.inputs)
    likes = dict(zip(matching.before.tolist(), matching.after.tolist(), strict=True))
    edited = masked_lm.asked(*now) + [likes[place] for place in masked_lm.asked(*pinned) if place in likes]
    last = len(now.trace.tokens) - 1
    position = token if token is not None and token <= last else next(iter(edited), min(1, last))
    place = matching.like(position)
    return Found(position, place, () if place is None else difference.predictions(now, pinned, (position, place)))


class PredictionDifference(View):
    """A line a candidate: its probability then and now, the largest change first. Enter asks how it came about."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._asked: int | None = -1  # the token
        self._found: Found | None = None
        self.shifts = Shifts(("pinned", "now", "change in percentage points"), pieces=True)
        self.shifts.setAccessibleName(self.tr("The predictions then and now"))
        self.picture = Picture(self.shifts, self.shifts.sheet, "masked-lm-difference")
        self.picture.setMaximumWidth(_WIDEST)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture)
        column.addStretch(1)
        self.shifts.chosen.connect(self._inspect)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._asked, self._found = -1, None
        pinned = self.workspace.pinned
        assert pinned is not None
        without = next((answer for answer in (bert, pinned.bert) if not answer.has_mlm), None)
        if without is not None:
            self.sentence = self.tr(
                "{0} has no masked-LM head, so there are no predictions to compare. Pin an answer of a model with one."
            ).format(escape(without.name))
        elif bert.config.is_decoder != pinned.bert.config.is_decoder:
            self.sentence = self.tr(
                "One of the two models says what comes next and the other what stands at a position: there is no "
                "difference to show. Choose Now or Pinned."
            )

    def mark(self, selection: Selection) -> None:
        pinned, token = self.workspace.pinned, selection.token
        if pinned is not None and token != self._asked:
            self._asked = token
            self.page.examine("difference", lambda *now: found(Answer(*now), pinned, token), self._show)

    def _show(self, found: Found) -> None:
        trace, pinned = self.workspace.trace, self.workspace.pinned
        assert trace is not None
        assert pinned is not None
        self._found = found
        token = trace.tokens[found.position]
        self.picture.setVisible(found.place is not None)
        if found.place is None:
            self.answer = self.tr("The pinned text has no {0} there: choose another token.").format(
                strong(escape(elided(token)))
            )
            return
        former = pinned.trace.tokens[found.place]
        heading = self.tr("Position {0} · {1}") if former == token else self.tr("Position {0} · {1}, pinned {2}")
        heading = heading.format(found.position, elided(token), elided(former))
        self.picture.set_heading(heading, self.tr("pinned → now, change in percentage points"))
        self.shifts.show_shifts(
            [
                Shift(
                    elided(change.piece), change.after, before=change.before, change=points(change.before, change.after)
                )
                for change in found.changes
            ],
            before=True,
        )
        self.answer = self._answer_for(found.changes, heading)

    def _answer_for(self, changes: tuple[Change, ...], heading: str) -> str:
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

    def _inspect(self, line: int) -> None:
        if self._found is not None:
            self.workspace.inspect_piece(self._found.position, self._found.changes[line].piece)
