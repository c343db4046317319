"""How does a BERT learn? The tab in which one is trained and watched (C13 … C17)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.widgets.page import Page
from explorer.workspace import Workspace

if TYPE_CHECKING:
    from explorer.widgets.training_desk import TrainingDesk
    from model.bert import Bert
    from model.trace import Trace


class PretrainTab(Page):
    """Holds the desk, which is made when it is first asked for: the first picture of the window comes sooner."""

    needs_answer = False  # a model can be trained where none is open
    made = Signal()  # the desk is there

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self._desk: TrainingDesk | None = None

    @property
    def title(self) -> str:
        return self.tr("Pretrain")

    @property
    def question(self) -> str:
        return self.tr("How does a BERT learn?")

    @property
    def desk(self) -> TrainingDesk:
        """All that the tab shows."""
        if self._desk is None:
            from explorer.widgets.training_desk import TrainingDesk

            self._desk = TrainingDesk(self.workspace)
            column = QVBoxLayout(self.body)
            column.setContentsMargins(0, 0, 0, 0)
            column.addWidget(self._desk)
            self._desk.answered.connect(self._say)
            self._desk.say_answer()
            curves = self._desk.curves
            self.kept.add("quantity", lambda: curves.quantity, curves.choose)
            self.kept.add_control("smoothing", curves.smoothing)
            self.kept.add_control("log", curves.log)
            self.kept.settle()
            self.made.emit()
        return self._desk

    @property
    def has_desk(self) -> bool:
        """Whether it was asked for: before that nothing was started here, and nothing is looked at."""
        return self._desk is not None

    def draw(self, bert: Bert, trace: Trace) -> None:
        """Nothing here is about the open model but the race, which listens to its answers itself."""

    def showEvent(self, event: QShowEvent) -> None:
        _ = self.desk
        super().showEvent(event)

    def _say(self, sentence: str) -> None:
        self.answer = sentence
