"""What does BERT expect here? The best candidates for a position, any word's rank, and each token's surprise (C13)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from explorer.widgets.bars import Bar, Bars
from explorer.widgets.columns import Columns
from explorer.widgets.figures import rounded_percent, signed
from explorer.widgets.page import Page
from explorer.widgets.panel import Panel, note, strong
from explorer.workspace import Selection, Workspace
from model.lens import masked_lm
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_BEST = 10
_ASKED_AT_ONCE = 64  # tokens of a text whose surprises are worked out without being asked for


class _Expectation(NamedTuple):
    """What is expected at a position; the word that the text has there with its share and rank, if it has one."""

    position: int
    best: list[tuple[str, float]]
    original: str | None
    share: float
    rank: int


class MaskedLMTab(Page):
    """Left the best candidates for the chosen position, right how surprising each token of the text is."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._position: int | None = None
        self.bars = Bars()
        self.bars.setAccessibleName(self.tr("The most probable tokens"))
        self.word = QLineEdit(clearButtonEnabled=True)  # type: ignore[call-arg]
        self.word.setPlaceholderText(self.tr("how likely is it here?"))
        self.word.setAccessibleName(self.tr("Any word"))
        self.score = note()
        self.surprises = Columns()
        self.surprises.setAccessibleName(self.tr("How surprising each token is"))
        self._best, self._surprise = Panel(), Panel(self.tr("How surprising is each token?"))
        self.start = QPushButton(self.tr("Ask token by token"))
        self._lay_out()
        self.bars.chosen.connect(self._put_in)
        self.word.textChanged.connect(self._ask_word)
        self.surprises.chosen.connect(lambda place: workspace.select(token=place))
        self.start.clicked.connect(self._ask_surprise)

    @property
    def title(self) -> str:
        return self.tr("Masked LM")

    @property
    def question(self) -> str:
        return self.tr("What does BERT expect here?")

    @property
    def position(self) -> int | None:
        """The position that is asked about."""
        return self._position

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._position = None
        if not bert.has_mlm:
            self.say(
                self.tr(
                    "{0} has no masked-LM head, so it cannot predict tokens. "
                    "Open a model that was pre-trained with one, such as the starter model."
                ).format(escape(bert.name))
            )
            return
        self.ask(self.tr("What comes next?") if bert.config.is_decoder else self.question)
        self.surprises.show_values(np.zeros(0, dtype=np.float32), ())
        each = self.tr("each of {0} tokens masked in turn").format(len(trace.tokens))
        self._surprise.set_heading(self._surprise.heading, each)
        few = len(trace.tokens) <= _ASKED_AT_ONCE
        self.start.setVisible(not few)
        if few:
            self._ask_surprise()

    def mark(self, selection: Selection) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        if not bert.has_mlm:
            return
        position = _asked(trace, selection, bert.tokenizer.mask_token)
        self.surprises.mark(position)
        if position != self._position:
            self._position = position
            self.examine("expectation", lambda bert, trace: _expectation(bert, trace, position), self._show)
            self._ask_word()

    # How it is laid out

    def _lay_out(self) -> None:
        self._best.column.addWidget(self.bars)
        line = QHBoxLayout()
        label = QLabel(self.tr("&Any word"))
        label.setBuddy(self.word)
        line.addWidget(label)
        line.addSpacing(16)
        line.addWidget(self.word, 1)
        self._best.column.addSpacing(4)
        self._best.column.addLayout(line)
        self._best.column.addWidget(self.score)
        self._best.column.addStretch(1)
        self._best.setMaximumWidth(560)
        self._surprise.tools.addWidget(self.start)
        self._surprise.column.addWidget(self.surprises)
        self._surprise.column.addStretch(1)
        columns = QHBoxLayout(self.body)
        columns.setContentsMargins(0, 0, 0, 0)
        columns.setSpacing(28)
        columns.addWidget(self._best, 4)
        columns.addWidget(self._surprise, 5)

    # What it says

    def _show(self, expectation: _Expectation) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        self._best.set_heading(
            self.tr("Best {0} of {1}").format(len(expectation.best), f"{len(bert.tokenizer.tokens):,}")
        )
        here = self.tr("follows in the text") if bert.config.is_decoder else self.tr("original")
        self.bars.show_bars(
            [Bar(token, share, here if token == expectation.original else "") for token, share in expectation.best]
        )
        edit = trace.scenario.edit_at(expectation.position)
        if edit is not None and edit.kind == "mask" and expectation.rank == 1 and not bert.config.is_decoder:
            original = strong(escape(str(expectation.original)))
            sentence = self.tr("Position {0}, masked. It was {1}, which is expected first, with {2}.")
            self.answer = sentence.format(expectation.position, original, rounded_percent(expectation.share))
        else:
            self.answer = f"{self._place(bert, trace, expectation.position)} {self._verdict(expectation)}"

    def _place(self, bert: Bert, trace: Trace, position: int) -> str:
        """Which position this is, and what was done to it."""
        token, original = (strong(escape(row[position])) for row in (trace.tokens, trace.inputs.originals))
        edit = trace.scenario.edit_at(position)
        if bert.config.is_decoder:
            return self.tr("After position {0}, {1}.").format(position, token)
        if edit is None and trace.inputs.originals[position] == bert.tokenizer.mask_token:
            return self.tr("Position {0}, masked in the text.").format(position)
        if edit is None:
            return self.tr("Position {0}, where BERT reads {1} itself: mask it (M) to make BERT guess.").format(
                position, token
            )
        return {
            "mask": self.tr("Position {0}, masked. It was {1}."),
            "replace": self.tr("Position {0}, replaced. It was {1}, now {2} stands there."),
            "keep": self.tr("Position {0}, chosen but kept. It is {1}."),
        }[edit.kind].format(position, original, token)

    def _verdict(self, expectation: _Expectation) -> str:
        best, share = expectation.best[0]
        first = strong(escape(best))
        if expectation.original is None or expectation.rank == 1:
            return self.tr("{0} is expected first, with {1}.").format(first, rounded_percent(share))
        return self.tr("{0} is expected first, with {1}; {2} comes in place {3}, with {4}.").format(
            first,
            rounded_percent(share),
            strong(escape(expectation.original)),
            f"{expectation.rank:,}",
            rounded_percent(expectation.share),
        )

    # What it asks

    def _put_in(self, index: int) -> None:
        bert, position = self.workspace.bert, self._position
        if bert is None or position is None or bert.config.is_decoder:
            return  # what comes next has no place in the text yet
        piece = self.bars.bars[index].label
        self.workspace.edit(lambda scenario: scenario.replace(position, piece))

    def _ask_word(self) -> None:
        word, position = self.word.text().strip(), self._position
        if not word or position is None:
            self.score.setText("")
            return
        self.workspace.examine(
            "MaskedLMTab.word",
            lambda bert, trace: masked_lm.scoring(bert, trace, position, word),
            lambda score: self._show_score(word, score),
            lambda error: self.score.setText(escape(str(error))),
        )

    def _show_score(self, word: str, score: masked_lm.WordScore) -> None:
        name, share = strong(escape(word)), rounded_percent(score.probability)
        if score.rank is not None:
            text = self.tr("{0}: place {1}, {2}").format(name, f"{score.rank:,}", share)
        else:
            factors = " × ".join(
                f"{escape(piece)} {rounded_percent(factor)}"
                for piece, factor in zip(score.pieces, score.by_piece, strict=True)
            )
            text = self.tr("{0}: {1}, the product of its pieces: {2}").format(name, share, factors)
        self.score.setText(text)

    def _ask_surprise(self) -> None:
        self.start.setVisible(False)
        self.workspace.examine(
            "MaskedLMTab.surprise", masked_lm.surprise, self._show_surprise, self.fail, self._show_progress
        )

    def _show_progress(self, share: float) -> None:
        self._surprise.set_heading(self._surprise.heading, self.tr("asking, {0}").format(rounded_percent(share)))

    def _show_surprise(self, surprises: Floats) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self.surprises.show_values(surprises, trace.inputs.originals)
        mean = signed(float(np.nanmean(surprises)), 1) if not np.isnan(surprises).all() else "–"
        bert = self.workspace.bert
        how = (
            self.tr("−ln p in nats, each from those before it; {0} on average")
            if bert is not None and bert.config.is_decoder
            else self.tr("−ln p in nats, each masked in turn; {0} on average")
        )
        self._surprise.set_heading(self._surprise.heading, how.format(mean))


def _asked(trace: Trace, selection: Selection, mask: str) -> int:
    """The chosen token, or else the first that was edited or a ``mask``, or else the first of the text."""
    if selection.token is not None and selection.token < len(trace.tokens):
        return selection.token
    if trace.scenario.edits:
        return trace.scenario.edits[0].position
    if mask in trace.tokens:
        return trace.tokens.index(mask)
    return min(1, len(trace.tokens) - 1)


def _expectation(bert: Bert, trace: Trace, position: int) -> _Expectation:
    """On the worker."""
    scores = masked_lm.log_probabilities(bert, trace, position)
    best = [(bert.tokenizer.tokens[entry], float(np.exp(scores[entry]))) for entry in masked_lm.best(scores, _BEST)]
    place = position + 1 if bert.config.is_decoder else position
    original = trace.inputs.originals[place] if place < len(trace.tokens) else None
    if original is None or original == bert.tokenizer.mask_token:
        return _Expectation(position, best, None, 0.0, 0)
    entry = bert.tokenizer.id(original)
    return _Expectation(position, best, original, float(np.exp(scores[entry])), masked_lm.rank(scores, entry))
