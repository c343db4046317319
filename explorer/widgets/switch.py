"""A few buttons of which one is down: what is chosen stays in sight."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QToolButton

from explorer.widgets.flow import Flow


class Switch(Flow):
    """One button for each of ``titles``, the first one down. Arrow keys go from one to the next."""

    chosen = Signal(int)

    def __init__(self, titles: Sequence[str]) -> None:
        super().__init__(spacing=4)
        self._group = QButtonGroup(self)
        for place, title in enumerate(titles):
            button = QToolButton()
            button.setText(title)
            button.setCheckable(True)
            button.setChecked(place == 0)
            self._group.addButton(button, place)
            self.addWidget(button)
        self._group.idToggled.connect(self._tell)

    @property
    def current(self) -> int:
        """The number of the button that is down."""
        return self._group.checkedId()

    @property
    def count(self) -> int:
        """How many buttons there are."""
        return len(self._group.buttons())

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
