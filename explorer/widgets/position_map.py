"""The position table against itself: which places does a model hold to be alike (C10)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter, QPen
from PySide6.QtWidgets import QToolButton

from explorer import theme
from explorer.widgets.axis import Axis
from explorer.widgets.bars import Bar, Bars
from explorer.widgets.figures import cosine
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.page import Page
from explorer.widgets.panel import emphasised, note, strong
from explorer.widgets.picture import Picture
from explorer.widgets.position_difference import PositionDifference
from explorer.widgets.view import MapView, View, chosen_token
from explorer.workspace import Selection
from model.lens import embeddings
from model.lens.embeddings import PositionTable
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

_DISTANCES = (1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 300, 500)
_FAR = 50  # positions apart: two that no phrase spans
_MARKED = 0.1  # between the cosines of near and far positions: below, one does not see a difference


class PositionMap(MapView):
    """Left every position compared with every other, right how alike they are by their distance."""

    def __init__(self, page: Page) -> None:
        self.heatmap = _Bounded()
        self.distances = Bars(ranked=False, choosable=False, write=cosine, measure="mean cosine")
        self._untrained = note()
        super().__init__(
            page,
            Picture(
                self.heatmap,
                self.heatmap.sheet,
                "positions",
                self.tr("Each position with each"),
                python=self._python,
            ),
            Picture(
                self.distances,
                self.distances.sheet,
                "positions",
                self.tr("Mean cosine by distance"),
                python=_python_of_distances,
            ),
            self._untrained,
        )
        self._table: PositionTable | None = None
        self._of = ""  # fingerprint of the model whose table is shown
        self._clicked: Cell | None = None
        self._clicked_with: int | None = None  # the token that was then chosen
        self._hovered: Cell | None = None
        self.heatmap.setAccessibleName(self.tr("Cosines between the positions"))
        self.distances.setAccessibleName(self.beside.heading)
        self.only_trained = QToolButton()
        self.only_trained.setText(self.tr("Only trained ones"))
        self.only_trained.setCheckable(True)
        self.picture.tools.insertWidget(0, self.only_trained)
        self.only_trained.toggled.connect(self._show_map)
        self.heatmap.hovered.connect(self._hover)
        self.heatmap.chosen.connect(self._choose)

    @property
    def title(self) -> str:
        return self.tr("Positions")

    @property
    def question(self) -> str:
        return self.tr("How does a token know where it stands?")

    @property
    def remark(self) -> str:
        """What there is to know about positions that were never trained; empty where all were."""
        return self._untrained.text()

    def difference(self) -> View:
        return PositionDifference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._hovered = None
        if self._of == trace.fingerprint and self._table is not None:
            self._say(trace, self._table)
            return
        self._table = None
        self.page.examine("positions", lambda bert, _: embeddings.position_table(bert), self._show)

    def mark(self, selection: Selection) -> None:
        trace = self.workspace.trace
        assert trace is not None
        if self._table is None:
            return
        cell = self._cell(trace, selection, len(self._table.similarity))
        self.picture.mark(cell)
        self._read(trace, self._table, cell)

    # What is chosen

    def _hover(self, cell: Cell | None) -> None:
        self._hovered = cell
        self.mark(self.workspace.selection)

    def _choose(self, row: int, column: int) -> None:
        trace = self.workspace.trace
        assert trace is not None
        selected = self.workspace.clicked.token
        there = row < len(trace.tokens)
        self._clicked, self._clicked_with, self._hovered = (row, column), row if there else selected, None
        self.workspace.select(token=self._clicked_with)
        self.mark(self.workspace.selection)

    def _cell(self, trace: Trace, selection: Selection, size: int) -> Cell:
        """The hovered cell, or the clicked one until another token is chosen, or else that of the next position."""
        if self._hovered is not None:
            return self._hovered
        if self._clicked is not None and selection.token == self._clicked_with and max(self._clicked) < size:
            return self._clicked
        token = chosen_token(trace, selection)
        return token, token + 1 if token + 1 < size else token - 1

    # What it says

    def _show(self, table: PositionTable) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self._table, self._of = table, trace.fingerprint
        self.only_trained.setVisible(table.trained < len(table.similarity))
        self._show_map()
        self.distances.show_bars(
            [
                Bar(self.tr("{0} apart").format(distance), float(table.by_distance[distance]))
                for distance in _DISTANCES
                if distance < len(table.by_distance)
            ],
            full=1.0,
        )
        self._say(trace, table)

    def _show_map(self) -> None:
        table = self._table
        if table is None:
            return
        size = len(table.similarity)
        shown = table.trained if self.only_trained.isChecked() else size
        labels = Axis(tuple(map(str, range(shown))), numbers=True)
        self.heatmap.bound(table.trained if table.trained < shown else None)
        self.heatmap.show_values(table.similarity[:shown, :shown], labels, labels)
        self.mark(self.workspace.selection)

    def _say(self, trace: Trace, table: PositionTable) -> None:
        size, dimensions = len(table.similarity), trace.hidden.shape[-1]
        learned = self.tr("Each of {0} positions has a learned vector of {1} numbers.").format(size, dimensions)
        self.answer = " ".join(filter(None, (self._found(table), learned)))
        self._untrained.setVisible(table.trained < size)
        rest = self.tr(
            "The line marks the {0} positions that this model was trained on; the means speak of these. From {0} on, "
            "neighbours have a mean cosine of {1}: a text that reaches there gets vectors that nobody taught."
        )
        self._untrained.setText(rest.format(table.trained, cosine(table.untrained)) if table.trained < size else "")

    def _found(self, table: PositionTable) -> str:
        """What one sees along the diagonal."""
        if len(table.by_distance) < 3:
            return ""
        far = min(_FAR, len(table.by_distance) - 1)
        near, distant = float(table.by_distance[1]), float(table.by_distance[far])
        sentence = (
            self.tr(
                "<b>By vectors that are alike where places are close</b>: "
                "neighbours have a mean cosine of {0}, positions {1} apart of {2}."
            )
            if near - distant >= _MARKED
            else self.tr(
                "<b>By vectors that are hardly more alike where places are close</b>: "
                "neighbours have a mean cosine of {0}, positions {1} apart of {2}."
            )
        )
        return emphasised(sentence).format(cosine(near), far, cosine(distant))

    def _read(self, trace: Trace, table: PositionTable, cell: Cell) -> None:
        number = cosine(float(table.similarity[cell]))
        sentence = self.tr("Position {0} and position {1}, {2} apart: cosine {3}.")
        names = [self._name(trace, position) for position in cell]
        apart = abs(cell[0] - cell[1])
        self.heatmap.setAccessibleDescription(sentence.format(*names, apart, number))
        self._line.say(sentence.format(*(strong(escape(name)) for name in names), apart, strong(number)))

    def _python(self) -> str:
        shown = len(self.heatmap.values)
        return f"values = model.lens.embeddings.position_table(bert).similarity[:{shown}, :{shown}]"

    def _name(self, trace: Trace, position: int) -> str:
        if position >= len(trace.tokens):
            return str(position)
        return self.tr("{0} ({1})").format(position, trace.tokens[position])


def _python_of_distances() -> str:
    return (
        "means = model.lens.embeddings.position_table(bert).by_distance\n"
        f"distances = [distance for distance in {_DISTANCES} if distance < len(means)]\n"
        "values = means[distances].astype(float)[:, None]"
    )


class _Bounded(Heatmap):
    """A signed map with a line behind the first rows and columns, those that were trained."""

    def __init__(self) -> None:
        super().__init__(scale=Scale.SIGNED)
        self._trained: int | None = None

    def bound(self, trained: int | None) -> None:
        """Draws the line there; None draws none."""
        self._trained = trained

    def drawForeground(self, painter: QPainter, rect: QRectF | object) -> None:
        super().drawForeground(painter, rect)
        if self._trained is None:
            return
        corner, place = self.cell_rect((self._trained, self._trained)).topLeft(), self.map_rect()
        painter.save()
        painter.setClipRect(place)
        painter.setPen(QPen(QColor(theme.palette().ink), 1))
        painter.drawLine(QPointF(corner.x(), place.top()), QPointF(corner.x(), corner.y()))
        painter.drawLine(QPointF(place.left(), corner.y()), QPointF(corner.x(), corner.y()))
        painter.restore()
