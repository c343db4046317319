"""How long an input is made: a slider and its number, which move each other."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QSpinBox, QWidget

_PAGE = 16  # tokens that Page Up and Page Down move by


class Length(QWidget):
    """From the number of tokens that an input has up to what the model reads."""

    changed = Signal(int)  # by the user

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._wish = 0
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Length of the input in tokens"))
        self.slider.setPageStep(_PAGE)
        self.slider.setMaximumWidth(320)
        self.number = QSpinBox()
        self.number.setAccessibleName(self.slider.accessibleName())
        self.number.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.number.setKeyboardTracking(False)
        label = QLabel(self.tr("&Length"))
        label.setBuddy(self.slider)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.number)
        row.addStretch(0)
        self.slider.valueChanged.connect(self._turn)
        self.number.valueChanged.connect(self.slider.setValue)

    @property
    def wish(self) -> int:
        """Tokens that the user asked for last, 0 for no more than the input needs."""
        return self._wish

    def ask(self, tokens: int) -> None:
        """Asks for so many, as far as that is possible here."""
        self.slider.setValue(min(tokens, self.slider.maximum()))
        self._wish = tokens

    @property
    def value(self) -> int:
        """Tokens, padding included."""
        return self.slider.value()

    def fit(self, tokens: int, most: int) -> None:
        """Bounds it for another input, and keeps what the user asked for where that is possible."""
        wish = self._wish
        for part in (self.slider, self.number):
            part.blockSignals(True)
            part.setRange(tokens, most)
            part.setValue(wish)  # kept within the range
            part.blockSignals(False)
        self.setEnabled(tokens < most)

    def _turn(self, length: int) -> None:
        self._wish = length if length > self.slider.minimum() else 0
        self.number.blockSignals(True)
        self.number.setValue(length)
        self.number.blockSignals(False)
        self.changed.emit(length)
