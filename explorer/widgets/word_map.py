"""A heatmap with a word in each cell: the colour says how sure the model is of it."""

from __future__ import annotations

import math
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
from explorer.widgets.heatmap import LEAST_WRITTEN, Heatmap, Scale
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
        """What is drawn: in each cell the word, where there is one, and its share."""
        cells = [
            [
                "" if math.isnan(share) else f"{word} {share:.4f}".lstrip()
                for word, share in zip(row, shares, strict=True)
            ]
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
        wide = across.cell >= widest
        both = wide and down.cell >= metrics.height() + small.height() + 4
        for row in down.entries(len(self._rows), 1):
            for column in across.entries(len(self._columns), 1):
                share, word = float(self._values[row, column]), self._words[row][column]
                if not word and not (wide and abs(share) >= LEAST_WRITTEN * self._limit):
                    continue
                painter.setPen(self._ink[self._level(share)])
                box = QRectF(across.start + column * across.cell, down.start + row * down.cell, across.cell, down.cell)
                if both or not word:
                    painter.setFont(self._figures)
                    below = box.adjusted(0, down.cell / 2, 0, -1) if word else box
                    painter.drawText(below, Qt.AlignmentFlag.AlignCenter, write(share))
                if not word:
                    continue
                if both:
                    box.setHeight(down.cell / 2 + 2)
                painter.setFont(font)
                text = metrics.elidedText(word, Qt.TextElideMode.ElideRight, box.width() - 2 * _SIDE)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
