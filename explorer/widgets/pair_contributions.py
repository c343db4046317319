"""What each token says for B following A, and what against it (C14)."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from explorer.widgets.contributions import Contributions
from explorer.widgets.contributions_difference import PairContributionsDifference
from explorer.widgets.figures import rounded_percent
from explorer.widgets.page import Page
from explorer.widgets.pair_verdict import refusal
from explorer.widgets.panel import strong
from explorer.widgets.view import View
from model.lens import attributions
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert


class PairContributions(Contributions):
    """In log odds of IsNext over NotNext."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, "contribution to the log odds of IsNext")
        self.picture.set_heading(
            self.tr("Contributions to IsNext"), self.tr("log odds; above the line for it, below against it")
        )
        self.columns.setAccessibleName(self.tr("What each token contributes to IsNext"))

    @property
    def title(self) -> str:
        return self.tr("Contributions")

    @property
    def question(self) -> str:
        return self.tr("Which tokens say that B follows A?")

    def difference(self) -> View:
        return PairContributionsDifference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.sentence = refusal(bert, trace)
        if self.sentence:
            return
        if self.job.is_about(trace) and self.found is not None:
            self._show(self.found)
        else:
            self.offer(trace, attributions.next_sentence)

    @property
    def expression(self) -> str:
        return "model.lens.attributions.next_sentence(bert, trace)"

    def say(self, found: attributions.Contributions) -> None:
        most, least = self.strongest(found)
        if most and least:
            sentence = self.tr("{0} says most for it, {1} most against it.").format(most, least)
        elif most or least:
            whole = self.tr("{0} says most for it, and no token against it.")
            sentence = (whole if most else self.tr("{0} says most against it, and no token for it.")).format(
                most or least
            )
        else:
            sentence = self.tr("No token changes anything.")
        shares = (strong(escape(rounded_percent(_share(odds)))) for odds in (found.before, found.after))
        change = self.tr("IsNext is {0} with every token masked and {1} with these words.").format(*shares)
        self.answer = f"{sentence} {change}"


def _share(odds: float) -> float:
    """The probability behind log odds."""
    return (1 + math.tanh(odds / 2)) / 2
