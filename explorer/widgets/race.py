"""The question in the sentence bar, put to every snapshot of a run: what its answers are over the steps (C13, C14)."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from explorer.export import Sheet
from explorer.snapshots import Snapshots
from explorer.widgets.curve_axes import bounds
from explorer.widgets.curve_drawing import Curve, Drawing
from explorer.widgets.curve_plot import Plot
from explorer.widgets.curve_quantities import Hue, Series
from explorer.widgets.figures import rounded_percent
from explorer.widgets.line import Line
from explorer.widgets.panel import isolated, strong
from explorer.worker import Lane, Task
from explorer.workspace import Workspace
from model.lens import masked_lm, race
from model.scenario import Scenario

if TYPE_CHECKING:
    from model.bert import Bert

_LINES = 5  # words in the race
_NAMED = 3  # of them in the sentence below
_MOST = 60  # snapshots that are asked, evenly spread over the run


@dataclass(frozen=True, eq=False)
class Answer(race.Answer):
    """What a snapshot says to the question."""

    step: int
    path: Path


Snapshot = tuple[int, Path]
Found = list[tuple[Path, Answer | str]]  # a sentence where a snapshot cannot say anything


class Race(QWidget):
    """The words that lead at the end, with their probabilities over the steps; without a place, whether B follows A.

    For a ``Picture``, the ``plot`` is its view and this its frame.
    """

    picked = Signal(object)  # the model directory of a step

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._snapshots: tuple[Snapshot, ...] = ()
        self._question: object = None
        self._found: dict[Path, Answer | str] = {}  # what the snapshots say to the question
        self._task: Task | None = None
        self.plot = Plot()
        self.plot.setAccessibleName(self.tr("What the run expected over its steps"))
        self.plot.setToolTip(self.tr("A click opens the model of that step"))
        self.plot.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
        self.plot.setMinimumHeight(170)
        self.reading = Line()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.plot, 1)
        column.addWidget(self.reading)
        self.plot.pointed.connect(self._read)
        self.plot.picked.connect(self._pick)
        workspace.answered.connect(self._ask)
        self._draw()

    def show_snapshots(self, snapshots: Sequence[Snapshot]) -> None:
        """Puts the question to the snapshots of another run, or to those that the same has made since."""
        wanted = _spread(snapshots)
        if wanted != self._snapshots:
            self._snapshots = wanted
            self._found = {path: self._found[path] for _, path in wanted if path in self._found}
            self._ask()

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Those that are there, by step."""
        found = (self._found.get(path) for _, path in self._snapshots)
        return tuple(answer for answer in found if isinstance(answer, Answer))

    @property
    def refusals(self) -> tuple[str, ...]:
        """Why those have no answer that were asked and gave none."""
        return tuple(found for found in self._found.values() if isinstance(found, str))

    def sheet(self) -> Sheet:
        """A row a snapshot, a column a line."""
        curves = self.plot.drawing.curves
        values = np.zeros((len(self.answers), len(curves)), np.float32)
        for place, curve in enumerate(curves):
            values[:, place] = curve.raw
        return Sheet(values, [str(answer.step) for answer in self.answers], [curve.series.name for curve in curves])

    def python(self) -> str:
        """The lines that make the sheet's values."""
        folders = "".join(f"    {str(answer.path)!r},\n" for answer in self.answers)
        return (
            f"folders = [\n{folders}]\n"
            "answers = []\n"
            "for snapshot in map(model.load, folders):\n"
            "    said = snapshot.trace(snapshot.adopt(trace.scenario, bert))\n"
            "    answers.append(model.lens.race.answer(snapshot, said))\n"
            f"courses = model.lens.race.courses(answers, {_LINES})\n"
            "values = np.stack([course for _, course in courses], axis=1)"
        )

    # The answers

    def _ask(self) -> None:
        """Has those snapshots asked that were not, on the worker, one a pass."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if not self.isVisible():
            return
        bert, trace = self._workspace.bert, self._workspace.trace
        if bert is not None and trace is not None:
            question = trace.scenario, bert.tokenizer.tokens
            if question != self._question:
                self._question, self._found = question, {}
            if missing := [path for path in reversed(self._snapshots) if path[1] not in self._found]:
                self._submit(missing, trace.scenario, bert)
        self._draw()

    def _submit(self, missing: Sequence[Snapshot], scenario: Scenario, former: Bert) -> None:
        found: Found = []  # the worker's thread adds to it
        models = self._workspace.snapshots
        self._task = self._workspace.worker.submit(
            Lane.LONG,
            "race",
            lambda: _answers(missing, scenario, former, models, found),
            lambda _: self._finish(found),
            self._fail,
            lambda _: self._take(found),
            owner=self,
        )

    def _take(self, found: Found) -> None:
        self._found.update(found)
        self._draw()

    def _finish(self, found: Found) -> None:
        self._task = None
        self._take(found)

    def _fail(self, error: Exception) -> None:
        self._task = None
        if not isinstance(error, MemoryError):
            raise error
        unasked = [path for _, path in self._snapshots if path not in self._found]
        self._found |= dict.fromkeys(unasked, self.tr("There is not enough memory for this."))
        self._draw()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._ask()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._read(self.plot.step)

    # The picture

    def _draw(self) -> None:
        answers = self.answers
        steps = np.array([answer.step for answer in answers], np.float64)
        curves = [
            Curve(Series("", name, Hue.DATA if not place else Hue.LAYER, share=1 - place / _LINES), steps, values)
            for place, (name, values) in enumerate(race.courses(answers, _LINES))
        ]
        last = float(self._snapshots[-1][0]) if self._snapshots else 1.0
        high = bounds(0.0, max((float(curve.raw.max()) for curve in curves), default=1.0), log=False)[1]
        self.plot.show_drawing(
            Drawing(
                curves,
                stops=steps,
                unit=self.tr("probability"),
                empty=self._why_empty(),
                last=last,
                high=min(high, 1.0),
            )
        )
        self._read(self.plot.step)

    def _why_empty(self) -> str:
        if not self._snapshots:
            return self.tr("Once a run has snapshots, each of them answers the question in the sentence bar here.")
        if self._workspace.trace is None:
            return self.tr("Open a model and ask it something: the snapshots of the run answer the same here.")
        if self.answers:
            return self.tr("Mask a word above, and what the run expected there is drawn here step by step.")
        if self._task is not None or not self.refusals:
            return self.tr("The snapshots are being asked …")
        return self.tr("No snapshot has an answer. {why}").format(why=isolated(self.refusals[0]))

    def _read(self, step: float | None) -> None:
        answers = self.answers
        if not answers:
            self.reading.say("")
            return
        answer = next((answer for answer in answers if answer.step == step), answers[-1])
        parts = []
        if answer.chances is not None:
            parts += [
                f"{strong(escape(answer.tokens[place]))} {escape(rounded_percent(float(answer.chances[place])))}"
                for place in masked_lm.best(answer.chances, _NAMED)
            ]
        if answer.is_next is not None:
            share = escape(rounded_percent(answer.is_next))
            parts.append(self.tr("B follows A: {0}").format(share))
        sentence = self.tr("Step {step}: {answers}")
        said = sentence.format(step=f"{answer.step:,}", answers=" · ".join(parts) or "–")
        if answer.chances is None and answer.is_next is not None:
            said += "<br>" + self.tr("Mask a word above, and the words that each step expects there race here.")
        if refusals := self.refusals:
            sentence = self.tr("Snapshots without an answer: {count}. {why}")
            said += "<br>" + sentence.format(count=len(refusals), why=isolated(escape(refusals[0])))
        self.reading.say(said)

    def _pick(self, step: float) -> None:
        if (path := next((path for number, path in self._snapshots if number == step), None)) is not None:
            self.picked.emit(path)


def _answers(
    snapshots: Iterable[Snapshot], scenario: Scenario, former: Bert, models: Snapshots, found: Found
) -> Generator[float, None, None]:
    """On the worker's thread: asks one snapshot a pass, and adds what it says to ``found``."""
    tokens = former.tokenizer.tokens
    for step, path in snapshots:
        try:
            bert = models.load(path, keep=False)
            if bert.tokenizer.tokens != tokens:  # kept once for all answers: there may be 30,000
                tokens = bert.tokenizer.tokens
            said = race.answer(bert, bert.trace(bert.adopt(scenario, former)))
            found.append((path, Answer(tokens, said.chances, said.is_next, step, path)))
        except (ValueError, OSError) as error:  # deleted meanwhile, too short for the question, without numbers
            found.append((path, str(error)))
        yield 0.0


def _spread(snapshots: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
    """At most so many of ``snapshots``, the first and the last among them.

    Of a run that goes on they stay the same until it has twice as many: none is asked again for one that came.
    """
    stride = 1
    while len(snapshots) > stride * (_MOST - 1):
        stride *= 2
    found = tuple(snapshots[::stride])
    return found if found[-1:] == tuple(snapshots[-1:]) else (*found, snapshots[-1])
