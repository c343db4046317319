"""The batch being learnt: what the text says, what the network reads, and how wrong its guess is (C13, C15)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QObject, QPersistentModelIndex, QSize, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QSpinBox, QTableView

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.cells import LEFT, RIGHT, Cell, fill
from explorer.widgets.line import Line
from explorer.widgets.panel import isolated, strong
from explorer.widgets.picture import Picture

Index = QModelIndex | QPersistentModelIndex

_TEXT, _INPUT, _GUESS, _LOSS = range(4)
_KINDS = ("masked", "replaced", "kept")  # the palette's names
_LEAST = 6  # rows that are seen without scrolling
_SIDE = 18  # pixels left and right of a text, together
_MOST = 1_000  # inputs, and tokens of each, and letters of a token: no training writes as many


class Token(NamedTuple):
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
    for row in _list((batch or {}).get("rows")):
        try:
            chosen = {int(entry["position"]): entry for entry in _list(row["chosen"])}
            tokens = tuple(_token(_short(piece), chosen.get(place)) for place, piece in enumerate(_list(row["pieces"])))
            label = row.get("next_label")
            found.append(Row(tokens, label if label in (0, 1) else None, _nats(row.get("nsp_loss"))))
        except (KeyError, TypeError, ValueError, OverflowError):
            continue
    return tuple(found)


def _token(piece: str, chosen: Mapping[str, Any] | None) -> Token:
    if chosen is None or chosen["kind"] not in _KINDS:
        return Token(piece, piece)
    return Token(_short(chosen["label"]), piece, chosen["kind"], _short(chosen["guess"]), _nats(chosen["loss"]))


def _list(value: object) -> list[Any]:
    return value[:_MOST] if isinstance(value, list) else []


def _short(value: object) -> str:
    return str(value)[:_MOST]


def _nats(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


class BatchTable(Picture):
    """A row a token; which of the batch's inputs is seen, the number above chooses."""

    def __init__(self) -> None:
        self.grid = QTableView()
        super().__init__(self.grid, self._sheet, "pretrain", python=self._python)
        self._folder = Path()  # of the run
        self._batch: Mapping[str, Any] | None = None
        self._rows: tuple[Row, ...] = ()
        self._step = 0
        self.number = QSpinBox()
        self.number.setAccessibleName(self.tr("Which input of the batch"))
        self.number.setRange(1, 1)
        self.answer = Line()
        self.model = _Model(self.grid)
        self.grid.setModel(self.model)
        self._lay_out()
        self.number.valueChanged.connect(self._show)
        self._show()

    def show_batch(self, batch: Mapping[str, Any] | None, folder: Path = Path()) -> None:
        """Shows another batch, of the run in ``folder``, at the input that was chosen."""
        self._folder = folder
        if batch == self._batch:
            return
        self._batch, self._rows = batch, rows_of(batch)
        step = (batch or {}).get("step")
        self._step = step if isinstance(step, int) else 0
        before, _, after = self.tr("input {number} of {count}").partition("{number}")
        self.number.setPrefix(before.format(count=len(self._rows)))
        self.number.setSuffix(after.format(count=len(self._rows)))
        self.number.setMaximum(max(1, len(self._rows)))
        self._show()

    def _lay_out(self) -> None:
        table = self.grid
        fill(table, self.model.look)
        table.setAccessibleName(self.tr("The batch being learnt"))
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        table.verticalHeader().hide()
        header = table.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(_LOSS, QHeaderView.ResizeMode.Fixed)
        self.tools.insertWidget(0, self.number)
        self.column.insertWidget(1, self.answer)
        self.column.addStretch(0)
        self._size()

    def _size(self) -> None:
        words, heads = QFontMetricsF(theme.mono()), QFontMetricsF(theme.font())
        row, header = round(words.height()) + 3, self.grid.horizontalHeader()
        widest = max(map(heads.horizontalAdvance, self.model.names))
        self.grid.verticalHeader().setMinimumSectionSize(row)
        self.grid.verticalHeader().setDefaultSectionSize(row)
        header.setMinimumSectionSize(round(max(widest, words.horizontalAdvance("[MASK]"))) + _SIDE)
        header.resizeSection(_LOSS, round(max(widest, words.horizontalAdvance("00.00"))) + _SIDE)
        self.grid.setMinimumHeight(row * (_LEAST + 1))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._size()
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.PaletteChange):
            self.model.renew()
            self._show()

    def sizeHint(self) -> QSize:
        return QSize(280, 320)

    def _show(self) -> None:
        place = self.number.value() - 1
        self.number.setVisible(len(self._rows) > 1)
        if place >= len(self._rows):
            self.set_heading(self.tr("This batch"))
            self.answer.say(self.tr("It comes with the first steps of a run."))
            self._stack.hide()
            return
        row = self._rows[place]
        self.set_heading(self.tr("This batch"), self.tr("step {0}").format(f"{self._step:,}"))
        self.answer.say(self._sentence(row))
        self.model.show_row(row)
        self._stack.show()

    def _sheet(self) -> Sheet:
        """The input that is seen; a token that was not chosen has no guess and no loss."""
        place = self.number.value() - 1
        tokens = self._rows[place].tokens if place < len(self._rows) else ()
        rows = [(token.text, token.piece, token.kind, token.guess, "" if token.loss is None else token.loss)
                for token in tokens]  # fmt: skip
        values = np.array(rows, dtype=object).reshape(-1, 5)
        return Sheet(values, [str(place) for place in range(len(tokens))], ("text", "input", "kind", "guess", "loss"))

    def _python(self) -> str:
        return (
            "from pathlib import Path\n"
            "from model.training.run import Run\n\n"
            f"batch = Run(Path({str(self._folder)!r})).batch()\n"
            f"assert batch['step'] == {self._step}, 'the run has gone on to another batch'\n"
            f"row = batch['rows'][{self.number.value() - 1}]\n"
            "chosen = {one['position']: one for one in row['chosen']}\n"
            "values = np.empty((len(row['pieces']), 5), object)\n"
            "for place, piece in enumerate(row['pieces']):\n"
            "    one = chosen.get(place, {'label': piece, 'kind': '', 'guess': '', 'loss': ''})\n"
            "    values[place] = one['label'], piece, one['kind'], one['guess'], one['loss']"
        )

    def _sentence(self, row: Row) -> str:
        colours, parts = theme.palette(), []
        if row.next_label is not None:
            label = strong(escape("IsNext" if row.next_label == 0 else "NotNext"))
            loss = "–" if row.next_loss is None else f"{row.next_loss:.2f}"
            parts.append(self.tr("{label}, loss {loss}").format(label=label, loss=loss))
        chips = []
        for kind, words in self._counted(row).items():
            tint = getattr(colours, kind)
            look = f"background-color:{tint};color:{theme.readable_on(tint)}"
            chips.append(f'<span style="{look}">&nbsp;{escape(words).replace(" ", "&nbsp;")}&nbsp;</span>')
        return " · ".join([*parts, " ".join(chips)] if chips else parts)

    def _counted(self, row: Row) -> dict[str, str]:
        """How many tokens are of each kind, in words; without those of which there are none."""
        counts = {kind: sum(token.kind == kind for token in row.tokens) for kind in _KINDS}
        words = {
            "masked": self.tr("{0} masked"),
            "replaced": self.tr("{0} replaced"),
            "kept": self.tr("{0} kept"),
        }
        return {kind: words[kind].format(count) for kind, count in counts.items() if count}


