"""The rows of two inputs side by side, each token beside its like (C8, C11)."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QToolButton, QVBoxLayout, QWidget

from explorer import theme
from explorer.comparison import Answer
from explorer.export import Sheet
from explorer.widgets.axis import elided
from explorer.widgets.cells import CENTRE, LEFT, Cell, fill
from explorer.widgets.page import Page
from explorer.widgets.panel import isolated, strong
from explorer.widgets.picture import Picture
from explorer.widgets.view import View
from explorer.workspace import Selection
from model.inputs import NO_LABEL, Inputs
from model.lens import difference
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert

Index = QModelIndex | QPersistentModelIndex

_SIDE = 5  # columns of one answer: position, token, id, segment, label
_ROWS = 6  # that are seen at least
_NAMED = 3  # changes that are told in words
_LETTERS = (4, 13, 7, 4, 12)  # that the columns of one answer are wide


class Row(NamedTuple):
    """A token now and the one that is its like in the pinned answer: positions, None where there is none."""

    now: int | None
    then: int | None


class Found(NamedTuple):
    """Both inputs, row by row, and how many entries the two vocabularies have, and have in common."""

    inputs: tuple[Inputs, Inputs]
    rows: tuple[Row, ...]
    entries: tuple[int, int, int]


def found(now: Answer, pinned: Answer) -> Found:
    """On the worker."""
    inputs = now.trace.inputs, pinned.trace.inputs
    vocabularies = [set(answer.bert.tokenizer.tokens) for answer in (now, pinned)]
    sizes = *map(len, vocabularies), len(vocabularies[0] & vocabularies[1])
    return Found(inputs, tuple(side_by_side(*inputs)), sizes)  # type: ignore[arg-type]


def side_by_side(now: Inputs, then: Inputs) -> list[Row]:
    """All tokens of both in the order of ``now``; one that is gone stands before what followed it."""
    matching = difference.match(now, then)
    likes = dict(zip(matching.after.tolist(), matching.before.tolist(), strict=True))
    gone = sorted(set(range(len(then))) - set(likes.values()))
    rows: list[Row] = []
    for place in range(len(now)):
        like = likes.get(place)
        while gone and like is not None and gone[0] < like:
            rows.append(Row(None, gone.pop(0)))
        rows.append(Row(place, like))
    return [*rows, *(Row(None, place) for place in gone)]


class TokenDifference(View):
    """A table with a row a token: left as it was pinned, right as it is now, then what is different in words."""

    def __init__(self, page: Page) -> None:
        super().__init__(page)
        self.table = PairTable()
        self.only = QToolButton()
        self.only.setText(self.tr("Only what is different"))
        self.only.setCheckable(True)
        self.picture = Picture(self.table, self.table.rows.sheet, "tokens-difference")
        self.picture.set_heading(self.tr("What either model reads"), self.tr("each token beside its like"))
        self.picture.tools.insertWidget(0, self.only)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture, 1)
        self.only.toggled.connect(self._filter)
        self.table.chosen.connect(lambda token: self.workspace.select(token=token))

    def draw(self, bert: Bert, trace: Trace) -> None:
        self.compare(found, self._show)

    def mark(self, selection: Selection) -> None:
        self.table.mark(selection.token)

    def _show(self, found: Found) -> None:
        self.table.rows.show_rows(found.inputs, found.rows)
        self._filter(self.only.isChecked())
        self.answer = f"{self._tokens()} {self._vocabulary(found)}"

    def _filter(self, only: bool) -> None:
        self.table.rows.leave_out_same(only)
        self.table.mark(self.workspace.selection.token)

    def _tokens(self) -> str:
        model = self.table.rows
        changes = [row for row in model.all if model.changes(row)]
        if not changes:
            return strong(self.tr("Nothing is different: both read the same tokens at the same places."))
        same = self.tr("{0} of {1} tokens are read alike.")
        count = sum(row.now is not None for row in model.all)
        alike = sum(row.now is not None and not model.changes(row) for row in model.all)
        told = [self._told(row) for row in changes[:_NAMED]]
        rest = len(changes) - len(told)
        if rest:
            told.append(self.tr("And {0} more.").format(rest))
        return f"{strong(same.format(alike, count))} {' '.join(told)}"

    def _told(self, row: Row) -> str:
        model = self.table.rows
        then, now = (isolated(escape(elided(model.token(row, side)))) for side in (0, 1))
        if row.then is None:
            return self.tr("{0} is new.").format(strong(now))
        if row.now is None:
            return self.tr("{0} is gone.").format(strong(then))
        if then != now:
            return self.tr("Where {0} stood, {1} stands now.").format(strong(then), strong(now))
        return self.tr("{0}: {1}.").format(strong(now), ", ".join(model.changes(row)))

    def _vocabulary(self, found: Found) -> str:
        now, then, common = found.entries
        if now == then == common:
            return self.tr("Both are read with the same vocabulary of {0} entries.").format(f"{now:,}")
        sentence = self.tr("The vocabularies are two: {0} entries now, {1} in the pinned answer, {2} of them in both.")
        return sentence.format(f"{now:,}", f"{then:,}", f"{common:,}")


class PairModel(QAbstractTableModel):
    """What stands in the table; it writes out only the rows that are looked at."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.all: tuple[Row, ...] = ()
        self.rows: list[Row] = []
        self.marked: int | None = None
        self._inputs: tuple[Inputs, Inputs] | None = None  # pinned, now
        side = (self.tr("place"), self.tr("token"), self.tr("id"), self.tr("segment"), self.tr("label"))
        pinned, now = self.tr("{0} pinned"), self.tr("{0} now")
        names = (*(pinned.format(name) for name in side), *(now.format(name) for name in side))
        self.names = (*names, self.tr("what is different"))
        self.headings = (side[0], self.tr("pinned"), *side[2:], side[0], self.tr("now"), *side[2:], self.names[-1])
        self._others = (
            self.tr("another place"),
            self.tr("another token"),
            self.tr("another id"),
            self.tr("another segment"),
            self.tr("another label"),
        )

    def show_rows(self, inputs: tuple[Inputs, Inputs], rows: Sequence[Row]) -> None:
        """Shows two inputs, the present one and the pinned one."""
        self._inputs, self.all = (inputs[1], inputs[0]), tuple(rows)

    def leave_out_same(self, on: bool) -> None:
        """Shows all rows, or only those with a difference."""
        self.beginResetModel()
        self.rows = [row for row in self.all if not on or self.changes(row)]
        self.endResetModel()

    def token(self, row: Row, side: int) -> str:
        """What is read there in the pinned answer (0) or now (1)."""
        return self._side(row, side)[1]

    def changes(self, row: Row) -> list[str]:
        """What is different in a row, in words; nothing where it is the same."""
        if row.then is None:
            return [self.tr("only now")]
        if row.now is None:
            return [self.tr("only pinned")]
        found = [self._others[place] for place in range(_SIDE) if self._is_other(row, place)]
        if self._others[1] in found and self._others[2] in found:
            found.remove(self._others[2])  # of another token
        return found

    def sheet(self) -> Sheet:
        """What is shown, a row a token."""
        values = np.empty((len(self.rows), len(self.names)), dtype=object)
        for line, row in enumerate(self.rows):
            values[line] = self._texts(row)
        return Sheet(values, [str(line) for line in range(len(self.rows))], self.names)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return self.headings[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        text = self._texts(self.rows[index.row()])[index.column()]
        if role == Qt.ItemDataRole.DisplayRole:
            return text
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.names[index.column()]}: {text}"
        return None

    def look(self, line: int, column: int) -> Cell:
        """What a cell says, and how."""
        row, colours = self.rows[line], theme.palette()
        side, place = divmod(column, _SIDE)
        in_words = side == 2
        changed = bool(self.changes(row)) if in_words else self._is_other(row, place)
        tint = theme.mixed(colours.paper, (colours.negative, colours.positive, colours.accent)[side], 0.25)
        marked = theme.mixed(colours.paper, colours.accent, 0.12) if row.now == self.marked is not None else None
        font = theme.font() if in_words else theme.mono()
        ink = colours.ink if in_words or place == 1 else colours.faint
        alignment = LEFT if in_words or place in (1, 4) else CENTRE
        return Cell(self._texts(row)[column], font, ink, tint if changed and not in_words else marked, alignment)

    def _is_other(self, row: Row, place: int) -> bool:
        return self._side(row, 0)[place] != self._side(row, 1)[place]

    def _texts(self, row: Row) -> list[str]:
        return [*self._side(row, 0), *self._side(row, 1), ", ".join(self.changes(row))]

    def _side(self, row: Row, side: int) -> tuple[str, ...]:
        place = (row.then, row.now)[side]
        if place is None or self._inputs is None:
            return ("",) * _SIDE
        inputs = self._inputs[side]
        label = inputs.originals[place] if inputs.labels[place] != NO_LABEL else "–"
        segment = "AB"[inputs.segments[place]]
        return str(place), inputs.tokens[place], str(inputs.input_ids[place]), segment, label


