"""What the difference of two answers costs beside the plain atlas, BERT-base-sized, 512 tokens, and the memory of both.

The peer is the atlas of one answer: the ratio says how much longer the difference takes from arrays to painted, once
with the peer's colours from 0 to 1, and once with each row by itself, as the tab opens at that length.
"""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication

from tests.benchmarks import models, windows
from tests.benchmarks.timing import compare

if TYPE_CHECKING:
    from explorer.widgets.atlas import Atlas
    from explorer.window import Window
    from model.trace import Floats

ROUNDS = 15
TEXT = "my dog is cute and he likes playing with the other dogs of the town"


def main() -> None:
    with windows.opened() as (window, folder):
        window.show_tab("attention")
        measure(window, folder)


def measure(window: Window, folder: Path) -> None:
    import model
    from explorer.tabs.attention import AttentionTab, fitted
    from explorer.widgets.atlas import Atlas
    from explorer.widgets.attention_difference import changes
    from explorer.workspace import Shown
    from model.scenario import Scenario

    workspace, tab = window.workspace, window.pages["attention"]
    assert isinstance(tab, AttentionTab)
    model.save(models.base(), folder / "base")
    question = Scenario(f"{TEXT} " * 30, f"{TEXT} " * 30)
    workspace.open_model(folder / "base", question)
    settle(window)
    workspace.pin()
    workspace.ask(question.mask(2))
    settle(window)
    now, pinned = workspace.now, workspace.pinned
    assert now is not None
    assert pinned is not None
    assert len(now.trace.tokens) == 512
    atlas, signed = tab.atlas, Atlas(signed=True)
    signed.resize(atlas.size())
    signed.show()

    settle(window)

    def plain(per_row: bool) -> None:
        painted(atlas, fitted(now.trace.attention, per_row))

    def difference() -> None:
        painted(signed, changes(now.trace, pinned.trace).maps)

    for per_row, scale in enumerate(("from 0 to 1", "each row by itself")):
        ours, theirs, ratio = compare(difference, partial(plain, bool(per_row)), ROUNDS)
        print(f"difference of 144 heads, 512 tokens: {ours * 1e3:.0f} ms", end="")
        print(f", the plain atlas {scale} {theirs * 1e3:.0f} ms, ratio {ratio:.2f} (median of {ROUNDS})")
    signed.close()
    workspace.compare(Shown.DIFFERENCE)
    settle(window)
    memory = psutil.Process().memory_info()
    peak = getattr(memory, "peak_wset", 0) or _peak()
    print(f"memory with two answers held: {memory.rss / 2**30:.2f} GiB now, {peak / 2**30:.2f} at its peak")


def painted(atlas: Atlas, maps: Floats) -> None:
    """Until they are in its pixels."""
    paints = Paints()
    atlas.installEventFilter(paints)
    atlas.show_maps(maps)
    atlas.repaint()
    atlas.removeEventFilter(paints)
    assert paints.count == 1


class Paints(QObject):
    """Counts paint events: what is hidden, or waits for others, has none."""

    count = 0

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        self.count += event.type() == QEvent.Type.Paint
        return False


def settle(window: Window) -> None:
    """Until the worker has nothing left to say, and that is painted."""
    end = time.monotonic() + 120
    QApplication.processEvents()
    while not window.workspace.worker.is_idle and time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)
    for _ in range(10):
        QApplication.processEvents()


def _peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
