"""Whether B follows A, now and in the pinned answer, and what a flipped segment would change in either (C9, C14)."""

from __future__ import annotations

from collections.abc import Generator
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.export_python import before
from explorer.widgets.change_columns import ChangeColumns
from explorer.widgets.difference import no_pairs
from explorer.widgets.figures import percent, points
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.shifts import Shift, Shifts
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import next_sentence
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_WIDEST = 720  # pixels: lines beyond that only move the figures away from their words
_SEEN = 0.0005  # of a probability: what is no more is hardly different

translate = QCoreApplication.translate  # by its own name: lupdate finds the texts by it

Shares = tuple[float, float]  # is next, not next


class PairDifference(View):
    """Both labels with their probability then and now; the two answers may be of any texts and models."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.shifts = Shifts(("pinned", "now"), pieces=False)
        self.shifts.setAccessibleName(self.tr("Both labels then and now"))
        self.picture = Picture(self.shifts, self.shifts.sheet, "next-sentence-difference", python=self._python)
        self.picture.set_heading(self.tr("Both labels"), self.tr("pinned → now, change in percentage points"))
        self.picture.setMaximumWidth(_WIDEST)
        self.flips = ChangeColumns(
            page, "flips-difference", "change in percentage points", self.tr("Flip token by token"), decimals=1
        )
        self.flips.set_heading(self.tr("One segment flipped"), self.tr("IsNext, in percentage points, now less pinned"))
        self.flips.columns.setAccessibleName(self.flips.heading)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addWidget(self.picture)
        column.addWidget(self.flips)
        column.addStretch(1)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.sentence = no_pairs(Answer(bert, trace), self.pinned)
        if self.sentence:
            return
        self.compare(verdicts, self._show)
        hint = self.tr("Each token of both answers gets the other segment in turn, which takes a while.")
        self.flips.offer(_flips, _flips, "flips", hint, (_in_python("bert, trace"), _in_python("pinned_bert, pinned")))

    def mark(self, selection: Selection) -> None:
        self.flips.mark(selection.token)

    def _python(self) -> str:
        assert self.workspace.pinned is not None
        return (
            f"{before(self.workspace.pinned)}"
            "then = np.array(model.lens.next_sentence.probabilities(pinned_bert, pinned))\n"
            "now = np.array(model.lens.next_sentence.probabilities(bert, trace))\n"
            "values = np.stack([then, now, 100 * (now - then)], axis=1)"
        )

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
        self.answer = told(now, then)


def verdicts(now: Answer, pinned: Answer) -> tuple[Shares, Shares]:
    """On the worker: what either answer says."""
    return next_sentence.probabilities(*now), next_sentence.probabilities(*pinned)


def told(now: Shares, then: Shares) -> str:
    """In words how the verdict changed. Rich text."""
    before, after = (escape(percent(shares[0])) for shares in (then, now))
    if now[0] == then[0]:
        said = translate("PairDifference", "Nothing is different: that B follows A has {0}, as in the pinned answer.")
        return strong(said.format(after))
    if abs(now[0] - then[0]) < _SEEN:
        said = translate(
            "PairDifference", "Hardly anything is different: that B follows A has {1} now and {0} in the pinned answer."
        )
        return strong(said.format(before, after))
    rises, falls = (
        translate("PairDifference", "That B follows A rises from {0} in the pinned answer to {1}."),
        translate("PairDifference", "That B follows A falls from {0} in the pinned answer to {1}."),
    )
    return strong((rises if now[0] > then[0] else falls).format(before, after))


def _flips(bert: Bert, trace: Trace) -> Generator[float, None, Floats]:
    """(T,) what flipping each token's segment changes of IsNext, in percentage points."""
    flipped = yield from next_sentence.flips(bert, trace)
    return (flipped - np.float32(next_sentence.probabilities(bert, trace)[0])) * 100


def _in_python(answer: str) -> str:
    """The expression for what ``_flips`` gives."""
    lens = "model.lens.next_sentence"
    return f"(result({lens}.flips({answer})) - np.float32({lens}.probabilities({answer})[0])) * 100"
