"""The best candidates for a position, any word's rank there, and how surprising each token is (C13)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets.axis import elided
from explorer.widgets.bars import Bars
from explorer.widgets.beside import Beside
from explorer.widgets.candidates import Candidates
from explorer.widgets.columns import Columns
from explorer.widgets.figures import rounded_percent, signed
from explorer.widgets.job import AT_ONCE, Job
from explorer.widgets.layer_candidates import LayerCandidates
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import isolated, strong
from explorer.widgets.picture import Picture
from explorer.widgets.prediction_difference import PredictionDifference
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import masked_lm
from model.lens.masked_lm import Expectation
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_MOST_LISTS = 3
_LIST = 300  # pixels that a list takes with the space beside it
_ALONE = 560  # pixels of a list that stands alone, at most: wider bars only move the figures away from their words
_SURPRISE = 340  # pixels that are left to the surprise, at least
_SHARES = (4, 7, 10)  # of the width for one list, two and three
_SURPRISED = 5  # the same for the surprise
_LONGEST = 64  # characters of a word: each piece of it is a pass


translate = QCoreApplication.translate  # by its own name: lupdate finds the texts by it


class Predictions(View):
    """Left the best candidates, of several masks side by side, right how surprising each token of the text is."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        workspace = self.workspace
        self._asked: tuple[int, ...] = ()
        self._position: int | None = None
        self.lists = tuple(Candidates() for _ in range(_MOST_LISTS))
        self.word = QLineEdit(clearButtonEnabled=True)  # type: ignore[call-arg]
        self.word.setMaxLength(_LONGEST)
        self.word.setPlaceholderText(self.tr("how likely is it here?"))
        self.word.setAccessibleName(self.tr("Any word"))
        self.score = Line()
        self._word_label = QLabel()
        self._word_label.setBuddy(self.word)
        self.surprises = Columns("surprise in nats")
        self.surprises.setAccessibleName(self.tr("How surprising each token is"))
        self._surprise = Picture(
            self.surprises,
            self.surprises.sheet,
            "masked-lm",
            self.tr("How surprising is each token?"),
            python=_python,
        )
        self._how = Line()
        self.job = Job(workspace, "Predictions.surprise", self.tr("Ask token by token"), self.surprises)
        self.layers = LayerCandidates(page)
        self._lay_out()
        for candidates in self.lists:
            candidates.asked.connect(lambda position: workspace.select(token=position))
            candidates.picked.connect(self._put_in)
        self.word.textChanged.connect(self._ask_word)
        self.kept.add_control("word", self.word)
        self.surprises.chosen.connect(lambda place: workspace.select(token=place))
        self.surprises.hovered.connect(
            lambda place: workspace.hover() if place is None else workspace.hover(token=place)
        )

    @property
    def title(self) -> str:
        return self.tr("Predictions")

    @property
    def question(self) -> str:
        bert = self.workspace.bert
        if bert is not None and bert.config.is_decoder:
            return self.tr("What comes next?")
        return self.tr("What does BERT expect here?")

    @property
    def position(self) -> int | None:
        """The chosen position."""
        return self._position

    @property
    def asked(self) -> tuple[int, ...]:
        """The positions that are listed side by side, from left to right; the chosen one is among them."""
        return self._asked

    @property
    def bars(self) -> Bars:
        """The candidates for the chosen position."""
        return self.lists[self._asked.index(self._position) if self._position in self._asked else 0].bars

    def difference(self) -> View:
        return PredictionDifference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._position = None
        self._asked = ()
        if not bert.has_mlm:
            self.sentence = without_head(bert)
            return
        if not self.job.is_about(trace):
            self._offer_surprise(bert, trace)

    def mark(self, selection: Selection) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        if not bert.has_mlm:
            return
        edited = masked_lm.asked(bert, trace)
        position = chosen_position(bert, trace, selection, edited)
        self.surprises.mark(position)
        asked = _side_by_side(position, edited, self._room())
        if position != self._position:
            self.layers.ask(position)
        if (position, asked) != (self._position, self._asked):
            self._position, self._asked = position, asked
            self.page.examine(
                "expectation",
                lambda bert, trace: [masked_lm.expectation(bert, trace, place) for place in asked],
                self._show,
            )
            self._ask_word()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._asked and len(self._asked) != self._room():
            self.mark(self.workspace.selection)

    # How it is laid out

    def _lay_out(self) -> None:
        lists = QHBoxLayout()
        lists.setSpacing(24)
        for candidates in self.lists:
            candidates.setMaximumWidth(_ALONE)
            lists.addWidget(candidates, 1)
        line = QHBoxLayout()
        line.addWidget(self._word_label)
        line.addSpacing(16)
        line.addWidget(self.word, 1)
        best = QVBoxLayout()
        best.addLayout(lists)
        best.addSpacing(4)
        best.addLayout(line)
        best.addWidget(self.score)
        best.addStretch(1)
        self._surprise.column.insertWidget(1, self._how)
        self._surprise.column.insertWidget(2, self.job)
        surprise = QVBoxLayout()
        surprise.addWidget(self._surprise)
        surprise.addSpacing(10)
        surprise.addWidget(self.layers, 1)
        surprise.addStretch(0)
        self._left, right = QWidget(), QWidget()
        for part, column in ((self._left, best), (right, surprise)):
            column.setContentsMargins(0, 0, 0, 0)
            part.setLayout(column)
        self._columns = Beside(self._left, right, (_SHARES[0], _SURPRISED))
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._columns)
        self._share_width(1)

    def _room(self) -> int:
        """How many lists fit side by side."""
        width = self.page.width() / theme.text_scale()
        beside = width if width < _SURPRISE + _LIST else width - _SURPRISE  # or else the surprise stands below
        return min(max(int(beside // _LIST), 1), _MOST_LISTS)

    def _share_width(self, lists: int) -> None:
        self._columns.share(_SHARES[lists - 1], _SURPRISED)
        self._left.setMaximumWidth(_ALONE * lists)
        for place, candidates in enumerate(self.lists):
            candidates.setVisible(place < lists)

    # What it says

    def _show(self, expectations: list[Expectation]) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        several = len(expectations) > 1
        self._share_width(len(expectations))
        aside = "" if several else self._size(bert, expectations[0])
        here = self.tr("follows in the text") if bert.config.is_decoder else self.tr("original")
        for candidates, expectation in zip(self.lists, expectations, strict=False):
            candidates.show_expectation(expectation, self._heading(bert, trace, expectation.position), aside, here)
            candidates.set_chosen(several and expectation.position == self._position)
        chosen = next(expectation for expectation in expectations if expectation.position == self._position)
        self.answer = self._answer_for(bert, trace, chosen)
        if several and not bert.config.is_decoder:
            alone = self.tr(
                "BERT predicts each of the {0} positions by itself: at the others it reads what stands there, "
                "such as [MASK], not its own guess."
            )
            self.answer += " " + alone.format(len(expectations))

    def _size(self, bert: Bert, expectation: Expectation) -> str:
        return self.tr("best {0} of {1}").format(len(expectation.best), f"{len(bert.tokenizer.tokens):,}")

    def _heading(self, bert: Bert, trace: Trace, position: int) -> str:
        token, original = (isolated(elided(row[position])) for row in (trace.tokens, trace.inputs.originals))
        if bert.config.is_decoder:
            return self.tr("After position {0} · {1}").format(position, token)
        edit = trace.scenario.edit_at(position)
        if edit is not None and edit.kind == "replace":
            return self.tr("Position {0} · {1} → {2}").format(position, original, token)
        return self.tr("Position {0} · {1}").format(position, original)

    def _answer_for(self, bert: Bert, trace: Trace, expectation: Expectation) -> str:
        edit = trace.scenario.edit_at(expectation.position)
        if edit is not None and edit.kind == "mask" and expectation.rank == 1 and not bert.config.is_decoder:
            original = strong(escape(str(expectation.original)))
            sentence = self.tr("Position {0}, masked. It was {1}, which is expected first, with {2}.")
            return sentence.format(expectation.position, original, _share(expectation.probability))
        said = f"{self._place(bert, trace, expectation.position)} {self._verdict(expectation)}"
        if expectation.standing is not None and not bert.config.is_decoder:
            token = strong(escape(trace.tokens[expectation.position]))
            said += " " + self.tr("{0}, which stands there, has {1}.").format(token, _share(expectation.standing))
        return said

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

    def _verdict(self, expectation: Expectation) -> str:
        best, share = expectation.best[0]
        first = strong(escape(best))
        if expectation.original is None or expectation.rank == 1:
            return self.tr("{0} is expected first, with {1}.").format(first, _share(share))
        return self.tr("{0} is expected first, with {1}; {2} comes in place {3}, with {4}.").format(
            first,
            _share(share),
            strong(escape(expectation.original)),
            f"{expectation.rank:,}",
            _share(expectation.probability),
        )

    # What it asks

    def _put_in(self, position: int, piece: str) -> None:
        bert = self.workspace.bert
        if bert is None or bert.config.is_decoder:
            return  # what comes next has no place in the text yet
        self.workspace.select(token=position)
        self.workspace.edit(lambda scenario: scenario.replace(position, piece))

    def _ask_word(self) -> None:
        bert, word, position = self.workspace.bert, self.word.text().strip(), self._position
        if bert is None or position is None:
            return
        label = (
            self.tr("&Any word after position {0}") if bert.config.is_decoder else self.tr("&Any word at position {0}")
        )
        self._word_label.setText(label.format(position))
        if not word:
            self.score.say(self.tr("Type a word to see its place among all and how likely it is."))
            return
        self.workspace.examine(
            "Predictions.word",
            lambda bert, trace: masked_lm.scoring(bert, trace, position, word),
            lambda score: self._show_score(word, score),
            self._refuse_word,
        )

    def _refuse_word(self, error: Exception) -> None:
        if not isinstance(error, ValueError):
            raise error
        self.score.say(escape(str(error)))

    def _show_score(self, word: str, score: masked_lm.WordScore) -> None:
        bert = self.workspace.bert
        assert bert is not None
        name, share = strong(escape(word)), strong(_share(score.probability))
        if score.rank is not None:
            size = f"{len(bert.tokenizer.tokens):,}"
            text = self.tr("{0}: place {1} of {2}, with {3}.").format(name, f"{score.rank:,}", size, share)
        else:
            pieces = escape(" ".join(score.pieces))
            factors = " × ".join(map(_share, score.by_piece))
            sentence = self.tr("{0}: {1}, {2} [MASK] side by side, each piece given those before it: {3} = {4}.")
            if bert.config.is_decoder:
                sentence = self.tr("{0}: {1}, {2} pieces one after the other, each given those before it: {3} = {4}.")
            text = sentence.format(name, pieces, len(score.pieces), factors, share)
        self.score.say(text)

    def _offer_surprise(self, bert: Bert, trace: Trace) -> None:
        few = len(trace.tokens) <= AT_ONCE or bert.config.is_decoder
        if not few:
            self.surprises.show_values(np.zeros(0, dtype=np.float32), ())
            self._how.hide()
        hint = self.tr("Each of {0} tokens is masked in turn, which takes a while.").format(len(trace.tokens))
        self.job.offer(masked_lm.surprise, self._show_surprise, hint, at_once=few)

    def _show_surprise(self, surprises: Floats) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        self.surprises.show_values(surprises, trace.inputs.originals)
        mean = signed(float(np.nanmean(surprises)), 1) if not np.isnan(surprises).all() else "–"
        how = (
            self.tr("−ln p in nats, each from those before it; {0} on average")
            if bert.config.is_decoder
            else self.tr("−ln p in nats, each masked in turn; {0} on average")
        )
        self._how.say(how.format(mean))
        self._how.show()


def _python() -> str:
    return "values = model.lens.passes.result(model.lens.masked_lm.surprise(bert, trace))[:, None]"


def _share(probability: float) -> str:
    """A probability in rich text, where "< 0.01 %" would begin a tag."""
    return escape(rounded_percent(probability))


def without_head(bert: Bert) -> str:
    """Why the model cannot predict tokens; empty where it can."""
    if bert.has_mlm:
        return ""
    return translate(
        "Predictions",
        "{0} has no masked-LM head, so it cannot predict tokens. "
        "Open a model that was pre-trained with one, such as the starter model.",
    ).format(escape(bert.name))


def chosen_position(bert: Bert, trace: Trace, selection: Selection, edited: list[int]) -> int:
    """The chosen token, or else the first of ``edited``, or else the first of the text; where it goes on, the last."""
    if selection.token is not None and selection.token < len(trace.tokens):
        return selection.token
    last = len(trace.tokens) - 1
    return next(iter(edited), max(last - 1, 0) if bert.config.is_decoder else min(1, last))


def _side_by_side(chosen: int, edited: list[int], room: int) -> tuple[int, ...]:
    """The ``chosen`` position and the ``edited`` ones nearest to it: as many lists as are edited, up to ``room``.

    A chosen position that is not edited takes the place of one that is, so that the lists keep their number.
    """
    count = max(1, min(room, len(edited)))
    nearest = sorted({chosen, *edited}, key=lambda position: (abs(position - chosen), position))
    return tuple(sorted(nearest[:count]))
