"""A part of a page: its heading, what stands beside that, and one widget or more below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from explorer import theme
from explorer.widgets.flow import Flow

_HEAD = 28  # pixels: headings stand on one line, whether or not a button stands beside them


class Panel(QWidget):
    """Use ``column`` to add what the heading stands over, and ``tools`` to add to the right of the heading."""

    def __init__(self, heading: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._heading = QLabel()
        theme.role(self._heading, "heading")
        self._aside = QLabel()
        theme.role(self._aside, "faint")
        for label in (self._heading, self._aside):
            label.setWordWrap(True)
        self.tools = Flow((self._heading, self._aside), least=_HEAD)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(0, 0, 0, 0)
        self.column.setSpacing(6)
        self.column.addWidget(self.tools)
        self.set_heading(heading)

    @property
    def heading(self) -> str:
        return self._heading.text()

    def set_heading(self, heading: str, aside: str = "") -> None:
        """Plain text: ``heading`` in bold, ``aside`` quietly behind it."""
        for label, text in ((self._heading, heading), (self._aside, aside)):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setText(text)
            label.setVisible(bool(text))


def note(*, wrap: bool = True) -> QLabel:
    """A quiet line of rich text, such as what a picture says in numbers."""
    label = QLabel(wordWrap=wrap)
    label.setTextFormat(Qt.TextFormat.RichText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    theme.role(label, "faint")
    return label


def emphasised(sentence: str) -> str:
    """Rich text with what stands between <b> and </b> as ``strong``: so a sentence stays whole for its translator."""
    return sentence.replace("<b>", f'<b style="color:{theme.palette().ink}">')


def strong(text: str) -> str:
    """What the eye should find first in a quiet line; ``text`` is already escaped."""
    return f'<b style="color:{theme.palette().ink}">{isolated(text)}</b>'


def isolated(text: str) -> str:
    """``text``, perhaps in a script of the other direction, so that it does not turn the sentence around.

    The mark before it keeps the direction of the whole, which Qt takes from the first letter, isolated or not.
    """
    if QGuiApplication.isRightToLeft():
        return f"\u200f\u2068{text}\u2069"
    return text if text.isascii() else f"\u200e\u2068{text}\u2069"
