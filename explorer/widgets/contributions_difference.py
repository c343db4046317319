"""What each token contributes to an answer now, less what it contributed to the pinned one."""

from __future__ import annotations

import math
from collections.abc import Generator
from functools import partial
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtWidgets import QVBoxLayout

from explorer.comparison import Answer
from explorer.widgets.axis import elided
from explorer.widgets.change_columns import ChangeColumns
from explorer.widgets.difference import chosen_places, no_pairs, no_predictions, not_there
from explorer.widgets.figures import percent, signed
from explorer.widgets.page import Page
from explorer.widgets.pair_difference import Shares, told, verdicts
from explorer.widgets.panel import isolated, strong
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import attributions, masked_lm
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_DECIMALS = 2
_HEIGHT = 260.0  # pixels of the columns, where there is room


class ContributionsDifference(View):
    """A column a token, up where it says more for the answer than it did."""

    def __init__(self, page: Page, quantity: str) -> None:
        super().__init__(page)
        self.changes = ChangeColumns(
            page, "contributions-difference", quantity, self.tr("Work out both contributions"), _DECIMALS, _HEIGHT
        )
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.changes)
        column.addStretch(1)
        self.changes.found.connect(self._tell)

    def mark(self, selection: Selection) -> None:
        self.changes.mark(selection.token)

    def answer_for(self, changed: str) -> str:
        """The answer in words, beginning with ``changed``: which token's contribution did most; empty for none."""
        raise NotImplementedError

    def _tell(self) -> None:
        if self.changes.isHidden():
            return  # a job may end after a token without a like was chosen
        largest = self.changes.largest
        if largest is None:
            self.answer = self.answer_for("")
            return
        token, *numbers = largest
        sentence = self.tr("What {0} contributes changed most: it was {1} and is {2} now.")
        words = (signed(number, _DECIMALS) for number in numbers)
        self.answer = self.answer_for(strong(sentence.format(escape(elided(token)), *words)))

    def hint(self) -> str:
        """What stands beside the button for long texts."""
        return self.tr("Some dozens of passes through all layers and back, for both answers, which takes a while.")


class PairContributionsDifference(ContributionsDifference):
    """In log odds of IsNext over NotNext."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, "change of the contribution to the log odds of IsNext")
        self._shares: tuple[Shares, Shares] | None = None
        self.changes.set_heading(
            self.tr("Contributions to IsNext, now less pinned"), self.tr("log odds; above the line more for it")
        )
        self.changes.columns.setAccessibleName(self.changes.heading)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.sentence = no_pairs(Answer(bert, trace), self.pinned)
        self._shares = None
        if self.sentence:
            return
        self.compare(verdicts, self._say)
        lens = "result(model.lens.attributions.next_sentence({0})).by_token"
        python = lens.format("bert, trace"), lens.format("pinned_bert, pinned")
        self.changes.offer(_of_pair, _of_pair, "pair", self.hint(), python)

    def answer_for(self, changed: str) -> str:
        if self._shares is None:
            return changed
        if not changed:
            return told(*self._shares)
        sentence = self.tr("That B follows A had {0} in the pinned answer and has {1} now.")
        now, then = (escape(percent(shares[0])) for shares in self._shares)
        return f"{changed} {sentence.format(then, now)}"

    def _say(self, shares: tuple[Shares, Shares]) -> None:
        self._shares = shares
        self._tell()


class Word(NamedTuple):
    """The piece whose probability is explained, where in either answer, and how likely it is there."""

    piece: str
    places: tuple[int, int | None]
    shares: tuple[float, float]


class TokenContributionsDifference(ContributionsDifference):
    """In nats of ln p of the word that is now expected first at the chosen position."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, "change of the contribution to ln p")
        self._position: int | None = -1  # the token that is asked about
        self._word: Word | None = None

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._position, self._word = -1, None
        self.sentence = no_predictions(Answer(bert, trace), self.pinned)

    def mark(self, selection: Selection) -> None:
        super().mark(selection)
        position = self.workspace.clicked.token  # the passes are worth it only for what is clicked
        if position != self._position:
            self._position = position
            self.compare(lambda now, pinned: expected(now, pinned, position), self._name)

    def _name(self, word: Word) -> None:
        trace = self.workspace.trace
        assert trace is not None
        position, place = word.places
        self.changes.setVisible(place is not None)
        if place is None:
            self.answer = not_there(trace.tokens[position])
            return
        self.changes.set_heading(
            self.tr("Contributions to {0} at position {1}, now less pinned").format(elided(word.piece), position),
            self.tr("nats of ln p; above the line more for it"),
        )
        self.changes.columns.setAccessibleName(self.changes.heading)
        self._word = word
        here, there = (partial(_of_token, position=where, piece=word.piece) for where in (position, place))
        lens = "result(model.lens.attributions.token({0}, {1}, {2!r})).by_token"
        sides = ("bert, trace", position), ("pinned_bert, pinned", place)
        python = tuple(lens.format(answer, where, word.piece) for answer, where in sides)
        self.changes.offer(here, there, (position, word.piece), self.hint(), python)  # type: ignore[arg-type]
        self._tell()

    def answer_for(self, changed: str) -> str:
        if self._word is None:
            return changed
        then, now = (escape(percent(share)) for share in self._word.shares)
        sentence = self.tr("{0} is expected first there now, with {1}; in the pinned answer it has {2}.")
        piece = isolated(escape(self._word.piece)) if changed else strong(escape(self._word.piece))
        return f"{changed} {sentence.format(piece, now, then)}".lstrip()


def expected(now: Answer, pinned: Answer, token: int | None) -> Word:
    """On the worker: the word that is expected first at the chosen ``token``, or where ``chosen_places`` says."""
    position, place = chosen_places(now, pinned, token)
    piece, share = masked_lm.predictions(*now, position, top=1)[0]
    if place is None:
        return Word(piece, (position, None), (0.0, share))
    scores = masked_lm.log_probabilities(*pinned, place)
    return Word(piece, (position, place), (math.exp(scores[pinned.bert.tokenizer.id(piece)]), share))


def _of_pair(bert: Bert, trace: Trace) -> Generator[float, None, Floats]:
    return (yield from attributions.next_sentence(bert, trace)).by_token


def _of_token(bert: Bert, trace: Trace, position: int, piece: str) -> Generator[float, None, Floats]:
    return (yield from attributions.token(bert, trace, position, piece)).by_token
