"""A window in which a training is watched: how long it stands still, what it costs the training, how fast a slider is.

The same recipe from a terminal is the peer of the training; for the rest there is none, so these are figures.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from tests.benchmarks import windows

if TYPE_CHECKING:
    from explorer.window import Window
    from model.training.recipe import Recipe
    from model.training.run import Run

PAIRS = 5
GAPS = 5
WATCHED = 15.0  # seconds of each
MINI = "steps = 40\nlength = 64\nbatch = 8\nlog_steps = 1\nsnapshot_steps = 5\n[network]\npreset = 'mini'\n"
TOY = "minutes = 10.0\nlength = 64\nbatch = 32\nlog_steps = 1\nsnapshot_steps = 50\n[network]\npreset = 'tiny'\n"
CORPUS = "[corpus]\nlittle_world = 5000\n[vocabulary]\nsize = 600\n"


def main() -> None:
    with tempfile.TemporaryDirectory() as data:
        os.environ |= {"XDG_DATA_HOME": data, "XDG_CACHE_HOME": data}
        with windows.opened() as (window, _):
            first = recipe(TOY)
            window.show_tab("pretrain")
            prepare(window, first)
            gaps(window, first)
            costs(window, first)
            slider(window)


def recipe(settings: str) -> Recipe:
    from model.training.recipe import Recipe

    return Recipe.from_toml(settings + CORPUS)


def prepare(window: Window, of: Recipe) -> None:
    """Once, so that the corpus is there for all that follow."""
    stop(window, begin(window, of, "prepared"))


def gaps(window: Window, of: Recipe) -> None:
    run = begin(window, of, "gaps")
    longest = [gap(WATCHED) for _ in range(GAPS)]
    stop(window, run)
    median = statistics.median(longest) * 1e3
    print(
        f"training on all cores, the tab in front: longest gap {median:.0f} ms (median of {GAPS}, {WATCHED:.0f} s each)"
    )


def costs(window: Window, of: Recipe) -> None:
    ratios = []
    for number in range(PAIRS):
        order = [watched, alone] if number % 2 else [alone, watched]
        speeds = {measure: measure(window, of, f"{measure.__name__} {number}") for measure in order}
        ratios.append(speeds[watched] / speeds[alone])
    print(f"training in the window / from a terminal: {statistics.median(ratios):.3f} of its speed (median of {PAIRS})")
    print(f"  each: {', '.join(f'{ratio:.3f}' for ratio in ratios)}")


def watched(window: Window, of: Recipe, name: str) -> float:
    """Tokens a second of a run that is started in the window and watched there."""
    run = begin(window, of, name)
    pump(WATCHED)
    stop(window, run)
    return speed(run)


def alone(window: Window, of: Recipe, name: str) -> float:
    """The same from a terminal; the window is hidden and looks at nothing."""
    from explorer import training_process
    from model.training.run import Run, default_runs

    window.pretrain.desk.training.look_at(())
    window.hide()
    run = Run.create(default_runs(), name, of.to_toml())
    program, arguments = training_process.command("pretrain", "--resume", str(run.directory))
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    with subprocess.Popen([program, *arguments], stdout=subprocess.DEVNULL, env=environment) as process:
        while not run.metrics():
            time.sleep(0.1)
        time.sleep(WATCHED)
        run.request_stop()
        process.wait()
    window.show()
    return speed(run)


def slider(window: Window) -> None:
    from model.scenario import Scenario

    run = begin(window, recipe(MINI), "mini")
    until(lambda: run.status().state == "finished")
    answered: list[float] = []
    window.workspace.answered.connect(lambda: answered.append(time.perf_counter()))
    for tab in ("attention", "masked-lm"):
        window.show_tab(tab)
        window.workspace.open_model(run.snapshots()[-1][1], Scenario("My dog is cute", "he likes playing").mask(2))
        until(lambda: len(window.time.steps) == len(run.snapshots()))
        took = []
        for by in (-1, -1, -1, -1, 1, 1, 1, -1, -1, -1):
            pump(1.0)  # as a person pauses: the neighbours are opened meanwhile
            count, began = len(answered), time.perf_counter()
            window.time.go(by)
            until(lambda count=count: len(answered) > count)
            QApplication.processEvents()
            took.append(time.perf_counter() - began)
        median, most = statistics.median(took) * 1e3, max(took) * 1e3
        print(f"mini, a step of the slider, {tab} in front: {median:.0f} ms (median of {len(took)})", end="")
        print(f", {most:.0f} ms at most")


# What is waited for


def begin(window: Window, of: Recipe, name: str) -> Run:
    training = window.pretrain.desk.training
    training.start(of, name)
    until(lambda: training.attended is not None and training.attended.run.name == name and training.attended.step > 0)
    assert training.attended is not None
    return training.attended.run


def stop(window: Window, run: Run) -> None:
    window.pretrain.desk.training.stop(run)
    until(lambda: not run.status().alive)


def speed(run: Run) -> float:
    lines = [row["tokens_per_second"] for row in run.metrics() if row["split"] == "train"]
    return statistics.median(lines[len(lines) // 5 :])


def pump(seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.005)


def until(done: Callable[[], bool], patience: float = 300.0) -> None:
    end = time.monotonic() + patience
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("It did not happen.")
        QApplication.processEvents()
        time.sleep(0.005)


def gap(seconds: float) -> float:
    """The longest gap between two ticks of the GUI thread within ``seconds``."""
    last, longest = time.perf_counter(), 0.0

    def tick() -> None:
        nonlocal last, longest
        now = time.perf_counter()
        longest, last = max(longest, now - last), now

    timer = QTimer(interval=5)
    timer.timeout.connect(tick)
    timer.start()
    pump(seconds)
    timer.stop()
    return longest
