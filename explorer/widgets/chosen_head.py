"""One head in full, or its layer: as a map or lines, what the marked cell says, how its weight comes about (C12)."""

from __future__ import annotations

from html import escape

from PySide6.QtWidgets import QStackedWidget, QToolButton, QVBoxLayout, QWidget

from explorer.widgets.axis import Axis, elided, token_axis
from explorer.widgets.edges import Edges
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.ways import Ways
from explorer.widgets.weight_path import WeightPath, weight
from explorer.workspace import Selection
from model.lens import attention, views
from model.lens.attention import Derivation, Head, Lines
from model.lens.steps import Place, Stage
from model.lens.views import View, Way
from model.trace import Trace

_WIDE = 2.2  # times as wide as high: cells of the map, where the window is low


class ChosenHead(QWidget):
    """What stands beside the atlas; ``page`` runs what it has to ask the model.

    How a weight comes about can be seen of one head between tokens. The other ways of looking at it are sums of such.
    """

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page, self._workspace = page, page.workspace
        self._head: Head = (0, 0)
        self._view: View | None = None
        self._said = ""  # of the marked cell
        self._asked: tuple[Head, Cell | None, int | None] | None = None  # what ``path`` shows, or is to show
        self.heatmap, self.edges = Heatmap(scale=Scale.SHARE, widest=_WIDE), Edges()
        self.path = WeightPath()
        self._faces = QStackedWidget()
        self.picture = Picture(self.heatmap, self.heatmap.sheet, "attention", frame=self._faces, python=self._python)
        self.ways = Ways()
        self.steps = QToolButton()
        self._line = Line()
        self._lay_out()
        self._connect()

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self._line.text()

    def many(self, trace: Trace) -> str:
        """What is seen where it is not one head, as a sentence; empty for one."""
        layer, _ = self._head
        heads = trace.attention.shape[1]
        return {
            "head": "",
            "mean": self.tr("What the {1} heads of layer {0} look at on average."),
            "maximum": self.tr("The largest weight that any of the {1} heads of layer {0} has."),
            "rollout": self.tr("What reaches each token through all layers up to layer {0}."),
        }[self.ways.way.of].format(layer + 1, heads)

    @property
    def controls(self) -> dict[str, QWidget]:
        """What one can set here, by names that never change."""
        ways = self.ways
        return {
            "face": ways.face,
            "of": ways.of,
            "words": ways.words,
            "without": ways.without,
            "share": ways.slider,
            "steps": self.steps,
        }

    def draw(self) -> None:
        """Forgets what was asked about the former answer."""
        self._asked = self._view = None

    def set_per_row(self, on: bool) -> None:
        """Gives the strongest colour to the largest weight of each row."""
        self.heatmap.set_per_row(on)
        self.edges.set_per_row(on)

    def show_head(self, trace: Trace, head: Head) -> None:
        """Shows another head, or the same one of another answer."""
        self._head, self._view, way = head, None, self.ways.way
        self.picture.set_heading(self._heading(trace))
        if way == Way():  # of a trace's own numbers there is nothing to compute
            self._show(views.view(trace, head, way))
        else:
            self._page.examine("view", lambda _, trace: views.view(trace, head, way), self._show)

    def mark(self, trace: Trace, selection: Selection) -> None:
        """Marks the chosen cell, or else the strongest of the token's row or of all, and asks how it comes about."""
        cell, row = _looked_at(trace, selection)
        if self._view is None:
            return
        self.edges.keep(self._unit(row))
        if self.ways.way != Way():
            self._mark_unit(self._view, cell, row)
            return
        if (self._head, cell, row) == self._asked:
            return
        self._asked = head, *_ = self._head, cell, row
        if cell is not None:
            self._frame(cell)
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
        for face in (self.heatmap, self.edges):
            self._faces.addWidget(face)
        self.picture.tools.insertWidget(0, self.steps)
        self.picture.column.insertWidget(1, self.ways)
        self.picture.column.insertWidget(2, self._line)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.picture, 2)
        column.addWidget(self.path, 1)

    def _connect(self) -> None:
        workspace = self._workspace
        self.heatmap.hovered.connect(self._hover_cell)
        self.edges.hovered.connect(self._hover_row)
        self.heatmap.chosen.connect(self._choose_cell)
        self.edges.chosen.connect(self._choose_cell)
        self.ways.changed.connect(self._change)
        self.ways.turned.connect(self._turn)
        self.ways.shared.connect(self._draw_lines)
        self.path.inspected.connect(workspace.inspect)
        self.path.hovered.connect(self._hover_token)
        self.path.chosen.connect(self._choose_token)
        self.steps.toggled.connect(self.path.setVisible)

    # Another way of looking at it

    def _heading(self, trace: Trace) -> str:
        layer, head = self._head
        heads = trace.attention.shape[1]
        return {
            "head": self.tr("Layer {0} · head {1}").format(layer + 1, head + 1),
            "mean": self.tr("Layer {0} · mean of {1} heads").format(layer + 1, heads),
            "maximum": self.tr("Layer {0} · maximum of {1} heads").format(layer + 1, heads),
            "rollout": self.tr("Rollout up to layer {0}").format(layer + 1),
        }[self.ways.way.of]

    def _show(self, view: View) -> None:
        trace = self._workspace.trace
        if trace is None or view.way != self.ways.way:
            return
        self._view = view
        layer, head = self._head
        name = self.tr("Attention of layer {0}, head {1}").format(layer + 1, head + 1)
        for face in (self.heatmap, self.edges):
            face.setAccessibleName(name if view.way.of == "head" else self._heading(trace))
        self.heatmap.show_values(view.weights, _axis(view), _axis(view))
        self._draw_lines()
        if view.way != Way():
            self.mark(trace, self._workspace.selection)

    def _draw_lines(self) -> None:
        """Looks for the strongest lines, which takes a while, only where they are in front."""
        view, share = self._view, self.ways.share
        if view is not None and self.ways.as_lines:
            self._page.examine(
                "lines",
                lambda _bert, _trace: attention.strongest_lines(view.weights, share),
                lambda found: self._show_lines(view, found),
            )

    def _show_lines(self, view: View, found: Lines) -> None:
        self.edges.show_edges(view.weights, _axis(view), found)
        self._tell()

    def _change(self) -> None:
        plain = self.ways.way == Way()
        self.steps.setEnabled(plain)
        self.path.setVisible(plain and self.steps.isChecked())
        trace = self._workspace.trace
        if trace is not None:
            self._asked = None
            self.show_head(trace, self._head)
            self.mark(trace, self._workspace.selection)

    def _turn(self) -> None:
        front = self.edges if self.ways.as_lines else self.heatmap
        self._faces.setCurrentWidget(front)
        self.picture.view = front
        self._tell()
        self._draw_lines()

    def _unit(self, token: int | None) -> int | None:
        """Where a token stands in what is shown; None where it is left out."""
        units = self._view.units if self._view is not None else ()
        return next((place for place, unit in enumerate(units) if token in unit.positions), None)

    def _mark_unit(self, view: View, cell: Cell | None, row: int | None) -> None:
        chosen = None if cell is None else (self._unit(cell[0]), self._unit(cell[1]))
        place = self._unit(row)
        sentence = self.tr("{0} looks at {1} with {2}.")
        if chosen is not None and chosen[0] is not None and chosen[1] is not None:
            marked = chosen[0], chosen[1]
        elif place is not None:
            marked, sentence = view.strongest(place), self.tr("{0} looks most at {1}, with {2}.")
        else:
            marked = view.strongest()
            sentence = self._strongest(marked[0] != marked[1] and not any(view.units[unit].special for unit in marked))
        self._frame(marked)
        looks, seen = (elided(view.units[place].text) for place in marked)
        self._say(sentence, looks, seen, weight(float(view.weights[marked])), self._remark(view.way))

    def _strongest(self, between: bool) -> str:
        """What is said of the largest weight of all, or ``between`` two words."""
        if between:
            return self.tr("Strongest between two different words is {0} → {1} with {2}.")
        return self.tr("Strongest is {0} → {1} with {2}.")

    def _remark(self, way: Way) -> str:
        """What the rows add up to, where that is not 1, and what else one should know."""
        if way.of == "maximum":
            return self.tr("Of maxima, rows add up to 1 or more.") if way.special else ""
        if not way.special:
            return self.tr("[CLS] and [SEP] are left out: rows add up to less than 1.")
        passes = self.tr("Half of what each layer reads passes by unmixed.")
        return passes if way.of == "rollout" else ""

    def _python(self) -> str:
        layer, head = self._head
        if self.ways.way == Way():
            return f"values = trace.attention[{layer}, {head}]  # a row looks at a column"
        way = f"model.lens.views.{self.ways.way}"
        return f"values = model.lens.views.view(trace, ({layer}, {head}), {way}).weights  # a row looks at a column"

    # One cell of it

    def _frame(self, cell: Cell) -> None:
        self.picture.mark(cell)
        for face in (self.heatmap, self.edges):
            face.mark(cell)

    def _hover_cell(self, cell: Cell | None) -> None:
        if cell is None or self._view is None:
            self._workspace.hover()
        else:
            row, column = self._tokens(cell)
            self._workspace.hover(head=self._head, cell=(row, column), token=row)

    def _hover_row(self, row: int | None) -> None:
        if row is None or self._view is None:
            self._workspace.hover()
        else:
            self._workspace.hover(token=self._view.units[row].positions[0])

    def _hover_token(self, column: int | None) -> None:
        if column is None or self.path.derivation is None:
            self._workspace.hover()
        else:
            row = self.path.derivation.cell[0]
            self._workspace.hover(head=self._head, cell=(row, column), token=row)

    def _choose_cell(self, row: int, column: int) -> None:
        row, column = self._tokens((row, column))
        self._workspace.select(head=self._head, cell=(row, column), token=row)
        if self.ways.way == Way():
            self._workspace.inspect(Place(Stage.ATTENTION, *self._head, row=row, column=column))

    def _choose_token(self, column: int) -> None:
        if self.path.derivation is not None:
            row = self.path.derivation.cell[0]
            self._workspace.select(head=self._head, cell=(row, column), token=row)

    def _tokens(self, cell: Cell) -> Cell:
        """The first tokens of the two units."""
        assert self._view is not None
        row, column = (self._view.units[place].positions[0] for place in cell)
        return row, column

    def _show_cell(self, derivation: Derivation, cell: Cell | None, row: int | None) -> None:
        trace = self._workspace.trace
        assert trace is not None
        self.path.show_derivation(derivation, token_axis(trace))
        if cell is None and self.ways.way == Way():
            self._frame(derivation.cell)
            words = all(trace.inputs.texts[place] is not None for place in derivation.cell)
            sentence = self._strongest(words) if row is None else self.tr("{0} looks most at {1}, with {2}.")
            self._read(trace, derivation.cell, sentence)

    def _read(self, trace: Trace, cell: Cell, sentence: str) -> None:
        looks, seen = (elided(trace.tokens[place]) for place in cell)
        self._say(sentence, looks, seen, weight(float(trace.attention[(*self._head, *cell)])))

    def _say(self, sentence: str, looks: str, seen: str, share: str, remark: str = "") -> None:
        self._said = f"{sentence.format(strong(escape(looks)), strong(escape(seen)), share)} {remark}".strip()
        self._tell()
        for face in (self.heatmap, self.edges):
            face.setAccessibleDescription(sentence.format(looks, seen, share))

    def _tell(self) -> None:
        """What the marked cell says, and what is left out of very many lines."""
        each = self.edges.each if self.ways.as_lines else None
        hint = self.tr("Drawn of each row: the strongest {0}; of the token under the mouse, all.").format(each)
        self._line.say(self._said if each is None else f"{self._said} {hint}")


def _axis(view: View) -> Axis:
    special = frozenset(place for place, unit in enumerate(view.units) if unit.special)
    return Axis(tuple(unit.text for unit in view.units), special)


def _looked_at(trace: Trace, selection: Selection) -> tuple[Cell | None, int | None]:
    """The chosen cell, and the token whose row it is in; where another token is chosen it is not that cell."""
    size = len(trace.tokens)
    token = selection.token if selection.token is not None and selection.token < size else None
    cell = selection.cell if selection.cell is not None and max(selection.cell) < size else None
    return (cell if cell is not None and token in (None, cell[0]) else None), token
