"""From a number to what it was made of: the step in words, its operands as a table, each of them a number in turn."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QHeaderView, QLabel, QTableView, QToolButton, QVBoxLayout, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.cells import LEFT, RIGHT, Cell, Cells
from explorer.widgets.figures import signed
from explorer.widgets.line import Line
from explorer.widgets.number_table import NumberTable
from explorer.widgets.panel import note
from explorer.widgets.step_words import Names, formula, number, title
from explorer.workspace import Workspace
from model.lens import arithmetic
from model.lens.steps import Operation, Place, Stage, Step
from model.trace import Floats

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace

if TYPE_CHECKING:
    pass

Index = QModelIndex | QPersistentModelIndex

_LARGEST = 40  # rows and columns of a matrix that is shown as a whole
_NARROWEST = 300  # pixels
_DEEPEST = 40  # numbers of the way here that are kept


@dataclass(frozen=True)
class Entry:
    """A row of the table: the operands at one index, and their product where they are multiplied."""

    name: str
    places: tuple[Place, ...]
    values: tuple[float, ...]
    product: float | None = None


class Arithmetic(QWidget):
    """Listens to ``workspace.inspected``. Return or a double click on an operand goes on to it, Backspace goes back."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._way: list[Place] = []
        self.step: Step | None = None
        self.back = QToolButton()
        self.back.setText("←")
        self.back.setToolTip(self.tr("Back to the number before"))
        self.back.setAccessibleName(self.back.toolTip())
        self.heading = QLabel(wordWrap=True)
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        theme.role(self.heading, "heading")
        self.formula = Line(role="mono")
        self.hint = note()
        self.table = QTableView()
        self.operands = _Operands(self.table)
        self.whole = note()
        self.matrix = NumberTable()
        self.matrix.setAccessibleName(self.tr("The whole matrix"))
        self._lay_out()
        self.back.clicked.connect(self.go_back)
        self.table.clicked.connect(self._follow)
        self.table.activated.connect(self._follow)
        workspace.inspected.connect(self.begin)
        workspace.answered.connect(self._renew)
        self._show_nothing("")

    def begin(self, place: Place) -> None:
        """Explains a number that was clicked somewhere else."""
        self._way = [place]
        self._ask()

    def go_on(self, place: Place) -> None:
        """Explains an operand of the step that is shown."""
        self._way = [*self._way[-_DEEPEST:], place]
        self._ask()

    def go_back(self) -> None:
        """Shows the step before again."""
        if len(self._way) > 1:
            self._way.pop()
            self._ask()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Backspace:
            self.go_back()
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._ask()

    # How it is laid out

    def _lay_out(self) -> None:
        table = self.table
        table.setModel(self.operands)
        table.setItemDelegate(Cells(table, self.operands.look))
        table.setAccessibleName(self.tr("Operands"))
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setSelectionMode(QTableView.SelectionMode.NoSelection)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(LEFT)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        row = QHBoxLayout()
        row.addWidget(self.back, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.heading, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        column.addLayout(row)
        for widget in (self.formula, self.hint):
            column.addWidget(widget)
        column.addWidget(table, 1)
        column.addWidget(self.whole)
        column.addWidget(self.matrix)
        column.addStretch(0)
        self.setMinimumWidth(_NARROWEST)
        self._size()

    def _size(self) -> None:
        self.table.verticalHeader().setDefaultSectionSize(self.table.fontMetrics().height() + 5)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "table"):
            self._size()

    # What it says

    def _renew(self) -> None:
        """Explains the same number of another answer."""
        self._ask()

    def _ask(self) -> None:
        if not self.isVisible():
            return
        if not self._way:
            self._show_nothing(self.tr("Click a number in any tab: how it came about is written out here."))
            return
        place = self._way[-1]
        self._workspace.examine(
            "arithmetic", lambda bert, trace: _explained(bert, trace, place), self._show, self._fail
        )

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, ValueError | MemoryError):
            raise error
        self._show_nothing(str(error))

    def _show_nothing(self, sentence: str) -> None:
        self.step = None
        self.heading.setText(self.tr("How a number came about"))
        self.formula.say("")
        self.hint.setText(escape(sentence))
        for widget in (self.table, self.whole, self.matrix):
            widget.hide()
        self.back.setEnabled(len(self._way) > 1)

    def _show(self, explained: tuple[Step, Floats | None]) -> None:
        step, matrix = explained
        bert, trace = self._workspace.bert, self._workspace.trace
        assert bert is not None
        assert trace is not None
        self.step = step
        names = Names(trace.tokens, bert.tokenizer.tokens)
        self.heading.setText(f"{title(step.place, names)}: {number(step.value)}")
        self.formula.say(escape(formula(step)))
        self.operands.show_step(step, names)
        self.hint.setText(self._hint(step))
        self.table.setVisible(self.operands.rowCount() > 0)
        height = self.table.verticalHeader().defaultSectionSize()
        self.table.setMaximumHeight(height * (self.operands.rowCount() + 2) + 4)  # no higher than it needs
        self.table.scrollToTop()
        self.back.setEnabled(len(self._way) > 1)
        self._show_matrix(step, matrix)

    def _show_matrix(self, step: Step, matrix: Floats | None) -> None:
        """A small matrix as a whole, its row marked: of a large one the table above has the row that matters."""
        for widget in (self.whole, self.matrix):
            widget.setVisible(matrix is not None)
        if matrix is None:
            return
        row = step.terms[0].first.row
        self.whole.setText(self.tr("The whole matrix W; row {0} is multiplied here.").format(row + 1))
        numbers = [list(map(str, range(1, size + 1))) for size in matrix.shape]
        written = np.array([[signed(value, 2) for value in line] for line in matrix.tolist()], dtype=object)
        self.matrix.show_sheet(Sheet(written, *numbers))
        self.matrix.resizeColumnsToContents()
        self.matrix.mark((row, 0))
        self.matrix.scrollTo(self.matrix.currentIndex())

    def _hint(self, step: Step) -> str:
        if step.operation is Operation.LEARNT:
            return self.tr("Here the way ends: this number was learnt, and the same for every input.")
        if step.operation is Operation.OFF:
            return ""
        if step.operation in (Operation.DOT, Operation.SCALED_DOT):
            return self.tr("The largest products first. A click on a number goes on to it.")
        return self.tr("A click on a number goes on to it.")

    def _follow(self, index: Index) -> None:
        if (place := self.operands.place(index)) is not None:
            self.go_on(place)


