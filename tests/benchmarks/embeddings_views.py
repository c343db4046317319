"""How long each view of the Embeddings tab holds the window, at 512 tokens of a BERT-base-sized network.

The longest gap between two ticks of the GUI thread when a view is turned to, at a new answer, and when a token is
chosen, medians; beside them that of a tab with hardly anything to draw. Prints figures, not ratios.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtWidgets import QApplication

from tests.benchmarks import models, windows

if TYPE_CHECKING:
    from explorer.window import Window
    from explorer.worker import Worker

ROUNDS = 5


def main() -> None:
    with windows.opened() as (window, folder):
        measure(window, folder)


def measure(window: Window, folder: Path) -> None:
    import model
    from explorer.tabs.embeddings import EmbeddingsTab
    from model.scenario import Scenario

    workspace = window.workspace
    model.save(models.base(), folder / "base")
    refusals: list[str] = []
    workspace.refused.connect(refusals.append)
    longest_gap(workspace.worker, lambda: workspace.open_model(folder / "base", Scenario("dog " * 300, "cat " * 300)))
    assert not refusals, refusals
    tab = window.pages["embeddings"]
    assert isinstance(tab, EmbeddingsTab)
    window.show_tab("next-sentence")
    gaps(window, "an answer, with hardly anything to draw", lambda number: ask(window, number))
    window.show_tab("embeddings")
    for place, view in enumerate(tab.views):
        tab.switch.choose((place + 1) % len(tab.views))
        ask(window, ROUNDS)  # it has to be drawn anew
        longest_gap(workspace.worker, lambda: None)
        report(
            f"{view.title}: turning to it",
            [longest_gap(workspace.worker, lambda place=place: tab.switch.choose(place))],
        )
        gaps(window, f"{view.title}: an answer", lambda number: ask(window, number))
        gaps(window, f"{view.title}: choosing a token", lambda number: workspace.select(token=100 + number))


def ask(window: Window, number: int) -> None:
    window.workspace.set_texts("dog " * 300, f"{number} cat " * 300)


def gaps(window: Window, name: str, act: Callable[[int], Any]) -> None:
    trace = window.workspace.trace
    assert trace is not None
    assert len(trace.tokens) == 512, "nothing is drawn, so nothing would be measured"
    worker = window.workspace.worker
    report(name, [longest_gap(worker, lambda number=number: act(number)) for number in range(ROUNDS)])


def report(name: str, found: list[tuple[float, float]]) -> None:
    wall, own = (statistics.median(gap) * 1e3 for gap in zip(*found, strict=True))
    print(f"BERT-base, 512 tokens, {name}: longest gap {wall:.0f} ms, of its own work {own:.0f} ms (of {len(found)})")


def longest_gap(worker: Worker, act: Callable[[], Any]) -> tuple[float, float]:
    """Seconds on the wall, and of the GUI thread's own work, which other programs on the machine do not lengthen."""
    clocks = (time.perf_counter, time.thread_time)
    last, longest = [clock() for clock in clocks], [0.0, 0.0]
    act()
    painted = 0
    while painted < 5:  # what the last answer set off is painted too
        QApplication.processEvents()
        now = [clock() for clock in clocks]
        longest = [max(former, b - a) for former, a, b in zip(longest, last, now, strict=True)]
        last, painted = now, painted + 1 if worker.is_idle else 0
    return longest[0], longest[1]
