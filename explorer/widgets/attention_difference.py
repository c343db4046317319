"""Where attention goes that went elsewhere in the pinned answer: every head, and the chosen one in full (C5, C12)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from html import escape
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from explorer.export import Sheet
from explorer.export_python import before as asked_before
from explorer.widgets import shrink
from explorer.widgets.atlas import RESOLUTION, Atlas
from explorer.widgets.axis import elided, token_axis
from explorer.widgets.beside import Beside
from explorer.widgets.difference import blank, replaced
from explorer.widgets.figures import plus, rounded_percent, signed
from explorer.widgets.heatmap import FINEST, Cell, Heatmap, Scale
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.panel import strong
from explorer.widgets.picture import Picture
from explorer.widgets.view import View, lines
from explorer.workspace import Selection
from model.lens import difference
from model.lens.difference import Head, Matching
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

_THREADS = 2  # that read two traces of 512 tokens in little more time than one takes
_LEAST = 12  # lines of text that a map is as high as, at least
_STRONGEST = 0.998  # of all differences lie within the colours; few are far out, and would leave the rest pale
_WIDE = 2.2  # times as wide as high: cells of the map, where the window is low


class Changes(NamedTuple):
    """What is different in every head."""

    matching: Matching
    maps: Floats  # (L, H, R, R) the differences by the limit, as large as the atlas can show them
    limit: float  # what the strongest colour stands for; 0 where nothing is different


def changes(after: Trace, before: Trace) -> Changes:
    """On the worker: what the atlas shows; ``ValueError`` where there is no difference."""
    matching = difference.match(after.inputs, before.inputs)
    layers, size = len(after.attention), len(after.tokens)
    cells = -(-size // (step := -(-size // RESOLUTION)))
    maps = np.empty((*after.attention.shape[:2], cells, cells), dtype=np.float32)

    def fill(some: range) -> None:
        shrunk = shrink.Outstanding(size, step)
        for head in difference.each_head(after, before, matching, shrunk.map, some):
            maps[head] = shrunk()

    with ThreadPoolExecutor(_THREADS) as threads:  # NumPy lets go of Python meanwhile
        list(threads.map(fill, (range(place, layers, _THREADS) for place in range(_THREADS))))
    limit = _limit(maps)
    maps /= np.float32(limit or 1.0)
    return Changes(matching, maps, limit)


class Moved(NamedTuple):
    """The share of attention that goes elsewhere."""

    heads: Floats  # (L, H)
    rows: tuple[tuple[int, float], ...]  # of the head of each layer that changed most, the row that did so, and its

    @property
    def most(self) -> Head:
        """The head that changed most of all."""
        layer, head = divmod(int(self.heads.argmax()), self.heads.shape[1])
        return layer, head


def moved(after: Trace, before: Trace) -> Moved:
    """On the worker."""
    matching = difference.match(after.inputs, before.inputs)
    heads = difference.moved(after, before, matching)
    rows = []
    for layer, shares in enumerate(heads):
        of_row = np.nan_to_num(difference.moved_rows(after, before, matching, (layer, int(shares.argmax()))))
        rows.append((int(of_row.argmax()), float(of_row.max())))
    return Moved(heads, tuple(rows))


def _limit(maps: Floats) -> float:
    """What the strongest colour is to stand for: nearly all of ``maps`` lies within it."""
    beyond = maps.size - int(_STRONGEST * (maps.size - 1))
    strongest = [_largest(np.abs(layer).ravel(), beyond) for layer in maps]  # layer by layer to spare memory
    together = _largest(np.concatenate(strongest), beyond)
    return float(together[0]) or float(together.max())


def _largest(sizes: Floats, count: int) -> Floats:
    """The ``count`` largest of ``sizes`` (N,), or all of fewer, the least of them first."""
    count = min(count, len(sizes))
    return np.partition(sizes, len(sizes) - count)[len(sizes) - count :]


class AttentionDifference(View):
    """Left the atlas of what moved; right the chosen head, or that which changed most: weights now less pinned."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self._changes: Changes | None = None
        self._moved: Moved | None = None  # a little later than the maps
        self._head: Head | None = None
        self.heads = ChangedHeads()
        self.heatmap = Heatmap(scale=Scale.SIGNED, widest=_WIDE, finest=FINEST)
        self.all = Picture(
            self.heads, self.heads.sheet, "attention-difference", self.tr("All heads"), python=self._python
        )
        self.chosen = Picture(self.heatmap, self.heatmap.sheet, "attention-difference", python=self._python_of_chosen)
        self._legend, self._line = Legend(Scale.SIGNED), Line()
        self._lay_out()
        workspace, atlas = self.workspace, self.heads.atlas
        atlas.hovered.connect(lambda head: workspace.hover(head=head) if head else workspace.hover())
        atlas.chosen.connect(lambda layer, head: workspace.select(head=(layer, head)))
        atlas.toggled.connect(lambda layer, head: workspace.edit(lambda scenario: scenario.toggle_head(layer, head)))
        atlas.layer_toggled.connect(lambda layer: workspace.edit(lambda scenario: scenario.toggle_layer(layer)))
        self.heads.chosen.connect(lambda row, _: workspace.select(head=atlas.order[row]))
        self.heatmap.hovered.connect(
            lambda cell: workspace.hover(head=self._head, cell=cell, token=cell[0]) if cell else workspace.hover()
        )
        self.heatmap.chosen.connect(
            lambda row, column: workspace.select(head=self._head, cell=(row, column), token=row)
        )

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self._line.text()

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._changes = self._head = None
        self._moved = None
        self.compare(lambda now, pinned: changes(now.trace, pinned.trace), self._show)
        self.compare(lambda now, pinned: moved(now.trace, pinned.trace), self._show_moved, "moved")

    def mark(self, selection: Selection) -> None:
        trace, pinned, found = self.workspace.trace, self.workspace.pinned, self._changes
        head = selection.head or self._most
        if trace is None or pinned is None or found is None or head is None:
            return  # it is called again with what is found
        if head != self._head:
            self._head = head
            values = difference.attention(trace, pinned.trace, found.matching, head)
            tokens = token_axis(trace, replaced(trace, pinned.trace, found.matching))
            name = self.tr("Layer {0} · head {1}").format(head[0] + 1, head[1] + 1)
            self.chosen.set_heading(name)
            self.heatmap.setAccessibleName(self.tr("{0}, now less pinned").format(name))
            self.heatmap.show_values(values, tokens, tokens, found.limit)
            self.heads.atlas.mark(head)
            if self._moved is not None:
                self.answer = self._answer_for(found, self._moved, head[0])
            if self.heads.cell is not None:
                self.all.mark(self.heads.cell)
        self._read(trace, pinned.trace, found.matching, self._cell(selection))

    @property
    def _most(self) -> Head | None:
        """The head that changed most, once that is known: it is shown until one is chosen."""
        return None if self._moved is None else self._moved.most

    def _lay_out(self) -> None:
        one = QWidget()
        right = QVBoxLayout(one)
        right.setContentsMargins(0, 0, 0, 0)
        self.chosen.tools.insertWidget(0, self._legend)
        self.chosen.column.insertWidget(1, self._line)
        right.addWidget(self.chosen, 1)
        for part in (self.heads, self.heatmap):
            part.setMinimumHeight(lines(_LEAST))
            part.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(Beside(self.all, one, (5, 6)))

    def _show(self, found: Changes) -> None:
        trace = self.workspace.trace
        assert trace is not None
        self._changes = found
        self._legend.set_limit(found.limit or 1.0)
        self.heads.show_changes(found, trace)
        self.mark(self.workspace.selection)

    def _show_moved(self, moved: Moved) -> None:
        assert self._changes is not None
        self._moved = moved
        self.heads.show_moved(moved.heads)
        if self._head is not None:
            self.answer = self._answer_for(self._changes, moved, self._head[0])
        self.mark(self.workspace.selection)

    def _answer_for(self, found: Changes, moved: Moved, chosen: int) -> str:
        """What changed most of all, and in the ``chosen`` layer."""
        if not found.limit:
            said = strong(self.tr("Nothing is different: every head looks as it did in the pinned answer."))
        else:
            colours = self.tr("Orange is more than in the pinned answer, blue is less.")
            said = f"{self._of_layer(moved, chosen)} {colours}"
        return f"{said} {blank(found.matching.unmatched, found.matching.size)}".rstrip()

    def _of_layer(self, moved: Moved, chosen: int) -> str:
        """In bold which head of the ``chosen`` layer changed most; beside it which of all, where that is another."""
        trace = self.workspace.trace
        assert trace is not None
        (layer, head), here, (row, share) = moved.most, moved.heads[chosen], moved.rows[chosen]
        of_all = self.tr("Of all heads layer {0} · head {1} changed most, with {2}.")
        of_all = of_all.format(layer + 1, head + 1, rounded_percent(float(moved.heads[layer, head])))
        if not here.any():
            return f"{strong(self.tr('Nothing is different in layer {0}.').format(chosen + 1))} {of_all}"
        most = (
            self.tr("Layer {0} · head {1} changed most of all: {2} of its attention goes elsewhere.")
            if layer == chosen
            else self.tr("In layer {0} head {1} changed most: {2} of its attention goes elsewhere.")
        )
        most = strong(most.format(chosen + 1, int(here.argmax()) + 1, rounded_percent(float(here.max()))))
        of_row = self.tr("In its row of {0} it is {1}.")
        of_row = of_row.format(escape(elided(trace.tokens[row])), strong(rounded_percent(share)))
        mean = self.tr("The heads of its layer have {0} on average.").format(rounded_percent(float(here.mean())))
        return " ".join((most, of_row, mean, *([] if layer == chosen else [of_all])))

    def _cell(self, selection: Selection) -> Cell | None:
        """The chosen cell, or else where the row of the chosen token, or any, changed most."""
        values = self.heatmap.values
        size = len(values)
        token = selection.token if selection.token is not None and selection.token < size else None
        cell = selection.cell
        if cell is not None and max(cell) < size and token in (None, cell[0]):
            return cell
        sizes = np.abs(np.nan_to_num(values))
        if token is not None:
            return token, int(sizes[token].argmax())
        row, column = divmod(int(sizes.argmax()), size)
        return row, column

    def _read(self, trace: Trace, before: Trace, matching: Matching, cell: Cell | None) -> None:
        assert cell is not None
        assert self._head is not None
        self.chosen.mark(cell)
        looks, seen = (elided(trace.tokens[place]) for place in cell)
        row, column = (matching.like(place) for place in cell)
        if row is None or column is None:
            missing = looks if row is None else seen
            self._say(self.tr("{0} → {1}: the pinned text has no {2} there."), looks, seen, missing)
            return
        now, then = float(trace.attention[(*self._head, *cell)]), float(before.attention[(*self._head, row, column)])
        sentence = self.tr("{0} looks at {1} with {2} now and with {3} in the pinned answer: {4}.")
        self._say(sentence, looks, seen, signed(now), signed(then), plus(now - then))

    def _python(self) -> str:
        assert self.workspace.pinned is not None
        return (
            f"{asked_before(self.workspace.pinned)}"
            "moved = model.lens.difference.moved(trace, pinned, matching)\n"
            f"values = moved[tuple(zip(*{self.heads.atlas.order}))][:, None]"
        )

    def _python_of_chosen(self) -> str:
        assert self.workspace.pinned is not None
        lines = asked_before(self.workspace.pinned)
        return f"{lines}values = model.lens.difference.attention(trace, pinned, matching, {self._head})"

    def _say(self, sentence: str, *words: str) -> None:
        self.heatmap.setAccessibleDescription(sentence.format(*words))
        self._line.say(sentence.format(*(strong(escape(word)) for word in words)))


