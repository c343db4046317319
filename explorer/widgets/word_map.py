"""A heatmap with a word in each cell: the colour says how sure the model is of it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.axis import Axis, Line
from explorer.widgets.figures import plus, rounded_percent
from explorer.widgets.heatmap import Heatmap, Scale
from model.trace import Floats

_LETTERS = 4  # of a word that a cell has room for, or else it holds none: zoomed in, it does
_SIDE = 3.0  # pixels left and right of a word


class WordMap(Heatmap):
    """Shares (R, C), or how much they changed, with as many words; zooming in shows those that have no room."""

    def __init__(self, parent: QWidget | None = None, *, scale: Scale = Scale.SHARE) -> None:
        super().__init__(parent, scale=scale, square=False)
        self._words: Sequence[Sequence[str]] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)

    def show_words(
        self, values: Floats, words: Sequence[Sequence[str]], rows: Axis, columns: Axis, limit: float = 1.0
    ) -> None:
        """Draws ``values`` (R, C) up to ``limit`` and writes ``words``, R rows of C, into the cells."""
        self._words = words
        self.show_values(values, rows, columns, limit)

    def sheet(self) -> Sheet:
        """What is drawn: in each cell the word and its share."""
        cells = [
            [f"{word} {share:.4f}" for word, share in zip(row, shares, strict=True)]
            for row, shares in zip(self._words, self._values.tolist(), strict=True)
        ]
        words = np.array(cells, dtype=object).reshape(self._values.shape)
        return Sheet(words, self._rows.labels, self._columns.labels, self._values)

    def _paint_values(self, painter: QPainter, down: Line, across: Line) -> None:
        font = theme.mono()
        font.setPointSizeF(font.pointSizeF() * 0.85)
        metrics = QFontMetricsF(font)
        if across.cell < metrics.horizontalAdvance("m" * _LETTERS) + 2 * _SIDE or down.cell < metrics.height():
            return
        small = QFontMetricsF(self._figures)
        widest = small.horizontalAdvance(rounded_percent(0.9996)) + 2  # the longest there is
        write = rounded_percent if self._scale is Scale.SHARE else partial(plus, decimals=1)
        with_share = down.cell >= metrics.height() + small.height() + 4 and across.cell >= widest
        for row in down.entries(len(self._rows), 1):
            for column in across.entries(len(self._columns), 1):
                share = float(self._values[row, column])
                if not self._words[row][column]:
                    continue
                painter.setPen(self._ink[self._level(share)])
                left, top = across.start + column * across.cell + _SIDE, down.start + row * down.cell
                box = QRectF(left, top, across.cell - 2 * _SIDE, down.cell)
                if with_share:
                    painter.setFont(self._figures)
                    below = box.adjusted(-_SIDE, down.cell / 2, _SIDE, -1)
                    painter.drawText(below, Qt.AlignmentFlag.AlignCenter, write(share))
                    box.setHeight(down.cell / 2 + 2)
                painter.setFont(font)
                text = metrics.elidedText(self._words[row][column], Qt.TextElideMode.ElideRight, box.width())
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
