"""A page that is taller than its window scrolls."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget


class Scroll(QScrollArea):
    """Shows ``content`` as wide and as high as there is room, or as high as it needs at that width.

    A picture in it that can do with less than it would like has the vertical policy Ignored and a minimum of its own.
    Qt's minimum height for a width is no help: boxes that hold text that wraps need more than it says.
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self._content = content
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidget(content)
        content.installEventFilter(self)

    def sizeHint(self) -> QSize:
        layout = self._content.layout()
        assert layout is not None
        width = layout.totalSizeHint().width()
        return QSize(width + self.verticalScrollBar().sizeHint().width(), max(layout.totalHeightForWidth(width), 0))

    def minimumSizeHint(self) -> QSize:
        width = self._content.minimumSizeHint().width() + self.verticalScrollBar().sizeHint().width()
        return QSize(width, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest and watched is self._content:
            self._fit()
            self.updateGeometry()  # it may need another width
        return super().eventFilter(watched, event)

    def _fit(self) -> None:
        content, room = self._content, self.viewport().size()
        content.resize(room.width(), content.height())  # what stands side by side may need less height, or more
        layout = content.layout()
        assert layout is not None
        wraps = layout.hasHeightForWidth()
        needed = layout.totalHeightForWidth(room.width()) if wraps else layout.totalMinimumSize().height()
        content.resize(room.width(), max(room.height(), needed))
