"""A line of a form: what a setting is called, what it is typed in, and below both a sentence where one is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets.setting_editors import Editor

_LABEL = 13  # average characters that a label is wide at least


class SettingRow(QWidget):
    """``keys`` are those of the recipe that its editor edits, such as ``network.layers``."""

    def __init__(self, keys: Sequence[str], name: str, meaning: str, editor: Editor) -> None:
        super().__init__()
        self.keys, self.name, self.editor = tuple(keys), name, editor
        self.sentence: QLabel | None = None  # made when it is needed: most rows never say anything
        self._note = self._wrong = ""
        self.label = QLabel(name, wordWrap=True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setToolTip(meaning)
        self.label.setBuddy(editor.parts[0])
        self.label.setContentsMargins(0, 6, 0, 4)  # on the line of what stands in the editor
        theme.role(self.label, "faint")
        editor.describe(name, meaning)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(8)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(self.label, 0, 0, Qt.AlignmentFlag.AlignTop)
        if editor.below is not editor:
            self._grid.addWidget(editor, 0, 1)
        if editor.below is not None:
            self._grid.addWidget(editor.below, 1, 0, 1, 2)

    @property
    def values(self) -> dict[str, object]:
        """What is typed, by key."""
        value = self.editor.value()
        return dict(zip(self.keys, value if len(self.keys) > 1 else (value,), strict=True))

    def show_values(self, values: Sequence[object]) -> None:
        """Shows other values, in the order of ``keys``."""
        self.editor.show_value(tuple(values) if len(self.keys) > 1 else values[0])

    @property
    def is_marked(self) -> bool:
        """Whether it holds what cannot be."""
        return any(part.property("invalid") for part in self.editor.parts)

    def mark(self, keys: Sequence[str], sentence: str) -> None:
        """Marks the editors of ``keys`` as holding what cannot be, and says why below; none is marked without."""
        wrong = {part for key, part in zip(self.keys, self.editor.parts, strict=True) if key in keys}
        for part in self.editor.parts:
            _set_invalid(part, part in wrong)
        self._wrong = sentence
        self._say()

    def give(self, note: str) -> None:
        """With a ``note`` the value is given elsewhere and cannot be edited here."""
        self._note = note
        self.editor.setEnabled(not note)
        self._say()

    def _say(self) -> None:
        sentence = self._wrong or self._note
        if self.sentence is None:
            if not sentence:
                return
            self.sentence = said()
            self._grid.addWidget(self.sentence, 2, 0, 1, 2)
        say(self.sentence, sentence, refused=bool(self._wrong))


def align(rows: Iterable[SettingRow]) -> None:
    """Makes all their labels as wide as the longest word needs, so that editors stand below one another."""
    labels = [row.label for row in rows]
    for label in labels:
        label.setMinimumWidth(0)  # or else it needs what it had
        label.ensurePolished()
    widest = max(
        max(label.minimumSizeHint().width(), _LABEL * label.fontMetrics().averageCharWidth()) for label in labels
    )
    for label in labels:
        label.setFixedWidth(widest)


class Fold(QWidget):
    """A button, and what it unfolds: add that to ``column``."""

    def __init__(self, title: str) -> None:
        super().__init__()
        self._title = title
        self.button = QPushButton()
        self.button.setCheckable(True)
        self.button.setAccessibleName(title)
        theme.role(self.button, "fold")
        self.content = QWidget()
        self.column = QVBoxLayout(self.content)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addWidget(self.content)
        self.button.toggled.connect(self._turn)
        self._turn(False)

    def unfold(self) -> None:
        """Shows what is in it."""
        self.button.setChecked(True)

    def _turn(self, on: bool) -> None:
        self.button.setText(f"{'▾' if on else '▸'} {self._title}")
        self.content.setVisible(on)


def said() -> QLabel:
    """A label for a sentence that may quote what was typed."""
    label = QLabel(wordWrap=True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    label.setMinimumWidth(1)  # a long word, such as a path, must not make the form wider
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def say(label: QLabel, sentence: str, *, refused: bool) -> None:
    """Says a sentence, or nothing; ``refused`` ones in bold."""
    role: theme.Role = "refusal" if refused else "faint"
    if label.property("role") != role:
        theme.role(label, role)
        _polish(label)
    label.setText(broken(sentence))
    label.setVisible(bool(sentence))


def broken(sentence: str) -> str:
    """``sentence`` with places in long words, such as paths, where a line may end."""
    return sentence.replace("/", "/\u200b").replace("\\", "\\\u200b").replace("_", "_\u200b")


def _set_invalid(part: QWidget, invalid: bool) -> None:
    if bool(part.property("invalid")) != invalid:
        part.setProperty("invalid", invalid)
        _polish(part)


def _polish(widget: QWidget) -> None:
    """Has the style sheet look at its properties again."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
