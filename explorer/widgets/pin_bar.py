"""Pin, and in a few words what is pinned."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from explorer import theme
from explorer.comparison import Answer
from explorer.workspace import Workspace

_WIDEST = 320  # pixels of the words


class PinBar(QWidget):
    """A button that pins the answer on screen or lets go of it, and beside it the pinned question."""

    def __init__(self, workspace: Workspace) -> None:
        super().__init__()
        self.workspace = workspace
        self.button, self.pinned = QToolButton(), _Elided()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.pinned)
        row.addWidget(self.button)
        workspace.compared.connect(self._show)

    def use_action(self, action: QAction) -> None:
        """Gives the button the window's action, so that it and the menu are one thing."""
        self.button.setDefaultAction(action)
        self.button.setAccessibleName(action.text())
        self._show()

    def _show(self) -> None:
        answer, action = self.workspace.pinned, self.button.defaultAction()
        if action is not None:
            action.setIconText(self.tr("⚲ Pin") if answer is None else self.tr("⚲ Let go"))
        words = "" if answer is None else self.tr("Pinned: {0}").format(self.words(answer))
        self.pinned.setText(words)
        self.pinned.setToolTip(words)
        self.pinned.setVisible(bool(words))
        self.updateGeometry()

    def words(self, answer: Answer) -> str:
        """What was asked, what was changed in it, and whom: enough to know it by."""
        asked, trace = answer.trace.scenario, answer.trace
        off = len(asked.heads_off), len(asked.layers_off)
        parts = [
            " — ".join(filter(None, (asked.first.strip(), asked.second.strip()))),
            *(
                f"{position} {trace.inputs.originals[position]} → {trace.tokens[position]}"
                for position in _edited(answer)
            ),
            self.tr("segments flipped: {0}").format(len(asked.flips)) if asked.flips else "",
            self.tr("heads off: {0}").format(off[0]) if off[0] else "",
            self.tr("layers off: {0}").format(off[1]) if off[1] else "",
            self.tr("left-to-right") if trace.direction == "left-to-right" else "",
            answer.bert.name,
        ]
        return " · ".join(filter(None, parts))


class _Elided(QLabel):
    """One line of plain text, of which the middle goes where there is no room for it."""

    def __init__(self) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        theme.role(self, "faint")

    def sizeHint(self) -> QSize:
        return QSize(min(_WIDEST, self.fontMetrics().horizontalAdvance(self.text()) + 2), self.fontMetrics().height())

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideMiddle, self.width())
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)


def _edited(answer: Answer) -> list[int]:
    tokens = zip(answer.trace.inputs.originals, answer.trace.tokens, strict=True)
    return [position for position, (original, token) in enumerate(tokens) if original != token]
