"""Whether B follows A: the head at [CLS], the way to its two probabilities, and what would change them (C14, C16)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QPushButton, QVBoxLayout

from explorer.widgets.bars import Bar, Bars
from explorer.widgets.beside import columns
from explorer.widgets.columns import Columns
from explorer.widgets.figures import rounded_percent
from explorer.widgets.job import AT_ONCE, Job
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.pair_difference import PairDifference
from explorer.widgets.panel import emphasised, strong
from explorer.widgets.picture import Picture
from explorer.widgets.verdict_path import VerdictPath
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import next_sentence
from model.lens.steps import Place, Stage
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


translate = QCoreApplication.translate  # by its own name: lupdate finds the texts by it


class PairVerdict(View):
    """Left both labels in words, the pair swapped and each segment flipped; right the way from [CLS] to the answer."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        workspace = self.workspace
        self._is_next = 0.0
        self.bars = Bars(ranked=False)
        self.bars.setAccessibleName(self.question)
        self.swap = QPushButton(self.tr("Swap A and B"))
        self._round = Line()
        self.changes = Columns("change of IsNext in percentage points", is_signed=True)
        self.changes.setAccessibleName(self.tr("What flipping a token's segment changes"))
        self._largest = Line()
        self.job = Job(workspace, "PairVerdict.flips", self.tr("Flip token by token"), self.changes)
        self.path = VerdictPath()
        self._lay_out()
        self.swap.clicked.connect(workspace.swap)
        self.path.inspected.connect(workspace.inspect)
        self.bars.chosen.connect(lambda label: workspace.inspect(Place(Stage.NSP, column=label)))
        self.changes.chosen.connect(lambda place: workspace.select(token=place))
        self.changes.hovered.connect(lambda place: workspace.hover() if place is None else workspace.hover(token=place))

    @property
    def title(self) -> str:
        return self.tr("This pair")

    @property
    def question(self) -> str:
        return self.tr("Does B follow A?")

    @property
    def other_way_round(self) -> str:
        """What swapping would give, in words."""
        return self._round.text()

    def difference(self) -> View:
        return PairDifference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.sentence = refusal(bert, trace)
        if self.sentence:
            return
        self._round.say(self.tr("Asked the other way round: …"))
        self.page.examine("verdict", next_sentence.verdict, self._show)
        self.page.examine("swapped", next_sentence.swapped, self._show_swapped)
        if self.job.is_about(trace):
            self._say_largest()
        else:
            self._offer_flips(trace)

    def _offer_flips(self, trace: Trace) -> None:
        few = len(trace.tokens) <= AT_ONCE
        if not few:
            self.changes.show_values(np.zeros(0, dtype=np.float32), ())
            self._largest.hide()
        hint = self.tr("Each of {0} tokens gets the other segment in turn, which takes a while.")
        self.job.offer(next_sentence.flips, self._show_flips, hint.format(len(trace.tokens)), at_once=few)

    def mark(self, selection: Selection) -> None:
        self.changes.mark(selection.token)

    # How it is laid out

    def _lay_out(self) -> None:
        labels = Picture(self.bars, self.bars.sheet, "next-sentence", self.tr("Both labels"), python=_python)
        labels.tools.insertWidget(0, self.swap)
        labels.column.addWidget(self._round)
        self._flips = Picture(
            self.changes,
            self.changes.sheet,
            "next-sentence",
            self.tr("One segment flipped"),
            python=_python_of_flips,
        )
        self._flips.column.insertWidget(1, self._largest)
        self._flips.column.insertWidget(2, self.job)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(columns((labels, self._flips), (self.path,)))

    # What it says

    def _show(self, verdict: next_sentence.Verdict) -> None:
        self._is_next, not_next = verdict.probabilities
        self.bars.show_bars(
            (
                Bar(self.tr("B follows A"), self._is_next, "IsNext"),
                Bar(self.tr("B is some other sentence"), not_next, "NotNext"),
            ),
            full=1.0,
        )
        sentence = (
            self.tr("<b>Yes, B follows A</b>, this model says with {0}.")
            if self._is_next >= not_next
            else self.tr("<b>No, B is some other sentence</b>, this model says with {0}.")
        )
        self.answer = emphasised(sentence).format(rounded_percent(max(verdict.probabilities)))
        self.path.show_verdict(verdict)

    def _show_swapped(self, probabilities: tuple[float, float]) -> None:
        trace = self.workspace.trace
        assert trace is not None
        share = strong(escape(rounded_percent(probabilities[0])))
        sentence = (
            self.tr("Asked the other way round and without the edits, that A follows B: {0}.")
            if trace.scenario.is_edited
            else self.tr("Asked the other way round, that A follows B: {0}.")
        )
        self._round.say(sentence.format(share))

    def _show_flips(self, flipped: Floats) -> None:
        trace = self.workspace.trace
        assert trace is not None
        changes = (flipped - np.float32(self._is_next)) * 100
        self.changes.show_values(changes, trace.tokens, 1 if np.abs(changes).max() >= 1 else 2)
        self._say_largest()

    def _say_largest(self) -> None:
        if not len(self.changes.values):
            return
        largest = int(np.abs(self.changes.values).argmax())
        sentence = self.tr(
            "Change of IsNext in percentage points; the largest, {0}, is that of {1}. S flips the chosen token."
        )
        self._largest.say(
            sentence.format(strong(self.changes.written(largest)), strong(escape(self.changes.sheet().rows[largest])))
        )
        self._largest.show()


def _python() -> str:
    return "values = np.array(model.lens.next_sentence.probabilities(bert, trace))[:, None]"


def _python_of_flips() -> str:
    return (
        "is_next, _ = model.lens.next_sentence.probabilities(bert, trace)\n"
        "flipped = model.lens.passes.result(model.lens.next_sentence.flips(bert, trace))\n"
        "values = ((flipped - np.float32(is_next)) * 100)[:, None]  # percentage points"
    )


def without_head(bert: Bert) -> str:
    """Why the model cannot say what follows; empty where it can."""
    if bert.has_nsp:
        return ""
    return translate(
        "PairVerdict",
        "{0} has no next-sentence head, so it cannot say whether B follows A. "
        "Open a model that was trained with next sentence prediction, such as the starter model.",
    ).format(escape(bert.name))


def refusal(bert: Bert, trace: Trace) -> str:
    """Why the model cannot say whether B follows A; empty where it can."""
    if without_head(bert) or 1 in trace.inputs.texts:
        return without_head(bert)
    return translate("PairVerdict", "There is only one sentence. Type a second one into B to ask whether it follows A.")
