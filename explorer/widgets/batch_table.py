"""The batch being learnt: what the text says, what the network reads, and how wrong its guess is (C13, C15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSpinBox, QTableView, QWidget

from explorer import theme
from explorer.widgets.cells import LEFT, RIGHT, Cell, Cells
from explorer.widgets.line import Line
from explorer.widgets.panel import Panel, strong

Index = QModelIndex | QPersistentModelIndex

_TEXT, _INPUT, _GUESS, _LOSS = range(4)
_KINDS = ("masked", "replaced", "kept")  # the palette's names
_LEAST = 6  # rows that are seen without scrolling


@dataclass(frozen=True)
class Token:
    """A position of an input; ``kind`` is empty where it was not chosen for prediction."""

    text: str
    piece: str
    kind: str = ""
    guess: str = ""
    loss: float | None = None


@dataclass(frozen=True)
class Row:
    """An input of the batch; ``next_label`` 0 is IsNext, 1 NotNext, None without the question."""

    tokens: tuple[Token, ...]
    next_label: int | None
    next_loss: float | None


def rows_of(batch: Mapping[str, Any] | None) -> tuple[Row, ...]:
    """What a batch.json holds; what is not as it should be is left out."""
    found = []
    for row in (batch or {}).get("rows") or ():
        try:
            chosen = {int(entry["position"]): entry for entry in row["chosen"]}
            tokens = tuple(_token(str(piece), chosen.get(place)) for place, piece in enumerate(row["pieces"]))
            found.append(Row(tokens, row.get("next_label"), row.get("nsp_loss")))
        except (KeyError, TypeError, ValueError):
            continue
    return tuple(found)


def _token(piece: str, chosen: Mapping[str, Any] | None) -> Token:
    if chosen is None:
        return Token(piece, piece)
    loss = chosen["loss"]
    kind = chosen["kind"] if chosen["kind"] in _KINDS else ""
    return Token(str(chosen["label"]), piece, kind, str(chosen["guess"]), None if loss is None else float(loss))


class BatchTable(Panel):
    """A row a token; which of the batch's inputs is seen, the number above chooses."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._rows: tuple[Row, ...] = ()
        self._step = 0
        self.number = QSpinBox()
        self.number.setAccessibleName(self.tr("Which input of the batch"))
        self.number.setRange(1, 1)
        self.number.setPrefix(self.tr("input "))
        self.answer = Line()
        self.table = QTableView()
        self.model = _Model(self.table)
        self.table.setModel(self.model)
        self._lay_out()
        self.number.valueChanged.connect(self._show)
        self._show()

    def show_batch(self, batch: Mapping[str, Any] | None) -> None:
        """Shows another batch, at the input that was chosen."""
        self._rows = rows_of(batch)
        step = (batch or {}).get("step")
        self._step = step if isinstance(step, int) else 0
        self.number.setMaximum(max(1, len(self._rows)))
        self.number.setSuffix(self.tr(" of {0}").format(len(self._rows)))
        self._show()

    def _lay_out(self) -> None:
        table = self.table
        table.setItemDelegate(Cells(table, self.model.look))
        table.setAccessibleName(self.tr("The batch being learnt"))
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setShowGrid(False)
        table.setTabKeyNavigation(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setDefaultAlignment(LEFT)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_LOSS, QHeaderView.ResizeMode.Fixed)
        self.tools.addWidget(self.number)
        self.column.addWidget(self.answer)
        self.column.addWidget(table, 1)
        self.column.addStretch(0)
        self._size()

    def _size(self) -> None:
        metrics = QFontMetricsF(theme.mono())
        row = round(metrics.height()) + 3
        self.table.verticalHeader().setMinimumSectionSize(row)
        self.table.verticalHeader().setDefaultSectionSize(row)
        self.table.horizontalHeader().resizeSection(_LOSS, round(metrics.horizontalAdvance("00.00")) + 18)
        self.table.setMinimumHeight(row * (_LEAST + 1))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._size()
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange):
            self.model.renew()

    def sizeHint(self) -> QSize:
        return QSize(280, 320)

    def _show(self) -> None:
        place = self.number.value() - 1
        self.number.setVisible(len(self._rows) > 1)
        if place >= len(self._rows):
            self.set_heading(self.tr("This batch"))
            self.answer.say(self.tr("It comes with the first steps of a run."))
            self.table.hide()
            return
        row = self._rows[place]
        self.set_heading(self.tr("This batch"), self.tr("step {0}").format(f"{self._step:,}"))
        self.answer.say(self._sentence(row))
        self.model.show_row(row)
        self.table.show()

    def _sentence(self, row: Row) -> str:
        colours, parts = theme.palette(), []
        if row.next_label is not None:
            label = strong(escape("IsNext" if row.next_label == 0 else "NotNext"))
            loss = "–" if row.next_loss is None else f"{row.next_loss:.2f}"
            parts.append(self.tr("{label}, loss {loss}").format(label=label, loss=loss))
        names = {"masked": self.tr("masked"), "replaced": self.tr("replaced"), "kept": self.tr("kept")}
        for kind in _KINDS:
            if count := sum(token.kind == kind for token in row.tokens):
                tint = getattr(colours, kind)
                look = f"background-color:{tint};color:{theme.readable_on(tint)}"
                parts.append(f'<span style="{look}">&nbsp;{count} {escape(names[kind])}&nbsp;</span>')
        return " · ".join(parts)


class _Model(QAbstractTableModel):
    """One input, a row a token."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._tokens: tuple[Token, ...] = ()
        self._names = (self.tr("text"), self.tr("input"), self.tr("guess"), self.tr("loss"))
        self.renew()

    def renew(self) -> None:
        """Takes up another look."""
        self._font, self._bold = theme.mono(), theme.mono()
        self._bold.setBold(True)
        if self._tokens:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._tokens) - 1, _LOSS))

    def show_row(self, row: Row) -> None:
        """Shows another input."""
        same = len(row.tokens) == len(self._tokens)
        if not same:
            self.beginResetModel()
        self._tokens = row.tokens
        if same:
            self.renew()
        else:
            self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._tokens)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return self._names[section]
        return None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._written(self._tokens[index.row()], index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole:
            token = self._tokens[index.row()]
            return f"{self._names[index.column()]}: {self._written(token, index.column())} {token.kind}".strip()
        return None

    def look(self, row: int, column: int) -> Cell:
        """How a cell is painted."""
        token, colours = self._tokens[row], theme.palette()
        text = self._written(token, column)
        if column == _INPUT and token.kind:
            tint = getattr(colours, token.kind)
            return Cell(text, self._bold, theme.readable_on(tint), tint, LEFT)
        right = token.kind and token.guess == token.text
        ink = colours.ink if token.kind and (column != _GUESS or right) else colours.faint
        return Cell(
            text,
            self._bold if column == _GUESS and right else self._font,
            ink,
            None,
            RIGHT if column == _LOSS else LEFT,
        )

    def _written(self, token: Token, column: int) -> str:
        if column == _TEXT:
            return token.text
        if not token.kind:
            return "·" if column == _INPUT else ""
        if column == _LOSS:
            return "–" if token.loss is None else f"{token.loss:.2f}"
        return token.piece if column == _INPUT else token.guess