class _Model(QAbstractTableModel):
    """One input, a row a token."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._tokens: tuple[Token, ...] = ()
        self.names = (self.tr("text"), self.tr("input"), self.tr("guess"), self.tr("loss"))
        self._kinds = {"masked": self.tr("masked"), "replaced": self.tr("replaced"), "kept": self.tr("kept")}
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
        return 0 if parent.isValid() else len(self.names)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return RIGHT if section == _LOSS else LEFT
        return self.names[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        token, column = self._tokens[index.row()], index.column()
        written = self._written(token, column)
        if role == Qt.ItemDataRole.DisplayRole:
            return written
        if role == Qt.ItemDataRole.ToolTipRole:  # there may be no room for it
            return f"<p>{escape(written)}</p>"
        if role == Qt.ItemDataRole.AccessibleTextRole:
            said = token.piece if column == _INPUT else written
            kind = f", {self._kinds[token.kind]}" if column == _INPUT and token.kind else ""
            return f"{self.names[column]}: {said}{kind}"
        return None

    def look(self, row: int, column: int) -> Cell:
        """How a cell is painted."""
        token, colours = self._tokens[row], theme.palette()
        text = isolated(self._written(token, column))
        if column == _INPUT and token.kind:
            tint = getattr(colours, token.kind)
            return Cell(text, self._bold, theme.readable_on(tint), tint, LEFT)
        right = bool(token.kind) and token.guess == token.text
        ink = colours.ink if token.kind and (column != _GUESS or right) else colours.faint
        font = self._bold if column == _GUESS and right else self._font
        return Cell(text, font, ink, None, RIGHT if column == _LOSS else LEFT)

    def _written(self, token: Token, column: int) -> str:
        if column == _TEXT:
            return token.text
        if not token.kind:
            return "·" if column == _INPUT else ""
        if column == _LOSS:
            return "–" if token.loss is None else f"{token.loss:.2f}"
        return token.piece if column == _INPUT else token.guess
