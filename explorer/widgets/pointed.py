"""What pictures made of places have in common: the mouse is over one, a click takes it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QFocusEvent, QMouseEvent
from PySide6.QtWidgets import QWidget


class Pointed(QWidget):
    """Tells which place the mouse is over; painted anew with the keyboard's coming and going, colours and fonts."""

    hovered = Signal(object)  # the place under the mouse, None where there is none

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._under: Any = None
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def _place_at(self, point: QPointF) -> Any:
        """The place at ``point`` of the widget, None where there is none."""
        raise NotImplementedError

    def _take(self, place: Any) -> None:
        """The place was clicked."""
        raise NotImplementedError

    def _hover(self, place: Any) -> None:
        if place != self._under:
            self._under = place
            self.hovered.emit(place)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._hover(self._place_at(event.position()))

    def leaveEvent(self, event: QEvent) -> None:
        self._hover(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        place = self._place_at(event.position())
        if place is not None and event.button() == Qt.MouseButton.LeftButton:
            self._take(place)

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self.updateGeometry()
            self.update()
