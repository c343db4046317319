"""What training would hide of this text: rolled again and again, with rates of one's own (C13)."""

from __future__ import annotations

import dataclasses
from collections.abc import Hashable
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.beside import Beside
from explorer.widgets.figures import percent
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import Panel, emphasised, isolated, strong
from explorer.widgets.picture import Picture
from explorer.widgets.rate_sliders import RateSliders
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.trace import Trace
from model.training.corruptor import FATES, Counts, Fate, Roll, roll, table

if TYPE_CHECKING:
    from model.bert import Bert
    from model.inputs import Inputs

_MANY = 100  # rolls of one press
_PACE = 25  # milliseconds from one of them to the next: the shares are seen to settle
_KINDS: dict[str, Fate] = {"mask": "masked", "replace": "replaced", "keep": "kept"}


class Corruptor(View):
    """Left the text as the network would read it, right the rates and what was counted."""

    put_in = Signal()  # the draw was put into the question

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.roll: Roll | None = None
        self.counts = Counts()
        self._text: Hashable = None  # what is counted
        self._number = 0  # of the draw
        self._left = 0  # rolls that are still to come
        self.text = Line(3)
        self.rates = RateSliders()
        self.table = Line(7)
        self.again = QPushButton(self.tr("&Roll again"))
        self.many = QPushButton()
        self.use = QPushButton(self.tr("&Put it in the question"))
        self.picture = Picture(self.table, self.sheet, "corruptor", self.tr("Counted"), python=self._python)
        self._timer = QTimer(self, interval=_PACE)
        self._lay_out()
        self._timer.timeout.connect(self._tick)
        self.again.clicked.connect(self._roll)
        self.many.clicked.connect(self._play)
        self.use.clicked.connect(self._use)
        self.rates.changed.connect(self._restart)
        self.kept.add("rates", lambda: self.rates.written, self.rates.read)

    @property
    def title(self) -> str:
        return self.tr("Corruptor")

    @property
    def question(self) -> str:
        return self.tr("What would training hide of this text?")

    @property
    def incomparable(self) -> str:
        return self.tr(
            "What training would hide is drawn by lot from the text, whatever a model answers: there is nothing to "
            "subtract. Turn to Now or Pinned."
        )

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._stop()
        if bert.config.is_decoder:
            self.sentence = self.tr(
                "{0} was trained left-to-right: every position is asked for the next token, and nothing is hidden. "
                "Open a model that was trained with masks, such as the starter model."
            ).format(escape(bert.name))
            return
        text = (bert.fingerprint, trace.inputs.originals)
        if text != self._text:
            self._text = text
            self._restart()
        else:
            self._show(trace)

    def mark(self, selection: Selection) -> None:
        """Nothing is chosen here."""

    def sheet(self) -> Sheet:
        """What was counted, and what is expected."""
        names = ("this roll", "all rolls", "share of the chosen", "rate", "share of all words", "expected")
        return Sheet(self._numbers, self._names(), names)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._stop()

    # How it is laid out

    def _lay_out(self) -> None:
        left, right = Panel(self.tr("What the network would read")), QWidget()
        for button in (self.again, self.many, self.use):
            left.tools.addWidget(button)
        left.column.addWidget(self.text)
        left.column.addStretch(1)
        rates = Panel(self.tr("Rates"))
        rates.tools.addWidget(self.rates.reset)
        rates.column.addWidget(self.rates)
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(14)
        column.addWidget(rates)
        column.addWidget(self.picture)
        column.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(Beside(left, right, (1, 1)))
        self._stop()

    # What it does

    def _restart(self) -> None:
        """Counts from the beginning: the text or the rates are others."""
        self.counts = Counts()
        self._roll()

    def _roll(self) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        if bert is None or trace is None:
            return
        self.roll = roll(trace.inputs, bert.tokenizer, self.rates.value, self._number)
        self._number += 1
        self.counts += self.roll.counts
        self._show(trace)

    def _play(self) -> None:
        if self._timer.isActive():
            self._stop()
            return
        self._left = _MANY
        self.many.setText(self.tr("Stop"))
        self._timer.start()

    def _tick(self) -> None:
        self._left -= 1
        self._roll()
        if self._left <= 0:
            self._stop()

    def _stop(self) -> None:
        self._timer.stop()
        self.many.setText(self.tr("Roll {0} times").format(_MANY))

    def _use(self) -> None:
        if self.roll is not None:
            edits = self.roll.edits
            self._stop()
            self.workspace.edit(lambda scenario: dataclasses.replace(scenario, edits=edits))
            self.put_in.emit()

    # What it says

    def _show(self, trace: Trace) -> None:
        assert self.roll is not None
        self.use.setEnabled(bool(self.roll.edits))
        self.text.say(_written(trace.inputs, self.roll))
        self.picture.set_heading(self.tr("Counted"), self.tr("rolls: {0}").format(f"{self.counts.rolls:,}"))
        self.table.say(self._table())
        if not self._timer.isActive():  # it asks for the whole table to be laid out once more
            self.table.setMinimumWidth(self.table.needed)
        found = self.roll.counts
        sentence = emphasised(
            self.tr("<b>{0} of {1} words are chosen</b>: {2} masked, {3} replaced by a random one, {4} kept.")
        )
        self.answer = sentence.format(found.chosen, found.words, found.masked, found.replaced, found.kept)
        self.answer += " " + self.tr("Only these give a loss, and the network is to name what stood there.")

    @property
    def _numbers(self) -> NDArray[np.float64]:
        """(5, 6) what ``table`` gives."""
        return table((self.roll or Roll((), Counts())).counts, self.counts, self.rates.value)

    def _names(self) -> tuple[str, ...]:
        """Of its rows."""
        fates = (self.tr("masked"), self.tr("replaced"), self.tr("kept"))
        return (self.tr("chosen"), *fates, self.tr("no loss"))

    def _python(self) -> str:
        first = self._number - self.counts.rolls
        return (
            "from model.training import corruptor\n\n"
            f"rates = corruptor.{self.rates.value}\n"
            "rolls = [\n"
            "    corruptor.roll(trace.inputs, bert.tokenizer, rates, number).counts\n"
            f"    for number in range({first}, {self._number})\n"
            "]\n"
            "values = corruptor.table(rolls[-1], sum(rolls, corruptor.Counts()), rates)"
        )

    def _table(self) -> str:
        heads = (
            "",
            self.tr("this roll"),
            self.tr("all rolls"),
            self.tr("of the chosen"),
            self.tr("rate"),
            self.tr("of all words"),
            self.tr("expected"),
        )
        words = (escape(head).replace(" ", "&nbsp;") for head in heads)  # a column is as wide as they are
        lines = ["".join(f'<td align="right" style="padding: 0 0 4px 14px">{head}</td>' for head in words)]
        for name, values, fate in zip(self._names(), self._numbers.tolist(), ("", *FATES, ""), strict=True):
            written = [f"{value:,.0f}" for value in values[:2]]
            written += ["" if np.isnan(value) else escape(percent(value)) for value in values[2:]]
            cells = [f"<td>{_chip(escape(name), fate)}</td>"]
            for place, number in enumerate(written):
                shown = strong(number) if place in (2, 4) else number
                cells.append(f'<td align="right" style="padding-left: 14px">{shown}</td>')
            lines.append("".join(cells))
        return "<table>" + "".join(f"<tr>{line}</tr>" for line in lines) + "</table>"


