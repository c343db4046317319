"""How alike the tokens are, each with each, before the layers and after; and what the vocabulary has near one (C7)."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from explorer.widgets.axis import token_axis
from explorer.widgets.bars import Bar, Bars
from explorer.widgets.cosines_difference import CosinesDifference
from explorer.widgets.figures import cosine
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.page import Page
from explorer.widgets.panel import isolated, strong
from explorer.widgets.picture import Picture
from explorer.widgets.switch import Switch
from explorer.widgets.view import MapView, View
from explorer.workspace import Selection
from model.lens import embeddings
from model.lens.steps import Place, Stage
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_STAGES = ("token", "input", "output")  # the fields of a Likeness


class _Stage(NamedTuple):
    """The cosines at one height, and the two tokens that are most alike there."""

    similarity: Floats  # (T, T)
    closest: Cell


class TokenCosines(MapView):
    """Left the tokens compared with one another, right the vocabulary entries nearest to the chosen one."""

    def __init__(self, page: Page) -> None:
        self.heatmap = Heatmap(scale=Scale.SIGNED)
        self.neighbours = Bars(choosable=False, write=cosine, measure="cosine")
        super().__init__(
            page,
            Picture(self.heatmap, self.heatmap.sheet, "cosines", self.tr("Cosines"), python=self._python),
            Picture(self.neighbours, self.neighbours.sheet, "nearest", python=self._python_of_neighbours),
        )
        self._stages: list[_Stage] = []  # empty until they are worked out
        self._near: int | None = None  # whose neighbours are shown, or on their way
        self.stage = Switch((self.tr("Token alone"), self.tr("Layer 1 reads"), self.tr("After all layers")))
        self.stage.setAccessibleName(self.tr("Where the tokens are compared"))
        self.picture.tools.insertWidget(0, self.stage)
        self.stage.chosen.connect(self._turn)
        self.kept.add_control("stage", self.stage)
        self.heatmap.hovered.connect(self._hover)
        self.heatmap.chosen.connect(self._choose)

    @property
    def title(self) -> str:
        return self.tr("Cosines")

    @property
    def question(self) -> str:
        return self.tr("Which tokens are alike?")

    def difference(self) -> View:
        return CosinesDifference(self.page)

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._stages, self._near = [], None
        self.page.examine("cosines", _stages, self._show)

    def mark(self, selection: Selection) -> None:
        trace = self.workspace.trace
        assert trace is not None
        if self._stages:
            cell = self._pair(selection)
            self.picture.mark(cell)
            self._read(trace, cell)
            self._ask_neighbours(trace, cell[0])

    # What is chosen

    def _hover(self, cell: Cell | None) -> None:
        if cell is None:
            self.workspace.hover()
        elif self._stages:  # or else the map is that of a former answer
            self.workspace.hover(cell=cell, token=cell[0])

    def _choose(self, row: int, column: int) -> None:
        if self._stages:
            self.workspace.select(cell=(row, column), token=row)
            self.workspace.inspect(self._place(row, column))

    def _place(self, row: int, column: int) -> Place:
        """That of the cosine in a cell."""
        trace = self.workspace.trace
        assert trace is not None
        if self.stage.current == 0:
            return Place(Stage.TOKEN_COSINE, row=row, column=column)
        return Place(Stage.COSINE, (0, len(trace.hidden) - 1)[self.stage.current - 1], row=row, column=column)

    def _pair(self, selection: Selection) -> Cell:
        """The chosen cell, or else the chosen token and what is most like it, or else the closest pair."""
        stage = self._stages[self.stage.current]
        if selection.token is None:
            return selection.cell or stage.closest
        if selection.cell is not None and selection.cell[0] == selection.token:
            return selection.cell
        others = stage.similarity[selection.token].copy()
        others[selection.token] = -2
        return selection.token, int(others.argmax())

    # What it says

    def _show(self, stages: list[_Stage]) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self._stages = stages
        sentence = self.tr(
            "Most alike are {0} by their embeddings alone, {1} as layer 1 reads them, "
            "with segment and position, and {2} after all layers."
        )
        pair = self.tr("{0} and {1} ({2})")
        self.answer = sentence.format(
            *(
                strong(
                    pair.format(
                        *(isolated(escape(trace.tokens[place])) for place in stage.closest),
                        cosine(float(stage.similarity[stage.closest])),
                    )
                )
                for stage in stages
            )
        )
        self._turn(self.stage.current)

    def _turn(self, place: int) -> None:
        trace = self.workspace.trace
        if trace is None or not self._stages:
            return
        tokens = token_axis(trace)
        self.picture.file = f"cosines-{_STAGES[place]}"
        name = self.tr("Cosines between the tokens: {0}").format(self.stage.button(place).text())
        self.heatmap.setAccessibleName(name)
        self.heatmap.show_values(self._stages[place].similarity, tokens, tokens)
        self.mark(self.workspace.selection)

    def _read(self, trace: Trace, cell: Cell) -> None:
        sentence = self.tr(
            "{0} and {1}: cosine {2} by their embeddings alone, {3} as layer 1 reads them, {4} at the end."
        )
        tokens = [trace.tokens[place] for place in cell]
        numbers = [cosine(float(stage.similarity[cell])) for stage in self._stages]
        self.heatmap.setAccessibleDescription(sentence.format(*tokens, *numbers))
        numbers[self.stage.current] = strong(numbers[self.stage.current])
        self._line.say(sentence.format(*(strong(escape(token)) for token in tokens), *numbers))

    def _python(self) -> str:
        return f"values = model.lens.embeddings.likeness(trace).{_STAGES[self.stage.current]}"

    def _python_of_neighbours(self) -> str:
        return (
            f"found = model.lens.embeddings.nearest(bert, trace, {self._near})\n"
            "values = np.array([[cosine] for _, cosine in found])"
        )

    def _ask_neighbours(self, trace: Trace, token: int) -> None:
        if token != self._near:
            self._near = token
            self.page.examine(
                "nearest",
                lambda bert, trace: embeddings.nearest(bert, trace, token),
                lambda found: self._show_neighbours(trace.tokens[token], found),
            )

    def _show_neighbours(self, token: str, found: list[tuple[str, float]]) -> None:
        self.beside.set_heading(self.tr("Nearest to {0} in the vocabulary").format(token))
        self.neighbours.setAccessibleName(self.beside.heading)
        self.neighbours.show_bars([Bar(piece, similarity) for piece, similarity in found], full=1.0)


def _stages(_: Bert, trace: Trace) -> list[_Stage]:
    """On the worker."""
    likeness = embeddings.likeness(trace)
    return [
        _Stage(similarity, embeddings.closest(trace, similarity))
        for similarity in (likeness.token, likeness.input, likeness.output)
    ]
