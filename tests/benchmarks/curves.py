"""How long the curves of the Pretrain tab hold the window at an hour of metrics, ten lines a second.

Drawing all of it for the first time, drawing it with ten lines more, and following the mouse; the GUI thread's own
work, medians. Prints figures, not ratios.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

LINES = 36_000
LAYERS = 12
ROUNDS = 9
MORE = 10  # lines between two drawings

Measures = dict[str, NDArray[Any]]


def main() -> None:
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from explorer import app, theme

    app.prepare()
    application = app.make_application([])
    theme.apply("light")
    measure()
    application.processEvents()


def measure() -> None:
    from explorer.widgets.curves import Curves, RunCurves

    train, validation = lines(LINES + ROUNDS * MORE, 1), lines(LINES // 50, 50)
    known = {"uniform": 6.63, "unigram_entropy": 4.9, "floor": 1.21, "next_sentence": 0.693}

    def run(count: int) -> RunCurves:
        return RunCurves("run", {key: column[:count] for key, column in train.items()}, validation, known, 0)

    def opened(quantity: str) -> Curves:
        curves = Curves()
        curves.choose(quantity)
        curves.resize(640, 520)
        curves.show()
        return curves

    for quantity in ("loss", "accuracy", "gradient-by-layer"):
        fresh = [opened(quantity) for _ in range(ROUNDS)]
        first = [held(curves, lambda curves: curves.show_runs([run(LINES)])) for curves in fresh]
        curves, rounds = fresh[0], range(1, ROUNDS + 1)
        more = [held(curves, lambda curves, n=n: curves.show_runs([run(LINES + n * MORE)])) for n in rounds]
        hovering = [held(curves, lambda curves, n=n: curves.plot.read(1000.0 * n)) for n in rounds]
        report(f"{quantity}: {LINES:,} lines for the first time", first)
        report(f"{quantity}: with {MORE} lines more", more)
        report(f"{quantity}: following the mouse", hovering)


def lines(count: int, every: int) -> Measures:
    """Made-up metrics of as many lines, with noise, as a network of ``LAYERS`` layers has them."""
    rng = np.random.default_rng(0)
    step = np.arange(1.0, count + 1) * every
    fall = np.exp(-5 * step / step[-1])
    made: Measures = {"step": step}
    for key, least, most in (("mlm_loss", 1.7, 6.6), ("nsp_loss", 0.2, 0.69)):
        made[key] = (least + (most - least) * fall + rng.normal(0, 0.1 * least, count)).astype(np.float32)
    made["loss"] = made["mlm_loss"] + made["nsp_loss"]
    for key in ("mlm_accuracy", "mask_accuracy", "nsp_accuracy"):
        made[key] = (0.7 - 0.5 * fall + rng.normal(0, 0.02, count)).astype(np.float32)
    for place, part in enumerate(["embeddings", *(f"layer {layer}" for layer in range(1, LAYERS + 1)), "pooler"]):
        norm = (0.1 + 0.05 * place) * (1 + fall) * np.exp(rng.normal(0, 0.2, count))
        made[f"grad_norm_by_layer/{part}"] = norm.astype(np.float32)
    return made


def held(curves: Any, act: Callable[[Any], Any]) -> float:
    """Seconds of the GUI thread's own work until what ``act`` changed is painted."""
    from PySide6.QtWidgets import QApplication

    QApplication.processEvents()
    started = time.thread_time()
    act(curves)
    curves.grab()
    return time.thread_time() - started


def report(name: str, seconds: list[float]) -> None:
    middle, most = statistics.median(seconds) * 1e3, max(seconds) * 1e3
    print(f"{name}: {middle:.1f} ms, {most:.1f} ms at most (of {len(seconds)})")
