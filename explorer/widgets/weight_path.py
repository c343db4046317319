"""From query and key to one attention weight: products by dimension, their sum, the score, the softmax (C12)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from explorer.widgets.axis import Axis, elided
from explorer.widgets.figures import signed
from explorer.widgets.heatmap import Cell
from explorer.widgets.lanes import Lane, Lanes
from explorer.widgets.line import Line
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from model.lens.attention import Derivation
from model.lens.steps import Place, Stage

_MOST_DECIMALS = 6


class WeightPath(QWidget):
    """Left what each dimension adds to the score, right what the softmax makes of the scores of the whole row."""

    hovered = Signal(object)  # the token looked at that the mouse is over, None where there is none
    chosen = Signal(int)
    inspected = Signal(object)  # the Place of a number that was clicked

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._derivation: Derivation | None = None
        self._tokens: Sequence[str] = ()
        self._clicked: Cell | None = None  # lane and dimension
        self._lane = 0  # of the softmax
        self._line = Line(2)
        self.products, self.softmax = Lanes(), Lanes()
        self.pictures = (
            Picture(
                self.products,
                self.products.sheet,
                "query-key",
                self.tr("Query · key"),
                python=lambda: self._python("query", "key", "products"),
            ),
            Picture(
                self.softmax,
                self.softmax.sheet,
                "row",
                self.tr("Softmax"),
                python=lambda: self._python("scores", "weights"),
            ),
        )
        beside = QHBoxLayout()
        beside.setSpacing(24)
        for picture in self.pictures:
            beside.addWidget(picture, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._line)
        column.addLayout(beside, 1)
        self.products.hovered.connect(self._preview)
        self.products.chosen.connect(self._choose)
        self.softmax.hovered.connect(lambda cell: self.hovered.emit(None if cell is None else cell[1]))
        self.softmax.chosen.connect(self._choose_token)

    @property
    def derivation(self) -> Derivation | None:
        """What is shown."""
        return self._derivation

    @property
    def sentence(self) -> str:
        """The steps, in words and numbers."""
        return self._line.text()

    def show_derivation(self, derivation: Derivation, tokens: Axis) -> None:
        """Draws how another weight comes about; ``tokens`` stand along the row."""
        self._derivation, self._tokens = derivation, tokens.labels
        size = len(derivation.query)
        looks, seen = (tokens.labels[place] for place in derivation.cell)
        self.products.setAccessibleName(self.tr("Query of {0} times key of {1}, by dimension").format(looks, seen))
        self.softmax.setAccessibleName(self.tr("Scores of {0} and their softmax").format(looks))
        self.products.show_lanes(
            (
                Lane(self.tr("query"), derivation.query),
                Lane(self.tr("key"), derivation.key),
                Lane(self.tr("product"), derivation.products),
            ),
            Axis(tuple(map(str, range(size))), numbers=True),
        )
        self.softmax.show_lanes(
            (
                Lane(self.tr("score"), derivation.scores, write=score),
                Lane(self.tr("softmax"), derivation.weights, is_signed=False, write=weight),
            ),
            tokens,
        )
        self._mark_dimension(self._dimension())
        self._mark_token()
        self._line.say(self._steps(derivation))

    def _python(self, *fields: str) -> str:
        found = self._derivation
        assert found is not None  # or else nothing is seen
        rows = ", ".join(f"found.{field}" for field in fields)
        return (
            f"found = model.lens.attention.derivation(trace, {found.head}, {found.cell})\nvalues = np.stack([{rows}])"
        )

    # What is chosen

    def _dimension(self) -> Cell:
        """The clicked lane and dimension, or the product that is farthest from zero."""
        assert self._derivation is not None
        products = self._derivation.products
        if self._clicked is not None and self._clicked[1] < len(products):
            return self._clicked
        return 2, int(np.abs(products).argmax())

    def _inspect(self, stage: Stage, row: int, column: int) -> None:
        assert self._derivation is not None
        self.inspected.emit(Place(stage, *self._derivation.head, row=row, column=column))

    def _preview(self, cell: Cell | None) -> None:
        if self._derivation is not None:
            self._mark_dimension(cell or self._dimension())

    def _choose(self, lane: int, dimension: int) -> None:
        self._clicked = lane, dimension
        self._mark_dimension(self._clicked)
        assert self._derivation is not None
        row, column = self._derivation.cell
        stage = (Stage.QUERY, Stage.KEY, Stage.SCORE)[lane]
        place = {Stage.QUERY: (row, dimension), Stage.KEY: (column, dimension), Stage.SCORE: (row, column)}[stage]
        self._inspect(stage, *place)

    def _choose_token(self, lane: int, token: int) -> None:
        self._lane = lane
        self.chosen.emit(token)
        if self._derivation is not None:
            self._inspect((Stage.SCORE, Stage.ATTENTION)[lane], self._derivation.cell[0], token)
        self._mark_token()  # another lane of the same token is no other token

    def _mark_dimension(self, cell: Cell) -> None:
        derivation = self._derivation
        assert derivation is not None
        self.pictures[0].mark(cell)
        numbers = (derivation.query, derivation.key, derivation.products)
        query, key, product = (signed(float(values[cell[1]])) for values in numbers)
        self.products.setAccessibleDescription(
            self.tr("Dimension {0}: query {1} times key {2} is {3}").format(cell[1], query, key, product)
        )

    def _mark_token(self) -> None:
        derivation = self._derivation
        assert derivation is not None
        token = derivation.cell[1]
        self.pictures[1].mark((self._lane, token))
        self.softmax.setAccessibleDescription(
            self.tr("{0}: score {1}, softmax {2}").format(
                self._tokens[token], score(float(derivation.scores[token])), weight(derivation.weight)
            )
        )

    # What it says

    def _steps(self, derivation: Derivation) -> str:
        looks, seen = (strong(escape(elided(self._tokens[place]))) for place in derivation.cell)
        products = self.tr("Query of {0} · key of {1} = {3}; ÷ √{2} = {4}, the score.").format(
            looks, seen, len(derivation.query), signed(derivation.dot), strong(signed(derivation.score))
        )
        if derivation.is_hidden:
            hidden = self.tr("But reading left-to-right, {0} does not see what comes later: score −∞, weight {1}.")
            return f"{products} {hidden.format(looks, strong(weight(derivation.weight)))}"
        softmax = self.tr("Softmax: exp({0} − {1}, the row’s largest) = {2}; ÷ {3}, the row’s sum, = {4}.")
        return "{} {}".format(
            products,
            softmax.format(
                signed(derivation.score),
                _subtracted(float(derivation.scores.max())),
                weight(float(derivation.exponentials[derivation.cell[1]])),
                signed(float(derivation.exponentials.sum())),
                strong(weight(derivation.weight)),
            ),
        )


def weight(share: float) -> str:
    """An attention weight: three decimals, more where they would say nothing."""
    decimals = 3
    while 0 < share < 9.5 * 10**-decimals and decimals < _MOST_DECIMALS:
        decimals += 1
    return signed(share, decimals)


def score(number: float) -> str:
    """A score before the softmax; one that is hidden is minus infinity."""
    return "−∞" if number == -math.inf else signed(number)


def _subtracted(number: float) -> str:
    """A number behind a minus."""
    return signed(number) if number >= 0 else f"({signed(number)})"
