"""Does B follow A? The head at [CLS] and the way to its two probabilities (C14, C16)."""

from __future__ import annotations

import math
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets.bars import Bar, Bars
from explorer.widgets.figures import rounded_percent, signed
from explorer.widgets.page import Page
from explorer.widgets.panel import Panel, note, strong
from explorer.workspace import Workspace
from model.lens import next_sentence
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_WIDEST = 720  # pixels: bars beyond that only move the figures away from their words


class NextSentenceTab(Page):
    """Both labels in words with their probabilities, and the few steps from [CLS] to them."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.bars = Bars(ranked=False, choosable=False)
        self.bars.setAccessibleName(self.question)
        self._path = note()
        panel = Panel(self.tr("How [CLS] decides"))
        panel.column.addWidget(self._path)
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(18)
        for widget in (self.bars, panel):
            widget.setMaximumWidth(_WIDEST)
            column.addWidget(widget)
        column.addStretch(1)

    @property
    def title(self) -> str:
        return self.tr("Next sentence")

    @property
    def question(self) -> str:
        return self.tr("Does B follow A?")

    @property
    def path(self) -> str:
        """The steps from [CLS] to the probabilities, as they are written out."""
        return self._path.text()

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._path.setFont(theme.mono())
        if not bert.has_nsp or trace.pooled is None:
            self.say(
                self.tr(
                    "{0} has no next-sentence head, so it cannot say whether B follows A. "
                    "Open a model that was trained with next sentence prediction, such as the starter model."
                ).format(escape(bert.name))
            )
        elif 1 not in trace.inputs.texts:
            self.say(self.tr("There is only one sentence. Type a second one into B to ask whether it follows A."))
        else:
            self.examine("verdict", next_sentence.verdict, self._show)

    def _show(self, verdict: next_sentence.Verdict) -> None:
        follows, does_not = verdict.probabilities
        self.bars.show_bars(
            (
                Bar(self.tr("B follows A"), follows, "IsNext"),
                Bar(self.tr("B is some other sentence"), does_not, "NotNext"),
            ),
            full=1.0,
        )
        if follows >= does_not:
            sentence, share = self.tr("{0}, this model says with {1}."), follows
            verdict_in_words = self.tr("Yes, B follows A")
        else:
            sentence, share = self.tr("{0}, this model says with {1}."), does_not
            verdict_in_words = self.tr("No, B is some other sentence")
        self.answer = sentence.format(strong(verdict_in_words), rounded_percent(share))
        self._path.setText(self._steps(verdict))

    def _steps(self, verdict: next_sentence.Verdict) -> str:
        logits = [float(logit) for logit in verdict.logits]
        powers = [math.exp(logit - max(logits)) for logit in logits]
        lines = [
            self.tr("pooler: tanh of [CLS] after the last layer, {0} numbers from {1} to {2}").format(
                len(verdict.pooled), signed(float(verdict.pooled.min())), signed(float(verdict.pooled.max()))
            ),
            self.tr("logits: 2 × {0} weights · pooled + bias").format(len(verdict.pooled)),
        ]
        rows = "".join(
            f"<tr><td>{label}&nbsp;&nbsp;</td><td align='right'>{signed(logit)}</td>"
            f"<td>&nbsp;&nbsp;{self.tr('exp({0}) = {1}').format(signed(logit - max(logits)), signed(power, 4))}</td>"
            f"<td>&nbsp;&nbsp;{self.tr('/ {0} =').format(signed(sum(powers), 4))}&nbsp;</td>"
            f"<td align='right'>{strong(signed(probability, 4))}</td></tr>"
            for label, logit, power, probability in zip(
                next_sentence.LABELS, logits, powers, verdict.probabilities, strict=True
            )
        )
        return "<br>".join(lines) + f"<table cellspacing='0' cellpadding='2'>{rows}</table>"
