"""The twin of every heatmap: the same numbers as a table, for screen readers, for the keyboard and for copying."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFont, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.figures import signed

Index = QModelIndex | QPersistentModelIndex


class NumberModel(QAbstractTableModel):
    """A sheet of numbers. It writes out only the cells that are looked at."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sheet = Sheet(np.zeros((0, 0), dtype=np.float32), (), ())
        self.headings: Callable[[], QFont] = theme.mono

    def show_sheet(self, sheet: Sheet) -> None:
        """Shows other numbers."""
        self.beginResetModel()
        self.sheet = sheet
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self.sheet.values.shape[0]

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self.sheet.values.shape[1]

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._written(index)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.AccessibleTextRole:
            row, column = self.sheet.rows[index.row()], self.sheet.columns[index.column()]
            return f"{row}, {column}: {self._written(index)}"
        return None

    def _written(self, index: Index) -> str:
        value = self.sheet.values[index.row(), index.column()]
        return value if isinstance(value, str) else signed(float(value))

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return (self.sheet.columns if orientation == Qt.Orientation.Horizontal else self.sheet.rows)[section]
        if role == Qt.ItemDataRole.FontRole:
            return self.headings()
        return None


class NumberTable(QTableView):
    """Shows a ``NumberModel``. The copy key puts the selected block on the clipboard, as spreadsheets expect it."""

    chosen = Signal(int, int)  # row and column of the cell that is current

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.numbers = NumberModel(self)
        self.setModel(self.numbers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ContiguousSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.selectionModel().currentChanged.connect(self._tell)

    def show_sheet(self, sheet: Sheet) -> None:
        """Shows other numbers; the current cell stays where it is, if it is there."""
        current = self.currentIndex()
        place = (current.row(), current.column()) if current.isValid() else None
        self.numbers.show_sheet(sheet)
        if place is not None:
            self.mark(place)

    def mark(self, cell: tuple[int, int] | None) -> None:
        """Makes ``cell`` the current one, without telling of it."""
        index = QModelIndex() if cell is None else self.numbers.index(*cell)
        if index != self.currentIndex():
            with QSignalBlocker(self.selectionModel()):
                self.setCurrentIndex(index)
            for view in (self, self.horizontalHeader(), self.verticalHeader()):
                view.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        with QSignalBlocker(self.selectionModel()):  # Qt makes the first cell current: that is nobody's choice
            super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            QGuiApplication.clipboard().setText(self.copied())
        else:
            super().keyPressEvent(event)

    def copied(self) -> str:
        """The selected cells as lines with tabs between them."""
        rows: dict[int, list[str]] = {}
        for index in sorted(self.selectedIndexes(), key=lambda index: (index.row(), index.column())):
            rows.setdefault(index.row(), []).append(str(index.data()))
        return "\n".join("\t".join(row) for row in rows.values())

    def _tell(self, current: QModelIndex, _: QModelIndex) -> None:
        if current.isValid():
            self.chosen.emit(current.row(), current.column())
