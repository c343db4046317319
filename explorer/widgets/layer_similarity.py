"""How one token changes from layer to layer: against its former selves, and against all other tokens (C12)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtWidgets import QVBoxLayout

from explorer.widgets.axis import Axis, elided, token_axis
from explorer.widgets.beside import Beside
from explorer.widgets.figures import cosine
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.layer_curve import Course, LayerCurve, heights
from explorer.widgets.layer_difference import LayerDifference
from explorer.widgets.layer_map import Capped, LayerMap
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import emphasised, strong
from explorer.widgets.view import View, chosen_token
from explorer.workspace import Selection
from model.lens import layers
from model.lens.layers import Similarity
from model.lens.steps import Place, Stage
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert


class LayerSimilarity(View):
    """Left the chosen token and every other one, a row a layer; right the token and what it was before."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._position: int | None = None  # whose similarity is shown, or on its way
        self._found: Similarity | None = None
        self._cell: Cell | None = None  # clicked
        self._hovered: Cell | None = None
        self.heatmap = Heatmap(scale=Scale.SIGNED, square=False)
        self.curve = LayerCurve(cosine)
        self.map = LayerMap(self.heatmap, "layers-others", self._python)
        self.itself = Capped(self.curve, self.curve.sheet, "layers-itself", self._python_of_itself)
        self._line = Line()
        self._lay_out()
        self.heatmap.hovered.connect(self._hover)
        self.heatmap.chosen.connect(self._choose_cell)
        self.curve.hovered.connect(self._hover_height)
        self.curve.chosen.connect(lambda height, _: self._choose(height, self._token()))

    @property
    def title(self) -> str:
        return self.tr("Similarity")

    @property
    def question(self) -> str:
        return self.tr("How does meaning change on the way up?")

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self._line.text()

    def difference(self) -> View:
        return LayerDifference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._position = self._found = self._hovered = None

    def mark(self, selection: Selection) -> None:
        trace = self.workspace.trace
        assert trace is not None
        position = chosen_token(trace, selection)
        if position != self._position:
            self._position = position
            self.page.examine("similarity", lambda _, trace: layers.similarity(trace, position), self._show)

    def _lay_out(self) -> None:
        self.map.add_reading(Scale.SIGNED, self._line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(Beside(self.map, self.itself, (5, 3)))

    # What is chosen: a hidden state to read; the token to compare is chosen in the strip

    def _token(self) -> int:
        """The token whose column is marked."""
        return self._shown_cell()[1]

    def _hover(self, cell: Cell | None) -> None:
        self._hovered = cell
        self._read()

    def _hover_height(self, height: int | None) -> None:
        self._hover(None if height is None else (height, self._token()))

    def _choose(self, height: int, token: int) -> None:
        self._cell, self._hovered = (height, token), None
        self._read()

    def _choose_cell(self, height: int, token: int) -> None:
        self._choose(height, token)
        if self._position is not None:
            self.workspace.inspect(Place(Stage.COSINE, height, row=self._position, column=token))

    def _shown_cell(self) -> Cell:
        """The hovered or clicked cell, or else that which is most like the token at the end."""
        trace, found, position = self.workspace.trace, self._found, self._position
        assert trace is not None
        assert found is not None
        assert position is not None
        rows, tokens = found.others.shape
        cell = self._hovered or self._cell
        if cell is None:
            return rows - 1, _most_alike(trace, found, rows - 1, position)
        return min(cell[0], rows - 1), min(cell[1], tokens - 1)

    # What it says

    def _python(self) -> str:
        return f"values = model.lens.layers.similarity(trace, {self._position}).others"

    def _python_of_itself(self) -> str:
        return (
            f"found = model.lens.layers.similarity(trace, {self._position})\n"
            "values = np.stack([found.start, found.below], axis=1)"
        )

    def _show(self, found: Similarity) -> None:
        trace, position = self.workspace.trace, self._position
        assert trace is not None
        assert position is not None
        self._found = found
        token, rows = trace.tokens[position], len(found.start)
        self.map.set_heading(self.tr("{0} and every token").format(elided(token)), self.tr("cosine, layer by layer"))
        self.heatmap.setAccessibleName(self.map.heading)
        self.map.fit(found.others.shape, beside=self.itself)
        self.heatmap.show_values(found.others, Axis(heights(rows)), token_axis(trace))
        self.itself.set_heading(self.tr("{0} and what it was").format(elided(token)), self.tr("cosine"))
        self.curve.setAccessibleName(self.itself.heading)
        courses = (Course(self.tr("at input"), found.start), Course(self.tr("one below"), found.below))
        lowest = min(float(np.nanmin(course.values)) for course in courses)
        self.curve.show_courses(heights(rows), courses, min(0.0, np.floor(lowest * 5) / 5), 1.0)
        self.answer = self._sentence(trace, position, found)
        self._read()

    def _sentence(self, trace: Trace, position: int, found: Similarity) -> str:
        token, rows = strong(escape(trace.tokens[position])), len(found.start)
        if rows < 2:
            return self.tr("This model has no layers: what goes in comes out.")
        most = int(np.nanargmin(found.below))
        sentences = [
            emphasised(
                self.tr(
                    "{0} <b>changes most in layer {1}</b> (cosine {2} with the layer below); "
                    "at the end its cosine with what went in is {3}."
                )
            ).format(token, most, cosine(float(found.below[most])), cosine(float(found.start[-1])))
        ]
        if len(trace.tokens) > 1:
            ends = [(height, _most_alike(trace, found, height, position)) for height in (0, rows - 1)]
            first, last = ((strong(escape(trace.tokens[cell[1]])), cosine(float(found.others[cell]))) for cell in ends)
            sentence = self.tr("Most like it is {0} at the input ({1}), and {2} after all layers ({3}).")
            sentences.append(sentence.format(*first, *last))
        return " ".join(sentences)

    def _read(self) -> None:
        trace, found, position = self.workspace.trace, self._found, self._position
        if trace is None or found is None or position is None:
            return
        cell = self._shown_cell()
        self.map.mark(cell)
        self.itself.mark((cell[0], 0))
        tokens = [trace.tokens[place] for place in (position, cell[1])]
        number = cosine(float(found.others[cell]))
        if cell[1] == position:
            sentence, number = self.tr("{0}, {2}: cosine {3} with itself at the input."), cosine(found.start[cell[0]])
        else:
            sentence = self.tr("{0} and {1}, {2}: cosine {3}.")
        height = heights(len(found.start))[cell[0]]
        self.heatmap.setAccessibleDescription(sentence.format(*tokens, height, number))
        self._line.say(sentence.format(*(strong(escape(token)) for token in tokens), height, strong(number)))


def _most_alike(trace: Trace, found: Similarity, height: int, position: int) -> int:
    """The token of another piece that is most like the one at ``position``, which it is itself where there is none."""
    others = np.where(trace.input_ids == trace.input_ids[position], -np.inf, found.others[height])
    return int(others.argmax()) if np.isfinite(others).any() else position
