"""The question in the sentence bar, put to every snapshot of a run: what its answers are over the steps (C13, C14)."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from explorer.export import Sheet
from explorer.snapshots import Snapshots
from explorer.widgets.curve_axes import bounds
from explorer.widgets.curve_drawing import Curve, Drawing
from explorer.widgets.curve_plot import Plot
from explorer.widgets.curve_quantities import Hue, Series
from explorer.widgets.figures import rounded_percent
from explorer.widgets.line import Line
from explorer.widgets.panel import strong
from explorer.worker import Lane
from explorer.workspace import Workspace
from model.lens import masked_lm, next_sentence
from model.scenario import Scenario
from model.trace import Floats

if TYPE_CHECKING:
    from model.bert import Bert
    from model.trace import Trace

_LINES = 5  # words in the race
_NAMED = 3  # of them in the sentence below
_MOST = 60  # snapshots that are asked, evenly spread over the run

Snapshot = tuple[int, Path]


@dataclass(frozen=True, eq=False)
class Answer:
    """What a snapshot says to the question."""

    step: int
    tokens: tuple[str, ...]  # the vocabulary
    chances: Floats | None  # (V,) the probability of each at the place that is asked for; None where none is
    is_next: float | None  # None without a second sentence, or a head that could say


class Race(QWidget):
    """The words that lead at the end, with their probabilities over the steps; without a place, whether B follows A.

    For a ``Picture``, the ``plot`` is its view and this its frame.
    """

    picked = Signal(object)  # the model directory of a step
    asked = Signal(str)  # the question as the run's vocabulary splits it

    def __init__(self, workspace: Workspace, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._snapshots: tuple[Snapshot, ...] = ()
        self._question: object = None
        self._answers: dict[Path, Answer] = {}
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
            self._answers = {path: self._answers[path] for _, path in wanted if path in self._answers}
            self._ask()

    @property
    def answers(self) -> tuple[Answer, ...]:
        """Those that are there, by step."""
        return tuple(self._answers[path] for _, path in self._snapshots if path in self._answers)

    def sheet(self) -> Sheet:
        """A row a snapshot, a column a line."""
        curves = self.plot.drawing.curves
        values = np.stack([curve.raw for curve in curves], axis=1) if curves else np.zeros((0, 0), np.float32)
        return Sheet(values, [str(answer.step) for answer in self.answers], [curve.series.name for curve in curves])

    # The answers

    def _ask(self) -> None:
        """Has those snapshots asked that were not, on the worker, one a pass."""
        bert, trace = self._workspace.bert, self._workspace.trace
        if bert is None or trace is None or not self.isVisible():
            return
        question = trace.scenario, bert.tokenizer.tokens
        if question != self._question:
            self._question, self._answers = question, {}
        missing = [snapshot for snapshot in reversed(self._snapshots) if snapshot[1] not in self._answers]
        self._draw()
        if not missing:
            return
        found: list[tuple[Path, Answer, tuple[str, ...]]] = []
        snapshots = self._workspace.snapshots
        self._workspace.worker.submit(
            Lane.LONG,
            "race",
            lambda: _answers(missing, trace.scenario, bert, snapshots, found),
            lambda _: self._take(question, found),
            self._fail,
            lambda _: self._take(question, found),
            owner=self,
        )

    def _take(self, question: object, found: list[tuple[Path, Answer, tuple[str, ...]]]) -> None:
        if question == self._question:
            self._answers.update((path, answer) for path, answer, _ in found)
            if found:
                self.asked.emit(" ".join(found[-1][2]))
            self._draw()

    def _fail(self, error: Exception) -> None:
        if not isinstance(error, ValueError | OSError | MemoryError):
            raise error
        self.reading.say(escape(str(error)))

    def showEvent(self, event: object) -> None:
        super().showEvent(event)  # type: ignore[arg-type]
        self._ask()

    # The picture

    def _draw(self) -> None:
        answers = self.answers
        steps = np.array([answer.step for answer in answers], np.float64)
        curves = [
            Curve(Series("", name, Hue.DATA if not place else Hue.LAYER, share=1 - place / _LINES), steps, values)
            for place, (name, values) in enumerate(_lines(answers))
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
        if self.answers:
            return self.tr("Mask a word above, and what the run expected there is drawn here step by step.")
        return self.tr("The snapshots are being asked …")

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
        self.reading.say(sentence.format(step=f"{answer.step:,}", answers=" · ".join(parts) or "–"))

    def _pick(self, step: float) -> None:
        self.picked.emit(next(path for number, path in self._snapshots if number == step))


def _answers(
    snapshots: Iterable[Snapshot],
    scenario: Scenario,
    former: Bert,
    models: Snapshots,
    found: list[tuple[Path, Answer, tuple[str, ...]]],
) -> Generator[float, None, None]:
    """On the worker's thread: asks one snapshot a pass, and adds its answer to ``found``."""
    for step, path in snapshots:
        try:
            bert = models.load(path, keep=False)
            trace = bert.trace(bert.adopt(scenario, former))
        except (ValueError, OSError):  # deleted meanwhile, or too short for the question
            continue
        place = _place(bert, trace)
        chances = None if place is None else np.exp(masked_lm.log_probabilities(bert, trace, place))
        is_next = None
        if bert.has_nsp and trace.pooled is not None and 1 in trace.inputs.texts:
            is_next = next_sentence.probabilities(bert, trace)[0]
        found.append((path, Answer(step, bert.tokenizer.tokens, chances, is_next), trace.tokens))
        yield 0.0


def _place(bert: Bert, trace: Trace) -> int | None:
    """Where something is asked for: the first [MASK] or edit; what comes next at the end of a left-to-right text."""
    if not bert.has_mlm:
        return None
    if bert.config.is_decoder:
        return max(len(trace.tokens) - 2, 0)
    asked = [place for place, token in enumerate(trace.tokens) if token == bert.tokenizer.mask_token]
    return min([*asked, *(edit.position for edit in trace.scenario.edits)], default=None)


def _lines(answers: Sequence[Answer]) -> list[tuple[str, Floats]]:
    """Name and values (N,) of each line over the ``answers``, that which ends highest first."""
    if not answers:
        return []
    if any(answer.chances is None for answer in answers):
        if any(answer.is_next is None for answer in answers):
            return []
        return [("IsNext", np.array([answer.is_next for answer in answers], np.float32))]
    chances = np.stack([answer.chances for answer in answers if answer.chances is not None])  # (N, V)
    return [(answers[-1].tokens[entry], chances[:, entry]) for entry in masked_lm.best(chances[-1], _LINES)]


def _spread(snapshots: Sequence[Snapshot]) -> tuple[Snapshot, ...]:
    """At most so many of ``snapshots``, the first and the last among them."""
    if len(snapshots) <= _MOST:
        return tuple(snapshots)
    places = np.unique(np.linspace(0, len(snapshots) - 1, _MOST).round().astype(int))
    return tuple(snapshots[place] for place in places.tolist())
