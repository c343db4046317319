"""Which head does what over many texts, and what is lost without it: a table, sorted by what one looks for (C12)."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Hashable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from explorer import paths
from explorer.widgets.figures import plus, rounded_percent, signed
from explorer.widgets.head_rows import CHANGED, RISE, HeadRows
from explorer.widgets.heads import Heads
from explorer.widgets.job import Job
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.view import View, lines
from explorer.workspace import Selection
from model.lens import head_finder
from model.lens.head_finder import MOST, RELATIONS, HeadsOff, HeadTable, Text
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_AT_ONCE = 64  # heads: those of a small model are soon counted
_LONGEST = 1_000_000  # characters of a file that are read
_LEAST = 14  # lines of text that the table is as high as, at least
_OTHERS = 3  # patterns that are told of, the first included


class HeadSurvey(View):
    """The table, and above it whose texts are asked. ``opened`` asks to see the chosen head."""

    opened = Signal()

    def __init__(self, page: Page, heads: Heads) -> None:
        super().__init__(page)
        self._titles, self._phrases = heads.titles(), heads.phrases
        self._file: Path | None = None  # the user's own
        self._asked: tuple[Hashable, ...] = ()  # what ``found`` answers, or what is offered to be counted
        self.found: HeadTable | None = None
        self.off: HeadsOff | None = None  # is asked for by a button of its own
        self._off_asked: tuple[Hashable, ...] = ()
        self.table = HeadRows(self._titles)
        self.table.setAccessibleName(self.tr("How often each head looks where"))
        self.sort = QComboBox()
        self.sort.setAccessibleName(self.tr("Sort the table by"))
        self.sort.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.choose_file = QPushButton(self.tr("Own texts…"))
        self.ours = QPushButton(self.tr("Our texts"))
        self.picture = Picture(self.table, self.table.sheet, "heads", python=self._python)
        self._source, self._shown = Line(2), QWidget()
        self.job = Job(self.workspace, "HeadSurvey.table", self.tr("Count for all heads"), self._shown)
        self._loss = Line(2)
        self.off_job = Job(self.workspace, "HeadSurvey.without", self.tr("Switch each head off"), self._loss)
        self._lay_out()
        self._connect()

    @property
    def title(self) -> str:
        return self.tr("Finder")

    @property
    def question(self) -> str:
        return self.tr("Which head does what, text after text?")

    @property
    def source(self) -> str:
        """Over which texts it was counted."""
        return self._source.text()

    @property
    def loss(self) -> str:
        """What the predictions lose without a head, in words, or why that cannot be told."""
        return self._loss.text()

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._offer()

    def mark(self, selection: Selection) -> None:
        self.table.mark_head(selection.head or (0, 0))

    def _python(self) -> str:
        """The lines that make the same table."""
        key, off = self.sort.currentData(), ""
        heads = "list(np.ndindex(found.entropy.shape))"
        if key is not None:
            of = f"off.{key}" if key in (RISE, CHANGED) else f"found.hits[{key!r}]"
            heads = f"model.lens.attention.order({of}.astype(np.float32))"
        if self.off is not None:
            off = (
                "off = model.lens.passes.result(model.lens.head_finder.without(bert, trace, texts))\n"
                "numbers += [off.rise, off.changed]\n"
            )
        return (
            f"with open({str(self._file or _ours())!r}, encoding='utf-8-sig', errors='replace') as file:\n"
            f"    texts = model.lens.head_finder.texts(file.read({_LONGEST}))[:{MOST}]\n"
            "found = model.lens.passes.result(model.lens.head_finder.table(bert, trace, texts))\n"
            "numbers = [*found.hits.values(), *found.mass.values(), found.entropy]\n"
            f"{off}"
            f"heads = {heads}\n"
            "values = np.array([[found.named(head), *(float(of[head]) for of in numbers)] for head in heads], object)"
        )

    def ask_file(self, file: Path | None) -> None:
        """Counts over the texts of a ``file``, or over ours."""
        self._file = file
        self._offer()

    @property
    def file(self) -> str:
        """The user's own texts; empty where they are ours."""
        return "" if self._file is None else str(self._file)

    def ask_file_named(self, file: str) -> None:
        """As ``ask_file``; one that is no file any more is passed over."""
        self.ask_file(Path(file) if file and os.path.isfile(file) else None)  # noqa: PTH113 - Path raises on long names

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._offer()

    # How it is laid out

    def _lay_out(self) -> None:
        self.sort.addItem(self.tr("Rows by layer"), None)  # "Sort: layer" is that of the atlas beside it
        for relation in RELATIONS:
            self.sort.addItem(self.tr("Rows by {0}").format(self._titles[relation]), relation)
        self.choose_file.setToolTip(
            self.tr("A text file: each sentence is a text; a tab in a line stands between A and B")
        )
        self.ours.hide()
        for place, widget in enumerate((self.ours, self.choose_file, self.sort)):
            self.picture.tools.insertWidget(place, widget)
        self.ours.hide()
        self.picture.set_heading(self.tr("How often each head looks there"), self.tr("% of rows"))
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.table.setMinimumHeight(lines(_LEAST))
        shown = QVBoxLayout(self._shown)
        column = QVBoxLayout(self)
        for layout in (shown, column):
            layout.setContentsMargins(0, 0, 0, 0)
        shown.addWidget(self.picture, 1)
        shown.addWidget(self._source)
        shown.addWidget(self.off_job)
        shown.addWidget(self._loss)
        self._loss.hide()
        column.addWidget(self.job)
        column.addWidget(self._shown, 1)
        column.addStretch(0)

    def _connect(self) -> None:
        self.sort.currentIndexChanged.connect(self._fill)
        self.table.sort_asked.connect(self._sort_by)
        self.table.chosen.connect(lambda row, _: self.workspace.select(head=self.table.heads[row]))
        self.table.opened.connect(self.opened)
        self.choose_file.clicked.connect(self._ask_for_file)
        self.ours.clicked.connect(lambda: self.ask_file(None))

    def _ask_for_file(self) -> None:
        dialog = QFileDialog(self, self.tr("Texts to ask"), "", self.tr("Texts (*.txt);;All files (*)"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda file: self.ask_file(Path(file)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    # What it asks

    def _offer(self) -> None:
        """Has the heads counted, unless they are already: the answer is not about the question's text."""
        bert, trace = self.workspace.bert, self.workspace.trace
        if bert is None or trace is None or not self.isVisible():
            return
        scenario, file = trace.scenario, self._file
        asked = (bert.fingerprint, trace.direction, scenario.heads_off, scenario.layers_off, file)
        if asked == self._asked and self.found is not None:
            self._show(self.found)
            return
        was_running = self.job.is_running and asked == self._asked
        other_texts = asked[:-1] == self._asked[:-1]  # the user has just chosen them
        self._asked, self.found = asked, None
        self._forget_off()
        self.answer = self.tr("Over many texts it is counted where the strongest weight of each row is.")
        layers, heads = trace.attention.shape[:2]
        self.job.offer(
            lambda bert, trace: _ask(head_finder.table, bert, trace, file),
            self._show,
            self.tr("Each text is asked in turn, and where every head looks most is counted."),
            at_once=was_running or other_texts or layers * heads <= _AT_ONCE,
        )

    def _offer_off(self, bert: Bert, trace: Trace) -> None:
        """Is to switch each head off, once its button is pressed, or where a new answer ended it meanwhile."""
        asked, file = self._asked, self._file
        if self._off_asked == asked and self.off_job.is_about(trace):
            return
        was_running = self.off_job.is_running and self._off_asked == asked
        self._off_asked = asked
        if not bert.has_mlm:
            self._loss.say(self.tr("What is lost without a head cannot be told: this model has no masked-LM head."))
            self._loss.show()
            self.off_job.hide()
            return
        self.off_job.offer(
            lambda bert, trace: _ask(head_finder.without, bert, trace, file),
            lambda off: self._show_off(off) if asked == self._asked else None,
            self.tr("Tells how much worse masked words of these texts are predicted without it."),
            at_once=was_running,
        )

    def _forget_off(self) -> None:
        self.off = None
        self._loss.hide()
        if self.sort.currentData() in (RISE, CHANGED):
            self.sort.setCurrentIndex(0)
        while self.sort.count() > 1 + len(RELATIONS):
            self.sort.removeItem(self.sort.count() - 1)

    # What it shows

    def _show(self, found: HeadTable) -> None:
        self.found = found
        self.ours.setVisible(self._file is not None)
        self._fill()
        whose = self.tr("ours") if self._file is None else self._file.name
        self._source.say(
            self.tr(
                "{0} texts ({1}), {2} tokens. In each row that can have such a place the strongest weight counts; "
                "[CLS] and [SEP] look, too. Enter shows the head."
            ).format(f"{found.texts:,}", escape(whose), f"{found.tokens:,}")
        )
        self.answer = self._sentence(found)
        bert, trace = self.workspace.bert, self.workspace.trace
        if self.off is not None:
            self._tell_off(self.off)  # in the colours of now
        elif bert is not None and trace is not None:
            self._offer_off(bert, trace)

    def _show_off(self, off: HeadsOff) -> None:
        self.off = off
        for key, title in (
            (RISE, self.tr("Rows by loss without it")),
            (CHANGED, self.tr("Rows by other first guesses")),
        ):
            self.sort.addItem(title, key)
        self.sort.setCurrentIndex(self.sort.findData(RISE))
        self._tell_off(off)

    def _tell_off(self, off: HeadsOff) -> None:
        if off.worst is None:
            self._loss.say(self.tr("Every head is off already."))
            return
        most = self.tr("Most is lost without layer {0} · head {1}: {2} nats, and {3} of the first guesses are others.")
        most = most.format(
            *(number + 1 for number in off.worst),
            plus(float(off.rise[off.worst])),
            rounded_percent(float(off.changed[off.worst])),
        )
        over = self.tr(
            "The loss, {0} nats with it, is the mean of −ln p over {1} masked tokens, every seventh of a text."
        )
        self._loss.say(f"{strong(most)} {over.format(signed(off.loss, 2), f'{off.predictions:,}')}")

    def _sentence(self, found: HeadTable) -> str:
        """Who is surest of all, and who is for other patterns that name a head."""
        every = {relation: head for relation in RELATIONS if (head := found.best(relation)) is not None}
        best = {relation: head for relation, head in every.items() if found.named(head) == relation} or every
        order = sorted(best, key=lambda relation: -float(found.hits[relation][best[relation]]))
        first = order[0]
        surest = self.tr("Layer {0} · head {1} {2} in {3} of rows.").format(
            *(number + 1 for number in best[first]),
            self._phrases[first],
            rounded_percent(float(found.hits[first][best[first]])),
        )
        others = [
            self.tr("layer {1} · head {2} on {0} ({3})").format(
                self._titles[relation],
                *(number + 1 for number in best[relation]),
                rounded_percent(float(found.hits[relation][best[relation]])),
            )
            for relation in order[1:_OTHERS]
        ]
        return f"{strong(surest)} {self.tr('Then: {0}.').format(', '.join(others))}" if others else strong(surest)

    def _sort_by(self, key: str) -> None:
        self.sort.setCurrentIndex(self.sort.findData(key) if key else 0)

    def _fill(self) -> None:
        if self.found is not None:
            self.table.show_heads(self.found, self.off, self.sort.currentData())
            self.mark(self.workspace.selection)


def _ours() -> Path:
    return paths.resources() / "sentences.txt"


def _ask(
    lens: Callable[[Bert, Trace, list[Text]], Generator[float, None, Any]], bert: Bert, trace: Trace, file: Path | None
) -> Generator[float, None, Any]:
    """On the worker: reads the file, ours without one, and asks the first texts of it."""
    file = file or _ours()
    try:
        with file.open(encoding="utf-8-sig", errors="replace") as opened:
            written = opened.read(_LONGEST)
    except OSError as error:
        raise ValueError(f"{file.name} cannot be read: {error.strerror or error}.") from error
    return (yield from lens(bert, trace, head_finder.texts(written)[:MOST]))
