"""A page that switches between several views of one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from explorer.widgets.kept import Kept
from explorer.widgets.page import Page
from explorer.widgets.scroll import Scroll
from explorer.widgets.switch import Switch
from explorer.widgets.view import View
from explorer.workspace import Selection, Workspace

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace


class SwitchedPage(Page):
    """A subclass makes its views and hands them to ``use_views``. Only the one in front is drawn and marked."""

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(workspace, parent)
        self.views: tuple[View, ...] = ()
        self._undrawn: set[View] = set()
        self._differences: dict[View, View | None] = {}
        self._front = QStackedWidget()
        column = QVBoxLayout(self.body)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._front)

    def use_views(self, views: tuple[View, ...], name: str) -> None:
        """Puts ``views`` behind a switch with that accessible ``name``, the first one in front."""
        self.views = views
        self.switch = Switch([view.title for view in views])
        self.switch.setAccessibleName(name)
        self.name_sides(self.switch, (type(view).__name__ for view in views))
        self.tools.addWidget(self.switch)
        for view in views:
            self._front.addWidget(Scroll(view))
            view.said.connect(self._say)
        self.switch.chosen.connect(self._turn)

    @property
    def view(self) -> View:
        """The view in front."""
        return self.views[self._front.currentIndex()]

    def show_view(self, view: View) -> None:
        """Brings a view to the front."""
        self.switch.choose(self.views.index(view))

    def keepers(self) -> dict[str, Kept]:
        return {**super().keepers(), **{f"{type(view).__name__}.": view.kept for view in self.views}}

    def settle(self) -> None:
        super().settle()
        if self.view not in self._undrawn:
            self.view.kept.settle()

    def draw(self, bert: Bert, trace: Trace) -> None:
        self._undrawn = set(self.views)
        self._draw(bert, trace)

    def difference(self) -> View | None:
        if self.view not in self._differences:
            made = self._differences[self.view] = self.view.difference()
            if made is not None:
                self.hold(made)
        return self._differences[self.view]

    @property
    def incomparable(self) -> str:
        return self.view.incomparable or super().incomparable

    def mark(self, selection: Selection) -> None:
        if not self.view.sentence:
            self.view.mark(selection)

    def fail(self, error: Exception) -> None:
        super().fail(error)
        if self.differs:
            return
        self.view.sentence = self.sentence

    def _draw(self, bert: Bert, trace: Trace) -> None:
        view = self.view
        if view in self._undrawn:
            self._undrawn.remove(view)
            view.sentence = ""
            view.draw(bert, trace)
            view.kept.settle()
        self._say()

    def _draw_difference(self, bert: Bert, trace: Trace) -> None:
        self.ask(self.view.question)
        super()._draw_difference(bert, trace)

    def _turn(self, place: int) -> None:
        self._front.setCurrentIndex(place)
        bert, trace = self.workspace.bert, self.workspace.trace
        if self.differs:
            self._renew()
        elif bert is not None and trace is not None and self.isVisible():
            self._draw(bert, trace)
            self.mark(self.workspace.selection)

    def _say(self) -> None:
        if self.differs:
            return
        self.ask(self.view.question)
        if self.view.sentence:
            self.say(self.view.sentence)
        else:
            self.show_body()
            self.answer = self.view.answer
