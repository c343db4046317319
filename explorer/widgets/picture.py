"""A panel that holds one picture: it can be read as a table of numbers, copied and saved."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from PySide6.QtCore import Qt, Signal, SignalInstance
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtWidgets import QMenu, QSizePolicy, QStackedWidget, QToolButton, QWidget

from explorer.export import Sheet, image_of
from explorer.export_drawing import Drawing, drawing_of
from explorer.widgets.heatmap import Cell
from explorer.widgets.number_table import NumberTable
from explorer.widgets.panel import Panel


@runtime_checkable
class Twinned(Protocol):
    """A view such as a heatmap: it has cells, so a number table can be its twin."""

    @property
    def renewed(self) -> SignalInstance: ...  # other values are drawn
    @property
    def chosen(self) -> SignalInstance: ...  # row and column of the sheet
    @property
    def cell(self) -> Cell | None: ...
    def mark(self, cell: Cell | None, row: int | None = None) -> None: ...


class Picture(Panel):
    """``view`` below its heading; a view with cells has the number table as its twin.

    ``sheet`` gives the numbers that the view draws, and ``file`` begins the names of files. ``python`` gives the lines
    that make the same numbers, as ``values``, of ``model``, ``bert`` and ``trace``. A view that stands in surroundings
    of its own is handed over with these, the ``frame``.
    """

    requested = Signal(str)  # what was asked of it: the id of an action, such as "save-picture"

    def __init__(
        self,
        view: QWidget,
        sheet: Callable[[], Sheet],
        file: str,
        heading: str = "",
        frame: QWidget | None = None,
        python: Callable[[], str] | None = None,
    ) -> None:
        super().__init__(heading)
        self.view, self.sheet, self.file, self.python = view, sheet, file, python
        self.table: NumberTable | None = None
        self._drawn = frame or view
        self._stack = QStackedWidget()
        self._stack.addWidget(self._drawn)
        if isinstance(view, Twinned):
            self._add_twin(view)
        self._save = QToolButton()
        self._save.setText(self.tr("Save"))
        self._save.setToolTip(self.tr("Save or copy this picture or its numbers"))
        self._save.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self._save)
        self._fill(menu)
        self._save.setMenu(menu)
        self.tools.addWidget(self._save)
        self.column.addWidget(self._stack, 1)

    @property
    def name(self) -> str:
        """Of a file, without its ending."""
        return "-".join(re.findall(r"\w+", f"{self.file} {self.heading}".lower()))

    def image(self) -> QImage:
        """What is drawn, sharp enough for paper."""
        return image_of(self.view)

    def drawing(self) -> Drawing:
        """What is drawn, stroke by stroke."""
        return drawing_of(self.view)

    @property
    def has_focus(self) -> bool:
        """Whether the keyboard is in it."""
        return self.isAncestorOf(focused) if (focused := self.window().focusWidget()) is not None else False

    @property
    def numbers_shown(self) -> bool:
        """Whether the table stands in the picture's place."""
        return self.table is not None and self._stack.currentWidget() is self.table

    def show_numbers(self, on: bool) -> None:
        """Puts the table in the picture's place, or the picture back."""
        if self.table is not None:
            self._numbers.setChecked(on)

    def mark(self, cell: Cell | None, row: int | None = None) -> None:
        """Frames a cell of the view and makes it the table's current one."""
        assert isinstance(self.view, Twinned)
        assert self.table is not None
        self.view.mark(cell, row)
        if self.numbers_shown:
            self.table.mark(cell)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._fill(menu)
        menu.popup(event.globalPos())

    def _add_twin(self, view: Twinned) -> None:
        self.table = NumberTable()
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # as high as the picture
        self._stack.addWidget(self.table)
        self._numbers = QToolButton()
        self._numbers.setText(self.tr("Numbers"))
        self._numbers.setCheckable(True)
        self._numbers.setToolTip(self.tr("The same picture as a table of numbers"))
        self.tools.addWidget(self._numbers)
        self._numbers.toggled.connect(self._turn)
        view.renewed.connect(self._renew)
        self.table.chosen.connect(view.chosen)

    def _turn(self, to_numbers: bool) -> None:
        assert self.table is not None
        self._stack.setCurrentWidget(self.table if to_numbers else self._drawn)
        self._renew()

    def _renew(self) -> None:
        if self.table is not None and isinstance(self.view, Twinned) and self.numbers_shown:
            self.table.setAccessibleName(self.view.accessibleName())
            self.table.show_sheet(self.sheet())
            self.table.mark(self.view.cell)

    def _fill(self, menu: QMenu) -> None:
        for name, title in (
            ("copy-picture", self.tr("Copy picture")),
            ("save-picture", self.tr("Save picture…")),
            ("copy-numbers", self.tr("Copy numbers")),
            ("save-numbers", self.tr("Save numbers…")),
            ("copy-python", self.tr("Copy Python")),
        ):
            if name != "copy-python" or self.python is not None:
                menu.addAction(title).triggered.connect(lambda _=False, name=name: self.requested.emit(name))
