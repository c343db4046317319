"""From typed words to the rows that a BERT reads: a column a token, a word as wide as its pieces (C8, C11).

A batch is as long as its longest input; what is shorter is filled up with [PAD], which the table shows behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFocusEvent, QFont, QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.cells import CENTRE, LEFT, RIGHT, Cell, Cells
from model.inputs import NO_LABEL, Inputs
from model.lens.spelling import Word
from model.trace import Trace

Index = QModelIndex | QPersistentModelIndex

TYPED, NORMALISED, PIECES, IDS, GAP, TOKEN, ID, SEGMENT, POSITION, MASK, LABEL = range(11)
NOTHING = "–"  # a label that gives no loss

_WIDEST = 28  # characters of a column; what is longer is cut, and whole in the sentence below
_GAP_HEIGHT = 10  # pixels between what the text says and what the network reads
_LAST = 9_999  # a position beyond every input: the padding's columns are wide enough for it
_LEAST = 30  # letters that it shows beside the names of the rows, at least
_WIDE = 4  # pieces; the middle of a wider word may be out of sight, so its name stands at its beginning
_SHOWN_PADDING = 3  # columns that come into sight when an input is lengthened
_EDITS = {"mask": "masked", "replace": "replaced", "keep": "kept"}  # the palette's names for them


class Labels(NamedTuple):
    """What each token is asked for, None where that gives no loss, and what the padding behind them is."""

    name: str  # of the row
    texts: Sequence[str | None]
    padding: str
    python: str  # the expression that gives ``texts``


class Padding(NamedTuple):
    """What fills an input up to the length of its batch."""

    piece: str
    id: int


class InputModel(QAbstractTableModel):
    """The rows of one input, a column a token, and behind them the padding."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._trace: Trace | None = None
        self._cells: list[list[str]] = []  # what is written, by row and token
        self._padding: dict[int, str] = {}  # what is written behind the tokens, by row
        self._cut: dict[int, range] = {}  # the tokens of a word that was cut, by the first of them
        self.length = 0  # columns
        self.marked: int | None = None
        self.names: tuple[str, ...] = (
            self.tr("typed"),
            self.tr("normalised"),
            self.tr("pieces"),
            self.tr("ids"),
            "",
            self.tr("token"),
            self.tr("id"),
            self.tr("segment"),
            self.tr("position"),
            self.tr("mask"),
            self.tr("label"),
        )

    @property
    def tokens(self) -> int:
        """How many columns are tokens; those behind them are padding."""
        return 0 if self._trace is None else len(self._trace.tokens)

    def show_inputs(self, trace: Trace, padding: Padding, length: int) -> None:
        """Shows another input, filled up to ``length``; its words are not known yet."""
        self.beginResetModel()
        self._trace, self.length, self._cut = trace, length, {}
        self._cells = _cells(trace.inputs)
        self._padding = {TOKEN: padding.piece, ID: str(padding.id), SEGMENT: "0", MASK: "0", LABEL: NOTHING}
        self.endResetModel()

    def show_labels(self, labels: Labels) -> None:
        """Says what each token is asked for."""
        self.names = (*self.names[:LABEL], labels.name)
        self._cells[LABEL] = [NOTHING if text is None else text for text in labels.texts]
        self._padding[LABEL] = labels.padding
        self.headerDataChanged.emit(Qt.Orientation.Vertical, LABEL, LABEL)
        self._changed(0, self.length - 1)

    def show_words(self, words: Sequence[Word]) -> None:
        """Fills in how the text became pieces."""
        self._cut = {word.tokens.start: word.tokens for word in words if len(word.tokens) > 1}
        for word in words:
            for token in word.tokens:
                self._cells[TYPED][token], self._cells[NORMALISED][token] = word.how.typed, word.how.word
        self._changed(0, self.tokens - 1)

    def set_length(self, length: int) -> None:
        """Fills the same input up to another length."""
        if length > self.length:
            self.beginInsertColumns(QModelIndex(), self.length, length - 1)
            self.length = length
            self.endInsertColumns()
        elif length < self.length:
            self.beginRemoveColumns(QModelIndex(), length, self.length - 1)
            self.length = length
            self.endRemoveColumns()

    def mark(self, token: int | None) -> None:
        """Tints the column of ``token``."""
        former, self.marked = self.marked, token
        for column in (former, token):
            if column is not None and column < self.columnCount():
                first = max((start for start, tokens in self._cut.items() if column in tokens), default=column)
                self._changed(first, column)

    def sheet(self) -> Sheet:
        """What the table says, a column a position."""
        rows = [row for row in range(len(self.names)) if row != GAP]
        values = [[self.text(row, column) for column in range(self.length)] for row in rows]
        return Sheet(
            np.array(values, dtype=object),
            [self.names[row] for row in rows],
            [str(column) for column in range(self.length)],
        )

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.names)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self.length

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:  # tokens are not seen above the columns, but read aloud
            return self.names[section] if orientation == Qt.Orientation.Vertical else self.text(TOKEN, section)
        if orientation == Qt.Orientation.Vertical and role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.names[row]}: {self.text(row, column)}"
        return None

    def look(self, row: int, column: int) -> Cell:
        """What a cell says, and how."""
        font = _font(bold=row in (PIECES, TOKEN))
        alignment = LEFT if len(self._tokens(row, column)) > _WIDE else CENTRE
        return Cell(self.text(row, column), font, self._ink(row, column), self._tint(row, column), alignment)

    def text(self, row: int, column: int) -> str:
        """What a cell says."""
        if column < self.tokens:
            return self._cells[row][column]
        return str(column) if row == POSITION else self._padding.get(row, "")

    def _ink(self, row: int, column: int) -> str:
        assert self._trace is not None
        colours = theme.palette()
        if column >= self.tokens:
            return colours.special if row == TOKEN else colours.faint
        if self._trace.inputs.texts[column] is None and row in (PIECES, TOKEN):
            return colours.special
        asked = row == LABEL and self._cells[row][column] not in (NOTHING, self._padding[TOKEN])
        return colours.ink if asked or row in (TYPED, PIECES, TOKEN, ID) else colours.faint

    def _tint(self, row: int, column: int) -> str | None:
        assert self._trace is not None
        if row == GAP or column >= self.tokens:
            return None
        colours, edit = theme.palette(), self._trace.scenario.edit_at(column)
        asked = row == LABEL and self._cells[row][column] == self._trace.inputs.originals[column]
        if edit is not None and (row == TOKEN or asked):
            return theme.mixed(colours.paper, getattr(colours, _EDITS[edit.kind]), 0.35)
        if row == SEGMENT:
            segment = colours.segment_b if self._trace.segments[column] else colours.segment_a
            return theme.mixed(colours.paper, segment, 0.25)
        is_marked = self.marked in self._tokens(row, column)
        return theme.mixed(colours.paper, colours.accent, 0.12) if is_marked else None

    def _tokens(self, row: int, column: int) -> range:
        """The columns that a cell speaks of: all of its word's above the pieces."""
        alone = range(column, column + 1)
        return self._cut.get(column, alone) if row in (TYPED, NORMALISED) else alone

    def _changed(self, first: int, last: int) -> None:
        if last >= first:
            self.dataChanged.emit(self.index(0, first), self.index(len(self.names) - 1, last))


