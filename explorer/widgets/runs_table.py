"""All runs, a row each; those that are chosen have their curves drawn."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QDateTime, QEvent, QLocale, QSignalBlocker, Qt, Signal, SignalInstance
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from explorer import theme
from explorer.widgets.cells import LEFT, RIGHT, Cell, Cells
from explorer.widgets.panel import Panel
from model.training.run import Run
from model.training.summary import Summary

_NAME = 0  # the column whose text is edited
_NUMBERS = (2, 3, 4)  # the columns that stand to the right
_ROWS = 4  # that are seen without scrolling, at least


class RunsTable(Panel):
    """``show_runs`` fills it. What is asked of a run goes out as signals; nothing is changed here."""

    chosen = Signal(tuple)  # runs, the one that is attended to first
    opened = Signal(object)  # a run, as all that follow
    renamed = Signal(object, str)
    duplicated = Signal(object)
    deleted = Signal(object)
    revealed = Signal(object)  # its folder is to be shown
    exported = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.set_heading(self.tr("Runs"), self.tr("choose several to lay their curves over each other"))
        self._summaries: tuple[Summary, ...] = ()
        self.table = QTableWidget(0, 7)
        self.open = QPushButton(self.tr("Open"))
        self.more = QPushButton(self.tr("More"))
        self._lay_out()
        self.table.itemSelectionChanged.connect(self._choose)
        self.table.itemChanged.connect(self._rename)
        self.table.cellDoubleClicked.connect(lambda: self._send(self.opened))
        self.open.clicked.connect(lambda: self._send(self.opened))
        self._choose()

    def show_runs(self, summaries: Sequence[Summary]) -> None:
        """Fills the table; what was chosen stays chosen, as far as it is still there."""
        if tuple(summaries) == self._summaries or self.table.state() == QAbstractItemView.State.EditingState:
            return
        chosen = self.runs
        before, self._summaries = self._summaries, tuple(summaries)
        with QSignalBlocker(self.table):
            self.table.setRowCount(len(summaries))
            for row, summary in enumerate(summaries):
                if row >= len(before) or before[row] != summary:
                    self._fill(row, summary)
            self._select(chosen)
        if self.runs != chosen:
            self._choose()

    @property
    def runs(self) -> tuple[Run, ...]:
        """Those that are chosen, the current one first."""
        model = self.table.selectionModel()
        rows = {index.row() for index in model.selectedRows()}
        current = model.currentIndex().row()
        order = sorted(rows, key=lambda row: (row != current, row))
        return tuple(self._summaries[row].run for row in order if row < len(self._summaries))

    def choose(self, run: Run) -> None:
        """Chooses ``run`` alone, once it is among those shown."""
        with QSignalBlocker(self.table):
            self._select((run,))
        self._choose()

    def edit_name(self) -> None:
        """Lets the user type another name for the chosen run."""
        if (row := self._row) is not None and (item := self.table.item(row, _NAME)) is not None:
            self.table.editItem(item)

    # How it is laid out

    def _lay_out(self) -> None:
        table = self.table
        table.setHorizontalHeaderLabels(
            [
                self.tr("Name"),
                self.tr("Network"),
                self.tr("Steps"),
                self.tr("Validation loss"),
                self.tr("On disk"),
                self.tr("Begun"),
                self.tr("State"),
            ]
        )
        loss = table.horizontalHeaderItem(3)
        assert loss is not None
        loss.setToolTip(self.tr("The least so far, in nats"))
        table.setAccessibleName(self.tr("Runs"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.setItemDelegate(Cells(table, self._look))
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(LEFT)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(True)
        menu = QMenu(self.more)
        menu.aboutToShow.connect(lambda: self._offer(menu))
        self.more.setMenu(menu)
        for button in (self.open, self.more):
            self.tools.addWidget(button)
        self.column.addWidget(table, 1)
        self._size()

    def _size(self) -> None:
        row = self.table.fontMetrics().height() + 8
        self.table.verticalHeader().setDefaultSectionSize(row)
        self.table.setMinimumHeight(row * (_ROWS + 1))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._size()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self._row is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._offer(menu)
        menu.popup(event.globalPos())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._send(self.opened)
        elif event.key() == Qt.Key.Key_Delete:
            self._send(self.deleted)
        else:
            super().keyPressEvent(event)

    def _offer(self, menu: QMenu) -> None:
        menu.clear()
        summary = None if self._row is None else self._summaries[self._row]
        if summary is None:
            menu.addAction(self.tr("No run is chosen")).setEnabled(False)
            return
        idle = not summary.status.alive
        menu.addAction(self.tr("Open as a model"), lambda: self._send(self.opened))
        menu.addAction(self.tr("Rename…"), self.edit_name).setEnabled(idle)
        menu.addAction(self.tr("Begin another with this recipe"), lambda: self._send(self.duplicated))
        menu.addSeparator()
        menu.addAction(self.tr("Export as a Hugging Face directory…"), lambda: self._send(self.exported))
        menu.addAction(self.tr("Show the folder"), lambda: self._send(self.revealed))
        menu.addSeparator()
        menu.addAction(self.tr("Move to the trash…"), lambda: self._send(self.deleted)).setEnabled(idle)

    # What it shows

    def _fill(self, row: int, summary: Summary) -> None:
        steps = f"{summary.step:,}"
        if summary.steps:
            steps = self.tr("{step} of {steps}").format(step=steps, steps=f"{summary.steps:,}")
        texts = (
            summary.run.name,
            summary.size,
            steps,
            "" if summary.best_loss is None else f"{summary.best_loss:.3f}",
            QLocale().formattedDataSize(summary.disk, 1, QLocale.DataSizeFormat.DataSizeSIFormat),
            QDateTime.fromSecsSinceEpoch(round(summary.began)).toString("yyyy-MM-dd HH:mm"),
            self._state(summary),
        )
        for column, text in enumerate(texts):
            item = QTableWidgetItem(text)
            flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
            if column == _NAME and not summary.status.alive:
                flags |= Qt.ItemFlag.ItemIsEditable
            item.setFlags(flags)
            item.setToolTip(str(summary.run.directory) if column == _NAME else summary.status.reason)
            if column in _NUMBERS:
                item.setTextAlignment(RIGHT)
            self.table.setItem(row, column, item)

    def _look(self, row: int, column: int) -> Cell:
        item, colours = self.table.item(row, column), theme.palette()
        text = item.text() if item is not None else ""
        ink = colours.ink if column == _NAME else colours.faint
        return Cell(text, theme.font(), ink, None, RIGHT if column in _NUMBERS else LEFT)

    def _state(self, summary: Summary) -> str:
        return {
            "starting": self.tr("starting"),
            "preparing": self.tr("preparing"),
            "running": self.tr("training"),
            "stopped": self.tr("stopped"),
            "finished": self.tr("finished"),
            "failed": self.tr("failed"),
            "interrupted": self.tr("interrupted"),
        }.get(summary.status.state, summary.status.state)

    def _select(self, runs: Sequence[Run]) -> None:
        rows = [row for row, summary in enumerate(self._summaries) if summary.run in runs]
        self.table.clearSelection()
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.MultiSelection)
        for row in rows:
            if not self.table.selectionModel().isRowSelected(row):
                self.table.selectRow(row)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)

    def _choose(self) -> None:
        for button in (self.open, self.more):
            button.setEnabled(self._row is not None)
        self.chosen.emit(self.runs)

    @property
    def _row(self) -> int | None:
        """That of the run which is attended to."""
        runs = self.runs
        if not runs:
            return None
        return next(row for row, summary in enumerate(self._summaries) if summary.run == runs[0])

    def _send(self, signal: SignalInstance) -> None:
        if (row := self._row) is not None:
            signal.emit(self._summaries[row].run)

    def _rename(self, item: QTableWidgetItem) -> None:
        run = self._summaries[item.row()].run
        if item.column() == _NAME and item.text() != run.name:
            name = item.text()
            with QSignalBlocker(self.table):
                item.setText(run.name)  # until it is called so
            self.renamed.emit(run, name)
