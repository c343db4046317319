"""Whether B follows A, now and in the pinned answer (C14)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from explorer.widgets.figures import percent, points
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.shifts import Shift, Shifts
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import next_sentence
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_WIDEST = 720  # pixels: lines beyond that only move the figures away from their words
_SEEN = 0.0005  # of a probability: what is no more reads as the same

Shares = tuple[float, float]  # is next, not next


class PairDifference(View):
    """Both labels with their probability then and now; the two answers may be of any texts and models."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.shifts = Shifts(("pinned", "now", "change in percentage points"), pieces=False)
        self.shifts.setAccessibleName(self.tr("Both labels then and now"))
        self.picture = Picture(self.shifts, self.shifts.sheet, "next-sentence-difference")
        self.picture.set_heading(self.tr("Both labels"), self.tr("pinned → now, change in percentage points"))
        self.picture.setMaximumWidth(_WIDEST)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture)
        column.addStretch(1)

    def draw(self, bert: Bert, trace: Trace) -> None:
        pinned = self.workspace.pinned
        assert pinned is not None
        without = next((answer for answer in (bert, pinned.bert) if not answer.has_nsp), None)
        if without is not None:
            self.sentence = self.tr(
                "{0} has no next-sentence head, so there is nothing to compare. Pin an answer of a model with one."
            ).format(escape(without.name))
        elif 1 not in trace.inputs.texts:
            self.sentence = self.tr("There is only one sentence. Type a second one into B to compare what follows.")
        elif 1 not in pinned.trace.inputs.texts:
            self.sentence = self.tr("The pinned answer is of one sentence only. Pin an answer of two to compare them.")
        else:
            self.page.examine(
                "difference",
                lambda *now: (next_sentence.probabilities(*now), next_sentence.probabilities(*pinned)),
                self._show,
            )

    def mark(self, selection: Selection) -> None:
        pass  # no token is in it

    def _show(self, found: tuple[Shares, Shares]) -> None:
        now, then = found
        names = self.tr("B follows A (IsNext)"), self.tr("B is some other sentence (NotNext)")
        self.shifts.show_shifts(
            [
                Shift(name, after, before=before, change=points(before, after))
                for name, after, before in zip(names, now, then, strict=True)
            ],
            before=True,
        )
        before, after = (escape(percent(shares[0])) for shares in (then, now))
        if abs(now[0] - then[0]) < _SEEN:
            said = self.tr("Nothing is different: that B follows A has {0}, as in the pinned answer.").format(after)
        else:
            rises, falls = (
                self.tr("That B follows A rises from {0} in the pinned answer to {1}."),
                self.tr("That B follows A falls from {0} in the pinned answer to {1}."),
            )
            said = (rises if now[0] > then[0] else falls).format(before, after)
        self.answer = strong(said)
