"""Which tokens have become more alike, and which less, than they were in the pinned answer (C7)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.export_python import before
from explorer.widgets.axis import elided, token_axis
from explorer.widgets.difference import blank
from explorer.widgets.figures import cosine
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.line import Line
from explorer.widgets.map_difference import DOWN, MapDifference
from explorer.widgets.page import Page
from explorer.widgets.panel import isolated, strong
from explorer.widgets.picture import Picture
from explorer.widgets.switch import Switch
from explorer.workspace import Selection
from model.lens import difference, embeddings
from model.lens.difference import Matching
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_STAGES = ("token", "input", "output")  # the fields of a Likeness
_NEAREST = 5  # vocabulary entries that are named
_WIDE = 2.0  # times as wide as high: cells of the map, where there is room
_SEEN = 0.005  # of a cosine: what is no more reads as the same


class _Found(NamedTuple):
    """Cosines now at three heights, (T, T) each, and less those of the likes in the pinned answer."""

    now: tuple[Floats, ...]
    change: tuple[Floats, ...]


class CosinesDifference(MapDifference):
    """The tokens compared with one another: orange is more alike than in the pinned answer, blue less."""

    def __init__(self, page: Page) -> None:
        heatmap = Heatmap(scale=Scale.SIGNED, widest=_WIDE)
        picture = Picture(
            heatmap, heatmap.sheet, "cosines-difference", self.tr("Cosines, now less pinned"), python=self._python
        )
        super().__init__(page, picture, tokens=DOWN)
        self._found: _Found | None = None
        self._near: int | None = None  # whose neighbours are told, or on their way
        self.stage = Switch((self.tr("Token alone"), self.tr("Layer 1 reads"), self.tr("After all layers")))
        self.stage.setAccessibleName(self.tr("Where the tokens are compared"))
        self.stage.choose(len(_STAGES) - 1)
        picture.tools.insertWidget(0, self.stage)
        self._neighbours = Line(2)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(picture, 1)
        column.addWidget(self._neighbours)
        self.stage.chosen.connect(self._turn)

    @property
    def neighbours(self) -> str:
        """What the vocabulary has near the chosen token, then and now."""
        return self._neighbours.text()

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.forget()
        self._found = self._near = None
        self._neighbours.say("")
        self.compare(_found, self._show)

    def mark(self, selection: Selection) -> None:
        super().mark(selection)
        if self._found is None or self.heatmap.cell is None:
            return
        token = self.heatmap.cell[0]
        if token != self._near:
            self._near = token
            self.compare(lambda now, pinned: nearest(now, pinned, token), self._say_neighbours, "nearest")

    def read(self, cell: Cell) -> tuple[str, Sequence[str]]:
        trace, found, stage = self.workspace.trace, self._found, self.stage.current
        assert trace is not None
        assert found is not None
        tokens = [elided(trace.tokens[place]) for place in cell]
        now, change = (float(values[stage][cell]) for values in found)
        if np.isnan(change):
            return self.tr("{0} and {1}: the pinned sentence does not have both."), tokens
        return (
            self.tr("{0} and {1}: cosine {2} in the pinned answer and {3} now."),
            (*tokens, cosine(now - change), cosine(now)),
        )

    def _python(self) -> str:
        stage, likeness = _STAGES[self.stage.current], "model.lens.embeddings.likeness"
        return (
            f"{before(self.pinned)}"
            f"now, then = {likeness}(trace).{stage}, {likeness}(pinned).{stage}\n"
            "values = model.lens.difference.between(now, then, matching)\n"
            "values[matching.after, matching.after] = 0  # with itself it is 1 in both, whatever rounding makes of it"
        )

    def _show(self, found: _Found) -> None:
        self._found = found
        self._turn()

    def _turn(self) -> None:
        trace, found = self.workspace.trace, self._found
        if trace is None or found is None:
            return
        place, tokens = self.stage.current, token_axis(trace)
        name = self.tr("Cosines between the tokens, now less pinned: {0}").format(self.stage.button(place).text())
        self.heatmap.setAccessibleName(name)
        self.show_numbers(found.change[place], tokens, tokens)
        self.answer = self._answer_for(trace, found)

    def _answer_for(self, trace: Trace, found: _Found) -> str:
        row, column = self.largest
        change, now = (float(values[self.stage.current][row, column]) for values in (found.change, found.now))
        if not abs(change) >= _SEEN:
            said = strong(self.tr("Nothing is different: the tokens are as alike here as in the pinned answer."))
        else:
            sentence = (
                self.tr("{0} and {1} have become most alike: their cosine rises from {2} to {3}.")
                if change > 0
                else self.tr("{0} and {1} have grown apart most: their cosine falls from {2} to {3}.")
            )
            words = (isolated(escape(elided(trace.tokens[place]))) for place in (row, column))
            said = strong(sentence.format(*words, cosine(now - change), cosine(now)))
        missing = int(np.isnan(found.change[0].diagonal()).sum())
        return f"{said} {blank(missing, len(trace.tokens))}".rstrip()

    def _say_neighbours(self, found: tuple[list[str], list[str] | None]) -> None:
        trace, token = self.workspace.trace, self._near
        assert trace is not None
        assert token is not None
        now, then = found
        if then is None or now == then:
            sentence = (
                self.tr("Nearest to {0} in the vocabulary: {1}; the pinned text has no such token.")
                if then is None
                else self.tr("Nearest to {0} in the vocabulary, in both answers: {1}.")
            )
        else:
            sentence = self.tr("Nearest to {0} in the vocabulary: {1} now, and {2} in the pinned answer.")
        lists = (", ".join(map(strong, map(escape, pieces))) for pieces in (now, then or []))
        self._neighbours.say(sentence.format(strong(escape(elided(trace.tokens[token]))), *lists))


def _found(now: Answer, pinned: Answer) -> _Found:
    """On the worker."""
    matching = difference.match(now.trace.inputs, pinned.trace.inputs)
    here, there = (embeddings.likeness(answer.trace) for answer in (now, pinned))
    stages = [(getattr(here, stage), getattr(there, stage)) for stage in _STAGES]
    return _Found(
        tuple(after for after, _ in stages),
        tuple(_exact(difference.between(after, before, matching), matching) for after, before in stages),
    )


def _exact(change: Floats, matching: Matching) -> Floats:
    """A token's cosine with itself is 1 in both, whatever rounding makes of it."""
    change[matching.after, matching.after] = 0
    return change


def nearest(now: Answer, pinned: Answer, token: int) -> tuple[list[str], list[str] | None]:
    """On the worker: the entries nearest to a ``token`` and to its like in the pinned answer, None without one."""
    place = difference.match(now.trace.inputs, pinned.trace.inputs).like(token)
    sides = ((now, token), (pinned, place))
    here, there = (
        None if where is None else [piece for piece, _ in embeddings.nearest(*answer, where, _NEAREST)]
        for answer, where in sides
    )
    assert here is not None
    return here, there
