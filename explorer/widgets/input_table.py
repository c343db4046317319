"""From typed words to the rows that a BERT reads: a column a token, a word as wide as its pieces (C8, C11)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSignalBlocker,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFocusEvent, QFont, QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QHeaderView, QTableView, QWidget

from explorer import theme
from model.inputs import NO_LABEL
from model.trace import Trace

if TYPE_CHECKING:
    from model.wordpiece import Explanation

Index = QModelIndex | QPersistentModelIndex

TYPED, NORMALISED, PIECES, IDS, GAP, TOKEN, ID, SEGMENT, POSITION, MASK, LABEL = range(11)

_WIDEST = 28  # characters of a column; what is longer is cut, and whole in the sentence below
_GAP_HEIGHT = 10  # pixels between what the text says and what the network reads
_EDITS = {"mask": "masked", "replace": "replaced", "keep": "kept"}  # the palette's names for them


class Word(NamedTuple):
    """How a typed word became pieces, and the positions of these in the input."""

    how: Explanation
    tokens: range


class InputModel(QAbstractTableModel):
    """The rows of one input, a column a token."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._trace: Trace | None = None
        self._words: dict[int, Word] = {}  # by token
        self._ids: dict[int, int] = {}  # of the pieces, by token
        self.marked: int | None = None
        self.names = (
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

    def show_inputs(self, trace: Trace) -> None:
        """Shows another input; its words are not known yet."""
        self.beginResetModel()
        self._trace, self._words, self._ids = trace, {}, {}
        self.endResetModel()

    def show_words(self, words: Sequence[Word]) -> None:
        """Fills in how the text became pieces."""
        self._words = {token: word for word in words for token in word.tokens}
        self._ids = {token: id_ for word in words for token, id_ in zip(word.tokens, word.how.ids, strict=False)}
        self._changed(0, self.columnCount() - 1)

    def mark(self, token: int | None) -> None:
        """Tints the column of ``token``."""
        former, self.marked = self.marked, token
        for column in (former, token):
            if column is not None and column < self.columnCount():
                self._changed(column, column)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.names)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() or self._trace is None else len(self._trace.tokens)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Vertical and role == Qt.ItemDataRole.DisplayRole:
            return self.names[section]
        if orientation == Qt.Orientation.Vertical and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = index.row(), index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(row, column)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignCenter
        if role == Qt.ItemDataRole.FontRole:
            return _font(bold=row in (PIECES, TOKEN))
        if role == Qt.ItemDataRole.ForegroundRole:
            return self._ink(row, column)
        if role == Qt.ItemDataRole.BackgroundRole:
            return self._tint(row, column)
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.names[row]}: {self.text(row, column)}"
        return None

    def text(self, row: int, column: int) -> str:
        """What a cell says."""
        assert self._trace is not None
        inputs, word = self._trace.inputs, self._words.get(column)
        label = int(inputs.labels[column])
        return {
            TYPED: word.how.typed if word else "",
            NORMALISED: word.how.word if word else "",
            PIECES: inputs.originals[column],
            IDS: str(self._ids.get(column, inputs.input_ids[column] if label == NO_LABEL else label)),
            GAP: "",
            TOKEN: inputs.tokens[column],
            ID: str(inputs.input_ids[column]),
            SEGMENT: "AB"[int(inputs.segments[column])] + f" {int(inputs.segments[column])}",
            POSITION: str(inputs.positions[column]),
            MASK: "1",
            LABEL: "–" if label == NO_LABEL else str(label),
        }[row]

    def _ink(self, row: int, column: int) -> QColor:
        assert self._trace is not None
        colours = theme.palette()
        if self._trace.inputs.texts[column] is None and row in (PIECES, TOKEN):
            return QColor(colours.special)
        return QColor(colours.ink if row in (TYPED, PIECES, TOKEN, ID) else colours.faint)

    def _tint(self, row: int, column: int) -> QColor | None:
        assert self._trace is not None
        colours, edit = theme.palette(), self._trace.scenario.edit_at(column)
        if row == GAP:
            return None
        if row in (TOKEN, LABEL) and edit is not None:
            return QColor(theme.mixed(colours.paper, getattr(colours, _EDITS[edit.kind]), 0.35))
        if row == SEGMENT:
            segment = colours.segment_b if self._trace.segments[column] else colours.segment_a
            return QColor(theme.mixed(colours.paper, segment, 0.25))
        return QColor(theme.mixed(colours.paper, colours.accent, 0.12)) if column == self.marked else None

    def _changed(self, first: int, last: int) -> None:
        if last >= first:
            self.dataChanged.emit(self.index(0, first), self.index(len(self.names) - 1, last))


class InputTable(QTableView):
    """Shows an input. A click or the arrow keys choose a token."""

    chosen = Signal(int)
    hovered = Signal(object)  # the token under the mouse, None where there is none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = InputModel(self)
        self.setModel(self.rows)
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
        self.entered.connect(lambda index: self.hovered.emit(index.column()))

    def show_inputs(self, trace: Trace) -> None:
        """Shows another input; its words are not known yet."""
        current = self.currentIndex()
        self.clearSpans()
        self.rows.show_inputs(trace)
        if len(trace.tokens) > 1:
            self.setSpan(GAP, 0, 1, len(trace.tokens))
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

    def mark(self, token: int | None) -> None:
        """Tints the column of ``token``, and brings it into sight if it was chosen elsewhere."""
        if token == self.rows.marked:
            return
        self.rows.mark(token)
        if token is not None and not self.underMouse() and not self.hasFocus():
            self.scrollTo(self.rows.index(TOKEN, token))

    def sizeHint(self) -> QSize:
        return QSize(600, self.verticalHeader().length() + self.horizontalScrollBar().sizeHint().height() + 2)

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
        """Columns as wide as what they say, from the fixed font's width instead of asking every cell."""
        metrics = QFontMetricsF(_font(bold=True))
        height = round(metrics.height()) + 10
        for row in range(self.rows.rowCount()):
            self.setRowHeight(row, _GAP_HEIGHT if row == GAP else height)
        for column in range(self.rows.columnCount()):
            texts = [self.rows.text(row, column) for row in range(self.rows.rowCount())]
            wide = max(texts[PIECES:], key=len)
            spanned = self.columnSpan(TYPED, column)
            if spanned == 1:
                wide = max(texts, key=len)
            self.setColumnWidth(column, round(metrics.horizontalAdvance(wide[:_WIDEST])) + 22)
        self._fit()

    def _fit(self) -> None:
        """No taller than its rows, and the bar below them only where it is needed."""
        bar = self.horizontalScrollBar()
        needed = self.horizontalHeader().length() + self.verticalHeader().width() > self.width()
        self.setFixedHeight(self.verticalHeader().length() + (bar.sizeHint().height() if needed else 0) + 2)

    def _go(self, row: int, column: int) -> None:
        with QSignalBlocker(self.selectionModel()):
            self.setCurrentIndex(self.rows.index(row, column))

    def _tell(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(current.column())


def _font(*, bold: bool) -> QFont:
    font = theme.mono()
    font.setBold(bold)
    return font
