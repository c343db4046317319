"""The table of a head survey: a row a head, how often it looks where, and what is lost without it (C12)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.cells import LEFT, RIGHT, Cell, Cells
from explorer.widgets.figures import plus, signed
from explorer.widgets.number_table import NumberTable
from model.lens import attention
from model.lens.attention import Head, Relation
from model.lens.head_finder import RELATIONS, HeadsOff, HeadTable

RISE, CHANGED = "rise", "changed"  # what a head's absence does: fields of ``HeadsOff``, and what rows are sorted by
_SHADES = 32
_NAME = 0  # the column that names what a head does most often


class HeadRows(NumberTable):
    """Enter, or a double click, asks to see the head of the current row; a click on a heading to sort by its column.

    ``titles`` are those of the patterns.
    """

    opened = Signal()
    sort_asked = Signal(str)  # a relation, RISE or CHANGED; empty for that of layers and heads

    def __init__(self, titles: Mapping[str, str]) -> None:
        super().__init__()
        self._titles = titles
        self._found: HeadTable | None = None
        self._off: HeadsOff | None = None
        self._keys: list[str | None] = []  # what each column that is shown sorts by
        self.heads: list[Head] = []  # a row each
        self.numbers.headings = lambda: theme.font(0.85)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setItemDelegate(Cells(self, self._look))
        header = self.horizontalHeader()
        theme.role(header, "narrow")
        header.setSectionsClickable(True)
        header.sectionClicked.connect(lambda column: self.sort_asked.emit(self._keys[column] or ""))
        self.doubleClicked.connect(self.opened)

    def show_heads(self, found: HeadTable, off: HeadsOff | None, key: str | None) -> None:
        """Draws a row a head, the largest of what is called ``key`` first; ``off`` is None before it is asked for."""
        self._found, self._off = found, off
        self.heads = self._sorted(found, key)
        self._keys = [None, *([] if off is None else [RISE, CHANGED]), *RELATIONS, None]
        numbers = [*(found.hits[name] for name in RELATIONS), found.entropy]
        rows = [
            [self._titles[found.named(head)], *self._worth(head), *(float(of[head]) for of in numbers)]
            for head in self.heads
        ]
        titles = [self._titles[name].replace(" ", "\n", 1) for name in RELATIONS]
        worth = () if off is None else (self.tr("loss\nwithout"), self.tr("other\nguess"))
        columns = (self.tr("pattern"), *worth, *titles, self.tr("entropy"))
        self.show_sheet(Sheet(np.array(rows, dtype=object), self._names(), columns))
        self.resizeColumnsToContents()

    def mark_head(self, head: Head) -> None:
        """Makes its row the current one."""
        if head in self.heads:
            self.mark((self.heads.index(head), max(self.currentIndex().column(), 0)))

    def sheet(self) -> Sheet:
        """A row a head in the order shown: how often it looks where, how much of it, what is lost without it."""
        found = self._found
        if found is None:
            return Sheet(np.zeros((0, 0)), (), ())
        rows = [
            [
                found.named(head),
                *(float(found.hits[relation][head]) for relation in RELATIONS),
                *(float(found.mass[relation][head]) for relation in RELATIONS),
                float(found.entropy[head]),
                *self._worth(head),
            ]
            for head in self.heads
        ]
        names = [f"{relation} hits" for relation in RELATIONS] + [f"{relation} mass" for relation in RELATIONS]
        worth = () if self._off is None else ("rise of loss without it", "other first guesses without it")
        return Sheet(np.array(rows, dtype=object), self._names(), ("pattern", *names, "entropy", *worth))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._tell(self.currentIndex(), self.currentIndex())
            self.opened.emit()
        else:
            super().keyPressEvent(event)

    def _sorted(self, found: HeadTable, key: str | None) -> list[Head]:
        if key is None:
            return [(int(layer), int(head)) for layer, head in np.ndindex(*found.entropy.shape)]
        of = getattr(self._off, key) if key in (RISE, CHANGED) else found.hits[cast(Relation, key)]
        return attention.order(of.astype(np.float32))

    def _worth(self, head: Head) -> list[float]:
        """What is lost without ``head``; nothing before that is asked for."""
        return [] if self._off is None else [float(self._off.rise[head]), float(self._off.changed[head])]

    def _names(self) -> list[str]:
        return [self.tr("layer {0} head {1}").format(layer + 1, head + 1) for layer, head in self.heads]

    def _look(self, row: int, column: int) -> Cell:
        value, key = self.numbers.sheet.values[row, column], self._keys[column]
        colours, font = theme.palette(), theme.font()
        if column == _NAME:
            return Cell(value, font, colours.ink, alignment=LEFT)
        if self.selectionModel().isRowSelected(row):
            return Cell(_written(value, key), font, colours.ink, alignment=RIGHT)
        if key in (None, RISE) or np.isnan(value):
            return Cell(_written(value, key), font, colours.ink if key else colours.faint, alignment=RIGHT)
        tint = theme.mixed(colours.attention_low, colours.attention_high, round(value * _SHADES) / _SHADES)
        return Cell(_written(value, key), font, theme.readable_on(tint), tint, RIGHT)


def _written(value: float, key: str | None) -> str:
    """A rate in whole per cents, the change of the loss, or, without a key, the entropy."""
    if key is None:
        return signed(value, 1)
    return plus(value) if key == RISE else signed(value * 100, 0)
