"""All runs, a row each; those that are chosen have their curves drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from PySide6.QtCore import (
    QDateTime,
    QEvent,
    QItemSelectionModel,
    QLocale,
    QSignalBlocker,
    Qt,
    Signal,
    SignalInstance,
)
from PySide6.QtGui import QContextMenuEvent, QFontMetrics, QKeyEvent
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
from explorer.widgets.cells import CELL_SIDE, LEFT, RIGHT, Cell, Cells
from explorer.widgets.panel import Panel, isolated
from model.training.run import Run
from model.training.summary import Summary

_NAME = 0  # the column whose text is edited
_LOSS = 3
_NUMBERS = (2, _LOSS, 6)  # the columns that stand to the right
_ROWS = 4  # that are seen without scrolling, at least
_SIDE = 8  # pixels left and right of a heading
_WIDEST = 24  # figures of a column; what is longer is cut, and whole in its tip


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
        self._summaries: tuple[Summary, ...] = ()  # a row each
        self._waiting: tuple[Summary, ...] | None = None  # to be shown once no name is being typed
        self._renaming: tuple[Run, Run] | None = None  # a run, and what it is to be called: one row all the time
        self.table = QTableWidget(0, 7)
        self.open = QPushButton(self.tr("Open"))
        self.more = QPushButton(self.tr("More"))
        self._lay_out()
        self.table.itemSelectionChanged.connect(self._choose)
        self.table.itemChanged.connect(self._rename)
        self.table.cellDoubleClicked.connect(lambda: self._send(self.opened))
        self.table.itemDelegate().closeEditor.connect(self._show_waiting)
        self.open.clicked.connect(lambda: self._send(self.opened))
        self._name()
        self._choose()

    def show_runs(self, summaries: Sequence[Summary]) -> None:
        """Shows other runs, or the same as they are now; while a name is being typed, afterwards.

        What was chosen stays chosen, and what was scrolled to in sight. A row that says the same is not touched.
        """
        self._waiting = None
        if tuple(summaries) == self._summaries:
            return
        if self.table.state() == QAbstractItemView.State.EditingState:
            self._waiting = tuple(summaries)
            return
        chosen, top = self.runs, self._run_at_top
        runs = [summary.run for summary in summaries]
        renamed = self._renamed(runs)
        with QSignalBlocker(self.table):
            self._arrange(summaries, renamed)
            self._select([renamed.get(run, run) for run in chosen])
            self._fit_columns(QFontMetrics(theme.font()))
            if top is not None and renamed.get(top, top) in runs:
                self._scroll_to(runs.index(renamed.get(top, top)))
        self._name()
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
        """Chooses ``run`` alone, which is one of those shown."""
        with QSignalBlocker(self.table):
            self.table.clearSelection()
            self._select((run,))
        self._choose()

    def edit_name(self) -> None:
        """Lets the user type another name for the chosen run."""
        if (row := self._row) is not None and (item := self.table.item(row, _NAME)) is not None:
            self.table.editItem(item)

    # How it is laid out

    def _lay_out(self) -> None:
        table = self.table
        table.setAccessibleName(self.tr("Runs"))
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.EditKeyPressed)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        table.setItemDelegate(Cells(table, self._look))
        self.open.setToolTip(self.tr("Show the last snapshot of the chosen run in every tab"))
        self.more.setToolTip(self.tr("Rename, export or delete the chosen run, or begin another like it"))
        menu = QMenu(self.more)
        menu.aboutToShow.connect(lambda: self._offer(menu))
        self.more.setMenu(menu)
        for button in (self.open, self.more):
            self.tools.addWidget(button)
        self.column.addWidget(table, 1)
        self._head()
        self._size()

    def _head(self) -> None:
        self._heads = (
            self.tr("Name"),
            self.tr("State"),
            self.tr("Steps"),
            self.tr("Validation loss"),
            self.tr("Network"),
            self.tr("Begun"),
            self.tr("On disk"),
        )
        for column, name in enumerate(self._heads):
            head = QTableWidgetItem(name)
            head.setTextAlignment(RIGHT if column in _NUMBERS else LEFT)
            head.setToolTip(self.tr("The least so far, in nats") if column == _LOSS else "")
            self.table.setHorizontalHeaderItem(column, head)
        header = self.table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # Qt would measure all rows at each that changes
        header.setStretchLastSection(True)

    def _size(self) -> None:
        words = QFontMetrics(theme.font())  # the table's own font follows only after this panel's
        row = words.height() + 8
        self.table.verticalHeader().setDefaultSectionSize(row)
        self.table.setMinimumHeight(row * (_ROWS + 1))
        self._fit_columns(words)

    def _fit_columns(self, words: QFontMetrics) -> None:
        """Makes each column as wide as what it says, up to a point; the last takes what is left besides."""
        most = _WIDEST * words.horizontalAdvance("0")
        header, rows = self.table.horizontalHeader(), range(self.table.rowCount())
        for column, name in enumerate(self._heads):
            texts = {item.text() for row in rows if (item := self.table.item(row, column)) is not None}
            widest = max(map(words.horizontalAdvance, texts), default=0) + 2 * CELL_SIDE + 2
            header.resizeSection(column, max(min(widest, most), words.horizontalAdvance(name) + 2 * _SIDE))

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
        elif event.key() == Qt.Key.Key_F2:  # the table itself edits the column only where the last click was
            self.edit_name()
        else:
            super().keyPressEvent(event)

    def _offer(self, menu: QMenu) -> None:
        menu.clear()
        summary = None if self._row is None else self._summaries[self._row]
        if summary is None:
            menu.addAction(self.tr("No run is chosen")).setEnabled(False)
            return
        run, idle = summary.run, not summary.status.alive
        menu.addAction(self.tr("Open as a model"), lambda: self.opened.emit(run))
        menu.addAction(self.tr("Rename…"), self.edit_name).setEnabled(idle)
        menu.addAction(self.tr("Begin another with this recipe"), lambda: self.duplicated.emit(run))
        menu.addSeparator()
        menu.addAction(self.tr("Export as a Hugging Face directory…"), lambda: self.exported.emit(run))
        menu.addAction(self.tr("Show the folder"), lambda: self.revealed.emit(run))
        menu.addSeparator()
        menu.addAction(self.tr("Move to the trash…"), lambda: self.deleted.emit(run)).setEnabled(idle)

    # What it shows

    def _name(self) -> None:
        several = self.tr("choose several to lay their curves over each other")
        self.set_heading(self.tr("Runs"), several if self._summaries else self.tr("none yet: Start trains the first"))

    def _show_waiting(self) -> None:
        if self._waiting is not None:
            self.show_runs(self._waiting)

    def _renamed(self, runs: Sequence[Run]) -> dict[Run, Run]:
        """What a run that is gone from ``runs`` is called now, if that was asked for here."""
        if self._renaming is None or self._renaming[0] in runs or self._renaming[1] not in runs:
            return {}
        (old, new), self._renaming = self._renaming, None
        return {old: new}

    def _arrange(self, summaries: Sequence[Summary], renamed: Mapping[Run, Run]) -> None:
        """A row a summary, in their order. Rows are taken out and put in: Qt keeps what is chosen of the others."""
        runs, rows = {summary.run for summary in summaries}, list[Summary | None](self._summaries)
        names = [renamed.get(summary.run, summary.run) for summary in self._summaries]
        for row in reversed(range(len(rows))):
            if names[row] not in runs:
                self.table.removeRow(row)
                del rows[row], names[row]
        for row, summary in enumerate(summaries):
            if summary.run not in names[row : row + 1]:
                if summary.run in names:  # further below
                    former = names.index(summary.run)
                    self.table.removeRow(former)
                    del rows[former], names[former]
                self.table.insertRow(row)
                rows.insert(row, None)
                names.insert(row, summary.run)
            if rows[row] != summary:
                self._fill(row, summary)
        self._summaries = tuple(summaries)

    @property
    def _run_at_top(self) -> Run | None:
        """That of the first row in sight; None where nothing was scrolled."""
        row = self.table.verticalScrollBar().value()
        return self._summaries[row].run if 0 < row < len(self._summaries) else None

    def _scroll_to(self, row: int) -> None:
        self.table.verticalScrollBar().setValue(row)

    def _fill(self, row: int, summary: Summary) -> None:
        steps = f"{summary.step:,}"
        if summary.steps:
            steps = self.tr("{step} of {steps}").format(step=steps, steps=f"{summary.steps:,}")
        texts = (
            summary.run.name,
            self._state(summary),
            steps,
            "" if summary.best_loss is None else f"{summary.best_loss:.3f}",
            summary.size,
            QDateTime.fromSecsSinceEpoch(round(summary.began)).toString("yyyy-MM-dd HH:mm"),
            QLocale().formattedDataSize(summary.disk, 1, QLocale.DataSizeFormat.DataSizeSIFormat),
        )
        flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
        for column, text in enumerate(texts):
            item = self.table.item(row, column)
            if item is None:
                item = QTableWidgetItem()
                self.table.setItem(row, column, item)
            item.setText(text)
            editable = Qt.ItemFlag.ItemIsEditable if column == _NAME and not summary.status.alive else flags
            if item.flags() != flags | editable:
                item.setFlags(flags | editable)
            tip = str(summary.run.directory) if column == _NAME else summary.status.reason
            item.setToolTip(f"<p>{escape(tip)}</p>" if tip else "")

    def _look(self, row: int, column: int) -> Cell:
        item, colours = self.table.item(row, column), theme.palette()
        text = item.text() if item is not None else ""
        ink = colours.ink if column == _NAME else colours.faint
        attended = row < len(self._summaries) and self.runs[:1] == (self._summaries[row].run,)
        font = theme.font(bold=attended and column == _NAME)  # what Stop, Resume and Open speak of
        return Cell(isolated(text), font, ink, None, RIGHT if column in _NUMBERS else LEFT)

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
        """Chooses ``runs`` beside what is chosen, the first as the current one. What is so already is not touched."""
        flags, model = QItemSelectionModel.SelectionFlag, self.table.selectionModel()
        rows = {summary.run: row for row, summary in enumerate(self._summaries)}
        found = [self.table.model().index(rows[run], _NAME) for run in runs if run in rows]
        for index in found:
            if not model.isRowSelected(index.row()):
                model.select(index, flags.Select | flags.Rows)
        if found and model.currentIndex().row() != found[0].row():
            model.setCurrentIndex(found[0], flags.NoUpdate)

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
        run, name = self._summaries[item.row()].run, item.text().strip()
        if item.column() != _NAME or item.text() == run.name:
            return
        with QSignalBlocker(self.table):
            item.setText(run.name)  # until it is called so
        if name != run.name:
            self._renaming = run, Run(run.directory.parent / name)
            self.renamed.emit(run, name)
