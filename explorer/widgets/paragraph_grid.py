"""A pasted paragraph: every sentence as A with every other as B, and how likely each follows (C14)."""

from __future__ import annotations

from collections.abc import Hashable
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from explorer.widgets.axis import Axis
from explorer.widgets.beside import Beside
from explorer.widgets.figures import rounded_percent
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.job import Job
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.pair_verdict import without_head
from explorer.widgets.panel import Panel, emphasised, strong
from explorer.widgets.paragraph_difference import ParagraphDifference
from explorer.widgets.picture import Picture
from explorer.widgets.view import View, lines
from explorer.workspace import Selection
from model.lens import paragraph
from model.lens.paragraph import Paragraph
from model.scenario import Scenario
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

# English whatever the language of the window: what the models that are shipped read.
EXAMPLE = (
    "The man went to the store. He wanted to buy some milk for his children. "
    "But the store was closed, so he went home again. "
    "His wife was not angry with him. Penguins are birds that cannot fly."
)
_PAUSE = 400  # milliseconds after the last key until the text is cut into sentences
_AT_ONCE = 8  # sentences: of that many the pairs are soon asked
_LONGEST = 100_000  # characters that are read
_LEAST, _EDITOR = 14, 8  # lines of text that the map and the editor are as high as, at least
_WIDEST = 2.0  # times as high: a cell, where there is room
_SHOWN = 60  # characters of a sentence under the map
_ORDERED = 24  # sentences whose order is written out


