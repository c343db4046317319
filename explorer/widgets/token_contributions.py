"""What each token contributes to a word being expected at a position (C13)."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QComboBox, QLabel

from explorer import theme
from explorer.widgets.contributions import Contributions
from explorer.widgets.contributions_difference import TokenContributionsDifference
from explorer.widgets.figures import rounded_percent
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.predictions import chosen_position, without_head
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import attributions, masked_lm
from model.lens.masked_lm import Expectation
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert


class TokenContributions(Contributions):
    """In nats of the word's log-probability. The word is the one expected first, or another one of the best."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, "contribution to ln p")
        self._position: int | None = None
        self.word = QComboBox()
        self.word.setFont(theme.mono())
        self.word.setAccessibleName(self.tr("The word whose probability is explained"))
        label = QLabel(self.tr("&Word"))
        label.setBuddy(self.word)
        self.picture.tools.insertWidget(0, label)
        self.picture.tools.insertWidget(1, self.word)
        self.columns.setAccessibleName(self.tr("What each token contributes to the word"))
        self.word.activated.connect(self._offer)

    @property
    def title(self) -> str:
        return self.tr("Contributions")

    @property
    def question(self) -> str:
        return self.tr("Which tokens make this word likely here?")

    @property
    def position(self) -> int | None:
        """Where the word is expected."""
        return self._position

    def difference(self) -> View:
        return TokenContributionsDifference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.sentence = without_head(bert)
        self.word.setFont(theme.mono())
        if self.job.is_about(trace) and self.found is not None:
            self._show(self.found)
        else:
            self._position = None

    def mark(self, selection: Selection) -> None:
        super().mark(selection)
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        # What the mouse is over is marked; the passes are worth it only for what is clicked.
        position = chosen_position(bert, trace, self.workspace.clicked, masked_lm.asked(bert, trace))
        if position != self._position:
            self._position = position
            self.page.examine(
                "contributions", lambda bert, trace: masked_lm.expectation(bert, trace, position), self._name
            )

    def _name(self, expectation: Expectation) -> None:
        """Lists the words that can be asked about, and asks about the first."""
        words = [word for word, _ in expectation.best]
        if expectation.original is not None and expectation.original not in words:
            words.append(expectation.original)
        self.word.clear()
        self.word.addItems(words)
        self._offer()

    def _offer(self) -> None:
        bert, trace, position, piece = (
            self.workspace.bert,
            self.workspace.trace,
            self._position,
            self.word.currentText(),
        )
        assert bert is not None
        assert trace is not None
        assert position is not None
        after = bert.config.is_decoder
        heading = (
            self.tr("Contributions to {0} after position {1}")
            if after
            else self.tr("Contributions to {0} at position {1}")
        )
        self.picture.set_heading(
            heading.format(piece, position), self.tr("nats of ln p; above the line likelier, below less likely")
        )
        self.offer(trace, lambda bert, trace: attributions.token(bert, trace, position, piece))

    @property
    def expression(self) -> str:
        return f"model.lens.attributions.token(bert, trace, {self._position}, {self.word.currentText()!r})"

    def say(self, found: attributions.Contributions) -> None:
        most, least = self.strongest(found)
        word = strong(escape(self.word.currentText()))
        if most and least:
            sentence = self.tr("{0} does most for {1}, {2} most against it.").format(most, word, least)
        elif most:
            sentence = self.tr("{0} does most for {1}, and no token anything against it.").format(most, word)
        elif least:
            sentence = self.tr("{0} does most against {1}, and no token anything for it.").format(least, word)
        else:
            sentence = self.tr("No token changes how likely {0} is.").format(word)
        shares = (strong(escape(rounded_percent(math.exp(logarithm)))) for logarithm in (found.before, found.after))
        change = self.tr("It has {0} with every token masked and {1} with these words.").format(*shares)
        self.answer = f"{sentence} {change}"
        bert = self.workspace.bert
        if bert is not None and bert.config.is_decoder:
            self.answer += " " + self.tr("This model was trained left-to-right and never saw [MASK].")
