"""From [CLS] to the two probabilities: pooled, times two rows of weights, summed, softmax; with every number (C16)."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.axis import Axis
from explorer.widgets.figures import signed
from explorer.widgets.heatmap import Cell, Heatmap, Scale
from explorer.widgets.line import Line
from explorer.widgets.panel import emphasised, note, strong
from explorer.widgets.picture import Picture
from model.lens.next_sentence import LABELS, Verdict
from model.lens.steps import Place, Stage

_WEIGHT = "cls.seq_relationship.weight"
_HEIGHT = 150  # pixels of the five rows, where there is room


class VerdictPath(QWidget):
    """The dimensions that speak most for IsNext stand first, those that speak for NotNext last."""

    inspected = Signal(object)  # the Place of a number that was clicked

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verdict: Verdict | None = None
        self._order = np.zeros(0, dtype=np.int64)  # the dimension in each column
        self._cell: Cell | None = None  # clicked
        self._before, self._line, self._table, self._after = note(), Line(2), Line(3), Line()
        self.heatmap = _Rows(scale=Scale.SIGNED, square=False)
        self.heatmap.set_per_row(True)
        self.heatmap.setAccessibleName(self.tr("What each dimension says for IsNext and NotNext"))
        self.picture = Picture(
            self.heatmap, self._sheet, "next-sentence", self.tr("From [CLS] to the answer"), python=_python
        )
        self.picture.column.insertWidget(1, self._before)
        for label in (self._line, self._table, self._after):
            self.picture.column.addWidget(label)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.picture)
        self.heatmap.hovered.connect(self._preview)
        self.heatmap.chosen.connect(self._choose)

    @property
    def reading(self) -> str:
        """What the marked dimension says, in words."""
        return self._line.text()

    @property
    def table(self) -> str:
        """The steps from the sums to the probabilities, as they are written out."""
        return f"{self._table.text()} {self._after.text()}"

    def show_verdict(self, verdict: Verdict) -> None:
        """Draws another verdict."""
        self._verdict = verdict
        self._order = np.argsort(-verdict.evidence, kind="stable")
        rows = np.concatenate([verdict.pooled[None], verdict.weight, verdict.products])[:, self._order]
        names = (self.tr("pooled"), *(f"× {label}" for label in LABELS), *(f"= {label}" for label in LABELS))
        columns = Axis([str(dimension) for dimension in self._order.tolist()], shown=False)
        self.heatmap.setMinimumHeight(round(QFontMetricsF(theme.mono()).height() * len(rows)) + 4)
        self.heatmap.show_values(np.ascontiguousarray(rows), Axis(names), columns)
        self._before.setText(
            emphasised(
                self.tr(
                    "<b>The pooler</b>, a dense layer with tanh that the lecture leaves out, makes {0} numbers of "
                    "[CLS]. Each is multiplied by a weight for each label. Left stands what speaks most for IsNext; "
                    "every row has its own colours."
                )
            ).format(len(self._order))
        )
        self._table.setFont(theme.mono())
        self._table.say(self._steps(verdict))
        self._table.setMinimumWidth(self._table.needed)
        self._after.say(
            self.tr(
                "exp is taken of the logit less the larger one, {0}; softmax divides it by the sum of both, {1}."
            ).format(signed(float(verdict.logits.max()), 4), signed(float(verdict.exponentials.sum()), 4))
        )
        if self._cell is None:
            self._read(0)
        else:
            self._mark(*self._cell)

    def _sheet(self) -> Sheet:
        values, _, dimensions, _ = self.heatmap.sheet()
        names = ("pooled", *(f"weight {label}" for label in LABELS), *(f"product {label}" for label in LABELS))
        return Sheet(values, names if len(values) else (), dimensions)

    def _preview(self, cell: Cell | None) -> None:
        self._read(cell[1] if cell is not None else self._cell[1] if self._cell is not None else 0)

    def _choose(self, row: int, column: int) -> None:
        self._mark(row, column)
        dimension = int(self._order[min(column, len(self._order) - 1)])
        places = (
            Place(Stage.POOLED, column=dimension),
            *(Place(Stage.WEIGHT, row=label, column=dimension, name=_WEIGHT) for label in range(len(LABELS))),
            *(Place(Stage.NSP_LOGIT, column=label) for label in range(len(LABELS))),
        )
        self.inspected.emit(places[row])

    def _mark(self, row: int, column: int) -> None:
        self._cell = row, min(column, len(self._order) - 1)
        self.picture.mark(self._cell)
        self._read(self._cell[1])

    def _read(self, column: int) -> None:
        verdict = self._verdict
        if verdict is None:
            return
        dimension = int(self._order[column])
        numbers = [signed(float(number[dimension]), 4) for number in (verdict.pooled, verdict.evidence)]
        factors = [
            signed(float(row[dimension]), 4)
            for rows in zip(verdict.weight, verdict.products, strict=True)
            for row in rows
        ]
        sentence = self.tr(
            "Dimension {0}: pooled {1} × {2} = {3} for IsNext, × {4} = {5} for NotNext; "
            "for IsNext rather than NotNext {6}."
        )
        self._line.say(sentence.format(strong(str(dimension)), numbers[0], *factors, strong(numbers[1])))
        self.heatmap.setAccessibleDescription(sentence.format(dimension, numbers[0], *factors, numbers[1]))

    def _steps(self, verdict: Verdict) -> str:
        heads = ("", self.tr("sum"), self.tr("+ bias"), self.tr("= logit"), self.tr("exp"), self.tr("softmax"))
        rows = ["".join(f"<td align='right'>{head}</td>" for head in heads)]
        for place, label in enumerate(LABELS):
            numbers = (verdict.sums, verdict.bias, verdict.logits, verdict.exponentials)
            cells = [label, *(signed(float(number[place]), 4) for number in numbers)]
            cells.append(strong(signed(verdict.probabilities[place], 4)))
            rows.append("".join(f"<td align='right'>{cell}</td>" for cell in cells))
        table = "".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table cellspacing='0' cellpadding='3'>{table}</table>"


def _python() -> str:
    return (
        "verdict = model.lens.next_sentence.verdict(bert, trace)\n"
        "order = np.argsort(-verdict.evidence, kind='stable')\n"
        "values = np.concatenate([verdict.pooled[None], verdict.weight, verdict.products])[:, order]"
    )


class _Rows(Heatmap):
    """Higher than other maps, where there is room."""

    def sizeHint(self) -> QSize:
        return QSize(600, _HEIGHT).expandedTo(self.minimumSize())
