"""What does each token start as? The input embedding, and what its parts are made of (C7, C9, C10)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from explorer.widgets.addition import Addition
from explorer.widgets.page import Page
from explorer.widgets.position_map import PositionMap
from explorer.widgets.scroll import Scroll
from explorer.widgets.segment_flip import SegmentFlip
from explorer.widgets.switch import Switch
from explorer.widgets.token_cosines import TokenCosines
from explorer.widgets.view import View
from explorer.workspace import Selection, Workspace
from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert


class EmbeddingsTab(Page):
    """The addition, cosines between tokens, the position table and what a segment changes, one at a time."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.addition, self.cosines = Addition(self), TokenCosines(self)
        self.positions, self.flip = PositionMap(self), SegmentFlip(self)
        self.views: tuple[View, ...] = (self.addition, self.cosines, self.positions, self.flip)
        self._undrawn: set[View] = set()
        self.switch = Switch([view.title for view in self.views])
        self.switch.setAccessibleName(self.tr("What to show of the embeddings"))
        self.tools.addWidget(self.switch)
        self._front = QStackedWidget()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._front)
        for view in self.views:
            self._front.addWidget(Scroll(view))
            view.said.connect(self._say)
        self.switch.chosen.connect(self._turn)

    @property
    def title(self) -> str:
        return self.tr("Embeddings")

    @property
    def question(self) -> str:
        return self.tr("What does each token start as?")

    @property
    def view(self) -> View:
        """The view in front."""
        return self.views[self._front.currentIndex()]

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._undrawn = set(self.views)
        self._draw(bert, trace)

    def mark(self, selection: Selection) -> None:
        self.view.mark(selection)

    def _draw(self, bert: Bert, trace: Trace) -> None:
        if self.view in self._undrawn:
            self._undrawn.remove(self.view)
            self.view.draw(bert, trace)
        self._say()

    def _turn(self, place: int) -> None:
        self._front.setCurrentIndex(place)
        bert, trace = self.workspace.bert, self.workspace.trace
        if bert is not None and trace is not None and self.isVisible():
            self.show_body()
            self._draw(bert, trace)
            self.mark(self.workspace.selection)

    def _say(self) -> None:
        self.ask(self.view.question)
        self.answer = self.view.answer
