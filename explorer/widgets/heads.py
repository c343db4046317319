"""The atlas with what its heads do: sorted by it, in a word below each, in numbers in its table (C12)."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QWidget

from explorer.export import Sheet
from explorer.widgets.atlas import Atlas
from explorer.widgets.figures import rounded_percent, signed
from explorer.widgets.heatmap import Cell
from explorer.widgets.panel import note
from model.lens import attention
from model.lens.attention import Head, HeadStatistics, Pattern
from model.trace import Floats, Trace

_GAP = 8  # pixels between atlas and caption

_SORTED_BY: dict[str, str] = {"broad": "entropy"}  # the statistic that a pattern is about, where its name is another


class Habits(NamedTuple):
    """What every head does, in numbers and by name, and which word looks elsewhere."""

    statistics: HeadStatistics
    patterns: list[list[Pattern]]
    exceptions: list[list[Cell | None]]


def habits(trace: Trace) -> Habits:
    """On the worker: all of it for one trace."""
    statistics = attention.statistics(trace)
    patterns = attention.patterns(statistics, len(trace.tokens))
    exceptions = [
        [attention.exception(trace, (layer, head), pattern) for head, pattern in enumerate(row)]
        for layer, row in enumerate(patterns)
    ]
    return Habits(statistics, patterns, exceptions)


class Heads(QWidget):
    """The atlas, and right below its last row what the chosen head does, however many rows there are.

    Its cells are those of its sheet: a row a head, in the order shown.
    """

    renewed = Signal()
    chosen = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.atlas, self.caption = Atlas(self), note()
        self.caption.setParent(self)
        self._habits: Habits | None = None
        self._column = 0  # of the sheet
        self.sort = QComboBox()
        self.sort.setAccessibleName(self.tr("Sort the heads by"))
        self.sort.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        for title, pattern in (
            (self.tr("Sort: layer"), None),
            (self.tr("Sort: token before"), "previous"),
            (self.tr("Sort: token after"), "next"),
            (self.tr("Sort: itself"), "itself"),
            (self.tr("Sort: same word"), "same"),
            (self.tr("Sort: [CLS]"), "cls"),
            (self.tr("Sort: [SEP]"), "sep"),
            (self.tr("Sort: A to B"), "a_to_b"),
            (self.tr("Sort: B to A"), "b_to_a"),
            (self.tr("Sort: breadth"), "broad"),
        ):
            self.sort.addItem(title, pattern)
        self.sort.currentIndexChanged.connect(self._arrange)
        self.phrases = {
            "previous": self.tr("looks at the token before"),
            "next": self.tr("looks at the token after"),
            "itself": self.tr("has each token look at itself"),
            "same": self.tr("looks at the same word elsewhere"),
            "cls": self.tr("rests on [CLS]"),
            "sep": self.tr("rests on [SEP]"),
            "a_to_b": self.tr("looks from A across to B"),
            "b_to_a": self.tr("looks from B across to A"),
            "broad": self.tr("looks at all tokens nearly alike"),
            "mixed": self.tr("follows no single pattern"),
        }
        self.setMinimumSize(self.atlas.minimumSize())
        self.setAccessibleName(self.tr("All heads"))

    def show_habits(self, habits: Habits) -> None:
        """Says what each head does, until the next answer's habits are counted."""
        self._habits = habits
        self._offer()
        self._arrange()

    def pattern(self, head: Head) -> str:
        """What a head does, in a few words; empty while that is not known."""
        return "" if self._habits is None else self.phrases[self._habits.patterns[head[0]][head[1]]]

    def sheet(self) -> Sheet:
        """Every head's habits, a row a head; empty until they are counted."""
        if self._habits is None:
            return Sheet(np.zeros((0, 0)), (), ())
        numbers = {field.name: getattr(self._habits.statistics, field.name) for field in fields(HeadStatistics)}
        order = self.atlas.order
        rows = [
            [self._habits.patterns[layer][head], *(float(number[layer, head]) for number in numbers.values())]
            for layer, head in order
        ]
        names = [self.tr("layer {0} head {1}").format(layer + 1, head + 1) for layer, head in order]
        return Sheet(np.array(rows, dtype=object), names, ("pattern", *numbers))

    def python(self) -> str:
        """The lines that make the same table."""
        chosen = self.sort.currentData()
        heads = "list(np.ndindex(statistics.entropy.shape))"
        if chosen is not None:
            heads = f"model.lens.attention.order(statistics.{_SORTED_BY.get(chosen, chosen)})"
        return (
            "statistics = model.lens.attention.statistics(trace)\n"
            "patterns = model.lens.attention.patterns(statistics, len(trace.tokens))\n"
            f"names = {tuple(field.name for field in fields(HeadStatistics))}\n"
            f"heads = {heads}\n"
            "rows = [[patterns[layer][head], *(float(getattr(statistics, name)[layer, head]) for name in names)]\n"
            "        for layer, head in heads]\n"
            "values = np.array(rows, dtype=object)"
        )

    # Its table

    @property
    def cell(self) -> Cell | None:
        """The chosen head's row of the sheet."""
        head, order = self.atlas.head, self.atlas.order
        return (order.index(head), self._column) if self._habits is not None and head in order else None

    def mark(self, cell: Cell | None, row: int | None = None) -> None:
        """Frames the head in that row of the sheet."""
        self._column = 0 if cell is None else cell[1]
        self.atlas.mark(None if cell is None else self.atlas.order[cell[0]])

    def head(self, row: int, column: int) -> Head:
        """The head in a row of the sheet, of which ``column`` is looked at."""
        self._column = column
        return self.atlas.order[row]

    # How it is laid out

    def place(self) -> None:
        """Gives the caption at least two lines, so that the atlas keeps its size from head to head."""
        metrics = self.caption.fontMetrics()
        lines = max(self.caption.heightForWidth(self.width()), 2 * metrics.lineSpacing() + 2)
        self.atlas.setGeometry(0, 0, self.width(), self.height() - lines - _GAP)
        self.caption.setGeometry(0, round(self.atlas.used_height()) + _GAP, self.width(), lines)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place()

    def titles(self) -> dict[str, str]:
        """What each pattern is called where there is little room."""
        return {
            "previous": self.tr("token before"),
            "next": self.tr("token after"),
            "itself": self.tr("itself"),
            "same": self.tr("same word"),
            "cls": "[CLS]",
            "sep": "[SEP]",
            "a_to_b": self.tr("A to B"),
            "b_to_a": self.tr("B to A"),
            "broad": self.tr("broad"),
            "mixed": self.tr("mixed"),
        }

    def _offer(self) -> None:
        """Leaves out of the choice what no head can be sorted by, such as A to B without a pair."""
        model = self.sort.model()
        assert isinstance(model, QStandardItemModel)
        for place in range(1, self.sort.count()):
            statistic = self._statistic(self.sort.itemData(place))
            model.item(place).setEnabled(statistic is None or not np.isnan(statistic).all())

    def _statistic(self, pattern: str) -> Floats | None:
        if self._habits is None:
            return None
        statistic: Floats = getattr(self._habits.statistics, _SORTED_BY.get(pattern, pattern))
        return statistic

    def _arrange(self) -> None:
        """Sorts as is chosen; notes are the names of the patterns, or the numbers that the heads are sorted by."""
        habits, chosen = self._habits, self.sort.currentData()
        statistic = self._statistic(chosen) if chosen is not None else None
        if habits is None:
            return
        titles, heads = self.titles(), list(np.ndindex(*habits.statistics.entropy.shape))
        if statistic is None:
            notes = {(layer, head): titles[habits.patterns[layer][head]] for layer, head in heads}
        else:
            notes = {head: self._figure(chosen, float(statistic[head])) for head in heads}
        self.atlas.sort(None if statistic is None else attention.order(statistic))
        self.atlas.describe(notes, {head: self.pattern(head) for head in heads})
        self.place()
        self.renewed.emit()

    def _figure(self, pattern: str, number: float) -> str:
        if np.isnan(number):
            return "–"
        return signed(number, 1) if pattern in _SORTED_BY else rounded_percent(number)
