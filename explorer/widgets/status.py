"""The two ends of the status line: which model answers, and what is chosen, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from explorer.widgets.panel import isolated
from explorer.workspace import Selection, Workspace

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace


class ModelLabel(QLabel):
    """The open model, its size, and where it computes."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAccessibleName(self.tr("Model"))
        self.setMinimumWidth(1)  # a folder can be called anything: the window does not grow with it
        self._shown: Bert | None = None
        workspace.answered.connect(self._show)
        workspace.refused.connect(self._show)
        self.setText(self.tr("Opening the model: torch is loaded first, which takes a few seconds."))

    def _show(self) -> None:
        bert = self.workspace.bert
        if bert is None:
            self.setText(self.tr("No model is open: choose one with the button above."))
            return
        if bert is self._shown:  # counting takes 10 ms, too much for every answer
            return
        self._shown = bert
        sentence = self.tr("{model}: {count} parameters, CPU")
        self.setText(sentence.format(model=bert.name, count=self._rounded(bert.parameters)))
        self.setToolTip("\n".join(bert.notes))

    def _rounded(self, count: int) -> str:
        if count >= 1_000_000:
            return self.tr("{number} M").format(number=f"{count / 1e6:.1f}")
        return f"{count:,}"


class SelectionLabel(QLabel):
    """The focused token, head or cell. Layers and heads count from 1 here, positions from [CLS] = 0."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setAccessibleName(self.tr("Chosen"))
        workspace.answered.connect(self._show)
        workspace.selection_changed.connect(self._show)

    def _show(self) -> None:
        trace = self.workspace.trace
        self.setText("" if trace is None else self.words(trace, self.workspace.selection))

    def words(self, trace: Trace, selection: Selection) -> str:
        """What is chosen, in a few words."""
        head = ""
        if selection.head is not None:
            layer, number = selection.head
            head = self.tr("layer {layer} head {head}").format(layer=layer + 1, head=number + 1)
            # Where another token was chosen since, the cell is no longer what one looks at.
            if selection.cell is not None and selection.token in (None, selection.cell[0]):
                row, column = selection.cell
                return self.tr("{head}: {row} → {column} {weight}").format(
                    head=head,
                    row=isolated(trace.tokens[row]),
                    column=isolated(trace.tokens[column]),
                    weight=f"{trace.attention[layer, number, row, column]:.2f}",
                )
        if selection.token is None:
            return head
        token = self.tr("position {position}: {piece}").format(
            position=selection.token, piece=isolated(trace.tokens[selection.token])
        )
        return " · ".join(filter(None, (head, token)))
