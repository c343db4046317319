"""What is expected at one position: the best candidates as bars under a heading that names it (C13)."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent

from explorer import theme
from explorer.widgets.bars import Bar, Bars
from explorer.widgets.picture import Picture
from model.lens.masked_lm import Expectation

_LINE = 2  # pixels under the heading of the list that is chosen


class Candidates(Picture):
    """One of several lists: the chosen one has a line under its heading. A click on the heading chooses a list."""

    asked = Signal(int)  # the position whose heading was clicked
    picked = Signal(int, str)  # the position, and the candidate that is to stand there

    def __init__(self) -> None:
        self.bars = Bars()
        super().__init__(self.bars, self.bars.sheet, "masked-lm", python=self._python)
        self.expectation: Expectation | None = None
        self._is_chosen = False
        self.bars.chosen.connect(self._pick)

    def show_expectation(self, expectation: Expectation, heading: str, aside: str, original: str) -> None:
        """Draws the candidates; ``original`` is the word that is put behind what the text has."""
        self.expectation = expectation
        self.set_heading(heading, aside)
        self.bars.setAccessibleName(self.tr("The most probable tokens: {0}").format(heading))
        self.bars.show_bars(
            [Bar(token, share, original if token == expectation.original else "") for token, share in expectation.best]
        )

    @property
    def is_chosen(self) -> bool:
        """Whether it is the chosen one of several."""
        return self._is_chosen

    def set_chosen(self, on: bool) -> None:
        """Marks it as the chosen one of several."""
        if on != self._is_chosen:
            self._is_chosen = on
            self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.expectation is not None:
            self.asked.emit(self.expectation.position)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._is_chosen:
            top = self.bars.mapTo(self, self.bars.rect().topLeft()).y() - _LINE
            QPainter(self).fillRect(0, top, self.width(), _LINE, QColor(theme.palette().accent))

    def _python(self) -> str:
        assert self.expectation is not None  # or else the list is not seen
        position, count = self.expectation.position, len(self.expectation.best)
        return (
            f"found = model.lens.masked_lm.predictions(bert, trace, {position}, {count})\n"
            "values = np.array([[probability] for _, probability in found])"
        )

    def _pick(self, index: int) -> None:
        if self.expectation is not None:
            self.picked.emit(self.expectation.position, self.bars.bars[index].label)
