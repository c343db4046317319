"""From a sentence that changes to the last pixel that it changes, for each tab in front, on the model that is shipped.

The time runs from the question to when its answer is there and everything is painted: the pass, what the tab asks of
it, and the window. Beside it stands a bare forward pass of the same rows, the two taking turns; the first is allowed
twice the second plus 30 ms. Two tabs go on to ask once more for every token, such as each masked in turn: those are as
many passes again, and what they take is given apart. Wall times, medians; "own" is the process's CPU time, which other
programs lengthen less.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from explorer.worker import Lane
from tests.benchmarks import models, windows
from tests.benchmarks.timing import seconds

if TYPE_CHECKING:
    from explorer.window import Window
    from explorer.worker import Worker

ROUNDS = 30
WARM_UP = 3
ALLOWED = 30  # milliseconds beside two passes
SENTENCE = "my dog is cute and {} likes to play"  # with its pair 16 tokens
PAIR = "he is at home"
WORDS = ("he", "she", "it", "who")


def main() -> None:
    from model.scenario import Scenario

    with windows.opened() as (window, _):
        workspace = window.workspace
        drawn(workspace.worker, lambda: workspace.open_model(models.STARTER, Scenario(SENTENCE.format("he"), PAIR)))
        measure(window)


def measure(window: Window) -> None:
    from explorer.tabs.embeddings import EmbeddingsTab

    trace = window.workspace.trace
    assert trace is not None
    assert len(trace.tokens) == 16, trace.tokens
    for name, page in window.pages.items():
        window.show_tab(name)
        if not isinstance(page, EmbeddingsTab):
            compare(window, name)
            continue
        for place, view in enumerate(page.views):
            page.switch.choose(place)
            compare(window, f"{name}, {view.title}")


def compare(window: Window, name: str) -> None:
    bare = bare_pass(window)
    found = []
    for number in range(ROUNDS + WARM_UP):
        word = WORDS[number % len(WORDS)]
        began = time.process_time()
        answered, whole = drawn(
            window.workspace.worker, lambda word=word: window.workspace.set_texts(SENTENCE.format(word), PAIR)
        )
        found.append((answered, whole, time.process_time() - began, seconds(bare)))
    answer, last, own, forward = (statistics.median(times) * 1e3 for times in zip(*found[WARM_UP:], strict=True))
    allowed = 2 * forward + ALLOWED
    print(
        f"{name}: {answer:.0f} ms to the last pixel of the answer ({answer / allowed:.2f} of the {allowed:.0f} ms "
        f"allowed for a bare pass of {forward:.1f} ms); token by token {last - answer:.0f} ms more; own {own:.0f} ms"
    )


def bare_pass(window: Window) -> Callable[[], object]:
    """The forward pass of the present rows alone: nothing recorded, nothing tokenised."""
    bert, trace = window.workspace.bert, window.workspace.trace
    assert bert is not None
    assert trace is not None
    ids, segments = trace.input_ids[None].copy(), trace.segments[None].copy()
    return lambda: bert.hidden(trace, ids, segments)


def drawn(worker: Worker, act: Callable[[], object]) -> tuple[float, float]:
    """Seconds until the answer to ``act`` is laid out and painted, and until what goes on token by token is, too."""
    started = time.perf_counter()
    act()
    while any(lane != Lane.LONG for lane, _ in worker._current):
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)  # leaves the cores to the worker
    paint()
    answered = time.perf_counter() - started
    if not worker.is_idle:
        while not worker.is_idle:
            QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
        paint()
        return answered, time.perf_counter() - started
    return answered, answered


def paint() -> None:
    """The last answer's layout, and what is painted after it."""
    for _ in range(3):
        QApplication.processEvents()
