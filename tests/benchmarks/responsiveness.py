"""How long the window stands still while a BERT-base-sized network traces 512 tokens, and what typing costs in memory.

A timer of no interval ticks on the GUI thread; the longest gap between two ticks is how long a key would have waited.
Nothing to compare with: this one prints figures, not ratios.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication

from tests.benchmarks import models, windows

if TYPE_CHECKING:
    from explorer.window import Window
    from explorer.worker import Worker
    from explorer.workspace import Workspace

TRACES = 5
SCENARIOS = 500
FIRST = 50


def main() -> None:
    with windows.opened() as (window, folder):
        opening(window.workspace)
        memory_of_typing(window.workspace)
        longest_gaps(window, folder)


def opening(workspace: Workspace) -> None:
    from model.scenario import Scenario

    question = Scenario("My dog is cute", "he likes playing")
    gap = wait(workspace.worker, lambda: workspace.open_model(models.STARTER, question))
    print(f"torch's import and the first picture: longest gap {gap * 1e3:.0f} ms")


def memory_of_typing(workspace: Workspace) -> None:
    after_first = 0
    for number in range(SCENARIOS):
        first, second = "my dog is cute " * (1 + number % 12), f"it is {number}"
        wait(workspace.worker, lambda first=first, second=second: workspace.set_texts(first, second))
        if number == FIRST - 1:
            after_first = memory()
    last = memory()
    print(
        f"{SCENARIOS} questions: {after_first / 2**20:.0f} MiB after {FIRST}, {last / 2**20:.0f} MiB at the end", end=""
    )
    print(f", ratio {last / after_first:.3f}")


def longest_gaps(window: Window, folder: Path) -> None:
    import model

    workspace = window.workspace
    model.save(models.base(), folder / "base")
    wait(workspace.worker, lambda: workspace.open_model(folder / "base"))
    for tab in range(window.tabs.count()):
        window.tabs.setCurrentIndex(tab)
        gaps = []
        for number in range(TRACES):
            second = f"{number} cat " * 300
            gaps.append(wait(workspace.worker, lambda second=second: workspace.set_texts("dog " * 300, second)))
        assert workspace.trace is not None
        assert len(workspace.trace.tokens) == 512
        longest = statistics.median(gaps) * 1e3
        print(f"BERT-base, 512 tokens, {window.tabs.tabText(tab)}: longest gap {longest:.0f} ms (median of {TRACES})")


def wait(worker: Worker, ask: Callable[[], Any]) -> float:
    """Asks, and the longest gap between two ticks of the GUI thread until the worker is idle again."""
    loop, last, longest = QEventLoop(), time.perf_counter(), 0.0

    def tick() -> None:
        nonlocal last, longest
        now = time.perf_counter()
        longest, last = max(longest, now - last), now

    timer = QTimer()
    timer.timeout.connect(tick)
    worker.idle.connect(loop.quit)
    ask()
    timer.start(0)
    loop.exec()
    for _ in range(5):  # what the answer set off is painted too
        QApplication.processEvents()
        tick()
    timer.stop()
    worker.idle.disconnect(loop.quit)
    return longest


def memory() -> int:
    gc.collect()
    return psutil.Process().memory_info().rss