def _chip(words: str, fate: str) -> str:
    """``words`` on the colour of a fate."""
    if not fate:
        return words
    tint = getattr(theme.palette(), fate)
    return f'<span style="background-color:{tint};color:{theme.readable_on(tint)}">&nbsp;{words}&nbsp;</span>'


def _written(inputs: Inputs, drawn: Roll) -> str:
    """The tokens as the network would read them, behind each that is another one what the text says."""
    colours, edits = theme.palette(), {edit.position: edit for edit in drawn.edits}
    words = []
    for position, original in enumerate(inputs.originals):
        edit, said = edits.get(position), isolated(escape(original))
        if edit is None:
            is_special = inputs.texts[position] is None
            words.append(f'<span style="color:{colours.special}">{said}</span>' if is_special else said)
            continue
        read = {"mask": "[MASK]", "replace": escape(str(edit.piece)), "keep": said}[edit.kind]
        chip = _chip(isolated(read), _KINDS[edit.kind])
        words.append(chip if edit.kind == "keep" else f'{chip}&nbsp;<s style="color:{colours.faint}">{said}</s>')
    family = theme.mono().family()
    look = f"font-family:'{family}'; font-size: large; line-height: 150%; color:{colours.ink}"
    return f'<div style="{look}">{" ".join(words)}</div>'
