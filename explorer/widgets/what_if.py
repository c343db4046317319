"""What the predictions hang on: the effect of what is off, and the heads that a prediction needs (C5, C12)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout

from explorer.widgets.effect import Effects
from explorer.widgets.heads_that_matter import HeadFinder
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import masked_lm, what_if
from model.lens.steps import Place, Stage
from model.lens.what_if import IS_NEXT, Effect, Prediction
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_MOST = 4  # positions that are listed
_TOP = (5, 3, 2, 2)  # predictions at each, by how many they are


class WhatIf(View):
    """Above the predictions before and after, below the heads that the chosen one needs."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._asked: tuple[int, ...] | None = None  # the positions that are shown, or are to be
        self._effect: Effect | None = None
        self._chosen: Prediction | None = None  # by the user
        self._change = ""
        self.effects = Effects()
        self.finder = HeadFinder(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(10)
        column.addWidget(self.effects)
        column.addWidget(self.finder)
        column.addStretch(1)
        self.effects.asked.connect(self._choose)
        self.finder.found.connect(self._tell)

    @property
    def title(self) -> str:
        return self.tr("What if")

    @property
    def question(self) -> str:
        return self.tr("What do the predictions hang on?")

    @property
    def change(self) -> str:
        """What is different because of what is off or of the direction, in words; empty while that is not known."""
        return self._change

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._asked = self._effect = None
        self._change = ""

    def mark(self, selection: Selection) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        self.finder.show_head(selection.head)
        asked = _asked_about(bert, trace, self.workspace.clicked)  # for what is hovered no pass is worth its while
        if asked != self._asked:
            self._asked = asked
            top = _TOP[max(len(asked) - 1, 0)]
            self.page.examine("effect", lambda bert, trace: what_if.effect(bert, trace, asked, top), self._show)

    def look_for_heads(self) -> None:
        """Looks for the heads, or offers to, which is done only for what is on screen."""
        trace, prediction = self.workspace.trace, self._prediction()
        if trace is not None and prediction is not None and self.isVisible():
            self.finder.offer(trace, prediction)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self.look_for_heads()

    def _show(self, effect: Effect) -> None:
        self._effect = effect
        self._tell()

    def _choose(self, prediction: Prediction) -> None:
        self._chosen = prediction
        self._tell()
        if prediction.position is None:
            self.workspace.inspect(Place(Stage.NSP))
        else:
            self.workspace.inspect_piece(prediction.position, prediction.piece)

    def _tell(self) -> None:
        """Says and marks what is chosen, once the effect is known."""
        bert, trace, effect = self.workspace.bert, self.workspace.trace, self._effect
        assert bert is not None
        assert trace is not None
        if effect is None:  # as it is drawn anew, in another look
            return
        self.effects.show_effect(bert, trace, effect)
        prediction = self._prediction()
        self.effects.setVisible(prediction is not None)
        self.finder.setVisible(prediction is not None)
        if prediction is None:
            self.answer = self.tr(
                "{0} predicts nothing here: it has no masked-LM head, and there is no second sentence "
                "or no head that says whether it follows. Open a model that was pre-trained, such as the starter model."
            ).format(strong(escape(bert.name)))
            return
        self.effects.choose(prediction)
        self._change = self.effects.answer(bert, trace, effect, prediction, chosen=prediction == self._chosen)
        how = self.tr("X or Ctrl+click switches a head off; Shift+X, or a click on its number, a whole layer.")
        sentences = [self._change, self.finder.answer(trace, prediction), "" if self._change else how]
        self.answer = " ".join(filter(None, sentences))
        self.look_for_heads()

    def _prediction(self) -> Prediction | None:
        """The chosen prediction, or else the one that is expected first with all on; None where there is none."""
        effect = self._effect
        if effect is None:
            return None
        if self._chosen in self.effects.predictions:
            return self._chosen
        for changes in effect.words.values():
            return max(changes, key=lambda change: change.before).prediction
        return IS_NEXT if effect.is_next is not None else None


def _asked_about(bert: Bert, trace: Trace, selection: Selection) -> tuple[int, ...]:
    """The positions that were edited, those nearest to the chosen token if they are many; without any the token."""
    if not bert.has_mlm:
        return ()
    last, token = len(trace.tokens) - 1, selection.token
    asked = masked_lm.asked(bert, trace)
    if not asked:
        default = max(last - 1, 0) if bert.config.is_decoder else min(1, last)
        return (default if token is None or token > last else token,)
    near = sorted(asked, key=lambda position: abs(position - (token or 0)))[:_MOST]
    return tuple(sorted(near))
