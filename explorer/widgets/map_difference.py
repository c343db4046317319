"""A map of what is different between two answers, with a line that reads its marked cell in words."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from explorer.widgets.axis import Axis
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.view import View
from explorer.widgets.word_map import WordMap
from explorer.workspace import Selection
from model.trace import Floats

_STRONGEST = 0.998  # of all differences lie within the colours; few are far out, and would leave the rest pale
DOWN, ACROSS = 0, 1


class MapDifference(View):
    """Of a ``picture`` whose view is a heatmap. A subclass asks for its numbers in ``draw``, and reads a cell.

    The tokens of the question run along ``tokens``, DOWN or ACROSS; None where they do not. The cell that is read is
    the hovered or clicked one, or else, for the chosen token or all, that which is most different.
    """

    def __init__(self, page: Page, picture: Picture, scale: Scale = Scale.SIGNED, tokens: int | None = ACROSS) -> None:
        super().__init__(page)
        assert isinstance(picture.view, Heatmap)
        self.picture, self.heatmap, self._scale, self._tokens = picture, picture.view, scale, tokens
        self._has_numbers = False
        self._cell: Cell | None = None  # clicked
        self._hovered: Cell | None = None
        self._legend, self._line = Legend(scale), Line()
        picture.tools.insertWidget(0, self._legend)
        picture.column.insertWidget(1, self._line)
        self.heatmap.hovered.connect(self._hover)
        self.heatmap.chosen.connect(self._choose)

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self._line.text()

    @property
    def largest(self) -> Cell:
        """The cell that is most different."""
        row, column = divmod(int(self._sizes().argmax()), self.heatmap.values.shape[1])
        return row, column

    def read(self, cell: Cell) -> tuple[str, Sequence[str]]:
        """A sentence about a cell with its gaps, and the words that go there as plain text."""
        raise NotImplementedError

    def forget(self) -> None:
        """What is drawn belongs to a former answer, and is not read any more."""
        self._has_numbers, self._cell, self._hovered = False, None, None

    def show_numbers(
        self,
        values: Floats,
        rows: Axis,
        columns: Axis,
        words: Sequence[Sequence[str]] | None = None,
        scaled: Floats | None = None,
    ) -> None:
        """Draws ``values`` (R, C), NaN as nothing, and ``words`` into the cells of a word map.

        The strongest colour stands for the largest of ``scaled``, or of all.
        """
        scaled = values if scaled is None else scaled
        sizes = np.abs(scaled[np.isfinite(scaled)])
        limit = float(sizes.max()) if sizes.size else 0.0
        if self._scale is Scale.SIGNED and sizes.size:
            limit = float(np.quantile(sizes, _STRONGEST)) or limit
        limit = float(f"{limit:.2g}")  # the legend writes it
        self._legend.set_limit(limit or 1.0)
        if isinstance(self.heatmap, WordMap) and words is not None:
            self.heatmap.show_words(values, words, rows, columns, limit)
        else:
            self.heatmap.show_values(values, rows, columns, limit)
        self._has_numbers = True
        self.mark(self.workspace.selection)

    def mark(self, selection: Selection) -> None:
        if not self._has_numbers:
            return  # it is called again with the numbers
        if self._tokens is not None and self.workspace.clicked.token is None:
            self._cell = None  # let go
        cell = self._read_cell(selection.token)
        self.picture.mark(cell)
        sentence, words = self.read(cell)
        self.heatmap.setAccessibleDescription(sentence.format(*words))
        self._line.say(sentence.format(*(strong(escape(word)) for word in words)))

    def _read_cell(self, token: int | None) -> Cell:
        shape = self.heatmap.values.shape
        cell = self._hovered or self._cell
        if cell is not None and (cell[0] >= shape[0] or cell[1] >= shape[1]):
            cell = None
        if self._tokens is None or token is None or token >= shape[self._tokens] or self._hovered is not None:
            return cell or self.largest
        if cell is not None and cell[self._tokens] == token:
            return cell
        if self._tokens == ACROSS:
            return (int(self._sizes()[:, token].argmax()) if cell is None else cell[0]), token
        return token, int(self._sizes()[token].argmax())

    def _sizes(self) -> Floats:
        return np.abs(np.nan_to_num(self.heatmap.values))

    def _hover(self, cell: Cell | None) -> None:
        self._hovered = cell
        self.mark(self.workspace.selection)

    def _choose(self, row: int, column: int) -> None:
        self._cell, self._hovered = (row, column), None
        if self._tokens is not None:
            self.workspace.select(token=(row, column)[self._tokens])
        self.mark(self.workspace.selection)
