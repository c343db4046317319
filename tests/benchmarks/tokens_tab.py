"""How long the Tokens tab holds the window, on the model that is shipped.

The longest gap between two ticks of the GUI thread, medians: at an answer of 512 tokens, when a token is chosen, and
for each step of the length slider from 4 tokens to 512. Prints figures, not ratios.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.benchmarks import models
from tests.benchmarks.embeddings_views import longest_gap

if TYPE_CHECKING:
    from explorer.window import Window

ROUNDS = 9
STEP = 16  # tokens that the slider is moved by
LONG = "my dog is unbelievably cute and he likes playing. " * 60  # words of one piece and of several


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from explorer import app

    app.prepare()
    from explorer import theme
    from explorer.settings import Settings
    from explorer.window import Window
    from explorer.worker import Worker
    from explorer.workspace import Workspace

    app.make_application([])
    theme.apply("light")
    worker = Worker()
    with TemporaryDirectory() as folder:
        window = Window(Workspace(worker), Settings(Path(folder) / "settings.ini"))
        window.show()
        measure(window)
        window.close()
    worker.close()


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
