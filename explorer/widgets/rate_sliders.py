"""How many words are chosen, and the three shares of those, which always add up (C13)."""

from __future__ import annotations

import dataclasses

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSlider, QSpinBox, QWidget

from model.training.corruptor import FATES, Rates

_PAGE = 5  # per cent that Page Up and Page Down move by


class RateSliders(QWidget):
    """A slider and its number for each rate. Where one of the three shares moves, the other two make room."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.value = Rates()
        self.reset = QPushButton(self.tr("As in BERT"))
        self.reset.setToolTip(self.tr("15 % chosen, and of those 80, 10 and 10 %"))
        self.sliders: dict[str, QSlider] = {}
        self.numbers: dict[str, QSpinBox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        titles = {
            "chosen": self.tr("of the words &chosen"),
            "masked": self.tr("of those [&MASK]"),
            "replaced": self.tr("a random &word"),
            "kept": self.tr("&kept"),
        }
        for row, (name, title) in enumerate(titles.items()):
            self._add(grid, row, name, title)
        grid.setColumnStretch(1, 1)
        self.reset.clicked.connect(lambda: self._take(Rates()))
        self._show()

    @property
    def written(self) -> str:
        """The four rates as text, for ``read``."""
        return " ".join(map(str, dataclasses.astuple(self.value)))

    def read(self, written: str) -> None:
        """Sets rates that were ``written``; what are none is passed over."""
        numbers = [int(number) for number in written.split() if number.isascii() and number.isdigit()]
        if len(numbers) == 1 + len(FATES) and max(numbers) <= 100 and sum(numbers[1:]) == 100:
            self._take(Rates(*numbers))

    def _add(self, grid: QGridLayout, row: int, name: str, title: str) -> None:
        slider, number, label = QSlider(Qt.Orientation.Horizontal), QSpinBox(), QLabel(title)
        slider.setPageStep(_PAGE)
        number.setSuffix("\N{NO-BREAK SPACE}%")
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        number.setKeyboardTracking(False)
        label.setBuddy(slider)
        for part in (slider, number):
            part.setRange(0, 100)
            part.setAccessibleName(title.replace("&", ""))
            part.valueChanged.connect(lambda value: self._move(name, value))
        self.sliders[name], self.numbers[name] = slider, number
        for place, widget in enumerate((label, slider, number)):
            grid.addWidget(widget, row, place)

    def _move(self, name: str, value: int) -> None:
        fate = next((fate for fate in FATES if fate == name), None)
        self._take(dataclasses.replace(self.value, chosen=value) if fate is None else self.value.with_fate(fate, value))

    def _take(self, rates: Rates) -> None:
        if rates != self.value:
            self.value = rates
            self._show()
            self.changed.emit()

    def _show(self) -> None:
        for name, rate in dataclasses.asdict(self.value).items():
            for part in (self.sliders[name], self.numbers[name]):
                with QSignalBlocker(part):
                    part.setValue(rate)
