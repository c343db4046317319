"""A number for each token less what it was in the pinned answer, where it takes passes through both models."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Generator, Hashable
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal

from explorer.export_python import before
from explorer.widgets.axis import elided
from explorer.widgets.columns import Columns
from explorer.widgets.figures import signed
from explorer.widgets.job import AT_ONCE, Job
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from model.lens import difference
from model.lens.passes import in_turn
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

Lens = Callable[["Bert", Trace], Generator[float, None, Floats]]  # (T,) a number for each token
Found = list[Floats]  # (T,) now, and then at the likes


class ChangeColumns(Picture):
    """A column a token, up for more than in the pinned answer. A click chooses the token."""

    found = Signal()  # the numbers are there

    def __init__(
        self,
        page: Page,
        file: str,
        quantity: str,
        start: str,
        decimals: int,
        height: float = 120.0,
        *,
        unedited: bool = False,
    ) -> None:
        """``quantity`` says in a table what the numbers are, and ``start`` stands on the button for long texts.

        The columns are called by the tokens as they are read, or by the ``unedited`` ones.
        """
        self.columns = Columns(quantity, is_signed=True, height=height)
        super().__init__(self.columns, self.columns.sheet, file, python=self._python)
        workspace = page.workspace
        self._workspace, self._decimals, self._unedited = workspace, decimals, unedited
        self._seen = 0.5 / 10**decimals  # what is less is written as zero
        self._found: Found | None = None
        self._asked: Hashable = None
        self._sides = ("", "")  # the expressions that give the numbers now and then
        self._stack.setFocusProxy(self.columns)
        # Not the columns alone: the stack around them would keep their room, empty, until they are asked for.
        self.job = Job(workspace, f"{type(page).__name__}.{file}", start, self._stack)
        self._line = Line()
        for place, part in enumerate((self._line, self.job), start=1):
            self.column.insertWidget(place, part)
        self.columns.chosen.connect(lambda place: workspace.select(token=place))
        self.columns.hovered.connect(lambda place: workspace.hover() if place is None else workspace.hover(token=place))

    @property
    def reading(self) -> str:
        """What the marked column, or the longest, says."""
        return self._line.text()

    @property
    def largest(self) -> tuple[str, float, float] | None:
        """The token whose number changed most, with that then and now; None where none did, or none is known yet."""
        change = np.nan_to_num(self.columns.values)
        if self._found is None or not change.any():
            return None
        now, then = self._found
        place = int(np.abs(change).argmax())
        return self.columns.sheet().rows[place], float(then[place]), float(now[place])

    def offer(self, now: Lens, then: Lens, what: Hashable, hint: str, python: tuple[str, str]) -> None:
        """Has the numbers worked out, at once where both texts are short, unless they are there.

        ``what`` tells the lenses apart from those of other numbers about the same two answers. ``python`` are the
        expressions that give the same numbers now, of ``bert`` and ``trace``, and then, of ``pinned_bert`` and
        ``pinned``; the position ``place`` there is that of the chosen token.
        """
        self._sides = python
        trace, pinned = self._workspace.trace, self._workspace.pinned
        assert trace is not None
        assert pinned is not None
        asked = weakref.ref(trace), weakref.ref(pinned.trace), what
        if asked == self._asked and self._found is not None:
            self.mark(self._workspace.selection.token)
            return
        self._asked, self._found = asked, None
        few = max(len(trace.tokens), len(pinned.trace.tokens)) <= AT_ONCE
        if not few:
            self.columns.show_values(np.zeros(0, dtype=np.float32), ())
        self._line.say("")

        def both(bert: Bert, trace: Trace) -> Generator[float, None, Found]:
            here, there = yield from in_turn(now(bert, trace), then(*pinned))
            return [here, difference.aligned(there, difference.match(trace.inputs, pinned.trace.inputs))]

        self.job.offer(both, self._show, hint, at_once=few)

    def mark(self, place: int | None, row: int | None = None) -> None:  # type: ignore[override]
        """Marks the column of a token, and reads it."""
        found, trace = self._found, self._workspace.trace
        self.columns.mark(place)
        if found is None or trace is None:
            return
        now, then = found
        change = np.nan_to_num(self.columns.values)
        if not change.any():
            nothing, hardly = self.tr("Nothing is different here."), self.tr("Hardly anything is different here.")
            self._line.say(strong(hardly if np.nan_to_num(now - then).any() else nothing))
            return
        read = place if place is not None and place < len(change) else int(np.abs(change).argmax())
        token = elided(self.columns.sheet().rows[read])
        if np.isnan(then[read]) or np.isnan(now[read]):
            self._line.say(self.tr("{0}: one of the two answers has no number there.").format(strong(escape(token))))
            return
        numbers = (signed(float(number), self._decimals) for number in (then[read], now[read]))
        sentence = self.tr("{0}: {1} in the pinned answer and {2} now, change {3}.")
        self._line.say(sentence.format(strong(escape(token)), *numbers, strong(self.columns.written(read))))

    def _python(self) -> str:
        now, then = self._sides
        assert self._workspace.pinned is not None
        return (
            f"{before(self._workspace.pinned)}"
            "from model.lens.passes import result\n\n"
            f"now = {now}\n"
            f"then = {then}\n"
            "values = (now - model.lens.difference.aligned(then, matching))[:, None]\n"
            f"if np.abs(np.nan_to_num(values)).max() < {self._seen}:\n"
            "    values *= 0  # what is rounding"
        )

    def _show(self, found: Found) -> None:
        trace = self._workspace.trace
        assert trace is not None
        self._found = found
        change = found[0] - found[1]
        if np.abs(np.nan_to_num(change)).max() < self._seen:
            change *= 0  # or else what is rounding would be as high as the picture
        tokens = trace.inputs.originals if self._unedited else trace.tokens
        self.columns.show_values(change, tokens, self._decimals)
        self.mark(self._workspace.selection.token)
        self.found.emit()
