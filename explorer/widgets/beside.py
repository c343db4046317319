"""Two parts side by side, or one below the other where the room is too narrow for both."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QVBoxLayout, QWidget

_APART = 14  # pixels between what stands in a column


class Beside(QWidget):
    """``first`` and ``second`` share the width as their stretches say. It belongs into something that scrolls."""

    def __init__(self, first: QWidget, second: QWidget, stretches: tuple[int, int], *, spacing: int = 28) -> None:
        super().__init__()
        self._parts = (first, second)
        self.box = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self.box.setContentsMargins(0, 0, 0, 0)
        self.box.setSpacing(spacing)
        for part in self._parts:
            self.box.addWidget(part)
        self.share(*stretches)

    def share(self, first: int, second: int) -> None:
        """How the width is shared out."""
        self._stretches = (first, second)
        for place, stretch in enumerate(self._stretches):  # below each other each is as high as it needs
            self.box.setStretch(place, 0 if self.is_stacked else stretch)

    @property
    def is_stacked(self) -> bool:
        """Whether the second part stands below the first."""
        return self.box.direction() == QBoxLayout.Direction.TopToBottom

    def minimumSizeHint(self) -> QSize:
        needed = max(map(_needed, self._parts))
        return QSize(needed, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self._turn()
        return super().event(event)

    def _turn(self) -> None:
        needed = sum(map(_needed, self._parts)) + self.box.spacing()
        way = QBoxLayout.Direction.LeftToRight if needed <= self.width() else QBoxLayout.Direction.TopToBottom
        if way != self.box.direction():
            self.box.setDirection(way)
            self.share(*self._stretches)


def columns(*columns: Sequence[QWidget]) -> Beside:
    """Two columns of the same width, in each its pictures one below the other."""
    first, second = map(_column, columns)
    return Beside(first, second, (1, 1))


def _column(pictures: Sequence[QWidget]) -> QWidget:
    whole = QWidget()
    column = QVBoxLayout(whole)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(_APART)
    for picture in pictures:
        column.addWidget(picture)
    column.addStretch(1)
    return whole


def _needed(part: QWidget) -> int:
    return max(part.minimumSizeHint().width(), part.minimumWidth())
