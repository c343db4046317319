"""Every sentence of the paragraph with every other, as the present model says it less as the pinned one does."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.export_python import before
from explorer.widgets.axis import Axis, elided
from explorer.widgets.difference import no_verdicts
from explorer.widgets.figures import percent
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.job import Job
from explorer.widgets.map_difference import MapDifference
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from model.lens import paragraph
from model.lens.paragraph import Paragraph
from model.lens.passes import in_turn
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_AT_ONCE = 8  # sentences: of that many the pairs are soon asked
_LONGEST = 36  # characters of a sentence beside and above the map
_SEEN = 0.0005  # of a probability: what is no more reads as the same


class ParagraphDifference(MapDifference):
    """The row's sentence is A, the column's B. ``sentences`` gives those of the paragraph that is shown."""

    def __init__(self, page: Page, sentences: Callable[[], tuple[str, ...]]) -> None:
        heatmap = Heatmap(scale=Scale.SIGNED, widest=2.0)
        picture = Picture(heatmap, heatmap.sheet, "paragraph-difference", python=self._python)
        picture.set_heading(self.tr("IsNext for every pair"), self.tr("now less pinned"))
        super().__init__(page, picture, tokens=None)
        self._sentences = sentences
        self._found: list[Paragraph] = []
        heatmap.setAccessibleName(self.tr("How likely each sentence follows each other one, now less pinned"))
        self.job = Job(self.workspace, "ParagraphDifference.pairs", self.tr("Ask every pair"), heatmap)
        picture.column.insertWidget(2, self.job)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(picture, 1)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.forget()
        pinned, sentences = self.pinned, self._sentences()
        self.sentence = no_verdicts(Answer(bert, trace), pinned)
        if self.sentence:
            return

        def both(bert: Bert, trace: Trace) -> Generator[float, None, list[Paragraph]]:
            answers = (Answer(bert, trace), pinned)
            return (yield from in_turn(*(paragraph.every_pair(*answer, sentences) for answer in answers)))

        hint = self.tr("Every sentence is asked about with every other, twice, which takes a while.")
        self.job.offer(both, self._show, hint, at_once=2 <= len(sentences) <= _AT_ONCE)

    def read(self, cell: Cell) -> tuple[str, Sequence[str]]:
        now, then = self._found
        if cell[0] == cell[1]:
            return self.tr("No sentence is asked whether it follows itself."), ()
        first, second = (elided(now.sentences[place], _LONGEST) for place in cell)
        sentence = self.tr("{0} as A, {1} as B, “{2}” “{3}”: IsNext {4} in the pinned answer and {5} now.")
        shares = (percent(float(found.is_next[cell])) for found in (then, now))
        return sentence, (str(cell[0] + 1), str(cell[1] + 1), first, second, *shares)

    def _python(self) -> str:
        sentences = list(self._found[0].sentences) if self._found else []
        return (
            f"{before(self.pinned)}"
            f"sentences = {sentences}\n"
            "sides = (bert, trace), (pinned_bert, pinned)\n"
            "lenses = (model.lens.paragraph.every_pair(*side, sentences) for side in sides)\n"
            "now, then = (model.lens.passes.result(lens).is_next for lens in lenses)\n"
            "values = now - then"
        )

    def _show(self, found: list[Paragraph]) -> None:
        self._found = found
        now, then = found
        change = now.is_next - then.is_next
        names = Axis(
            [f"{number} {sentence}" for number, sentence in enumerate(now.sentences, start=1)], longest=_LONGEST
        )
        numbers = Axis([str(number) for number in range(1, len(change) + 1)], numbers=True)
        self.show_numbers(change, names, numbers)
        most = float(np.nanmax(np.abs(change), initial=0))
        if most < _SEEN:
            nothing, hardly = (
                self.tr("Nothing is different: your edits are not in this paragraph, and all else is alike."),
                self.tr("Hardly anything is different: no pair changes by a tenth of a percentage point."),
            )
            self.answer = strong(hardly if most else nothing)
            return
        row, column = self.largest
        sentence = self.tr("Most changes that {1} follows {0}: from {2} to {3}.")
        shares = (escape(percent(float(side.is_next[row, column]))) for side in (then, now))
        said = strong(sentence.format(row + 1, column + 1, *shares))
        turned = int(((np.nan_to_num(now.is_next) > 0.5) != (np.nan_to_num(then.is_next) > 0.5)).sum())
        count = self.tr("Of {0} pairs {1} cross 50 %.").format(len(change) * (len(change) - 1), turned)
        self.answer = f"{said} {count}"
