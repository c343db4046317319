"""Widgets in one line that goes on below where there is no room for all; nothing is made narrower than it needs."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QWidget


class Flow(QWidget):
    """The ``lead`` on the left and what is added on the right; if they do not fit, what is added goes on below.

    A line is ``least`` pixels high at least. It is as high as its width makes it, without Qt's height for width: that
    would have everything around it ask for the height it would like instead of that which it needs.
    """

    def __init__(self, lead: Sequence[QWidget] = (), *, spacing: int = 8, least: int = 0) -> None:
        super().__init__()
        self._lead, self._tools = tuple(lead), list[QWidget]()
        self._spacing, self._least = spacing, least
        self._height = least
        for widget in lead:
            widget.setParent(self)

    def addWidget(self, widget: QWidget) -> None:
        """Adds a widget at the right end."""
        self.insertWidget(len(self._tools), widget)

    def insertWidget(self, place: int, widget: QWidget) -> None:
        """Adds a widget before that which has the ``place`` among those on the right."""
        self._tools.insert(place, widget)
        widget.setParent(self)
        widget.show()
        self._place()

    def sizeHint(self) -> QSize:
        widgets = self._shown(self._lead) + self._shown(self._tools)
        return QSize(sum(map(_width, widgets)) + self._spacing * max(0, len(widgets) - 1), self._height)

    def minimumSizeHint(self) -> QSize:
        widgets = self._shown(self._lead) + self._shown(self._tools)
        return QSize(max((widget.minimumSizeHint().width() for widget in widgets), default=0), self._height)

    def heightForWidth(self, width: int) -> int:
        return self._laid(width)[1]

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._place()  # while it was hidden, nobody said that one of them needs another room

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:  # one of them needs another width, or is seen no more
            self._place()
            self.updateGeometry()
        return super().event(event)

    def _shown(self, widgets: Sequence[QWidget]) -> list[QWidget]:
        return [widget for widget in widgets if not widget.isHidden()]

    def _rows(self, room: int) -> list[list[QWidget]]:
        lead, tools = self._shown(self._lead), self._shown(self._tools)
        if self.sizeHint().width() <= room:
            return [[*lead, *tools]]
        rows: list[list[QWidget]] = []
        for widgets in (lead, tools):
            left = 0
            for widget in widgets:
                width = min(_width(widget), room)
                if widget is widgets[0] or width > left:
                    rows.append([])
                    left = room
                rows[-1].append(widget)
                left -= width + self._spacing
        return rows

    def _laid(self, room: int) -> tuple[list[tuple[QWidget, QRect]], int]:
        """Where everything is if there are ``room`` pixels across, and how high that is."""
        places, bottom = list[tuple[QWidget, QRect]](), -self._spacing
        rows, tools = self._rows(room), self._shown(self._tools)
        for row in rows:
            top, widths = bottom + self._spacing, [min(_width(widget), room) for widget in row]
            heights = [_height(widget, width) for widget, width in zip(row, widths, strict=True)]
            line, x = max([self._least, *heights]), 0
            for widget, width, height in zip(row, widths, heights, strict=True):
                if len(rows) == 1 and tools and widget is tools[0] and self._lead:
                    x += room - self.sizeHint().width()
                places.append((widget, QRect(x, top + (line - height) // 2, width, height)))
                x += width + self._spacing
            bottom = top + line
        return places, max(0, bottom)

    def _place(self) -> None:
        places, height = self._laid(self.width())
        for widget, place in places:
            widget.setGeometry(place)
        if height != self._height:
            self._height = height
            self.updateGeometry()


def _width(widget: QWidget) -> int:
    """Pixels that it takes on one line; a label that wraps would rather take several."""
    if isinstance(widget, QLabel) and widget.wordWrap():
        widget.ensurePolished()
        return widget.fontMetrics().size(0, widget.text()).width() + 2 if widget.text() else 0
    return widget.sizeHint().width()


def _height(widget: QWidget, width: int) -> int:
    return max(widget.heightForWidth(width), 0) or widget.sizeHint().height()
