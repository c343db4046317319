"""Pictures of what runs through the layers: no higher than their rows need, and what stands below them is near."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from explorer.export import Sheet
from explorer.widgets.heatmap import Heatmap, Scale
from explorer.widgets.legend import Legend
from explorer.widgets.line import Line
from explorer.widgets.picture import Picture
from explorer.widgets.view import lines

_LEAST = 11  # lines of text that a map is as high as, at least
_LOWEST_CURVE = 18  # lines of text that a curve beside it may be high in any case
_TALLEST, _WIDEST = 80, 110  # pixels a layer, and a token
_AXES = 110  # pixels that the labels take


class Capped(Picture):
    """A picture that can be told how high it may be; what is put below it by ``add_below`` stands close to it."""

    def __init__(self, view: QWidget, sheet: Callable[[], Sheet], file: str, python: Callable[[], str] | None) -> None:
        super().__init__(view, sheet, file, python=python)
        self.column.setStretchFactor(self._stack, 1_000)
        self.column.addStretch(1)

    def add_below(self, widget: QWidget) -> None:
        """Adds a widget under the picture."""
        self.column.insertWidget(self.column.count() - 1, widget)

    def cap(self, height: int) -> None:
        """The picture gets at most ``height`` pixels."""
        self._stack.setMaximumHeight(height)


class LayerMap(Capped):
    """The picture of a heatmap with a row a layer."""

    def __init__(self, heatmap: Heatmap, file: str, python: Callable[[], str] | None) -> None:
        super().__init__(heatmap, heatmap.sheet, file, python)
        heatmap.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self._size()

    def fit(self, shape: tuple[int, ...], beside: Capped | None = None) -> None:
        """Leaves the cells of an array (R, C) no larger than one can read, and a curve ``beside`` it no higher."""
        rows, columns = shape
        height = max(_TALLEST * rows + _AXES, self.view.minimumHeight())
        self.view.setMaximumWidth(_WIDEST * columns + _AXES)
        self.cap(height)
        if beside is not None:
            beside.cap(max(height, lines(_LOWEST_CURVE)))

    def add_reading(self, scale: Scale, line: Line) -> None:
        """Puts below the map what its colours mean and the ``line`` that reads its marked cell."""
        foot = QWidget()
        row = QHBoxLayout(foot)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(16)
        row.addWidget(Legend(scale))
        row.addWidget(line, 1)
        self.add_below(foot)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "view"):
            self._size()

    def _size(self) -> None:
        self.view.setMinimumHeight(lines(_LEAST))
