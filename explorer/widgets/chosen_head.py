"""One head in full: its map, what the marked cell says, and below it how its weight comes about (C12)."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from explorer.widgets.axis import elided, token_axis
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.weight_path import WeightPath, weight
from explorer.workspace import Selection
from model.lens import attention
from model.lens.attention import Derivation, Head
from model.lens.steps import Place, Stage
from model.trace import Trace

_WIDE = 2.2  # times as wide as high: cells of the map, where the window is low


class ChosenHead(QWidget):
    """What stands beside the atlas; ``page`` runs what it has to ask the model."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page, self._workspace = page, page.workspace
        self._head: Head = (0, 0)
        self._asked: tuple[Head, Cell | None, int | None] | None = None  # what ``path`` shows, or is to show
        self.heatmap = Heatmap(scale=Scale.SHARE, widest=_WIDE)
        self.path = WeightPath()
        self.picture = Picture(self.heatmap, self.heatmap.sheet, "attention", python=self._python)
        self.steps = QToolButton()
        self._line = Line()
        self._lay_out()
        self._connect()

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self._line.text()

    def draw(self) -> None:
        """Forgets what was asked about the former answer."""
        self._asked = None

    def show_head(self, trace: Trace, head: Head) -> None:
        """Shows another head, or the same one of another answer."""
        self._head = layer, number = head
        tokens = token_axis(trace)
        self.picture.set_heading(self.tr("Layer {0} · head {1}").format(layer + 1, number + 1))
        self.heatmap.setAccessibleName(self.tr("Attention of layer {0}, head {1}").format(layer + 1, number + 1))
        self.heatmap.show_values(trace.attention[head], tokens, tokens)

    def mark(self, trace: Trace, selection: Selection) -> None:
        """Marks the chosen cell, or else the strongest of the token's row or of all, and asks how it comes about."""
        cell, row = _looked_at(trace, selection)
        if (self._head, cell, row) == self._asked:
            return
        self._asked = head, *_ = self._head, cell, row
        if cell is not None:
            self.picture.mark(cell)
            self._read(trace, cell, self.tr("{0} looks at {1} with {2}."))
        self._page.examine(
            "cell",
            lambda _, trace: attention.derivation(trace, head, cell or attention.strongest(trace, head, row)),
            lambda derivation: self._show_cell(derivation, cell, row),
        )

    # How it is laid out

    def _lay_out(self) -> None:
        self.steps.setText(self.tr("q · k"))
        self.steps.setCheckable(True)
        self.steps.setChecked(True)
        self.steps.setToolTip(self.tr("Shows below the map how the marked weight comes about"))
        self.steps.setAccessibleName(self.tr("How the marked weight comes about"))
        self.picture.tools.insertWidget(0, self.steps)
        self.picture.column.insertWidget(1, self._line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.picture, 2)
        column.addWidget(self.path, 1)

    def _connect(self) -> None:
        workspace = self._workspace
        self.heatmap.hovered.connect(
            lambda cell: workspace.hover(cell=cell, token=cell[0]) if cell else workspace.hover()
        )
        self.heatmap.chosen.connect(self._choose_cell)
        self.path.inspected.connect(workspace.inspect)
        self.path.hovered.connect(self._hover_token)
        self.path.chosen.connect(self._choose_token)
        self.steps.toggled.connect(self.path.setVisible)

    def _python(self) -> str:
        layer, head = self._head
        return f"values = trace.attention[{layer}, {head}]  # a row looks at a column"

    # One cell of it

    def _hover_token(self, column: int | None) -> None:
        if column is None or self.path.derivation is None:
            self._workspace.hover()
        else:
            row = self.path.derivation.cell[0]
            self._workspace.hover(cell=(row, column), token=row)

    def _choose_cell(self, row: int, column: int) -> None:
        head = self._workspace.selection.head
        self._workspace.select(cell=(row, column), token=row)
        if head is not None:
            self._workspace.inspect(Place(Stage.ATTENTION, *head, row=row, column=column))

    def _choose_token(self, column: int) -> None:
        if self.path.derivation is not None:
            row = self.path.derivation.cell[0]
            self._workspace.select(cell=(row, column), token=row)

    def _show_cell(self, derivation: Derivation, cell: Cell | None, row: int | None) -> None:
        trace = self._workspace.trace
        assert trace is not None
        self.path.show_derivation(derivation, token_axis(trace))
        if cell is None:
            self.picture.mark(derivation.cell)
            words = all(trace.inputs.texts[place] is not None for place in derivation.cell)
            sentence = self.tr("{0} looks most at {1}, with {2}.")
            if row is None:
                strongest = self.tr("Strongest is {0} → {1} with {2}.")
                sentence = self.tr("Strongest between words is {0} → {1} with {2}.") if words else strongest
            self._read(trace, derivation.cell, sentence)

    def _read(self, trace: Trace, cell: Cell, sentence: str) -> None:
        looks, seen = (elided(trace.tokens[place]) for place in cell)
        share = weight(float(trace.attention[(*self._head, *cell)]))
        self._line.say(sentence.format(strong(escape(looks)), strong(escape(seen)), share))
        self.heatmap.setAccessibleDescription(sentence.format(looks, seen, share))


def _looked_at(trace: Trace, selection: Selection) -> tuple[Cell | None, int | None]:
    """The chosen cell, and the token whose row it is in; where another token is chosen it is not that cell."""
    size = len(trace.tokens)
    token = selection.token if selection.token is not None and selection.token < size else None
    cell = selection.cell if selection.cell is not None and max(selection.cell) < size else None
    return (cell if cell is not None and token in (None, cell[0]) else None), token
