"""What a recipe takes on this machine, measured by a process of its own before one starts."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QProcess, QTemporaryDir, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from explorer.widgets.figures import NO_BREAK
from explorer.widgets.line import Line
from explorer.widgets.panel import strong
from model.training.recipe import Recipe

Command = Callable[..., tuple[str, list[str]]]
"""Gives the program and its arguments that run ``main.py`` with some arguments."""

_MOST = 0.6  # of the machine's memory: what would take more is not measured
_PAUSE = 600  # milliseconds without a change until it is measured


@dataclass(frozen=True)
class Cost:
    """Figures of a whole run, as ``pretrain --dry-run --json`` gives them."""

    parameters: int
    memory: int  # bytes; 0 where the system does not tell
    steps: int
    tokens: int
    seconds: float


class RecipeCost(QWidget):
    """Says what the recipe shown takes: its parameters at once, the rest once it is measured.

    It measures only while it can be seen, and not while ``hold`` says so.
    """

    measured = Signal()

    def __init__(self, command: Command) -> None:
        super().__init__()
        self._command = command
        self._recipe: Recipe | None = None
        self._process: QProcess | None = None
        self._folder: QTemporaryDir | None = None
        self._held = False
        self._failure, self._wrong = "", tuple[str, ...]()
        self.cost: Cost | None = None
        self.line = Line(3)
        self.line.setAccessibleName(self.tr("What the run takes on this machine"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.line)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE)
        self._pause.timeout.connect(self._measure)
        self._say()

    def show_recipe(self, recipe: Recipe | None, wrong: Sequence[str] = ()) -> None:
        """Speaks of ``recipe`` from now on; where there is none, of what is ``wrong``: the names of settings."""
        self._wrong = tuple(wrong)
        if recipe == self._recipe and recipe is not None:
            return
        self.cancel()
        self._recipe, self.cost, self._failure = recipe, None, ""
        self._begin()
        self._say()

    def hold(self, on: bool) -> None:
        """Measures nothing while ``on``: a run that trains takes the processor, and would be slowed."""
        self._held = on
        if on:
            self.cancel()
        else:
            self._begin()
        self._say()

    def cancel(self) -> None:
        """Ends a measurement; the next change, or coming into sight, begins another."""
        self._pause.stop()
        if self._process is not None:
            process, self._process = self._process, None
            process.finished.disconnect(self._finish)
            process.errorOccurred.disconnect(self._stumble)
            process.finished.connect(process.deleteLater)
            process.kill()
            application = QCoreApplication.instance()
            assert application is not None
            application.aboutToQuit.connect(process.waitForFinished)  # its end takes some milliseconds

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._begin()
        self._say()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.cancel()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._say()

    @property
    def _is_open(self) -> bool:
        """Whether there is something to measure."""
        return self._recipe is not None and self.cost is None and not self._failure

    def _begin(self) -> None:
        if self._is_open and self._process is None and self.isVisible() and not self._held:
            self._pause.start()

    def _measure(self) -> None:
        assert self._recipe is not None
        needed, there = _roughly(self._recipe), _memory()
        if there and needed > _MOST * there:
            sentence = self.tr("It takes about {needed} of memory; this machine has {there}, so it is not tried.")
            self._fail(sentence.format(needed=self._bytes(round(needed)), there=self._bytes(there)))
            return
        self._folder = self._folder or QTemporaryDir()
        file = Path(self._folder.path(), "recipe.toml")
        try:
            file.write_text(self._recipe.to_toml(), encoding="utf-8")
        except OSError as error:
            self._fail(self.tr("It cannot be measured: {0}.").format(error.strerror))
            return
        program, arguments = self._command("pretrain", str(file), "--dry-run", "--json")
        self._process = QProcess(self)
        self._process.finished.connect(self._finish)
        self._process.errorOccurred.connect(self._stumble)
        self._process.start(program, arguments)

    def _stumble(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart and self._process is not None:
            sentence = self._process.errorString()
            self._end_process()
            self._fail(sentence)

    def _finish(self, code: int, status: QProcess.ExitStatus) -> None:
        if self._process is None:
            return
        output = bytes(self._process.readAllStandardOutput().data()).decode("utf-8", "replace")
        errors = bytes(self._process.readAllStandardError().data()).decode("utf-8", "replace")
        self._end_process()
        if code == 0 and status == QProcess.ExitStatus.NormalExit and (cost := _read(output)) is not None:
            self.cost = cost
            self._say()
            self.measured.emit()
        else:
            said = errors.strip().splitlines()
            self._fail(said[-1] if said else self.tr("The measurement ended early, perhaps for want of memory."))

    def _end_process(self) -> None:
        if self._process is not None:
            self._process.deleteLater()
            self._process = None

    def _fail(self, sentence: str) -> None:
        self._failure = sentence
        self._say()

    # What it says

    def _say(self) -> None:
        self.line.say(self._sentence())

    def _sentence(self) -> str:
        recipe = self._recipe
        if recipe is None:
            return self.tr("This cannot be run. Please correct: {0}.").format(strong(escape(", ".join(self._wrong))))
        if self.cost is not None:
            return self._measured(self.cost)
        from_a_model = recipe.start_from or recipe.vocabulary.model
        count = "" if from_a_model else self._parameters(recipe.parameters(recipe.vocabulary.size))
        if self._failure:
            return " · ".join(filter(None, (count, escape(self._failure))))
        if self._held:
            return count
        return " · ".join(filter(None, (count, self.tr("measuring memory and time …"))))

    def _parameters(self, count: int) -> str:
        return self.tr("{0} parameters").format(strong(self._rounded(count)))

    def _measured(self, cost: Cost) -> str:
        parts = [self._parameters(cost.parameters)]
        if cost.memory:
            parts.append(self.tr("{0} of memory").format(strong(self._bytes(cost.memory))))
        parts.append(self.tr("about {0} here").format(strong(self._duration(cost.seconds))))
        parts.append(self.tr("{0} steps").format(self._rounded(cost.steps)))
        parts.append(self.tr("{0} tokens").format(self._rounded(cost.tokens)))
        return " · ".join(parts)

    def _rounded(self, count: int) -> str:
        for size, sentence in ((1e9, self.tr("{0} billion")), (1e6, self.tr("{0} M"))):
            if count >= size:
                return sentence.format(f"{count / size:.1f}").replace(" ", NO_BREAK)
        return f"{count:,}"

    def _bytes(self, count: int) -> str:
        large = count >= 1e9
        number = f"{count / 1e9:.1f}" if large else f"{count / 1e6:,.0f}"
        return (self.tr("{0} GB") if large else self.tr("{0} MB")).format(number).replace(" ", NO_BREAK)

    def _duration(self, seconds: float) -> str:
        units = ((1, self.tr("{0} s")), (60, self.tr("{0} min")), (3_600, self.tr("{0} h")))
        size, sentence = next(
            (unit for unit, most in zip(units, (90, 90, 48), strict=True) if seconds / unit[0] < most),
            (86_400, self.tr("{0} days")),
        )
        amount = seconds / size
        number = f"{amount:.1f}" if size > 60 and amount < 10 else f"{max(1, round(amount)):,}"
        return sentence.format(number).replace(" ", NO_BREAK)


def _roughly(recipe: Recipe) -> float:
    """Bytes that a step takes at its peak, by arithmetic: weights, gradients and AdamW's two, and what is kept to go
    back through (after Korthikanti et al. 2022, attention in one kernel). 0 where the network is a model's.
    """
    if recipe.start_from or recipe.vocabulary.model:
        return 0.0
    entries = recipe.vocabulary.size
    config = recipe.config(entries)
    phases = [recipe.filled(number) for number in range(max(1, len(recipe.phases)))]
    by_token = config.num_hidden_layers * (16 * config.hidden_size + 2 * config.intermediate_size)
    numbers = max(phase.batch * phase.length * (by_token + 3 * phase.chosen * entries) for phase in phases)
    return 16.0 * recipe.parameters(entries) + 4.0 * numbers


def _memory() -> int:
    """Bytes that this machine has; 0 where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 0


def _read(output: str) -> Cost | None:
    """What the last line of ``output`` says; None where it is something else."""
    try:
        return Cost(**json.loads(output.strip().splitlines()[-1]))
    except (ValueError, TypeError, IndexError):
        return None
