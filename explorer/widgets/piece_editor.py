"""The little editor over a chip that puts another piece of the vocabulary there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QStringListModel, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit, QWidget

if TYPE_CHECKING:
    from model.wordpiece import WordPiece


class PieceEditor(QLineEdit):
    """Completes over the vocabulary. Enter with one of its pieces ends in ``chosen``, anything else in ``unknown``."""

    chosen = Signal(str)
    unknown = Signal(str)  # what was typed; the editor stays
    dismissed = Signal()

    def __init__(self, tokenizer: WordPiece, parent: QWidget) -> None:
        super().__init__(parent)
        self._tokenizer = tokenizer
        self._pieces = frozenset(tokenizer.tokens)
        self._over = False
        completer = QCompleter(self)
        completer.setModel(QStringListModel(sorted(tokenizer.tokens, key=str.lower), completer))
        completer.setModelSorting(QCompleter.ModelSorting.CaseInsensitivelySortedModel)  # a binary search a keystroke
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self.setCompleter(completer)
        self.setMaxLength(200)
        self.setPlaceholderText(self.tr("a piece"))
        self.setAccessibleName(self.tr("Replace by a piece of the vocabulary"))
        self.returnPressed.connect(self._accept)
        completer.activated.connect(self._accept)

    def piece(self) -> str | None:
        """The vocabulary's piece that was typed, or None."""
        typed = self.text().strip()
        variants = [typed, typed.lower()] if self._tokenizer.lowercase else [typed]
        return next((variant for variant in variants if variant in self._pieces), None)

    def _accept(self, _: str = "") -> None:
        piece = self.piece()
        if self._over:
            return
        if piece is None:
            self.unknown.emit(self.text().strip())
        else:
            self._over = True
            self.chosen.emit(piece)

    def _dismiss(self) -> None:
        if not self._over:
            self._over = True
            self.dismissed.emit()

    def event(self, event: QEvent) -> bool:
        # Esc is the window's shortcut too; here it means this editor.
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() == Qt.Key.Key_Escape
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self._dismiss()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        elsewhere = (Qt.FocusReason.PopupFocusReason, Qt.FocusReason.ActiveWindowFocusReason)
        if event.reason() not in elsewhere:
            self._dismiss()
