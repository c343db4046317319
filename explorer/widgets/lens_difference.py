"""What each layer would predict now, and what it would have in the pinned answer (nostalgebraist 2020)."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.export_python import before
from explorer.widgets.axis import Axis, elided, token_axis
from explorer.widgets.beside import Beside
from explorer.widgets.difference import blank, chosen_places, no_predictions, other_layers
from explorer.widgets.figures import percent, rounded_percent
from explorer.widgets.heatmap import Cell, Scale
from explorer.widgets.job import Job
from explorer.widgets.layer_curve import Course, LayerCurve, heights, percents
from explorer.widgets.layer_map import Capped, LayerMap
from explorer.widgets.map_difference import MapDifference
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.word_map import WordMap
from explorer.workspace import Selection
from model.lens import difference, layers, masked_lm
from model.lens.difference import LensChange
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

AT_ONCE = 4e10  # products of the head: about a second, for which it is not waited to be told to


class _Paths(NamedTuple):
    """The word that is now expected first at a position, through the layers of both answers."""

    position: int
    piece: str
    now: Floats  # (L+1,)
    then: Floats | None  # None where the token has no like


class LensDifference(MapDifference):
    """Left how much of the probability goes elsewhere, with the first guesses that are new; right one word in both."""

    def __init__(self, page: Page) -> None:
        words = WordMap()
        words.setAccessibleName(self.tr("How much of the probability goes elsewhere, by layer"))
        self.map = LayerMap(words, "logit-lens-difference", self._python)
        self.map.set_heading(
            self.tr("Where each layer predicts something else"), self.tr("words are first guesses that are new")
        )
        super().__init__(page, self.map, Scale.SHARE)
        self._change: LensChange | None = None
        self._asked: int | None = -1  # the token whose word is followed
        self._word: _Paths | None = None
        self.curve = LayerCurve(percent, ticks=percents)
        self.paths = Capped(self.curve, self.curve.sheet, "layers-words-difference", self._python_of_paths)
        self.job = Job(self.workspace, "LayersTab.lens-difference", self.tr("Ask layer by layer"), words)
        self.map.column.insertWidget(2, self.job)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Beside(self.map, self.paths, (5, 3)))

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.forget()
        self._change, self._asked = None, -1
        pinned = self.pinned
        now = Answer(bert, trace)
        self.sentence = no_predictions(now, pinned) or other_layers(now, pinned)
        if self.sentence:
            return
        states = len(trace.hidden) * (len(trace.tokens) + len(pinned.trace.tokens))
        few = float(states) * trace.hidden.shape[2] * bert.config.vocab_size <= AT_ONCE
        hint = self.tr("The masked-LM head is asked about {0} hidden states, which takes a while.")

        def both(bert: Bert, trace: Trace) -> Generator[float, None, LensChange]:
            matching = difference.match(trace.inputs, pinned.trace.inputs)
            return difference.logit_lens((bert, trace), pinned, matching)

        self.job.offer(both, self._show, hint.format(f"{states:,}"), at_once=few)

    def mark(self, selection: Selection) -> None:
        super().mark(selection)
        token = selection.token
        if token != self._asked:
            self._asked = token
            self.compare(lambda now, pinned: _paths(now, pinned, token), self._show_paths, "paths")

    def read(self, cell: Cell) -> tuple[str, Sequence[str]]:
        trace, change = self.workspace.trace, self._change
        assert trace is not None
        assert change is not None
        height, token = heights(len(change.now))[cell[0]], elided(trace.tokens[cell[1]])
        now, then = (elided(rows[cell[0]][cell[1]]) for rows in (change.now, change.then))
        if not now:
            return self.tr("{0}, {1}: the pinned sentence has no such token there."), (token, height)
        share = rounded_percent(float(change.elsewhere[cell]))
        if now == then:
            return self.tr("{0}, {1}: {2} comes first in both; {3} goes elsewhere."), (token, height, now, share)
        sentence = self.tr("{0}, {1}: {2} comes first now, {4} did in the pinned answer; {3} goes elsewhere.")
        return sentence, (token, height, now, share, then)

    def _show(self, change: LensChange) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self._change = change
        rows = [
            [piece if piece != former else "" for piece, former in zip(now, then, strict=True)]
            for now, then in zip(change.now, change.then, strict=True)
        ]
        self.map.fit(change.elsewhere.shape, beside=self.paths)
        self.show_numbers(change.elsewhere, Axis(heights(len(rows))), token_axis(trace), rows)
        self.answer = self._answer_for(trace, change, [sum(map(bool, row)) for row in rows])

    def _answer_for(self, trace: Trace, change: LensChange, others: list[int]) -> str:
        missing = int(np.isnan(change.elsewhere[0]).sum())
        if not np.nansum(change.elsewhere):
            said = strong(self.tr("Nothing is different: every layer would predict what it did in the pinned answer."))
        else:
            means = np.nanmean(change.elsewhere, axis=1)
            most = int(means.argmax())
            sentence = self.tr(
                "{0} would predict most differently: on average {1} of the probability goes elsewhere, and {2} of {3} "
                "first guesses are others."
            )
            share, size = rounded_percent(float(means[most])), len(trace.tokens) - missing
            name = heights(len(means))[most]
            said = strong(escape(sentence.format(name[:1].upper() + name[1:], share, others[most], size)))
        return f"{said} {blank(missing, len(trace.tokens))}".rstrip()

    def _python(self) -> str:
        lens = "model.lens.difference.logit_lens((bert, trace), (pinned_bert, pinned), matching)"
        return f"{before(self.pinned)}values = model.lens.passes.result({lens}).elsewhere"

    def _python_of_paths(self) -> str:
        word = self._word
        assert word is not None  # or else nothing is seen
        then = f"model.lens.layers.probabilities(pinned_bert, pinned, matching.like({word.position}))[:, entry]"
        return (
            f"{before(self.pinned)}"
            f"entry = bert.tokenizer.id({word.piece!r})\n"
            f"courses = [model.lens.layers.probabilities(bert, trace, {word.position})[:, entry]]\n"
            f"{'' if word.then is None else f'courses.append({then})' + chr(10)}"
            "values = np.stack(courses, axis=1)"
        )

    def _show_paths(self, found: _Paths) -> None:
        bert = self.workspace.bert
        assert bert is not None
        heading = self.tr("{1} after position {0}") if bert.config.is_decoder else self.tr("{1} at position {0}")
        self._word = found
        self.paths.set_heading(heading.format(found.position, elided(found.piece)), self.tr("probability by layer"))
        self.curve.setAccessibleName(self.paths.heading)
        courses = [Course(self.tr("now"), found.now)]
        if found.then is not None:
            courses.append(Course(self.tr("pinned"), found.then))
        high = max(float(course.values.max()) for course in courses)
        self.curve.show_courses(heights(len(found.now)), courses, 0.0, min(1.0, high * 1.1) or 1.0)


def _paths(now: Answer, pinned: Answer, token: int | None) -> _Paths:
    """On the worker."""
    position, place = chosen_places(now, pinned, token)
    here = layers.probabilities(*now, position)
    entry = masked_lm.best(here[-1], 1)[0]
    there = None if place is None else layers.probabilities(*pinned, place)[:, entry]
    return _Paths(position, now.bert.tokenizer.tokens[entry], here[:, entry], there)
