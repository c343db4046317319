"""The list of all keys, made from the table of actions."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from explorer import theme
from explorer.actions import Actions, menus
from explorer.widgets.scroll import Scroll

_COLUMNS = 2


class ShortcutsDialog(QDialog):
    """Every shortcut with what it does, menu by menu. Does not block the window."""

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Keyboard shortcuts"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(32)
        grid.setVerticalSpacing(16)
        shown = [name for name in menus() if any(action.shortcuts() for action in actions.of(name))]
        for number, name in enumerate(shown):
            place = divmod(number, _COLUMNS)
            grid.addWidget(self._menu(actions, name), *place, Qt.AlignmentFlag.AlignTop)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(16)
        whole = QWidget()
        column = QVBoxLayout(whole)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        column.addLayout(grid)
        for sentence in self._moves():
            moves = QLabel(sentence, wordWrap=True)
            column.addWidget(theme.role(moves, "faint"))
        scroll = Scroll(whole)
        scroll.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the keys scroll it: there is nothing else in it to go to
        scroll.setAccessibleName(self.windowTitle())
        layout.addWidget(scroll, 1)
        layout.addWidget(buttons)
        if parent is not None:
            self.resize(self.sizeHint().boundedTo(parent.size()))

    def _moves(self) -> tuple[str, ...]:
        """The keys that work where the keyboard is."""
        return (
            self.tr("In the tokens: ← → ↑ ↓ Home End move, Space holds the token, the menu key shows what to do."),
            self.tr(
                "In a picture: ← → ↑ ↓ go from cell to cell, + and − zoom, 0 shows all; "
                "the button Numbers puts a table in its place."
            ),
            self.tr("In all heads: ← → ↑ ↓ go from head to head, X switches one off, Shift+X all of its layer."),
            self.tr("In the heads that matter: ↑ ↓ go from one to the next, Enter chooses one, X switches it off."),
            self.tr("In a list of words: ↑ ↓ go from one to the next, Enter puts one into the sentence."),
        )

    def _menu(self, actions: Actions, name: str) -> QWidget:
        made = QWidget()
        rows = QGridLayout(made)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setVerticalSpacing(4)
        rows.setColumnStretch(1, 1)
        rows.addWidget(theme.role(QLabel(menus()[name].replace("&", "")), "heading"), 0, 0, 1, 2)
        for row, action in enumerate((action for action in actions.of(name) if action.shortcuts()), start=1):
            keys = "  ".join(key.toString(QKeySequence.SequenceFormat.NativeText) for key in action.shortcuts())
            rows.addWidget(theme.role(QLabel(keys), "faint"), row, 0)
            rows.addWidget(QLabel(action.text().replace("&", "")), row, 1)
        return made