class ChangedHeads(QWidget):
    """The atlas of differences; its sheet has a row a head, with the share of its attention that goes elsewhere."""

    renewed = Signal()
    chosen = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        self.atlas = Atlas(self, signed=True)
        self._moved: Floats = np.zeros((0, 0), dtype=np.float32)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.atlas)
        self.setAccessibleName(self.tr("All heads, now less pinned"))
        self.atlas.setAccessibleName(self.accessibleName())

    def show_changes(self, found: Changes, trace: Trace) -> None:
        """Draws the maps; what is written below them is the former answer's until ``show_moved``."""
        self._moved = np.zeros((0, 0), dtype=np.float32)
        self.atlas.show_maps(found.maps, trace.scenario.heads_off, trace.scenario.layers_off)

    def show_moved(self, moved: Floats) -> None:
        """Writes below each map, where there is room, the share that moved (L, H)."""
        self._moved = moved
        shares = {head: rounded_percent(float(moved[head])) for head in np.ndindex(*moved.shape)}
        told = {head: self.tr("{0} of its attention goes elsewhere").format(share) for head, share in shares.items()}
        self.atlas.describe(shares, told)  # type: ignore[arg-type]
        self.renewed.emit()

    def sheet(self) -> Sheet:
        """A row a head, in the order shown."""
        order = self.atlas.order if self._moved.size else []
        values = np.array([[self._moved[head]] for head in order], dtype=np.float32).reshape(-1, 1)
        names = [self.tr("layer {0} head {1}").format(layer + 1, head + 1) for layer, head in order]
        return Sheet(values, names, ("attention that goes elsewhere",))

    @property
    def cell(self) -> Cell | None:
        """The framed head's row of the sheet."""
        head, order = self.atlas.head, self.atlas.order
        return (order.index(head), 0) if head in order else None

    def mark(self, cell: Cell | None, row: int | None = None) -> None:
        """Frames the head in that row of the sheet."""
        self.atlas.mark(None if cell is None else self.atlas.order[cell[0]])
