"""What each token contributes to an answer, as signed columns: integrated gradients."""

from __future__ import annotations

from collections.abc import Callable, Generator
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from explorer.widgets.columns import Columns
from explorer.widgets.figures import percent, signed
from explorer.widgets.job import AT_ONCE, Job
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.lens import attributions
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_HEIGHT = 260.0  # pixels of the columns, where there is room
_LEAST = 0.005  # below, a contribution is written as zero

Lens = Callable[["Bert", Trace], Generator[float, None, attributions.Contributions]]


class Contributions(View):
    """A column a token, up for the answer and down against it. A subclass says whose contributions these are."""

    def __init__(self, page: Page, quantity: str) -> None:
        super().__init__(page)
        workspace = self.workspace
        self.found: attributions.Contributions | None = None
        self.columns = Columns(quantity, is_signed=True, height=_HEIGHT)
        self.picture = Picture(self.columns, self.columns.sheet, "contributions", python=self._python)
        name = type(self).__name__
        self.job = Job(workspace, f"{name}.contributions", self.tr("Work out contributions"), self.columns)
        self._sum, self._how = Line(), Line()
        self.picture.column.insertWidget(1, self.job)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for part in (self.picture, self._sum, self._how):
            column.addWidget(part)
        column.addStretch(1)
        self.columns.chosen.connect(lambda place: workspace.select(token=place))
        self.columns.hovered.connect(lambda place: workspace.hover() if place is None else workspace.hover(token=place))

    @property
    def sum(self) -> str:
        """How the contributions add up, in words."""
        return self._sum.text()

    def mark(self, selection: Selection) -> None:
        self.columns.mark(selection.token)

    def offer(self, trace: Trace, lens: Lens) -> None:
        """Has the contributions worked out, at once where the text is short."""
        few = len(trace.tokens) <= AT_ONCE
        self.found, self.answer = None, ""
        if not few:
            self.columns.show_values(np.zeros(0, dtype=np.float32), ())
        for line in (self._sum, self._how):
            line.say("")
        hint = self.tr("Some dozens of passes through all layers and back, for {0} tokens, which takes a while.")
        self.job.offer(lens, self._show, hint.format(len(trace.tokens)), at_once=few)

    def say(self, found: attributions.Contributions) -> None:
        """Says in words what was found."""
        raise NotImplementedError

    @property
    def expression(self) -> str:
        """The lens, as Python that calls it."""
        raise NotImplementedError

    def _python(self) -> str:
        return f"values = model.lens.passes.result({self.expression}).by_token[:, None]"

    def _show(self, found: attributions.Contributions) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self.found = found
        self.columns.show_values(found.by_token, trace.tokens, 2)
        self._say_how()
        self.say(found)

    def _say_how(self) -> None:
        found = self.found
        if found is None:
            return
        change = found.after - found.before
        missing = escape(percent(abs(found.gap / change))) if change else "–"
        total = self.tr("With every token masked {0}, all columns together {1}, so here {2}; the sum misses {3} of it.")
        self._sum.say(
            total.format(
                *(strong(signed(number, 2)) for number in (found.before, float(found.by_token.sum()), found.after)),
                missing,
            )
        )
        self._how.say(
            self.tr(
                "Integrated gradients (Sundararajan et al. 2017), {0} points on the straight way from the same input "
                "with every token masked to this one, before LayerNorm. [CLS], [SEP] and [MASK] are the same in both, "
                "so they contribute nothing."
            ).format(found.steps)
        )

    def strongest(self, found: attributions.Contributions) -> tuple[str, str]:
        """The token that says most for the answer and the one that says most against it, each with its number.

        Rich text; empty where there is none.
        """
        trace = self.workspace.trace
        assert trace is not None
        named: list[str] = []
        for place in (int(found.by_token.argmax()), int(found.by_token.argmin())):
            value = float(found.by_token[place])
            for_it = not named
            there = value >= _LEAST if for_it else value <= -_LEAST
            number = ("+" if value > 0 else "") + signed(value, 2)
            named.append(f"{strong(escape(trace.tokens[place]))} ({number})" if there else "")
        return named[0], named[1]