class ParagraphGrid(View):
    """Left the text, right the map: the row's sentence is A, the column's B."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.found: Paragraph | None = None
        self._asked: Hashable = None  # what ``found`` answers, or what is offered to be asked
        self._cell: Cell | None = None
        self.text = QPlainTextEdit(EXAMPLE)
        self.text.setAccessibleName(self.tr("A paragraph"))
        self.text.setPlaceholderText(self.tr("Paste a paragraph of two sentences or more."))
        self.text.setTabChangesFocus(True)
        self.count, self._line = Line(), Line(2)
        self.heatmap = _Grid(scale=Scale.SHARE, widest=_WIDEST)
        self.heatmap.setAccessibleName(self.tr("How likely each sentence follows each other one"))
        self.picture = Picture(
            self.heatmap, self.heatmap.sheet, "paragraph", self.tr("IsNext for every pair"), python=self._python
        )
        self.put_in = QPushButton(self.tr("Ask about this pair"))
        self._shown = QWidget()
        self.job = Job(self.workspace, "ParagraphGrid.pairs", self.tr("Ask every pair"), self._shown)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE)
        self._lay_out()
        self._pause.timeout.connect(self._offer)
        self.text.textChanged.connect(self._pause.start)
        self.kept.add_control("text", self.text)
        self.heatmap.hovered.connect(self._hover)
        self.heatmap.chosen.connect(self._choose)
        self.heatmap.clicked.connect(self._put_in)
        self.put_in.clicked.connect(self._put_in)

    @property
    def title(self) -> str:
        return self.tr("Paragraph")

    @property
    def question(self) -> str:
        return self.tr("Which sentence follows which?")

    @property
    def reading(self) -> str:
        """What the marked pair says."""
        return self._line.text()

    def difference(self) -> View:
        return ParagraphDifference(self.page, self._sentences)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.sentence = without_head(bert)
        if not self.sentence:
            self._offer()

    def mark(self, selection: Selection) -> None:
        """Nothing of the question's tokens is seen here."""

    # How it is laid out

    def _lay_out(self) -> None:
        size = QSizePolicy.Policy
        self.text.setSizePolicy(size.Expanding, size.Expanding)
        self.text.setMinimumHeight(lines(_EDITOR))
        self.heatmap.setSizePolicy(size.Expanding, size.Ignored)
        self.heatmap.setMinimumSize(lines(_LEAST), lines(_LEAST))
        self.picture.tools.insertWidget(0, Legend(Scale.SHARE))
        left, right = Panel(self.tr("Paragraph")), QWidget()
        for part in (self.text, self.count):
            left.column.addWidget(part)
        foot = QHBoxLayout()
        foot.setSpacing(16)
        foot.addWidget(self._line, 1)
        foot.addWidget(self.put_in)
        shown = QVBoxLayout(self._shown)
        shown.addWidget(self.picture, 1)
        shown.addLayout(foot)
        column = QVBoxLayout(right)
        column.addWidget(self.job)
        column.addWidget(self._shown, 1)
        column.addStretch(0)
        whole = QVBoxLayout(self)
        whole.addWidget(Beside(left, right, (2, 3)), 1)
        for layout in (shown, column, whole):
            layout.setContentsMargins(0, 0, 0, 0)

    # What it asks

    def _offer(self) -> None:
        """Has the pairs asked, unless they are answered already."""
        self._pause.stop()
        bert, trace = self.workspace.bert, self.workspace.trace
        if bert is None or trace is None or self.sentence or not self.isVisible():
            return
        sentences = self._sentences()
        asked = (bert.fingerprint, trace.direction, trace.scenario.heads_off, trace.scenario.layers_off, sentences)
        if asked == self._asked and self.found is not None:
            self._show(self.found)
            return
        was_running = self.job.is_running and asked == self._asked
        self._asked, self.found, self._cell = asked, None, None
        pairs = len(sentences) * (len(sentences) - 1)
        self.answer = ""
        counted = self.tr("{0} sentences, {1} pairs; the end of a line ends a sentence, too.")
        self.count.say(counted.format(f"{len(sentences):,}", f"{pairs:,}"))
        self.job.offer(
            lambda bert, trace: paragraph.every_pair(bert, trace, sentences),
            self._show,
            self.tr("Every sentence is asked about with every other, which takes a while."),
            at_once=was_running or 2 <= len(sentences) <= _AT_ONCE,
        )

    def _sentences(self) -> tuple[str, ...]:
        return tuple(paragraph.split(self.text.toPlainText()[:_LONGEST]))

    def _put_in(self) -> None:
        if self.found is not None and self._cell is not None and self._cell[0] != self._cell[1]:
            first, second = (self.found.sentences[place] for place in self._cell)
            self.workspace.ask(Scenario(first, second))

    # What is chosen

    def _hover(self, cell: Cell | None) -> None:
        self._read(cell or self._cell)

    def _choose(self, row: int, column: int) -> None:
        self._cell = (row, column)
        self.picture.mark(self._cell)
        self._read(self._cell)

    # What it says

    def _python(self) -> str:
        sentences = list(self.found.sentences) if self.found is not None else []
        return (
            f"sentences = {sentences}\n"
            "values = model.lens.passes.result(model.lens.paragraph.every_pair(bert, trace, sentences)).is_next"
        )

    def _show(self, found: Paragraph) -> None:
        self.found = found
        names = [f"{number} {sentence}" for number, sentence in enumerate(found.sentences, start=1)]
        numbers = [str(number) for number in range(1, len(names) + 1)]
        self.heatmap.show_values(found.is_next, Axis(names), Axis(numbers, numbers=True))
        if self._cell is None:
            self._cell = (0, 1)
        self.picture.mark(self._cell)
        self._read(self._cell)
        self.answer = self._sentence(found)

    def _sentence(self, found: Paragraph) -> str:
        count = len(found.sentences)
        whole = emphasised(
            self.tr(
                "<b>{0} of {1} sentences are said to follow the one before them</b> (IsNext over 50 %), "
                "as are {2} of {3} other pairs. For {4} of {1} the one that follows is the likeliest of all."
            )
        ).format(
            found.called_next,
            count - 1,
            f"{found.others_called_next:,}",
            f"{count * (count - 1) - count + 1:,}",
            found.found_first,
        )
        if count <= _ORDERED:
            order = " → ".join(str(place + 1) for place in found.order())
            whole += " " + self.tr("From the first on always the likeliest of those left: {0}.").format(order)
        return whole

    def _read(self, cell: Cell | None) -> None:
        if self.found is None or cell is None:
            return
        row, column = cell
        self.put_in.setEnabled(row != column)
        if row == column:
            sentence = self.tr("No sentence is asked whether it follows itself.")
            self._line.say(sentence)
            self.heatmap.setAccessibleDescription(sentence)
            return
        first, second = (_short(self.found.sentences[place]) for place in cell)
        words = self.tr("{0} as A, {1} as B, “{2}” “{3}”: IsNext {4}.")
        share = rounded_percent(float(self.found.is_next[row, column]))
        self.heatmap.setAccessibleDescription(words.format(row + 1, column + 1, first, second, share))
        self._line.say(words.format(row + 1, column + 1, escape(first), escape(second), strong(escape(share))))


class _Grid(Heatmap):
    """Tells apart a click, which asks about a pair, and the arrow keys, which only read it."""

    clicked = Signal()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        told: list[int] = []
        connection = self.chosen.connect(lambda row, _: told.append(row))
        super().mouseReleaseEvent(event)
        self.disconnect(connection)
        if told:
            self.clicked.emit()


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= _SHOWN else f"{sentence[: _SHOWN - 1]}…"
