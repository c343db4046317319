from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets import axis as axes
from explorer.widgets.axis import Axis, Line

CELL = 4.0  # pixels
SIZE = 100


class Painted:
    """Keeps which entries are labelled, in place of a painter."""

    def __init__(self) -> None:
        self.entries: list[int] = []

    def font(self) -> object:
        return theme.mono()

    def setFont(self, font: object) -> None:
        pass

    def keep(self, painter: object, axis: Axis, entry: int, *place: object, bold: bool) -> None:
        self.entries.append(entry)


@pytest.mark.parametrize("side", ["row", "column"])
@pytest.mark.parametrize("chosen", [None, 60, 38])
def test_a_label_that_one_looks_for_is_there_and_touches_no_other(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, side: str, chosen: int | None
) -> None:
    labels = tuple(f"t{place}" for place in range(SIZE))
    line = Line(0.0, CELL, 0.0, SIZE * CELL)
    paint: Callable[..., None] = getattr(axes, f"paint_{side}s")
    kept = {}
    for sought in (frozenset[int](), frozenset({37}), frozenset({37, 38})):
        painted = Painted()
        monkeypatch.setattr(axes, f"_{side}_label", painted.keep)
        paint(painted, Axis(labels, sought=sought), line, 50.0, chosen)
        kept[len(sought)] = painted.entries
        places = sorted(painted.entries)
        least = min(later - entry for entry, later in pairwise(places))
        assert least * CELL >= 10
    assert 37 not in kept[0]
    assert (37 in kept[1]) == (chosen != 38)
    assert (37 in kept[2], 38 in kept[2]) == (chosen != 38, chosen == 38)
