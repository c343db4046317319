"""Where words go beside lines: none over another, none outside of the plot, and off the curves where they can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, QSizeF

_PLACES = (1.0, 0.75, 0.5, 0.25, 0.0)  # along a line, from its right end to its left
_GAP = 2.0  # pixels between a line and its words


def along_lines(
    lines: Sequence[float],
    sizes: Sequence[QSizeF],
    room: QRectF,
    taken: Sequence[QRectF],
    points: NDArray[np.float64],
) -> list[QRectF | None]:
    """For each horizontal line at a ``y``, the box of its words above or below it; None where there is no room.

    ``taken`` are boxes of other words, ``points`` (P, 2) lie on curves that are better not covered.
    """
    found: list[QRectF | None] = []
    boxes = list(taken)
    for y, size in zip(lines, sizes, strict=True):
        tried = list[tuple[int, int, QRectF]]()
        for order, place in enumerate(_PLACES):
            left = room.left() + place * (room.width() - size.width())
            for top in (y - _GAP - size.height(), y + _GAP):
                box = QRectF(left, top, size.width(), size.height())
                if room.contains(box) and not any(box.intersects(other) for other in boxes):
                    tried.append((_covered(box, points) + 2 * order, len(tried), box))
        best = min(tried, default=None, key=lambda entry: entry[:2])
        found.append(None if best is None else best[2])
        if best is not None:
            boxes.append(best[2])
    return found


def spread(middles: Sequence[float], height: float, low: float, high: float) -> list[float]:
    """The ``middles`` of words of one ``height``, moved as little as keeps them apart between ``low`` and ``high``."""
    order = np.argsort(middles, kind="stable")
    placed = np.clip(np.asarray(middles, float)[order], low + height / 2, high - height / 2)
    for place in range(1, len(placed)):
        placed[place] = max(placed[place], placed[place - 1] + height)
    limit = high - height / 2
    for place in range(len(placed) - 1, -1, -1):
        placed[place] = min(placed[place], limit)
        limit = placed[place] - height
    back = np.empty_like(placed)
    back[order] = placed
    return [float(value) for value in back]


def _covered(box: QRectF, points: NDArray[np.float64]) -> int:
    if not len(points):
        return 0
    x, y = points[:, 0], points[:, 1]
    return int(((x > box.left()) & (x < box.right()) & (y > box.top()) & (y < box.bottom())).sum())
