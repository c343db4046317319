"""How long the Tokens tab holds the window, on the model that is shipped.

The longest gap between two ticks of the GUI thread, medians: at an answer of 512 tokens, when a token is chosen, and
for each step of the length slider from 4 tokens to 512. Prints figures, not ratios.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import TYPE_CHECKING

from tests.benchmarks import models, windows
from tests.benchmarks.embeddings_views import longest_gap

if TYPE_CHECKING:
    from explorer.window import Window

ROUNDS = 9
STEP = 16  # tokens that the slider is moved by
LONG = "my dog is unbelievably cute and he likes playing. " * 60  # words of one piece and of several


def main() -> None:
    with windows.opened() as (window, _):
        measure(window)


def measure(window: Window) -> None:
    from explorer.tabs.tokens import TokensTab
    from model.scenario import Scenario

    workspace = window.workspace
    tab = window.pages["tokens"]
    assert isinstance(tab, TokensTab)
    longest_gap(workspace.worker, lambda: workspace.open_model(models.STARTER, Scenario(LONG)))
    for name in ("next-sentence", "tokens"):  # the first has hardly anything to draw
        window.show_tab(name)
        gaps(window, f"{name}: an answer of 512 tokens", lambda number: workspace.set_texts(f"{number} {LONG}", ""))
        gaps(window, f"{name}: choosing a token", lambda number: workspace.select(token=100 + number))
    longest_gap(workspace.worker, lambda: workspace.set_texts("my dog", ""))
    lengths = range(STEP, 513, STEP)
    gaps(window, "tokens: making it longer", lambda step: tab.length.slider.setValue(lengths[step]), len(lengths))
    gaps(window, "tokens: making it shorter", lambda step: tab.length.slider.setValue(lengths[-step]), len(lengths))


def gaps(window: Window, name: str, act: Callable[[int], object], rounds: int = ROUNDS) -> None:
    worker = window.workspace.worker
    found = [longest_gap(worker, lambda number=number: act(number)) for number in range(rounds)]
    wall, own = (statistics.median(gap) * 1e3 for gap in zip(*found, strict=True))
    most = max(own for _, own in found) * 1e3
    print(f"{name}: longest gap {wall:.0f} ms, of its own work {own:.0f} ms, {most:.0f} ms at most (of {rounds})")