class InputTable(QTableView):
    """Shows an input. A click or the arrow keys choose a token."""

    chosen = Signal(int)
    hovered = Signal(object)  # the token under the mouse, None where there is none
    reached = Signal(QRect)  # the cell that mouse or keys have come to, in pixels of the viewport

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = InputModel(self)
        self.setModel(self.rows)
        self.setItemDelegate(Cells(self, self.rows.look))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.horizontalHeader().hide()
        for header in (self.horizontalHeader(), self.verticalHeader()):
            header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
            header.setMinimumSectionSize(1)
        self.selectionModel().currentChanged.connect(self._tell)
        self.clicked.connect(lambda index: self._tell(index, index))  # the cell may be the current one already
        self.entered.connect(self._point)

    def show_inputs(self, trace: Trace, padding: Padding, length: int) -> None:
        """Shows another input, filled up to ``length``; its words are not known yet."""
        current = self.currentIndex()
        self.clearSpans()
        self.rows.show_inputs(trace, padding, length)
        self._span_gap()
        self._size()
        if current.isValid() and current.column() < self.rows.columnCount():
            self._go(current.row(), current.column())

    def show_words(self, words: Sequence[Word]) -> None:
        """Fills in how the text became pieces: a word spans them."""
        self.rows.show_words(words)
        for word in words:
            if len(word.tokens) > 1:
                for row in (TYPED, NORMALISED):
                    self.setSpan(row, word.tokens.start, 1, len(word.tokens))
        self._size()

    def show_labels(self, labels: Labels) -> None:
        """Says what each token is asked for."""
        self.rows.show_labels(labels)
        self._size()

    def set_length(self, length: int) -> None:
        """Fills the input up to another length, and shows where the padding begins."""
        with QSignalBlocker(self.selectionModel()):  # a column that goes hands its cell on: that is nobody's choice
            self.rows.set_length(length)
        self._span_gap()
        self._fit()
        if length > self.rows.tokens:
            self.scrollTo(self.rows.index(TOKEN, min(length, self.rows.tokens + _SHOWN_PADDING) - 1))

    def mark(self, token: int | None) -> None:
        """Tints the column of ``token``, and brings it into sight if it was chosen elsewhere."""
        if token == self.rows.marked:
            return
        self.rows.mark(token)
        if token is not None and not self.underMouse() and not self.hasFocus():
            self.scrollTo(self.rows.index(TOKEN, token))

    def sizeHint(self) -> QSize:
        return QSize(600, self.height())

    def minimumSizeHint(self) -> QSize:
        letters = round(QFontMetricsF(_font(bold=True)).averageCharWidth() * _LEAST)
        return QSize(self.verticalHeader().sizeHint().width() + letters, self.height())

    def focusInEvent(self, event: QFocusEvent) -> None:
        with QSignalBlocker(self.selectionModel()):  # Qt makes the first cell current: that is nobody's choice
            super().focusInEvent(event)
            if self.rows.marked is not None and self.rows.marked != self.currentIndex().column():
                self.setCurrentIndex(self.rows.index(TOKEN, self.rows.marked))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self.hovered.emit(None)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "rows"):
            self._size()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _size(self) -> None:
        """Columns as wide as what they say, from the fixed font's width instead of asking every cell.

        Only letters of other scripts and emoji, which other fonts draw, are measured each.
        """
        metrics = QFontMetricsF(_font(bold=True))
        height = round(metrics.height()) + 8
        for row in range(self.rows.rowCount()):
            self.setRowHeight(row, _GAP_HEIGHT if row == GAP else height)

        def width(texts: list[str]) -> int:
            longest = max(texts, key=lambda text: (text.isascii(), len(text)))
            measured = {longest, *(text for text in texts if not text.isascii())}
            return round(max(metrics.horizontalAdvance(text[:_WIDEST]) for text in measured)) + 22

        rows = range(self.rows.rowCount())
        padding = width([self.rows.text(row, _LAST) for row in rows])
        self.horizontalHeader().setDefaultSectionSize(padding)
        for column in range(self.rows.tokens):
            written = rows[PIECES:] if self.columnSpan(TYPED, column) > 1 else rows  # a word takes all its columns
            self.setColumnWidth(column, width([self.rows.text(row, column) for row in written]))
        for column in range(self.rows.tokens, self.rows.length):  # they may have been tokens before
            self.setColumnWidth(column, padding)
        self._fit()

    def _span_gap(self) -> None:
        if self.rows.length > 1:
            self.setSpan(GAP, 0, 1, self.rows.length)

    def _fit(self) -> None:
        """As tall as its rows, and the bar below them only where it is needed."""
        bar = self.horizontalScrollBar()
        needed = self.horizontalHeader().length() + self.verticalHeader().width() > self.width()
        self.setFixedHeight(self.verticalHeader().length() + (bar.sizeHint().height() if needed else 0) + 2)

    def _go(self, row: int, column: int) -> None:
        with QSignalBlocker(self.selectionModel()):
            self.setCurrentIndex(self.rows.index(row, column))

    def _point(self, index: QModelIndex) -> None:
        self.hovered.emit(index.column() if index.column() < self.rows.tokens else None)

    def _tell(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self.reached.emit(self.visualRect(current))
            if current.column() < self.rows.tokens:
                self.chosen.emit(current.column())


def _cells(inputs: Inputs) -> list[list[str]]:
    """What the rows say, by token; what was typed is not known yet."""
    ids, labels = [str(entry) for entry in inputs.input_ids], inputs.labels.tolist()
    nothing = [""] * len(inputs)
    cells: dict[int, list[str]] = {
        TYPED: list(nothing),
        NORMALISED: list(nothing),
        PIECES: list(inputs.originals),
        # Where a token was chosen for prediction, its label is the id that the text has there.
        IDS: [entry if label == NO_LABEL else str(label) for entry, label in zip(ids, labels, strict=True)],
        GAP: nothing,
        TOKEN: list(inputs.tokens),
        ID: ids,
        SEGMENT: ["AB"[segment] + f" {segment}" for segment in inputs.segments.tolist()],
        POSITION: [str(position) for position in inputs.positions.tolist()],
        MASK: ["1"] * len(inputs),
        LABEL: [NOTHING] * len(inputs),
    }
    return [cells[row] for row in range(len(cells))]


def _font(*, bold: bool) -> QFont:
    font = theme.mono()
    font.setBold(bold)
    return font
