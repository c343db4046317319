"""One of several views that a page switches between."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFontMetricsF, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from explorer import theme
from explorer.comparison import Answer
from explorer.widgets.beside import Beside
from explorer.widgets.heatmap import Scale
from explorer.widgets.kept import Kept
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.page import Page
from explorer.widgets.picture import Picture
from explorer.workspace import Selection

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace

_LEAST = 14  # lines of text that a map is as high as, at least
_WIDEST = 560  # pixels: bars beyond that only move the figures away from their words


class View(QWidget):
    """What a page holds while it is in front. Like a page it has a question, an answer, ``draw`` and ``mark``.

    ``page`` runs what it has to ask the model. Both methods are called only while the view is in front.
    """

    said = Signal()  # the answer, or the sentence in its place, is another

    def __init__(self, page: Page) -> None:
        super().__init__()
        self.page, self.workspace = page, page.workspace
        self.kept = Kept()
        self._answer = self._instead = ""

    @property
    def title(self) -> str:
        """What the switch calls it."""
        raise NotImplementedError

    @property
    def question(self) -> str:
        """What it answers, in words."""
        raise NotImplementedError

    @property
    def answer(self) -> str:
        """The answer in words. Rich text: what comes from the user must be escaped."""
        return self._answer

    @answer.setter
    def answer(self, sentence: str) -> None:
        self._answer = sentence
        self.said.emit()

    @property
    def sentence(self) -> str:
        """Why there is nothing to show, and what to do; it stands in the view's place. Empty while there is."""
        return self._instead

    @sentence.setter
    def sentence(self, sentence: str) -> None:
        self._instead = sentence
        self.said.emit()

    def difference(self) -> View | None:
        """Makes what stands in its place while the difference is asked for; None where there is none."""
        return None

    @property
    def incomparable(self) -> str:
        """Why ``difference`` makes none, and what to do; empty where there is no more to say than that."""
        return ""

    @property
    def pinned(self) -> Answer:
        """The answer that is pinned: of a view that is drawn while the difference is asked for."""
        pinned = self.workspace.pinned
        assert pinned is not None
        return pinned

    def compare(
        self, lens: Callable[[Answer, Answer], Any], done: Callable[[Any], None], key: str = "difference"
    ) -> None:
        """Runs ``lens`` of the present answer and the pinned one on the worker, as the page's ``examine`` does."""
        pinned = self.pinned
        self.page.examine(key, lambda *now: lens(Answer(*now), pinned), done)

    def draw(self, bert: Bert, trace: Trace) -> None:
        """Shows a new answer of the model."""
        raise NotImplementedError

    def mark(self, selection: Selection) -> None:
        """Shows what is chosen, here or elsewhere."""
        raise NotImplementedError


class MapView(View):
    """A view of cosines: a square map, beside it what goes with it, and below what the marked cell says."""

    def __init__(self, page: Page, picture: Picture, beside: Picture, remark: QLabel | None = None) -> None:
        super().__init__(page)
        self.picture, self.beside = picture, beside
        picture.view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._line = Line()
        self.beside.setMaximumWidth(_WIDEST)
        right = QWidget()
        aside = QVBoxLayout(right)
        aside.setContentsMargins(0, 0, 0, 0)
        aside.addWidget(beside)
        if remark is not None:
            remark.setMaximumWidth(_WIDEST)
            aside.addWidget(remark)
        aside.addStretch(1)
        self._columns = Beside(picture, right, (5, 3))
        self._columns.box.addStretch()  # what is left where both are as wide as they get
        foot = QHBoxLayout()
        foot.setSpacing(16)
        foot.addWidget(Legend(Scale.SIGNED))
        foot.addWidget(self._line, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._columns, 1)
        column.addLayout(foot)
        self._size()

    @property
    def reading(self) -> str:
        """What the marked cell says."""
        return self._line.text()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        widest = max(self.height(), self.picture.tools.sizeHint().width())  # the map is square
        self.picture.setMaximumWidth(self.width() if self._columns.is_stacked else widest)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_columns"):
            self._size()

    def _size(self) -> None:
        side = lines(_LEAST)
        self.picture.view.setMinimumSize(side, side)


def lines(count: float) -> int:
    """Pixels that as many lines of text take."""
    return round(QFontMetricsF(theme.font()).height() * count)


def chosen_token(trace: Trace, selection: Selection) -> int:
    """The token that is chosen, or else the first of the text."""
    return selection.token if selection.token is not None else min(1, len(trace.tokens) - 1)
