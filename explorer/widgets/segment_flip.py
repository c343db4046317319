"""What the other segment changes: at the token itself, and through it at every token of every layer (C9)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QPushButton, QSizePolicy, QVBoxLayout

from explorer.widgets.axis import Axis, token_axis
from explorer.widgets.figures import signed
from explorer.widgets.flip_difference import FlipDifference
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import emphasised, strong
from explorer.widgets.picture import Picture
from explorer.widgets.view import View, chosen_token, lines
from explorer.workspace import Selection
from model.lens import embeddings
from model.lens.embeddings import Flip
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_AT_ONCE = 64  # tokens of a text that is flipped for a look already; of a longer one a pass takes too long
_LEAST = 0.01  # the strongest colour stands at least for that much: below is rounding
_WIDEST = 72  # pixels a token
_VECTORS, _CHANGES = 4.5, 11  # lines of text that the pictures are as high as, at least
_TALLEST = 40  # pixels a layer


class SegmentFlip(View):
    """Above the two segment vectors and their difference, below how far every hidden state moves."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._position: int | None = None  # the token that is asked about
        self._flip: Flip | None = None
        self._cell: Cell | None = None  # clicked
        self._hovered: Cell | None = None
        self.vectors = Heatmap(scale=Scale.SIGNED, square=False)
        self.vectors.setAccessibleName(self.tr("The segment embeddings and their difference"))
        self.changes = Heatmap(scale=Scale.SHARE, square=False)
        self._vectors = Picture(
            self.vectors,
            self.vectors.sheet,
            "segments",
            self.tr("The only two segment vectors"),
            python=self._python_of_vectors,
        )
        self._changes = Picture(self.changes, self.changes.sheet, "flip", python=self._python)
        self.button = QPushButton(self.tr("Flip segment"))
        self._ends, self._legend, self._line = Legend(Scale.SIGNED), Legend(Scale.SHARE), Line()
        self._lay_out()
        self.button.clicked.connect(self._flip_it)
        self.changes.hovered.connect(self._hover)
        self.changes.chosen.connect(self._choose)

    @property
    def title(self) -> str:
        return self.tr("Flip")

    @property
    def question(self) -> str:
        return self.tr("What does a token's segment change?")

    @property
    def reading(self) -> str:
        """What the marked hidden state says."""
        return self._line.text()

    def difference(self) -> View:
        return FlipDifference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._position, self._flip = None, None
        has_two = bert.config.type_vocab_size > 1
        for picture in (self._vectors, self._changes):
            picture.setVisible(has_two)
        if not has_two:
            self._line.say("")
            self.answer = self.tr(
                "Nothing: {0} has one segment only, so there is no other to give it. "
                "Open a model that was trained on pairs, such as the starter model."
            ).format(strong(escape(bert.name)))

    def mark(self, selection: Selection) -> None:
        bert, trace = self.workspace.bert, self.workspace.trace
        assert bert is not None
        assert trace is not None
        if bert.config.type_vocab_size < 2:
            return
        if len(trace.tokens) > _AT_ONCE:
            selection = self.workspace.clicked
        position = chosen_token(trace, selection)
        if position != self._position:
            self._position, self._flip = position, None
            self.page.examine("flip", lambda bert, trace: embeddings.flipped(bert, trace, position), self._show)

    def _lay_out(self) -> None:
        self._size()
        for heatmap in (self.vectors, self.changes):
            heatmap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._vectors.tools.insertWidget(0, self._ends)
        self._changes.tools.insertWidget(0, self._legend)
        self._changes.tools.insertWidget(1, self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._vectors, 1)
        column.addWidget(self._changes, 3)
        column.addWidget(self._line)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_line"):
            self._size()

    def _size(self) -> None:
        self.vectors.setMinimumHeight(lines(_VECTORS))
        self.vectors.setMaximumHeight(lines(_VECTORS) * 2)
        self.changes.setMinimumHeight(lines(_CHANGES))

    def _flip_it(self) -> None:
        position = self._position
        if position is not None:
            self.workspace.edit(lambda scenario: scenario.flip(position))

    # What is chosen: a hidden state to read, the token to flip is chosen in the strip

    def _hover(self, cell: Cell | None) -> None:
        self._hovered = cell
        self._read()

    def _choose(self, layer: int, token: int) -> None:
        self._cell, self._hovered = (layer, token), None
        self._read()

    # What it says

    def _show(self, flip: Flip) -> None:
        bert, trace, position = self.workspace.bert, self.workspace.trace, self._position
        assert bert is not None
        assert trace is not None
        assert position is not None
        self._flip = flip
        self._show_vectors(flip)
        changes = (1 - flip.hidden).clip(min=0)  # rounding leaves some a little above 1
        others = np.delete(changes, position, axis=1)
        limit = float(f"{max(float(others.max()), _LEAST):.2g}")  # the legend writes it
        layers, tokens = changes.shape
        self.changes.setMaximumSize(_WIDEST * tokens + 100, _TALLEST * layers + 100)
        rows = (self.tr("input"), *(self.tr("layer {0}").format(layer) for layer in range(1, layers)))
        self.changes.show_values(changes, Axis(rows), token_axis(trace), limit)
        self._legend.set_limit(limit)
        beyond = float(changes.max()) > limit  # the token's own, which would leave the others pale
        self._legend.set_end(self.tr("{0} and more").format(f"{limit:g}") if beyond else "")
        self._changes.set_heading(self.tr("Change of every hidden state"), self.tr("1 − cosine with its former self"))
        self.changes.setAccessibleName(self._changes.heading)
        self.answer = self._sentence(trace, position, flip, bert.config.is_decoder)
        self._read()

    def _show_vectors(self, flip: Flip) -> None:
        first, second = flip.vectors[np.argsort(flip.segments)]
        values = np.stack([first, second, second - first])
        columns = Axis(tuple(map(str, range(values.shape[1]))), numbers=True)
        rows = Axis(("E_A", "E_B", "E_B − E_A"))
        limit = float(np.abs(values).max())
        self.vectors.show_values(values, rows, columns, limit)
        self._ends.set_limit(limit)

    def _python(self) -> str:
        return (
            f"flip = model.lens.embeddings.flipped(bert, trace, {self._position})\n"
            "values = (1 - flip.hidden).clip(min=0)"
        )

    def _python_of_vectors(self) -> str:
        return (
            f"flip = model.lens.embeddings.flipped(bert, trace, {self._position})\n"
            "first, second = flip.vectors[np.argsort(flip.segments)]\n"
            "values = np.stack([first, second, second - first])"
        )

    def _sentence(self, trace: Trace, position: int, flip: Flip, left_to_right: bool) -> str:
        token = strong(escape(trace.tokens[position]))
        names = ["AB"[segment] for segment in flip.segments]
        last = flip.hidden[-1].copy()
        own, last[position] = float(last[position]), np.inf
        other = int(last.argmin())
        sentences = [
            emphasised(
                self.tr(
                    "Flipping {0} from {1} to {2} <b>moves its sum by {3}</b> "
                    "(cosine {4} with its former self, {5} after LayerNorm)."
                )
            ).format(
                token, *names, signed(flip.distance, 2), _cosine(flip.sum), _cosine(float(flip.hidden[0, position]))
            ),
            self.tr("After the last layer its cosine is {0}; of the others {1} changes most ({2}).").format(
                _cosine(own), strong(escape(trace.tokens[other])), _cosine(float(last[other]))
            ),
        ]
        if left_to_right:
            sentences.append(
                self.tr("This model was trained left-to-right, without pairs: it never learnt what B says.")
            )
        return " ".join(sentences)

    def _read(self) -> None:
        flip, trace = self._flip, self.workspace.trace
        if flip is None or trace is None:
            return
        layers, tokens = flip.hidden.shape
        assert self._position is not None
        layer, token = self._hovered or self._cell or (layers - 1, self._position)
        cell = min(layer, layers - 1), min(token, tokens - 1)
        self._changes.mark(cell)
        number = _cosine(float(flip.hidden[cell]))
        sentence = (
            self.tr("{0}, after layer {1}: cosine {2} with its former self.")
            if cell[0]
            else self.tr("{0}, as layer 1 reads it: cosine {2} with its former self.")
        )
        self.changes.setAccessibleDescription(sentence.format(trace.tokens[cell[1]], cell[0], number))
        self._line.say(sentence.format(strong(escape(trace.tokens[cell[1]])), cell[0], strong(number)))


def _cosine(value: float) -> str:
    """Three decimals: most changes are small."""
    return signed(value, 3)
