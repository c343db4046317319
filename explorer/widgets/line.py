"""Words that change with each answer, or while the mouse moves."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.widgets.panel import note


class Line(QWidget):
    """Rich text with room for so many ``lines``, more only where they are needed.

    A label in a layout has the whole window laid out and painted anew at each word that it says; this one does not.
    """

    def __init__(self, lines: int = 1, role: theme.Role = "faint", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._lines, self._note = lines, note()
        theme.role(self._note, role)
        self._note.setParent(self)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._fit()

    def text(self) -> str:
        """What it says."""
        return self._note.text()

    @property
    def needed(self) -> int:
        """Pixels in width that its longest word, or its table, takes."""
        return self._note.minimumSizeHint().width()

    def say(self, text: str) -> None:
        """Says something else."""
        self._note.setText(text)
        self._fit()

    def sizeHint(self) -> QSize:
        return QSize(200, self.minimumHeight())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        least = self._lines * self._note.fontMetrics().lineSpacing() + 2
        height = max(least, self._note.heightForWidth(self.width()))
        self._note.setGeometry(0, 0, self.width(), height)
        if height != self.minimumHeight():
            self.setFixedHeight(height)
