"""From a number to what it was made of: the step in words, its operands as a table, each of them a number in turn."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QSizePolicy,
    QTableView,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.cells import LEFT, fill
from explorer.widgets.figures import signed
from explorer.widgets.line import Line
from explorer.widgets.number_table import NumberTable
from explorer.widgets.operands import PRODUCTS, Operands
from explorer.widgets.panel import note
from explorer.widgets.step_words import Names, formula, number, title
from explorer.workspace import Workspace
from model import inputs
from model.lens import arithmetic
from model.lens.steps import Operation, Place, Step
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

Index = QModelIndex | QPersistentModelIndex

_LARGEST = 40  # rows and columns of a matrix that is shown as a whole
_ROWS = 33  # of it that are seen at once, where there is room
_NARROWEST = 352  # pixels
_DEEPEST = 40  # numbers of the way here that are kept
_BETWEEN = 5  # pixels between two rows


@dataclass(frozen=True)
class Asked:
    """Numbers on the way to that which is written out, and the input and the model that they are of."""

    way: tuple[Place, ...]
    inputs: inputs.Inputs
    model: object  # configuration and vocabulary: another snapshot of the same run has the same

    @classmethod
    def of(cls, way: tuple[Place, ...], bert: Bert, trace: Trace) -> Asked:
        return cls(way, trace.inputs, (bert.config, bert.tokenizer.tokens))


@dataclass(frozen=True)
class Explained:
    """A step, the matrix that a row of it comes from where that fits on the screen, and the way there now."""

    step: Step
    matrix: Floats | None
    asked: Asked


class Arithmetic(QWidget):
    """Listens to ``workspace.inspected``. Return or a click on an operand goes on to it, Backspace goes back."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._asked: Asked | None = None
        self.step: Step | None = None
        self.back = QToolButton()
        self.back.setText("←")
        self.back.setToolTip(self.tr("Back to the number before"))
        self.back.setAccessibleName(self.back.toolTip())
        self.heading = QLabel(wordWrap=True)
        self.heading.setTextFormat(Qt.TextFormat.PlainText)
        self.heading.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)  # names can be long
        theme.role(self.heading, "heading")
        self.formula = Line(role="mono")
        self.hint = note()
        self.table = QTableView()
        self.operands = Operands(self.table)
        self.whole = note()
        self.matrix = NumberTable()
        self.matrix.setAccessibleName(self.tr("The whole matrix"))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._lay_out()
        self.back.clicked.connect(self.go_back)
        self.table.clicked.connect(self._follow)
        workspace.inspected.connect(self.begin)
        workspace.answered.connect(self._ask)
        self._show_nothing("")

    @property
    def way(self) -> tuple[Place, ...]:
        """The numbers on the way here, the one that is written out last."""
        return () if self._asked is None else self._asked.way

    def begin(self, place: Place) -> None:
        """Explains a number that was clicked somewhere else."""
        self._go((place,))

    def go_on(self, place: Place) -> None:
        """Explains an operand of the step that is shown."""
        self._go((*self.way[-_DEEPEST:], place))

    def go_back(self) -> None:
        """Shows the step before again."""
        if len(self.way) > 1:
            self._go(self.way[:-1])

    def take_keys(self) -> None:
        """Gives the keys to the operands, or to whatever there is."""
        (self.table if self.table.isVisible() else self).setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Backspace:
            self.go_back()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._follow(self.table.currentIndex())
        else:
            super().keyPressEvent(event)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()

    # How it is laid out

    def _lay_out(self) -> None:
        table = self.table
        table.setModel(self.operands)
        fill(table, self.operands.look)
        table.setAccessibleName(self.tr("Operands"))
        table.setSelectionMode(QTableView.SelectionMode.NoSelection)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(LEFT)
        header.setResizeContentsPrecision(0)  # what is in sight
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setStretchLastSection(False)
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
        column.addWidget(self.matrix, 1)
        column.addStretch(0)
        self.setMinimumWidth(_NARROWEST)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "table") and self.step is not None:
            self._ask()

    # What it says

    def _go(self, way: tuple[Place, ...]) -> None:
        bert, trace = self._workspace.bert, self._workspace.trace
        if bert is not None and trace is not None:
            self._asked = Asked.of(way, bert, trace)
            self._ask()

    def _ask(self) -> None:
        """Has the number written out, in another answer the one at the same tokens."""
        if not self.isVisible():
            return
        asked = self._asked
        if asked is None:
            self._show_nothing(self.tr("Click a number in any tab: how it came about is written out here."))
            return
        self._workspace.examine(
            "arithmetic", lambda bert, trace: _explained(bert, trace, asked), self._show, self._fail
        )

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, ValueError | MemoryError):
            raise error
        self._show_nothing(str(error))

    def _show_nothing(self, sentence: str) -> None:
        had_keys = self.isAncestorOf(self.focusWidget()) if self.focusWidget() is not None else False
        self.step = None
        self.heading.setText(self.tr("How a number came about"))
        self.formula.say("")
        self.hint.setText(escape(sentence))
        self._hide_tables(had_keys)
        self.back.setEnabled(len(self.way) > 1)

    def _hide_tables(self, had_keys: bool) -> None:
        """The keys stay here: the next Backspace is meant for the way back, not for a sentence."""
        if had_keys or self.table.hasFocus() or self.matrix.hasFocus():
            self.setFocus()
        for widget in (self.table, self.whole, self.matrix):
            widget.hide()

    def _show(self, explained: Explained | None) -> None:
        if explained is None:
            self._asked = None
            self._show_nothing(self.tr("What was written out here is not in this answer. Click another number."))
            return
        bert, trace, step = self._workspace.bert, self._workspace.trace, explained.step
        assert bert is not None
        assert trace is not None
        self.step, self._asked = step, explained.asked
        names = Names(trace.tokens, bert.tokenizer.tokens)
        self.heading.setText(f"{title(step.place, names)}: {number(step.value)}")
        self.formula.say(escape(formula(step)))
        self.hint.setText(self._hint(step))
        self._show_operands(step, names)
        self._show_matrix(step, explained.matrix)
        self.back.setEnabled(len(self.way) > 1)

    def _show_operands(self, step: Step, names: Names) -> None:
        self.operands.show_step(step, names)
        rows, height = self.operands.rowCount(), self.fontMetrics().height() + _BETWEEN
        if not rows:
            self._hide_tables(had_keys=False)
            return
        self.table.verticalHeader().setDefaultSectionSize(height)
        self.table.setMaximumHeight(height * (rows + 1) + self.table.horizontalHeader().sizeHint().height())
        self.table.setVisible(True)
        marked = self.operands.index(self.operands.marked(), 1)
        self.table.setCurrentIndex(marked)
        self.table.scrollTo(marked)
        if self.hasFocus():
            self.table.setFocus()

    def _show_matrix(self, step: Step, matrix: Floats | None) -> None:
        """A small matrix as a whole, its row marked: of a large one the table above has the row that matters."""
        for widget in (self.whole, self.matrix):
            widget.setVisible(matrix is not None)
        if matrix is None:
            return
        row = step.terms[0].first.row
        self.whole.setText(self.tr("The whole matrix W; row {0} is multiplied here.").format(row))
        rows, columns = (list(map(str, range(size))) for size in matrix.shape)
        written = np.array([[signed(value, 2) for value in line] for line in matrix.tolist()], dtype=object)
        self.matrix.show_sheet(Sheet(written, rows, columns))
        height = self.fontMetrics().height() + _BETWEEN
        self.matrix.verticalHeader().setMinimumSectionSize(height)
        self.matrix.verticalHeader().setDefaultSectionSize(height)
        self.matrix.setMaximumHeight(height * (min(len(written), _ROWS) + 2) + _BETWEEN)
        self.matrix.resizeColumnsToContents()
        self.matrix.selectRow(row)
        QTimer.singleShot(0, self.matrix, lambda: self.matrix.scrollTo(self.matrix.currentIndex()))  # once laid out

    def _hint(self, step: Step) -> str:
        if step.operation is Operation.LEARNT:
            return self.tr("Here the way ends: this number was learnt, and the same for every input.")
        if step.operation is Operation.OFF:
            return ""
        if step.operation in PRODUCTS:
            return self.tr("The largest products first. A click on a number goes on to it.")
        return self.tr("A click on a number goes on to it.")

    def _follow(self, index: Index) -> None:
        if (place := self.operands.place(index)) is not None:
            self.go_on(place)


def _explained(bert: Bert, trace: Trace, asked: Asked) -> Explained | None:
    """On the worker's thread: the step at the place that is asked for, moved with its tokens; None where it is gone."""
    now = Asked.of(asked.way, bert, trace)
    if now.model != asked.model:
        return None
    if now.inputs is not asked.inputs:
        moved = inputs.align(asked.inputs, now.inputs)
        way = [there for place in asked.way if (there := place.moved(moved.get)) is not None]
        if not way or asked.way[-1].moved(moved.get) is None:
            return None
        now = Asked.of(tuple(way), bert, trace)
    step = arithmetic.explain(bert, trace, now.way[-1])
    matrix = arithmetic.matrix(bert, step)
    return Explained(step, None if matrix is None or max(matrix.shape) > _LARGEST else matrix, now)
