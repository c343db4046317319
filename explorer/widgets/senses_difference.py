"""Text vs context with the pinned answer: one word in the present question and in the pinned one (C1)."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING

from explorer.comparison import Answer
from explorer.widgets.layer_senses import LayerSenses, Senses, compared
from explorer.widgets.page import Page
from model.lens import layers
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert


class SensesDifference(LayerSenses):
    """The same pictures of the two answers as they are: with both sentences, and edited."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.head.hide()  # the second sentence is the pinned one

    def draw(self, bert: Bert, trace: Trace) -> None:
        super().draw(bert, trace)
        if trace.fingerprint != self.pinned.trace.fingerprint:
            self.sentence = self.tr(
                "{0} and {1} are two models, and a word's two uses can only be told apart by one. "
                "Choose Now or Pinned, or pin an answer of this model."
            ).format(escape(bert.name), escape(self.pinned.bert.name))

    def _lens(self, token: int | None, typed: str) -> Callable[[Bert, Trace], Senses | None]:
        pinned = self.pinned
        return lambda bert, trace: senses(Answer(bert, trace), pinned, token)

    def _nothing_shared(self) -> str:
        return self.tr("The two answers share no word: ask about a text that has a word of the pinned one.")


def senses(now: Answer, pinned: Answer, token: int | None) -> Senses | None:
    """On the worker: the word at ``token`` in both answers of one model, or else the longest that both have."""
    chosen = next((word for word in layers.words(now.trace) if token in word.positions), None)
    return compared(now, pinned, chosen)
