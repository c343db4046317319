"""What runs measured over their steps: one quantity at a time, smoothed, against what it is measured by (C14, C17)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent, QShowEvent, QTextDocumentFragment
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QVBoxLayout, QWidget

from explorer import theme
from explorer.export import Sheet
from explorer.widgets.curve_axes import bounds
from explorer.widgets.curve_drawing import Curve, Drawing
from explorer.widgets.curve_plot import Plot
from explorer.widgets.curve_quantities import Baseline, Hue, Measures, Quantity, Series, column, quantities
from explorer.widgets.curve_smoothing import Smoothed
from explorer.widgets.flow import Flow
from explorer.widgets.line import Line
from explorer.widgets.panel import isolated, strong
from explorer.widgets.switch import Switch

_PARTS = (0, 100, 25)  # of a run's lines that a mean goes over, by the switch; 0 for none
_SHORTEST = 3.0  # lines that a mean goes over


@dataclass(frozen=True)
class RunCurves:
    """What a run has measured so far, and the ``steps`` that it is planned for, 0 where nobody knows."""

    name: str
    train: Measures
    validation: Measures
    baselines: Mapping[str, float]
    steps: int
    folder: Path = Path()


class Curves(QWidget):
    """The curves of a run, others laid over them, with the choice of what to see and the values in words.

    For a ``Picture``, the ``plot`` is its view and this its frame.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runs: tuple[RunCurves, ...] = ()
        self._means: dict[tuple[str, str, float], Smoothed] = {}
        self._stale = False
        self._quantities = quantities()
        self.choice = QComboBox()
        self.choice.addItems([quantity.title for quantity in self._quantities])
        self.choice.setAccessibleName(self.tr("What the curves show"))
        self.smoothing = Switch([self.tr("none"), self.tr("some"), self.tr("much")])
        self.smoothing.setAccessibleName(self.tr("How much the curves are smoothed"))
        self.smoothing.choose(1)
        self.log = QCheckBox(self.tr("log"))
        self.log.setToolTip(self.tr("A logarithmic axis: each step up is the same factor"))
        self.reading = Line()
        self._words = QWidget()  # keeps the room that the longest reading took, so that the plot stays where it is
        around = QVBoxLayout(self._words)
        around.setContentsMargins(0, 0, 0, 0)
        around.addWidget(self.reading, 0, Qt.AlignmentFlag.AlignTop)
        self.plot = Plot()
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(6)
        tools = Flow((self.choice,))
        tools.addWidget(theme.role(QLabel(self.tr("Smoothing")), "faint"))
        for tool in (self.smoothing, self.log):
            tools.addWidget(tool)
        for part, stretch in ((tools, 0), (self._words, 0), (self.plot, 1)):
            rows.addWidget(part, stretch)
        self.choice.currentIndexChanged.connect(self._turn)
        self.smoothing.chosen.connect(self._draw)
        self.log.toggled.connect(self._draw)
        self.plot.pointed.connect(self._read)
        self._draw()

    @property
    def quantity(self) -> str:
        """The id of what is shown, such as "loss"."""
        return self._shown.id

    @property
    def title(self) -> str:
        """What is shown, in words."""
        return self._shown.title

    def choose(self, quantity: str) -> None:
        """Shows another quantity, by its id; one that there is not changes nothing."""
        places = [place for place, entry in enumerate(self._quantities) if entry.id == quantity]
        self.choice.setCurrentIndex(places[0] if places else self.choice.currentIndex())

    def show_runs(self, runs: Sequence[RunCurves]) -> None:
        """Shows ``runs``: the first is attended to, the others are laid over it. Drawn once it can be seen.

        The columns are taken as they are now: what is added to them later shows with the next call.
        """
        if [run.name for run in runs] != [run.name for run in self._runs]:
            self._words.setMinimumHeight(0)
        self._runs = tuple(replace(run, train=dict(run.train), validation=dict(run.validation)) for run in runs)
        if self.isVisible():
            self._draw()
        else:
            self._stale = True

    def sheet(self) -> Sheet:
        """What is drawn, unsmoothed: a row a step, a column for each line of each run; NaN where there is no number."""
        if self._stale:
            self._draw()
        curves = self.plot.drawing.curves
        steps = np.unique(np.concatenate([curve.steps for curve in curves])) if curves else np.zeros(0)
        values = np.full((len(steps), len(curves)), np.nan, np.float32)
        for place, curve in enumerate(curves):
            values[np.searchsorted(steps, curve.steps), place] = curve.raw
        return Sheet(values, [f"{step:.0f}" for step in steps.tolist()], [self._column(curve) for curve in curves])

    def python(self) -> str:
        """The lines that make the sheet's values; what a run measured since is left out."""
        columns = []
        for curve in self.plot.drawing.curves:
            folder, split = self._runs[curve.run].folder, "validation" if curve.validation else "train"
            columns.append((str(folder), split, curve.series.key, len(curve.steps)))
        written = "".join(f"    {column},\n" for column in columns)
        return (
            "from pathlib import Path\n"
            "from model.training.history import History\n"
            "from model.training.run import Run\n\n"
            f"columns = [\n{written}]\n"
            "histories = {folder: History(Run(Path(folder))) for folder, *_ in columns}\n"
            "for history in histories.values():\n"
            "    while history.read():\n"
            "        pass\n"
            "splits = [getattr(histories[folder], split) for folder, split, *_ in columns]\n"
            'at = [lines["step"][:count] for lines, (*_, count) in zip(splits, columns)]\n'
            "steps = np.unique(np.concatenate(at))\n"
            "values = np.full((len(steps), len(columns)), np.nan, np.float32)\n"
            "for place, (_, _, key, count) in enumerate(columns):\n"
            "    values[np.searchsorted(steps, at[place]), place] = splits[place][key][:count]"
        )

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._words.setMinimumHeight(0)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self._draw()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._words.setMinimumHeight(0)
            self._read(self.plot.step)  # words in colours

    # What is drawn

    @property
    def _shown(self) -> Quantity:
        return self._quantities[self.choice.currentIndex()]

    def _turn(self) -> None:
        self.smoothing.setEnabled(not self._shown.exact)
        self._words.setMinimumHeight(0)
        self._draw()

    def _draw(self) -> None:
        self._stale = False
        former, self._means = self._means, {}  # what is shown no longer is not kept
        runs = self._runs[:1] if self._shown.by_layer else self._runs  # a dozen lines each are enough
        curves = [curve for number, run in enumerate(runs) for curve in self._curves(number, run, former)]
        baselines = self._baselines()
        low, high = self._bounds(curves, baselines)
        steps = [float(column(split, "step")[-1]) for run in runs for split in _splits(run) if _has_lines(split)]
        self.plot.show_drawing(
            Drawing(
                curves,
                baselines,
                column(runs[0].train, "step") if runs else np.zeros(0),
                [run.name for run in runs],
                self._shown.unit,
                self.tr("This run has not measured it.") if steps else self._nothing(),
                max([1.0, *(float(run.steps) for run in runs), *steps]),
                low,
                high,
                self.log.isChecked(),
                self._shown.ticks,
            )
        )
        self.plot.setAccessibleName(self.tr("{quantity} over the steps").format(quantity=self.title))
        self._read(self.plot.step)

    def _nothing(self) -> str:
        return self.tr("No figures yet: they come with the first steps.")

    def _curves(self, number: int, run: RunCurves, former: dict[tuple[str, str, float], Smoothed]) -> list[Curve]:
        """The lines of one run; of other runs than the first only the strong ones, without their validation."""
        made, steps = list[Curve](), column(run.train, "step")
        span = self._span(run, steps)
        for series in self._shown.series([run.train]):
            if number and not series.strong and not self._shown.by_layer:
                continue
            values = column(run.train, series.key)
            smooth = None
            if span:
                key = (run.name, series.key, span)
                self._means[key] = former.get(key) or Smoothed(span)
                smooth = self._means[key].means(steps, values)
            made.append(Curve(series, steps, values, smooth, number))
        if not number and _has_lines(run.validation):
            at = column(run.validation, "step")
            for series in self._shown.series([run.validation]):
                if series.strong:
                    made.append(Curve(series, at, column(run.validation, series.key), None, 0, validation=True))
        return made

    def _span(self, run: RunCurves, steps: NDArray[Any]) -> float:
        """Lines that a mean goes over: a part of those that the run will have, so that it stays the same on the way."""
        part = 0 if self._shown.exact else _PARTS[self.smoothing.current]
        if not part or not len(steps):
            return 0.0
        expected = len(steps) * max(1.0, run.steps / max(1.0, float(steps[-1])))
        return max(_SHORTEST, 2.0 ** math.ceil(math.log2(expected)) / part)

    def _baselines(self) -> list[Baseline]:
        if not self._runs:
            return []
        known = {key: value for key, value in self._runs[0].baselines.items() if isinstance(value, int | float)}
        return self._shown.baselines(known)

    def _bounds(self, curves: Sequence[Curve], baselines: Sequence[Baseline]) -> tuple[float, float]:
        log, seen = self.log.isChecked(), [np.array([baseline.value for baseline in baselines])]
        for curve in curves:
            is_raw = curve.smooth is None or (curve.series.strong and not curve.run)
            seen.append(curve.raw if is_raw or curve.smooth is None else curve.smooth)
        least, most = [], []
        for values in seen:
            drawn = values[np.isfinite(values) & (values > 0)] if log else values[np.isfinite(values)]
            if len(drawn):
                least.append(float(drawn.min()))
                most.append(float(drawn.max()))
        low, high = bounds(min(least, default=0.0), max(most, default=1.0), log)
        return low, high if self._shown.high is None else self._shown.high

    # What is said

    def _read(self, step: float | None) -> None:
        """Says the values at ``step``, or the last ones."""
        said = [self._sentence(number, run, step) for number, run in enumerate(self._runs)]
        if self._shown.by_layer:
            said = said[:1]
        text = "<br>".join(sentence for sentence in said if sentence)
        self.reading.say(text)
        self._words.setMinimumHeight(max(self._words.minimumHeight(), self.reading.minimumHeight()))
        self.plot.setAccessibleDescription(QTextDocumentFragment.fromHtml(text).toPlainText() or self._nothing())

    def _sentence(self, number: int, run: RunCurves, step: float | None) -> str:
        """What one run measured; the first one's validation on a line of its own, so that nothing moves meanwhile."""
        if not _has_lines(run.train):
            return ""
        series = [entry for entry in self._shown.series([run.train]) if entry.strong or not number]
        said = self._said(run.train, series, step, self.tr("{values} at step {step}"))
        if len(self._runs) > 1:
            said = self.tr("{run}: {values}").format(run=isolated(escape(run.name)), values=said)
        checked = [series for series in self._shown.series([run.validation]) if series.strong]
        if number or not checked:
            return said
        return f"{said}<br>{self._said(run.validation, checked, step, self.tr('validation: {values} at step {step}'))}"

    def _said(self, split: Measures, series: Sequence[Series], step: float | None, sentence: str) -> str:
        """The last values of ``split`` up to ``step``."""
        steps = column(split, "step")
        place = len(steps) - 1 if step is None else int(np.searchsorted(steps, step, side="right")) - 1
        if place < 0:
            return self.tr("validation: none before step {step}").format(step=f"{steps[0]:,.0f}")
        values = self._by_layer if self._shown.by_layer else self._values
        return sentence.format(values=values(series, split, place), step=f"{steps[place]:,.0f}")

    def _values(self, series: Sequence[Series], split: Measures, place: int) -> str:
        return " · ".join(self._value(entry, split, place) for entry in series)

    def _value(self, series: Series, split: Measures, place: int) -> str:
        words = self.tr("{name} {value}").format(
            name=series.name, value=self._shown.write(float(column(split, series.key)[place]))
        )
        if series.hue is Hue.QUIET:
            return words
        return f'<b style="color:{series.colour(text=True)}">{words}</b>'

    def _by_layer(self, series: Sequence[Series], split: Measures, place: int) -> str:
        """The layers in one go: each with its name would be a paragraph."""
        layers = [entry for entry in series if entry.hue is Hue.LAYER]
        written = [self._shown.write(float(column(split, entry.key)[place])) for entry in layers]
        said = [self._value(entry, split, place) for entry in series if entry.hue is not Hue.LAYER]
        if layers:
            last = layers[-1].key.rpartition(" ")[2]
            words = self.tr("layers 1 to {last}: {values}").format(last=last, values=strong(" ".join(written)))
            said.insert(1 if series[0].hue is not Hue.LAYER else 0, words)
        return " · ".join(said)

    def _column(self, curve: Curve) -> str:
        name = self.title if curve.series.hue is Hue.DATA else f"{self.title} {curve.series.name}"
        if curve.validation:
            name = self.tr("{quantity}, validation").format(quantity=name)
        if len(self._runs) > 1:
            name = self.tr("{run}: {quantity}").format(run=self._runs[curve.run].name, quantity=name)
        return name


def _splits(run: RunCurves) -> tuple[Measures, Measures]:
    return run.train, run.validation


def _has_lines(split: Measures) -> bool:
    return "step" in split and len(split["step"]) > 0
