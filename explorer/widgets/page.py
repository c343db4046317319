"""The frame of every tab: its question, the answer in words, and a body that is drawn only while one can see it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from explorer import theme
from explorer.comparison import Shown
from explorer.widgets.flow import Flow
from explorer.widgets.kept import Kept, Value
from explorer.widgets.line import Line
from explorer.widgets.picture import Picture
from explorer.widgets.scroll import Scroll
from explorer.widgets.switch import Switch
from explorer.workspace import Selection, Workspace

if TYPE_CHECKING:
    from explorer.widgets.view import View
    from model.bert import Bert
    from model.trace import Trace

_PATIENCE = 120  # milliseconds until a picture that waits for its answer dims: most answers come sooner


class Page(QWidget):
    """A tab. A subclass names ``title`` and ``question``, puts its picture into ``body`` and overrides ``draw``.

    ``tools`` is for what stands beside the question. While an answer is pinned, a switch there turns to it and back,
    and to what ``difference`` shows in place of the body.

    ``needs_answer`` is false for one that has something to show where no model is open.

    ``draw`` and ``mark`` are called only while the page is on screen; what it missed it gets when it is shown.
    """

    needs_answer = True

    held = Signal(QWidget)  # pictures came in with the difference

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.body = QWidget()
        self.kept = Kept()  # the page's own controls; a view has others
        self._stale = True
        self._drawn_in = _look()
        self._question = _line("question")
        self.tools = Flow((self._question,))
        self.compared = Switch([self.tr("Now"), self.tr("Pinned"), self.tr("Difference")])
        self.compared.setAccessibleName(self.tr("Which answer to show"))
        self.tools.addWidget(self.compared)
        self._answer = Line(role="answer")
        self._sentence = _line("answer")
        self._sentence.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.body)
        self._stack.addWidget(self._sentence)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 12, 16, 8)
        layout.setSpacing(2)
        layout.addWidget(self.tools)
        layout.addWidget(self._answer)
        layout.addSpacing(6)
        layout.addWidget(self._stack, 1)
        self._pictures: list[Picture] = []
        self._sides: tuple[Switch, tuple[str, ...]] | None = None
        self._wished = ""  # the side to show with the next answer that is drawn
        self._holders: dict[View, Scroll] = {}
        self._veil = _Veil(self._stack)
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE)
        self._patience.timeout.connect(self._veil.cover)

        self.compared.chosen.connect(lambda place: workspace.compare(Shown(place)))
        workspace.compared.connect(self._show_compared)
        self._show_compared()
        workspace.answered.connect(self._renew)
        workspace.busy.connect(self._wait)
        workspace.refused.connect(self._refuse)
        workspace.selection_changed.connect(self._mark)
        self.setAccessibleName(self.question)
        self.ask(self.question)
        if self.needs_answer:
            self.say(self.tr("The model is being opened …"))

    @property
    def title(self) -> str:
        """What the tab is called."""
        raise NotImplementedError

    @property
    def question(self) -> str:
        """What the tab answers, in words."""
        raise NotImplementedError

    def draw(self, bert: Bert, trace: Trace) -> None:
        """Shows a new answer. ``bert`` is asked only names and sizes here; the rest goes through ``examine``."""
        raise NotImplementedError

    def mark(self, selection: Selection) -> None:
        """Shows what is chosen, here or in another tab."""

    def difference(self) -> View | None:
        """What is drawn and marked in place of the body while the difference is asked for; None where there is none."""
        return None

    @property
    def incomparable(self) -> str:
        """What stands there in place of a difference where there is none."""
        return self.tr("There is no difference to show here: turn between Now and Pinned, and compare the two by eye.")

    def hold(self, difference: View) -> None:
        """Takes in what ``difference`` gives back, which is made only when it is asked for: up to 50 ms go by."""
        self._holders[difference] = Scroll(difference)
        self._stack.addWidget(self._holders[difference])
        self._pictures = []
        self.held.emit(difference)
        difference.said.connect(self._say_difference)

    @property
    def answer(self) -> str:
        """The answer in words, under the question. Rich text: what comes from the user must be escaped."""
        return self._answer.text()

    @answer.setter
    def answer(self, sentence: str) -> None:
        if sentence and self.differs:
            return  # a long job may end while its picture is not in front
        self._answer.say(sentence)
        self._answer.setVisible(bool(sentence))

    def ask(self, question: str) -> None:
        """Puts ``question`` into the first line, where it is another one for this model."""
        self._question.setText(question)

    @property
    def asked(self) -> str:
        """The question in the first line."""
        return self._question.text()

    def say(self, sentence: str) -> None:
        """Shows ``sentence`` instead of the body: why there is no picture, and what to do. ``show_body`` ends it."""
        self.answer = ""
        self._sentence.setText(sentence)
        self._stack.setCurrentWidget(self._sentence)

    @property
    def sentence(self) -> str:
        """What stands there instead of the body; empty while the picture does."""
        return self._sentence.text() if self._stack.currentWidget() is self._sentence else ""

    @property
    def dimmed(self) -> bool:
        """Whether the picture waits for its successor."""
        return self._veil.isVisible()

    def show_body(self) -> None:
        """Shows the picture again."""
        self._stack.setCurrentWidget(self.body)

    def picture(self) -> Picture | None:
        """The picture that the keyboard is in, or else the first that can be seen."""
        if not self._pictures:
            self._pictures = self.findChildren(Picture)  # once: with every answer the menus ask for it
        seen = [picture for picture in self._pictures if picture.isVisible()]
        return next((picture for picture in seen if picture.has_focus), seen[0] if seen else None)

    def name_sides(self, switch: Switch, names: Iterable[str]) -> None:
        """Says what files call what ``switch`` shows; such a name never changes, whatever the screen says."""
        self._sides = switch, tuple(names)

    @property
    def side(self) -> str:
        """The name of what the page's switch shows; empty where it has none."""
        if self._sides is None:
            return ""
        switch, names = self._sides
        return self._wished or names[switch.current]

    def show_side(self, name: str) -> None:
        """Shows what has that name, once there is an answer to show; what has none of its names is passed over."""
        if self._sides is None or name not in self._sides[1]:
            return
        self._wished = name if self._stale else ""
        if not self._stale:
            self._sides[0].choose(self._sides[1].index(name))

    def keepers(self) -> dict[str, Kept]:
        """Whose controls a session keeps, by what stands before their names."""
        return {"": self.kept}

    @property
    def controls(self) -> dict[str, Value]:
        """What was set by hand here, by names that never change."""
        return {
            f"{owner}{name}": value for owner, kept in self.keepers().items() for name, value in kept.values.items()
        }

    def set_controls(self, values: Mapping[str, Value]) -> None:
        """Sets them, and all others as they were at first: at once, or with the next answer that is drawn."""
        for owner, kept in self.keepers().items():
            parts = {name.removeprefix(owner): value for name, value in values.items() if name.startswith(owner)}
            kept.want({name: value for name, value in parts.items() if "." not in name})
        if not self._stale and not self.differs:
            self.settle()

    def settle(self) -> None:
        """Sets what is wanted of the controls of what is drawn."""
        self.kept.settle()

    def examine(self, key: str, lens: Callable[[Bert, Trace], Any], done: Callable[[Any], None]) -> None:
        """Runs ``lens`` on the worker for the answer on screen; what it cannot answer is said in the page."""
        self.workspace.examine(f"{type(self).__name__}.{key}", lens, done, self.fail)

    def fail(self, error: Exception) -> None:
        """Says what a lens could not answer; anything but that is a mistake in the program and raised."""
        if not isinstance(error, ValueError | MemoryError):
            raise error
        self.say(str(error) or self.tr("There is not enough memory for this picture: shorten the text."))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._renew()
        else:
            self._mark()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and _look() != self._drawn_in:
            self._renew()  # sentences name colours, and have fonts of their own

    def _renew(self) -> None:
        self._stale = True
        bert, trace = self.workspace.bert, self.workspace.trace
        if bert is None or trace is None or not self.isVisible():
            return
        self._stale, self._drawn_in = False, _look()
        if self.differs:
            self._draw_difference(bert, trace)
        else:
            self.show_body()
            self.draw(bert, trace)
            self.show_side(self._wished)
            self.settle()
        self._mark()

    def _mark(self) -> None:
        if not self.isVisible() or self._stale:
            return
        if not self.differs:
            self.mark(self.workspace.selection)
        elif (view := self.difference()) is not None and not view.sentence:
            view.mark(self.workspace.selection)

    @property
    def differs(self) -> bool:
        """Whether the difference is asked for."""
        return self.needs_answer and self.workspace.shown is Shown.DIFFERENCE

    def _show_compared(self) -> None:
        self.compared.setVisible(self.needs_answer and self.workspace.pinned is not None)
        with QSignalBlocker(self.compared):
            self.compared.choose(self.workspace.shown)

    def _draw_difference(self, bert: Bert, trace: Trace) -> None:
        view = self.difference()
        if view is None:
            self.say(self.incomparable)
            return
        view.sentence = ""
        self._stack.setCurrentWidget(self._holders[view])
        view.draw(bert, trace)

    def _say_difference(self) -> None:
        """Shows what the difference says, unless the page has turned away from it meanwhile."""
        view = self.difference()
        if view is None or not self.differs:
            return
        if view.sentence:
            self.say(view.sentence)
        else:
            self._answer.say(view.answer)
            self._answer.setVisible(bool(view.answer))

    def _refuse(self, sentence: str) -> None:
        if self.workspace.trace is None and self.needs_answer:
            self.say(sentence)

    def _wait(self, busy: bool) -> None:
        if busy and self.needs_answer:
            self._patience.start()
        else:
            self._patience.stop()
            self._veil.hide()


class _Veil(QWidget):
    """Paper laid over the old picture while its successor is on the way. An opacity effect would redraw all of it."""

    def __init__(self, covered: QWidget) -> None:
        super().__init__(covered.parentWidget())
        self._covered = covered
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()

    def cover(self) -> None:
        self.setGeometry(self._covered.geometry())
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        paper = QColor(theme.palette().paper)
        paper.setAlphaF(0.55)
        QPainter(self).fillRect(self.rect(), paper)


def _look() -> tuple[theme.Palette, float]:
    """What pictures and sentences are drawn in."""
    return theme.palette(), theme.text_scale()


def _line(role: theme.Role) -> QLabel:
    label = QLabel(wordWrap=True)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    theme.role(label, role)
    return label