class _Operands(QAbstractTableModel):
    """A row an operand, or a row a product of two; a product's factors stand beside each other."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._columns: tuple[str, ...] = ()
        self._entries: list[Entry] = []
        self._marked = -1

    def show_step(self, step: Step, names: Names) -> None:
        """Shows the operands of another step."""
        self.beginResetModel()
        self._entries, self._columns, self._marked = [], (), -1
        if step.operation in (Operation.DOT, Operation.SCALED_DOT, Operation.COSINE):
            self._show_products(step, names)
        elif step.terms:
            self._show_terms(step, names)
        self.endResetModel()

    def _show_products(self, step: Step, names: Names) -> None:
        left, right = step.terms[:2]
        products = step.products
        names_of = {
            Operation.SCALED_DOT: (self.tr("query"), self.tr("key")),
            Operation.COSINE: (self.tr("a"), self.tr("b")),
        }
        factors = (
            (self.tr("W"), self.tr("x")) if left.first.stage is Stage.WEIGHT else (self.tr("weight"), self.tr("value"))
        )
        self._columns = (self.tr("which"), *names_of.get(step.operation, factors), self.tr("product"))
        for index in np.argsort(-np.abs(products), kind="stable").tolist():
            places = (left.at(index), right.at(index))
            values = (float(left.values[index]), float(right.values[index]))
            self._entries.append(Entry(_which(places[1], names), places, values, float(products[index])))
        if len(step.terms) > 2:
            bias = step.terms[2]
            entry = Entry(self.tr("bias"), (bias.at(0),), (float(bias.values[0]),), float(bias.values[0]))
            self._entries.insert(0, entry)

    def _show_terms(self, step: Step, names: Names) -> None:
        self._columns = (self.tr("which"), self.tr("value"))
        for term in step.terms[1:] if step.operation is Operation.LAYER_NORM else ():
            place = term.at(0)
            self._entries.append(Entry(_short(place), (place,), (float(term.values[0]),)))
        first = len(self._entries)
        terms = step.terms[:1] if step.operation is Operation.LAYER_NORM else step.terms
        for term in terms:
            for index, value in enumerate(term.values.tolist()):
                place = term.at(index)
                name = _which(place, names) if len(term.values) > 1 else title(place, names)
                self._entries.append(Entry(name, (place,), (value,)))
        if step.operation in (Operation.SOFTMAX, Operation.LAYER_NORM):
            self._marked = first + step.index
            self._entries.insert(0, self._entries.pop(self._marked))
            self._marked = 0

    def place(self, index: Index) -> Place | None:
        """That of the number in a cell; of a row's name that of its last operand."""
        entry = self._entries[index.row()]
        column = index.column() - 1
        if 0 <= column < len(entry.places):
            return entry.places[column]
        return entry.places[-1] if column < 0 else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._written(index.row(), index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._entries[index.row()].name
        return None

    def look(self, row: int, column: int) -> Cell:
        """How a cell is painted."""
        colours, entry = theme.palette(), self._entries[row]
        font = theme.font(bold=row == self._marked)
        is_link = 0 <= column - 1 < len(entry.places)
        ink = colours.accent if is_link else colours.ink if column else colours.faint
        return Cell(self._written(row, column), font, ink, None, RIGHT if column else LEFT)

    def _written(self, row: int, column: int) -> str:
        entry = self._entries[row]
        if column == 0:
            return entry.name
        if column - 1 < len(entry.values):
            return number(entry.values[column - 1])
        if column == len(self._columns) - 1 and entry.product is not None:
            return number(entry.product)
        return ""


def _explained(bert: Bert, trace: Trace, place: Place) -> tuple[Step, Floats | None]:
    """On the worker's thread: the step, and the matrix that a row of it comes from where that fits on the screen."""
    step = arithmetic.explain(bert, trace, place)
    matrix = arithmetic.matrix(bert, step)
    return step, None if matrix is None or max(matrix.shape) > _LARGEST else matrix


def _short(place: Place) -> str:
    return place.name.rpartition(".")[2]


def _which(place: Place, names: Names) -> str:
    """What tells an operand from its neighbours."""
    if place.stage in (Stage.SCORE, Stage.ATTENTION):
        return names.token(place.column)
    if place.stage is Stage.MLM_LOGIT:
        return names.entry(place.column)
    if place.stage is Stage.VALUE:
        return names.token(place.row)
    if place.stage is Stage.CONTEXT:
        return f"{place.head + 1}.{place.column + 1}"
    if place.stage is Stage.NSP_LOGIT:
        return ("IsNext", "NotNext")[place.column % 2]
    return str(place.column + 1)
