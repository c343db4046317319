"""What is asked: two sentences, model and direction, and under them in a sentence what stands in the way."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QDragEnterEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QRadioButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from explorer import examples, theme
from explorer.widgets.flow import Flow
from explorer.widgets.model_picker import ModelPicker
from explorer.widgets.pin_bar import PinBar
from explorer.workspace import Workspace
from model.scenario import Direction, Scenario

LONGEST = 20_000  # characters of a sentence: far more than any BERT reads, and still quick to draw
_WIDEST_RECENT = 480  # pixels of a former question in the menu
_LONGEST_TIP = 500  # characters
_PAUSE = 150  # milliseconds after a keystroke until the question is asked

# A line edit holds one line; each of these becomes a space, so that no character changes its place.
_BREAKS = dict.fromkeys(map(ord, "\n\r\t\v\f\x1c\x1d\x1e\x85\u2028\u2029"), " ")


class SentenceEdit(QLineEdit):
    """One line of text without its own undo: Ctrl+Z undoes the question."""

    typed = Signal()  # the user changed the text
    shortened = Signal()  # the user gave more than LONGEST characters

    def __init__(self, segment: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("segment", segment)
        self.setMaxLength(LONGEST + 1)  # one more than is kept tells that there was more
        self.textEdited.connect(self._tidy)

    def show_text(self, text: str) -> None:
        """Shows another text, the cursor where it was as far as that is there."""
        if text != self.text():
            place = self.cursorPosition()
            self.setText(text)
            self.setCursorPosition(place)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _is_undo(event):
            event.ignore()  # the shortcut goes to the window
            return False
        return super().event(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls():
            event.ignore()  # a file goes to the window: its path is no sentence
        else:
            super().dragEnterEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if _is_undo(event):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _tidy(self, text: str) -> None:
        tidy = text.translate(_BREAKS)
        too_long = len(tidy.encode("utf-16-le", "surrogatepass")) > 2 * LONGEST  # Qt counts UTF-16 units
        if too_long:
            tidy = tidy[:-1]
        self.show_text(tidy)
        if too_long:
            self.shortened.emit()
        self.typed.emit()


class SentenceBar(QWidget):
    """Puts what is typed and chosen to the workspace, and shows what is asked there."""

    typing = Signal()  # a keystroke: the question is about to change

    def __init__(self, workspace: Workspace, picker: ModelPicker, recent: Callable[[], list[tuple[str, str]]]) -> None:
        """``recent`` gives the pairs of sentences that were asked about before, when the menu is opened."""
        super().__init__()
        self.workspace = workspace
        self._recent = recent
        self.first = self._edit("a", self.tr("Sentence A"), self.tr("Type a sentence"))
        self.second = self._edit("b", self.tr("Sentence B"), self.tr("A second sentence, if there is one"))
        self.both = QRadioButton(self.tr("both ways"))
        self.left_to_right = QRadioButton(self.tr("left-to-right"))
        self.swap = QToolButton()
        self.undo, self.redo = QToolButton(), QToolButton()
        self.pin = PinBar(workspace)
        self.examples = QPushButton(self.tr("Examples ▾"))
        self.notes = {"refused": _note("refusal"), "shortened": _note("faint"), "way": _note("faint")}
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE)
        self._pause.timeout.connect(self.commit)
        self._lay_out(picker)
        self._fill_examples()
        self._show_direction()
        workspace.asked.connect(self._show_question)
        workspace.answered.connect(self._show_answer)
        workspace.refused.connect(self._show_refusal)

    def commit(self) -> None:
        """Asks what is typed now, without waiting for a pause."""
        self._pause.stop()
        self.workspace.set_texts(self.first.text(), self.second.text())

    def can_undo(self) -> bool:
        """Whether there is a former question, or one that is being typed."""
        return self._pause.isActive() or self.workspace.can_undo

    def undo_question(self) -> None:
        """Asks the former question; what is being typed is the present one."""
        self.commit()
        self.workspace.undo()

    def swap_sentences(self) -> None:
        """Asks whether A follows B."""
        self.commit()
        self.workspace.swap()

    def focus_sentence(self) -> None:
        """Puts the cursor into sentence A, all of it chosen."""
        self.first.setFocus()
        self.first.selectAll()

    def warn(self, sentence: str) -> None:
        """Says what went wrong, until the next answer."""
        self._say("refused", sentence)

    def use_actions(self, swap: QAction, undo: QAction, redo: QAction, pin: QAction) -> None:
        """Gives the buttons the window's actions, so that they and the menus are one thing."""
        swap.setIconText(self.tr("⇄ Swap"))
        undo.setIconText("↶")
        redo.setIconText("↷")
        for button, action in ((self.swap, swap), (self.undo, undo), (self.redo, redo)):
            button.setDefaultAction(action)
            button.setAccessibleName(action.text().replace("&", ""))
        self.pin.use_action(pin)

    def ask_example(self, example: examples.Example) -> None:
        """Asks an example's question."""
        self._pause.stop()
        self.workspace.ask(example.scenario, example.asked_of)

    def _edit(self, segment: str, name: str, hint: str) -> SentenceEdit:
        edit = SentenceEdit(segment)
        edit.setAccessibleName(name)
        edit.setPlaceholderText(hint)
        edit.typed.connect(self._typed)
        edit.shortened.connect(self._say_shortened)
        edit.returnPressed.connect(self.commit)
        return edit

    def _lay_out(self, picker: ModelPicker) -> None:
        direction = QFrame()
        theme.role(direction, "group")
        directions = QHBoxLayout(direction)
        directions.setContentsMargins(0, 0, 0, 0)
        directions.setSpacing(14)
        group = QButtonGroup(self)
        for button, name in ((self.both, "both"), (self.left_to_right, "left-to-right")):
            group.addButton(button)
            directions.addWidget(button)
            button.setAccessibleDescription(self.tr("The direction of attention"))
            button.clicked.connect(lambda _=False, name=name: self._attend(name))
        upper, lower = QHBoxLayout(), Flow((picker, direction), spacing=12)
        upper.setSpacing(12)
        for widget, stretch in ((self.first, 1), (self.second, 1), (self.swap, 0), (self.examples, 0)):
            upper.addWidget(widget, stretch)
        for tool in (self.pin, self.undo, self.redo):
            lower.addWidget(tool)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 8)
        layout.setSpacing(8)
        layout.addLayout(upper)
        layout.addWidget(lower)
        for note in self.notes.values():
            layout.addWidget(note)

    def _fill_examples(self) -> None:
        menu = QMenu(self.examples)
        recent = menu.addMenu(self.tr("Recent"))
        recent.setToolTipsVisible(True)
        recent.aboutToShow.connect(lambda: self._fill_recent(recent))
        menu.addSeparator()
        for group in examples.load():
            submenu = menu.addMenu(_translated(group.title))
            submenu.setToolTipsVisible(True)
            for example in group.examples:
                action = submenu.addAction(_translated(example.title))
                action.setToolTip(" — ".join(filter(None, (example.first, example.second))))
                action.triggered.connect(lambda _=False, example=example: self.ask_example(example))
        self.examples.setMenu(menu)

    def _fill_recent(self, menu: QMenu) -> None:
        menu.clear()
        for first, second in self._recent():
            whole = " — ".join(filter(None, (first, second)))
            title = menu.fontMetrics().elidedText(whole, Qt.TextElideMode.ElideRight, _WIDEST_RECENT)
            action = menu.addAction(title.replace("&", "&&"))
            action.setToolTip(whole[:_LONGEST_TIP])
            action.triggered.connect(lambda _=False, texts=(first, second): self.workspace.ask(Scenario(*texts)))
        if menu.isEmpty():
            menu.addAction(self.tr("Nothing was asked yet.")).setEnabled(False)

    def _typed(self) -> None:
        self._say("shortened", "")
        self._pause.start()
        self.typing.emit()

    def _say_shortened(self) -> None:
        # After ``typed``, which takes the former sentence away.
        sentence = self.tr("That was longer than a sentence here can be: the first {count} characters were taken.")
        QTimer.singleShot(0, self, lambda: self._say("shortened", sentence.format(count=f"{LONGEST:,}")))

    def _attend(self, direction: Direction) -> None:
        self.commit()
        self.workspace.attend(direction)

    def _show_question(self) -> None:
        scenario = self.workspace.scenario
        if not self._pause.isActive():  # what is being typed is not overwritten: it is asked in a moment
            self.first.show_text(scenario.first)
            self.second.show_text(scenario.second)
        self._show_direction()

    def _show_direction(self) -> None:
        bert = self.workspace.open_bert
        own: Direction = bert.direction if bert is not None else "both"
        direction = self.workspace.scenario.direction or own
        (self.both if direction == "both" else self.left_to_right).setChecked(True)
        sentence = ""
        if bert is not None and direction != own:
            sentence = (
                self.tr("{model} was trained both ways: it never learnt to read left-to-right.")
                if own == "both"
                else self.tr("{model} was trained left-to-right: it never learnt to see what comes later.")
            ).format(model=bert.name)
        self._say("way", sentence)

    def _show_answer(self) -> None:
        self._say("refused", "")
        self._show_question()

    def _show_refusal(self, sentence: str) -> None:
        self.warn(sentence)
        self._show_direction()

    def _say(self, note: str, sentence: str) -> None:
        label = self.notes[note]
        label.setText(sentence)
        label.setVisible(bool(sentence))


def _is_undo(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)


def _translated(title: str) -> str:
    return QCoreApplication.translate("examples", title)


def _note(role: theme.Role) -> QLabel:
    label = QLabel(wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)  # it may quote what was typed
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setMinimumWidth(1)  # or else a long word, such as a path, would make the window wider
    label.hide()
    theme.role(label, role)
    return label
