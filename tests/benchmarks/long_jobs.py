"""How long the window stands still while a tab asks 512 tokens one by one, how long that takes, and to paint it.
On the model that is shipped. And how long it takes to switch off each of BERT-base's 144 heads in turn at 128 tokens,
to ask every pair of a paragraph of 40 sentences, and to share an answer out over 512 tokens, and the longest that a
question waits meanwhile.
Nothing to compare with: this one prints figures, not ratios.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
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
    pairs_and_contributions()


def heads() -> None:
    """On this thread, without a window: what a user waits for is the passes."""
    from model.lens import what_if
    from model.scenario import Scenario

    bert = models.base()
    trace = bert.trace(Scenario("my dog is cute " * 16, "the man went to the store " * 10))
    job = what_if.heads_that_matter(bert, trace, what_if.Prediction(2, "dog"))
    passes(f"{len(trace.tokens)} tokens, BERT-base: 144 heads", job)


def pairs_and_contributions() -> None:
    """The same on the model that is shipped."""
    import model
    from model.lens import attributions, paragraph

    bert = model.load(models.STARTER)
    trace = bert.trace(model.Scenario("my dog is cute " * 80, "he likes playing " * 90))
    sentences = [f"{'my dog is cute and ' * (number % 3 + 2)}he likes playing." for number in range(40)]
    passes("40 sentences: 1,560 pairs", paragraph.every_pair(bert, trace, sentences))
    passes(f"{len(trace.tokens)} tokens: contributions", attributions.next_sentence(bert, trace))


def passes(what: str, job: Iterator[float]) -> None:
    ends = [time.perf_counter()]
    for _ in job:
        ends.append(time.perf_counter())
    longest = max(end - start for start, end in pairwise(ends))
    print(f"{what} in {ends[-1] - ends[0]:.1f} s, {len(ends) - 1} passes, longest {longest * 1e3:.0f} ms")


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
