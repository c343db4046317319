"""A few buttons of which one is down: what is chosen stays in sight."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QToolButton, QWidget


class Switch(QWidget):
    """One button for each of ``titles``, the first one down. Arrow keys go from one to the next."""

    chosen = Signal(int)

    def __init__(self, titles: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QButtonGroup(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for place, title in enumerate(titles):
            button = QToolButton()
            button.setText(title)
            button.setCheckable(True)
            button.setChecked(place == 0)
            self._group.addButton(button, place)
            row.addWidget(button)
        self._group.idToggled.connect(self._tell)

    @property
    def current(self) -> int:
        """The number of the button that is down."""
        return self._group.checkedId()

    def choose(self, place: int) -> None:
        """Presses a button."""
        self.button(place).setChecked(True)

    def button(self, place: int) -> QToolButton:
        button = self._group.button(place)
        assert isinstance(button, QToolButton)
        return button

    def _tell(self, place: int, down: bool) -> None:
        if down:
            self.chosen.emit(place)
