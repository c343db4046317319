"""Every piece that a model knows, as a table that is searched and sorted at once, however many there are (C8)."""

from __future__ import annotations

from html import escape
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetricsF, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableView,
    QWidget,
)

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.cells import LEFT, RIGHT, Cell, fill
from model.lookup import ID, KIND, PIECE, Entries, Kind

Index = QModelIndex | QPersistentModelIndex
_ROWS = 4  # that are seen at least


class VocabularyModel(QAbstractTableModel):
    """The entries that a search found, a row each. It writes out only the rows that are looked at."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries = Entries()
        self.hits: list[int] = []  # ids, from top to bottom
        self.query = ""
        self.order, self.descending = ID, False
        self.marked: int | None = None  # the id of the focused token
        self.names = (self.tr("id"), self.tr("piece"), self.tr("kind"))
        self.kinds: dict[Kind, str] = {
            "word": self.tr("word"),
            "continuation": self.tr("continuation"),
            "special": self.tr("special"),
            "unused": self.tr("unused"),
        }

    def show_entries(self, entries: Entries) -> None:
        """Shows another vocabulary, searched as the former."""
        self.entries, self.marked = entries, None
        self._find()

    def search(self, query: str) -> None:
        """Keeps the pieces that have ``query`` in them."""
        self.query = query
        self._find()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self.order, self.descending = column, order == Qt.SortOrder.DescendingOrder
        self._find()

    @property
    def sorting(self) -> int:
        """Column and direction as one number, for ``sort_as``."""
        return 2 * self.order + self.descending

    def sort_as(self, sorting: int) -> None:
        column, down = divmod(sorting, 2)
        if column < len(self.names):
            self.sort(column, Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder)

    def mark(self, entry: int | None) -> None:
        """Tints the row of the focused token."""
        self.marked = entry

    def row(self, entry: int | None) -> int | None:
        """Where an id stands now, None where the search leaves it out."""
        try:
            return None if entry is None else self.hits.index(entry)
        except ValueError:
            return None

    def sheet(self) -> Sheet:
        """What is found, a row an id."""
        return Sheet(self.entries.written(self.hits), [str(entry) for entry in self.hits], self.names[PIECE:])

    def python(self) -> str:
        """The lines that make the sheet's values."""
        lines = "entries = lookup.of(bert.tokenizer)\n"
        descending = ", descending=True" if self.descending else ""
        found = f"entries.found({self.query!r}, {self.order}{descending})"
        return f"from model import lookup\n\n{lines}values = entries.written({found})"

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.hits)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            if orientation == Qt.Orientation.Vertical:
                return str(self.hits[section])
            arrow = ("▼" if self.descending else "▲") if section == self.order else ""
            return f"{self.names[section]} {arrow}".rstrip()
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section == ID else LEFT
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry, column = self.hits[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(entry, column)
        if role == Qt.ItemDataRole.ToolTipRole and column == PIECE:
            return escape(self._text(entry, PIECE))
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return f"{self.names[column]}: {self._text(entry, column)}"
        return None

    def look(self, row: int, column: int) -> Cell:
        """What a cell says, and how."""
        entry, colours = self.hits[row], theme.palette()
        ink = colours.faint
        if column == PIECE:
            ink = colours.special if self.entries.kinds[entry] in ("special", "unused") else colours.ink
        tint = theme.mixed(colours.paper, colours.accent, 0.12) if entry == self.marked else None
        font = theme.font() if column == KIND else theme.mono()
        return Cell(self._text(entry, column), font, ink, tint, RIGHT if column == ID else LEFT)

    def _text(self, entry: int, column: int) -> str:
        if column == ID:
            return str(entry)
        return self.entries.tokens[entry] if column == PIECE else self.kinds[self.entries.kinds[entry]]

    def _find(self) -> None:
        self.beginResetModel()
        self.hits = self.entries.found(self.query, self.order, descending=self.descending)
        self.endResetModel()


class VocabularyTable(QTableView):
    """Shows a ``VocabularyModel``. A header sorts; Enter or a double click takes a piece."""

    taken = Signal(int)  # the id of the row
    reached = Signal()  # another row is the current one

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows = VocabularyModel(self)
        self.setModel(self.rows)
        fill(self, self.rows.look)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Vocabulary"))
        self.verticalHeader().hide()
        self.verticalHeader().setMinimumSectionSize(1)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        header.setSectionResizeMode(PIECE, QHeaderView.ResizeMode.Stretch)
        header.setSectionsClickable(True)
        header.sectionClicked.connect(self.turn)
        self.rows.modelReset.connect(self.reached)
        self._size()

    @property
    def entry(self) -> int | None:
        """The id of the current row."""
        row = self.currentIndex().row()
        return self.rows.hits[row] if 0 <= row < len(self.rows.hits) else None

    def show_entry(self, entry: int | None) -> None:
        """Makes the row of an id the current one, in the middle, where the search has it."""
        row = self.rows.row(entry)
        if row is not None:
            index = self.rows.index(row, PIECE)
            self.setCurrentIndex(index)
            self.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)

    def turn(self, column: int) -> None:
        """Sorts by a column, or by the same the other way round; the current row stays in sight."""
        entry = self.entry
        again = self.rows.order == column and not self.rows.descending
        self.rows.sort(column, Qt.SortOrder.DescendingOrder if again else Qt.SortOrder.AscendingOrder)
        self.scrollToTop()
        self.show_entry(entry)

    def currentChanged(self, current: Index, previous: Index) -> None:
        super().currentChanged(current, previous)
        self.reached.emit()

    def keyboardSearch(self, search: str) -> None:
        """Nothing: letters are the window's, and the field above searches."""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.entry is not None:
            self.taken.emit(self.entry)
        else:
            super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        if self.entry is not None and self.indexAt(event.position().toPoint()).isValid():
            self.taken.emit(self.entry)

    def sizeHint(self) -> QSize:
        return QSize(self.minimumWidth(), 2 * self.minimumHeight())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "rows"):
            self._size()

    def _size(self) -> None:
        """Columns by their fonts: ids and kinds as wide as they come, the pieces take the rest."""
        figures, words = QFontMetricsF(theme.mono()), QFontMetricsF(self.font())
        heading = round(words.horizontalAdvance(f"{self.rows.names[ID]} ▲")) + 18
        ids = max(round(figures.horizontalAdvance("0" * 6)) + 14, heading)
        kinds = round(max(map(words.horizontalAdvance, (f"{self.rows.names[KIND]} ▲", *self.rows.kinds.values())))) + 24
        line = round(figures.height()) + 6
        self.setColumnWidth(ID, ids)
        self.setColumnWidth(KIND, kinds)
        self.verticalHeader().setDefaultSectionSize(line)
        bar = self.verticalScrollBar().sizeHint().width()
        self.setMinimumWidth(ids + round(figures.horizontalAdvance("0" * 14)) + kinds + bar)
        self.setMinimumHeight(self.horizontalHeader().sizeHint().height() + _ROWS * line)
