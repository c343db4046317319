"""The candidates for one position across the layers: what each layer would expect there if it were the last (C13)."""

from __future__ import annotations

from html import escape

import numpy as np

from explorer.widgets.axis import Axis
from explorer.widgets.figures import rounded_percent
from explorer.widgets.heatmap import Cell
from explorer.widgets.layer_curve import heights
from explorer.widgets.layer_map import LayerMap
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.word_map import WordMap
from model.lens import layers
from model.trace import Floats

_TOP = 5  # candidates of a layer

Candidates = list[list[tuple[str, float]]]


class LayerCandidates(LayerMap):
    """A row a layer, its best candidates from left to right; ``ask`` has them worked out."""

    def __init__(self, page: Page) -> None:
        self.words = WordMap()
        super().__init__(self.words, "masked-lm-layers", self._python)
        self._page = page
        self._found: Candidates = []
        self._position: int | None = None
        self._cell: Cell | None = None  # clicked
        self._line = Line()
        self.add_below(self._line)
        self.set_heading(self.tr("Across the layers"), self.tr("if each were the last"))
        self.words.setAccessibleName(self.heading)
        self.words.hovered.connect(self._read)
        self.words.chosen.connect(self._choose)

    @property
    def reading(self) -> str:
        """What the marked candidate is."""
        return self._line.text()

    def ask(self, position: int) -> None:
        """Shows the candidates at ``position`` once they are there."""
        self._position = position
        self._page.examine("layers", lambda bert, trace: layers.candidates(bert, trace, position, _TOP), self._show)

    def _show(self, found: Candidates) -> None:
        self._found = found
        rows, columns = len(found), len(found[0])
        shares: Floats = np.array([[share for _, share in row] for row in found], dtype=np.float32)
        places = Axis(tuple(map(str, range(1, columns + 1))), numbers=True)
        self.fit(shares.shape)
        pieces = [[piece for piece, _ in row] for row in found]
        self.words.show_words(shares, pieces, Axis(heights(rows)), places, float(shares.max()))
        self._read(None)

    def _python(self) -> str:
        return (
            f"found = model.lens.layers.candidates(bert, trace, {self._position}, {_TOP})\n"
            "values = np.array([[share for _, share in row] for row in found], dtype=np.float32)"
        )

    def _choose(self, row: int, column: int) -> None:
        self._cell = row, column
        self._read(None)
        if self._found and self._position is not None:
            self._page.workspace.inspect_piece(self._position, self._found[row][column][0], row)

    def _read(self, hovered: Cell | None) -> None:
        """The hovered candidate, or the clicked one, or the best at the end."""
        found = self._found
        if not found:
            return
        row, column = hovered or self._cell or (len(found) - 1, 0)
        row, column = min(row, len(found) - 1), min(column, len(found[0]) - 1)
        self.mark((row, column))
        piece, share = found[row][column]
        sentence = self.tr("{0}: {1} in place {2}, with {3}.")
        height = heights(len(found))[row]
        self.words.setAccessibleDescription(sentence.format(height, piece, column + 1, rounded_percent(share)))
        number = escape(rounded_percent(share))
        self._line.say(sentence.format(height, strong(escape(piece)), column + 1, strong(number)))