class PairTable(QTableView):
    """Shows a ``PairModel``. A click or the up and down keys choose a token of the present answer."""

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = PairModel(self)
        self.setModel(self.rows)
        fill(self, self.rows.look)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setAccessibleName(self.tr("Each token beside its like in the pinned answer"))
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(1)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setStretchLastSection(True)
        header.setDefaultAlignment(LEFT)
        self.selectionModel().currentChanged.connect(self._tell)
        self.clicked.connect(self._tell)
        self._size()

    def mark(self, token: int | None) -> None:
        """Tints the row of a token, and brings it into sight."""
        self.rows.marked = token
        self.viewport().update()
        line = next((line for line, row in enumerate(self.rows.rows) if token is not None and row.now == token), None)
        if line is not None and not self.hasFocus():
            self.scrollTo(self.rows.index(line, 1))

    def keyboardSearch(self, search: str) -> None:
        """Nothing: letters are the window's."""

    def minimumSizeHint(self) -> QSize:
        line = self.verticalHeader().defaultSectionSize()
        return QSize(300, self.horizontalHeader().sizeHint().height() + _ROWS * line)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "rows"):
            self._size()

    def _size(self) -> None:
        figures, words = QFontMetricsF(theme.mono()), QFontMetricsF(self.font())
        self.verticalHeader().setDefaultSectionSize(round(figures.height()) + 6)
        for column, letters in enumerate(_LETTERS * 2):
            heading = words.horizontalAdvance(self.rows.headings[column]) + 16
            self.setColumnWidth(column, round(max(figures.horizontalAdvance("0" * letters), heading)))

    def _tell(self, current: QModelIndex, _: QModelIndex | None = None) -> None:
        token = self.rows.rows[current.row()].now if current.isValid() else None
        if token is not None:
            self.chosen.emit(token)
