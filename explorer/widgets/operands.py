"""The operands of a step of arithmetic as a table: a row an operand, or a product of two."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from explorer import theme
from explorer.widgets.cells import LEFT, RIGHT, Cell
from explorer.widgets.step_words import Names, number, title
from model.lens.steps import Doubles, Operation, Place, Stage, Step, Term

Index = QModelIndex | QPersistentModelIndex

PRODUCTS = (Operation.DOT, Operation.SCALED_DOT, Operation.COSINE)


class Operands(QAbstractTableModel):
    """A row an operand, or a row a product of two; a product's factors stand beside each other.

    What a cell says is written when it is looked at: a softmax over a vocabulary has 30,000 rows.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._step: Step | None = None
        self._names = Names((), ())
        self._columns: tuple[str, ...] = ()
        self._rows: list[tuple[Term, int]] | NDArray[np.intp] = []  # single operands, and then ...
        self._order: NDArray[np.intp] = np.zeros(0, np.intp)  # ... the index of each row in the long terms
        self._shares: Doubles = np.zeros((0, 2))  # of a softmax: exp and share, by index

    def show_step(self, step: Step, names: Names) -> None:
        """Shows the operands of another step."""
        self.beginResetModel()
        self._step, self._names, self._rows = step, names, []
        self._order, self._columns = np.zeros(0, np.intp), (self.tr("which"), self.tr("value"))
        if step.operation in PRODUCTS:
            self._show_products(step)
        elif step.operation is Operation.SOFTMAX:
            self._show_shares(step)
        elif step.operation is Operation.LAYER_NORM:
            self._rows = [(step.terms[0], step.index), (step.terms[1], 0), (step.terms[2], 0)]
            self._order = np.arange(len(step.terms[0].values))
        else:
            self._rows = [(term, 0) for term in step.terms]
        self.endResetModel()

    def _show_products(self, step: Step) -> None:
        names_of = {
            Operation.SCALED_DOT: (self.tr("query"), self.tr("key")),
            Operation.COSINE: (self.tr("a"), self.tr("b")),
        }
        learnt = step.terms[0].first.stage is Stage.WEIGHT
        factors = (self.tr("W"), self.tr("x")) if learnt else (self.tr("weight"), self.tr("value"))
        self._columns = (self.tr("which"), *names_of.get(step.operation, factors), self.tr("product"))
        self._rows = [(term, 0) for term in step.terms[2:]]  # the bias
        self._order = np.argsort(-np.abs(step.products), kind="stable")

    def _show_shares(self, step: Step) -> None:
        self._columns = (self.tr("which"), self.tr("score"), self.tr("exp"), self.tr("share"))
        exponentials = np.exp(step.terms[0].values - step.terms[0].values.max())
        self._shares = np.stack([exponentials, exponentials / exponentials.sum()], axis=1)
        self._order = np.argsort(-exponentials, kind="stable")

    def marked(self) -> int:
        """The row of the operand that the step is about; the first where it is about all."""
        if self._step is None or self._step.operation is not Operation.SOFTMAX:
            return 0
        return int(np.flatnonzero(self._order == self._step.index)[0])

    def place(self, index: Index) -> Place | None:
        """That of the number in a cell; of a row's name that of its last operand."""
        if not index.isValid() or self._step is None:
            return None
        row, column = index.row(), index.column()
        if row < len(self._rows):
            term, at = self._rows[row]
            return term.at(at)
        terms = self._long_terms()
        if column > len(terms):
            return None
        return terms[column - 1 if column else -1].at(int(self._order[row - len(self._rows)]))

    def _long_terms(self) -> tuple[Term, ...]:
        assert self._step is not None
        return self._step.terms[: 2 if self._step.operation in PRODUCTS else 1]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._rows) + len(self._order)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._written(index.row(), index.column())
        if role == Qt.ItemDataRole.ToolTipRole and (place := self.place(index)) is not None:
            return title(place, self._names)
        return None

    def look(self, row: int, column: int) -> Cell:
        """How a cell is painted."""
        colours = theme.palette()
        is_one_of_many = self._step is not None and self._step.operation in (Operation.SOFTMAX, Operation.LAYER_NORM)
        font = theme.font(bold=is_one_of_many and row == self.marked())
        is_link = column > 0 and self.place(self.index(row, column)) is not None
        ink = colours.accent if is_link else colours.ink if column else colours.faint
        return Cell(self._written(row, column), font, ink, None, RIGHT if column else LEFT)

    def _written(self, row: int, column: int) -> str:
        assert self._step is not None
        if row < len(self._rows):
            return self._written_alone(row, column)
        index, terms = int(self._order[row - len(self._rows)]), self._long_terms()
        if column == 0:
            return _which(terms[-1].at(index), self._names)
        if column <= len(terms):
            return number(float(terms[column - 1].values[index]))
        if self._step.operation is Operation.SOFTMAX:
            return number(float(self._shares[index, column - 2]))
        return number(float(terms[0].values[index] * terms[1].values[index]))

    def _written_alone(self, row: int, column: int) -> str:
        """One of the operands that stand before the long ones."""
        assert self._step is not None
        term, index = self._rows[row]
        value = number(float(term.values[index]))
        if column == 0:
            is_short = self._step.operation in (*PRODUCTS, Operation.LAYER_NORM)
            if not is_short:
                return title(term.at(index), self._names)
            return self.tr("bias") if self._step.operation in PRODUCTS else self._part(row)
        return value if column in (1, len(self._columns) - 1) else ""

    def _part(self, row: int) -> str:
        """What goes into a LayerNorm beside the numbers that are normalised."""
        return (self.tr("this one"), self.tr("scale"), self.tr("shift"))[row]


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
