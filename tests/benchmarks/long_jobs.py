"""How long the window stands still while a tab asks 512 tokens one by one, how long that takes, and to paint it.
On the model that is shipped. And how long it takes to switch off each of BERT-base's 144 heads in turn at 128 tokens.
Nothing to compare with: this one prints figures, not ratios.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QApplication

from tests.benchmarks import models, windows
from tests.benchmarks.responsiveness import wait

if TYPE_CHECKING:
    from explorer.widgets.job import Job
    from explorer.workspace import Workspace

PAINTS = 20


def main() -> None:
    from model.scenario import Scenario

    with windows.opened() as (window, _):
        workspace = window.workspace
        wait(workspace.worker, lambda: workspace.open_model(models.STARTER, Scenario("my dog", "he likes playing")))
        for name in ("masked-lm", "next-sentence"):
            window.show_tab(name)
            page = window.pages[name]
            second = f"the man went to the store to buy {name} " * 60
            gap = wait(workspace.worker, lambda second=second: workspace.set_texts("my dog is cute " * 80, second))
            print(f"512 tokens, {page.title}: the answer, longest gap {gap * 1e3:.0f} ms")
            measure(workspace, page.view.job, page.title)  # type: ignore[attr-defined]
            print(f"512 tokens, {page.title}: painted in {paint(page) * 1e3:.0f} ms")
    heads()


def heads() -> None:
    """On this thread, without a window: what a user waits for is the passes."""
    from model.lens import what_if
    from model.scenario import Scenario

    bert = models.base()
    trace = bert.trace(Scenario("my dog is cute " * 16, "the man went to the store " * 10))
    ends = [time.perf_counter()]
    for _ in what_if.heads_that_matter(bert, trace, what_if.Prediction(2, "dog")):
        ends.append(time.perf_counter())
    longest = max(end - start for start, end in pairwise(ends))
    print(
        f"{len(trace.tokens)} tokens, BERT-base: 144 heads in {ends[-1] - ends[0]:.1f} s, "
        f"{len(ends) - 1} passes, longest {longest * 1e3:.0f} ms"
    )


def measure(workspace: Workspace, job: Job, title: str) -> None:
    started = time.perf_counter()
    gap = wait(workspace.worker, job.start.click)
    print(
        f"512 tokens, {title}: token by token in {time.perf_counter() - started:.0f} s, longest gap {gap * 1e3:.0f} ms"
    )


def paint(page: object) -> float:
    """Median seconds from a page's arrays to its pixels."""
    times = []
    for _ in range(PAINTS):
        started = time.perf_counter()
        page.grab()  # type: ignore[attr-defined]
        times.append(time.perf_counter() - started)
        QApplication.processEvents()
    return sorted(times)[PAINTS // 2]
