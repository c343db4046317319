"""The vocabulary to look into: a search field, the table, the number of hits, and what Enter would do (C8)."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QActionGroup, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QMenu, QToolButton, QVBoxLayout, QWidget

from explorer.widgets.panel import note, strong
from explorer.widgets.vocabulary_table import VocabularyTable
from model.lookup import ID, KIND, PIECE, Entries


class Vocabulary(QWidget):
    """A search field over the table, the number of hits below it, and what Enter would do."""

    chosen = Signal(str)  # the piece that is to stand in the place of ``token``

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._token: tuple[int, str] | None = None  # position and piece of what Enter would replace
        self._shown: int | None = None  # the id that was last brought into sight
        self.search = QLineEdit(clearButtonEnabled=True)  # type: ignore[call-arg]
        self.search.setPlaceholderText(self.tr("search, such as ing or ##ing"))
        self.search.setAccessibleName(self.tr("Search the vocabulary"))
        self.search.setMaxLength(100)
        self.count, self.help = note(), note()
        self.table = VocabularyTable()
        self.sorting = QToolButton()
        self._offer_orders()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(6)
        for widget in (self.search, self.count, self.table, self.help):
            column.addWidget(widget, 1 if widget is self.table else 0)
        self.search.textChanged.connect(self._find)
        self.search.returnPressed.connect(self._enter_table)
        self.search.installEventFilter(self)
        self.table.taken.connect(self._take)
        self.table.reached.connect(self._explain)
        self._explain()

    @property
    def entries(self) -> Entries:
        """What is searched."""
        return self.table.rows.entries

    def show_entries(self, entries: Entries) -> None:
        """Shows another vocabulary."""
        self.table.rows.show_entries(entries)
        self._shown = None
        self._say_count()

    def mark(self, entry: int | None) -> None:
        """Tints the row of the focused token, an id."""
        if entry != self.table.rows.marked:
            self.table.rows.mark(entry)
            self.table.viewport().update()

    def aim(self, position: int | None, entry: int | None) -> None:
        """Says which token Enter would replace, and brings its row into sight; a search goes on where it is."""
        known = entry is not None and entry < len(self.entries.tokens)
        if position is None or entry is None or not known:
            self._token = None
        else:
            self._token = position, self.entries.tokens[entry]
            if entry != self._shown and not self.search.text():
                self.table.show_entry(entry)
            self._shown = entry
        self._explain()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "table"):
            self._say_count()  # sentences name colours
            self._explain()

    def _find(self, text: str) -> None:
        entry = self._shown
        with QSignalBlocker(self.table):
            self.table.rows.search(text.strip())
            self.table.scrollToTop()
            if text.strip() and self.table.rows.hits:
                self.table.setCurrentIndex(self.table.rows.index(0, PIECE))
            else:
                self.table.show_entry(entry)
        self._say_count()
        self._explain()

    def _say_count(self) -> None:
        rows, query = self.table.rows, self.search.text().strip()
        hits, size = f"{len(rows.hits):,}", f"{len(rows.entries.tokens):,}"
        if not query:
            sentence = self.tr("This model knows {0} pieces.").format(strong(size))
        elif rows.hits:
            sentence = self.tr("Pieces with {0}: {1} of {2}.").format(strong(escape(query)), strong(hits), size)
        else:
            sentence = self.tr(
                "No piece of {1} has {0} in it. Such a word is cut: type it into the sentence to see how."
            ).format(strong(escape(query)), size)
        self.count.setText(sentence)

    def _explain(self) -> None:
        """What Enter would do now."""
        entry = self.table.entry
        if self._token is None:
            sentence = self.tr("Choose a token and then a row here: Enter or a double click puts it in its place.")
            self.help.setText(sentence)
            return
        if entry is None:  # nothing is found, which the line above says
            self.help.clear()
            return
        position, token = self._token
        piece = self.entries.tokens[entry]
        sentence = (
            self.tr("{1} stands at position {2}; Enter or a double click on another row puts that in its place.")
            if piece == token
            else self.tr("Enter or a double click puts {0} in the place of {1}, position {2}.")
        )
        self.help.setText(sentence.format(strong(escape(piece)), strong(escape(token)), position))

    def _take(self, entry: int) -> None:
        piece = self.entries.tokens[entry]
        if self._token is not None and piece != self._token[1]:
            self.chosen.emit(piece)

    def _enter_table(self) -> None:
        if self.table.rows.hits:
            if self.table.entry is None:
                self.table.setCurrentIndex(self.table.rows.index(0, PIECE))
            self.table.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """The keys of the search field that are not text: down goes to the hits, Esc ends the search."""
        if watched is self.search and isinstance(event, QKeyEvent):
            ends = event.key() == Qt.Key.Key_Escape and bool(self.search.text())
            if event.type() == QEvent.Type.ShortcutOverride and ends:
                event.accept()  # or else the window would let go of the token
                return True
            if event.type() == QEvent.Type.KeyPress and ends:
                self.search.clear()
                return True
            if event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Down:
                self._enter_table()
                return True
        return super().eventFilter(watched, event)

    def _offer_orders(self) -> None:
        """The header's sorting, for the keyboard."""
        menu, group = QMenu(self.sorting), QActionGroup(self)
        titles = {ID: self.tr("By id"), PIECE: self.tr("By piece"), KIND: self.tr("By kind")}
        actions = {column: menu.addAction(title) for column, title in titles.items()}
        for column, action in actions.items():
            action.setCheckable(True)
            group.addAction(action)
            action.triggered.connect(lambda _=False, column=column: self.table.turn(column))
        menu.aboutToShow.connect(lambda: actions[self.table.rows.order].setChecked(True))
        self.sorting.setText(self.tr("Sort"))
        self.sorting.setToolTip(self.tr("Sort the vocabulary; the same once more turns it around"))
        self.sorting.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.sorting.setMenu(menu)
