"""Where the squares of the atlas lie."""

from __future__ import annotations

import math
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

GAP = 4.0  # pixels between squares


@dataclass(frozen=True)
class Grid:
    """Where the squares lie: from ``origin`` on, ``columns`` in a row, ``across`` and ``down`` from one to the next.

    Below each, in its middle, are ``caption`` pixels for words, or before it where they are ``beside``; with a note
    where it is ``noted``.
    """

    origin: QPointF
    columns: int
    side: float
    across: float
    down: float
    caption: float
    noted: bool = False
    beside: bool = False

    def square(self, place: int) -> QRectF:
        row, column = divmod(place, self.columns)
        inset = self.across - GAP - self.side
        x = self.origin.x() + column * self.across + (inset if self.beside else math.floor(inset / 2))
        return QRectF(x, self.origin.y() + row * self.down, self.side, self.side)

    def words(self, place: int) -> QRectF:
        square = self.square(place)
        if self.beside:
            return QRectF(
                square.left() - self.caption - 3, square.center().y() - self.down / 2, self.caption, self.down
            )
        return QRectF(square.center().x() - self.across / 2 + 1, square.bottom() + 1, self.across - 2, self.caption)

    def place(self, point: QPointF) -> int | None:
        """Which square a point is in or next to."""
        inside = point - self.origin
        row, column = math.floor(inside.y() / self.down), math.floor(inside.x() / self.across)
        return row * self.columns + column if row >= 0 and 0 <= column < self.columns else None

    def row_beside(self, point: QPointF) -> int | None:
        """Which row a point left of the squares is in, where its number stands."""
        inside = point - self.origin
        return math.floor(inside.y() / self.down) if inside.x() < 0 <= inside.y() else None
