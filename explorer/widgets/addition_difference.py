"""The input embedding less that of the pinned answer: which of its three addends is another, and by how much (C7)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from explorer.comparison import Answer
from explorer.export_python import before
from explorer.widgets.addition import Addition
from explorer.widgets.difference import blank, two_spaces
from explorer.widgets.heatmap import FINEST
from explorer.widgets.page import Page
from explorer.widgets.panel import emphasised, strong
from explorer.workspace import Selection
from model.lens import difference
from model.trace import EmbeddingsTrace, Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


class Found(NamedTuple):
    """What is different, at how many tokens it is so, and where most."""

    parts: EmbeddingsTrace
    common: int
    size: int
    counts: tuple[int, int, int]  # of tokens whose token, segment and position vector is another
    most: int  # the token whose sum is most different


def found(now: Answer, pinned: Answer) -> Found:
    """On the worker: ``ValueError`` where there is no difference."""
    matching = difference.match(now.trace.inputs, pinned.trace.inputs)
    parts = difference.embeddings(now.trace, pinned.trace, matching)
    counts = tuple(_changed(part) for part in (parts.token, parts.segment, parts.position))
    most = int(np.abs(np.nan_to_num(parts.sum)).sum(axis=1).argmax())
    return Found(parts, len(matching.after), matching.size, counts, most)  # type: ignore[arg-type]


class AdditionDifference(Addition):
    """The same five pictures, of differences; they add up as what they are made of does, but for the LayerNorm."""

    def __init__(self, page: Page) -> None:
        super().__init__(page, finest=FINEST)
        self._most = 0  # the token that is looked at until one is chosen
        self.picture.set_heading(self.tr("Tokens × dimensions, now less pinned"))

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._drawn = None
        self.sentence = two_spaces(Answer(bert, trace), self.pinned)
        if not self.sentence:
            self.compare(found, lambda found: self._show(bert, trace, found))

    def token(self, trace: Trace, selection: Selection) -> int:
        return self._most if selection.token is None else selection.token

    def _python_of_parts(self) -> str:
        assert self.workspace.pinned is not None
        return f"{before(self.workspace.pinned)}parts = model.lens.difference.embeddings(trace, pinned, matching)"

    def _show(self, bert: Bert, trace: Trace, found: Found) -> None:
        self._most = found.most
        super().draw(bert, dataclasses.replace(trace, embeddings=found.parts))
        if any(found.counts):
            said = emphasised(
                self.tr(
                    "Tokens in common: {0}. <b>With another token vector: {1}</b>; with another segment vector: {2}; "
                    "with another position vector: {3}."
                ).format(found.common, *found.counts)
            )
        elif np.nansum(np.abs(found.parts.output)):
            said = strong(self.tr("The addends are the same; LayerNorm makes something else of them."))
        else:
            said = strong(self.tr("Nothing is different: every token starts as it does in the pinned answer."))
        self.answer = f"{said} {blank(found.size - found.common, found.size)}".rstrip()
        self.mark(self.workspace.selection)


def _changed(part: Floats) -> int:
    """How many rows of ``part`` (T, D) are anything but zero, or NaN."""
    return int(np.nan_to_num(part).any(axis=1).sum())
