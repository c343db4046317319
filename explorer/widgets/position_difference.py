"""The position tables of two models, each compared with itself: which places are more alike in one (C10)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.export_python import before
from explorer.widgets.axis import Axis
from explorer.widgets.figures import cosine
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.map_difference import MapDifference
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from model.lens import embeddings
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


class PositionDifference(MapDifference):
    """Cosines of every position with every other, as far as both models reach, now less pinned."""

    def __init__(self, page: Page) -> None:
        heatmap = Heatmap(scale=Scale.SIGNED)
        picture = Picture(
            heatmap, heatmap.sheet, "positions-difference", self.tr("Each position with each"), python=self._python
        )
        super().__init__(page, picture, tokens=None)
        heatmap.setAccessibleName(self.tr("Cosines between the positions, now less pinned"))
        self._now: Floats | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(picture, 1)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.forget()
        if trace.fingerprint == self.pinned.trace.fingerprint:
            self.sentence = self.tr(
                "Both answers are by {0}, which has one table of positions, whatever it is asked: there is nothing "
                "to subtract. Pin an answer of another model or snapshot to compare their tables."
            ).format(escape(bert.name))
        else:
            self.compare(_tables, self._show)

    def read(self, cell: Cell) -> tuple[str, Sequence[str]]:
        assert self._now is not None
        now, change = float(self._now[cell]), float(self.heatmap.values[cell])
        sentence = self.tr("Position {0} and position {1}: cosine {2} in the pinned model and {3} now.")
        return sentence, (*map(str, cell), cosine(now - change), cosine(now))

    def _python(self) -> str:
        return (
            f"{before(self.pinned)}"
            "now, then = (model.lens.embeddings.position_similarity(one) for one in (bert, pinned_bert))\n"
            "size = min(len(now), len(then))\n"
            "values = now[:size, :size] - then[:size, :size]"
        )

    def _show(self, found: tuple[Floats, Floats]) -> None:
        self._now, before = found
        labels = Axis(tuple(map(str, range(len(before)))), numbers=True)
        self.show_numbers(self._now - before, labels, labels)
        size = len(before)
        near = [float(table.diagonal(1).mean()) if size > 1 else 1.0 for table in (before, self._now)]
        sentence = self.tr("Of the first {0} positions neighbours have a mean cosine of {1} in {2} and of {3} in {4}.")
        names = (strong(escape(answer.bert.name)) for answer in self._answers())
        before_name, now_name = names
        self.answer = sentence.format(size, cosine(near[0]), before_name, cosine(near[1]), now_name)

    def _answers(self) -> tuple[Answer, Answer]:
        now = self.workspace.now
        assert now is not None
        return self.pinned, now


def _tables(now: Answer, pinned: Answer) -> tuple[Floats, Floats]:
    """On the worker: of either model the cosines, as far as both reach."""
    here, there = (embeddings.position_similarity(answer.bert) for answer in (now, pinned))
    size = min(len(here), len(there))
    return here[:size, :size], there[:size, :size]
