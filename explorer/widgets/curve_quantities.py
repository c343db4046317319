"""What one can ask of a run's metrics: the quantities, the lines of each, and what they are measured against."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from explorer import theme
from explorer.widgets.curve_axes import number, ticks_written
from explorer.widgets.figures import NO_BREAK, rounded_percent

Measures = Mapping[str, NDArray[Any]]  # the lines of one split, a column (N,) a field, NaN where a line has no number

translate = QCoreApplication.translate  # by its own name: lupdate finds the texts by it

_LAYER = re.compile(r"layer (\d+)")


class Hue(enum.Enum):
    """What the colour of a line means."""

    MLM = enum.auto()
    MASKED = enum.auto()
    NSP = enum.auto()
    QUIET = enum.auto()  # what others add up to
    INK = enum.auto()
    DATA = enum.auto()  # the only line there is
    LAYER = enum.auto()  # by ``Series.share`` from the first to the last


@dataclass(frozen=True)
class Series:
    """A column of the metrics as a line: ``strong`` ones have their raw values under them, and their validation."""

    key: str
    name: str
    hue: Hue
    strong: bool = True
    share: float = 0.0
    named: bool = True  # whether its name stands at the line's end

    def colour(self, *, text: bool = False) -> str:
        """In the look that is on; as ``text`` it is further from the paper."""
        colours = theme.palette()
        found = {
            Hue.MLM: colours.negative,
            Hue.MASKED: colours.masked,
            Hue.NSP: colours.segment_b,
            Hue.QUIET: colours.faint,
            Hue.INK: colours.ink,
            Hue.DATA: colours.accent,
            Hue.LAYER: theme.mixed(theme.mixed(colours.faint, colours.paper, 0.35), colours.accent, self.share),
        }[self.hue]
        if self.hue is Hue.MLM and colours.dark:
            found = theme.mixed(found, colours.ink, 0.25)
        if text and (self.hue is Hue.LAYER or (self.hue in (Hue.NSP, Hue.MASKED) and not colours.dark)):
            found = theme.mixed(found, colours.ink, 0.3)
        return found


@dataclass(frozen=True)
class Baseline:
    """A value that guessers reach, or nobody can pass, and what it says about itself."""

    value: float
    words: str


@dataclass(frozen=True)
class Quantity:
    """One thing to look at: its ``title``, the ``unit`` of its axis, and how its numbers are written."""

    id: str
    title: str
    unit: str
    series: Callable[[Sequence[Measures]], list[Series]]
    write: Callable[[float], str] = number
    ticks: Callable[[Sequence[float]], list[str]] = ticks_written
    baselines: Callable[[Mapping[str, float]], list[Baseline]] = lambda _: []
    high: float | None = None  # where the axis ends, if that is known
    by_layer: bool = False
    exact: bool = False  # has no noise, so it is not smoothed


def quantities() -> tuple[Quantity, ...]:
    """All of them, in the language that is on."""
    guesses, unclipped = translate("curves", "of the guesses are right"), translate("curves", "before it is clipped")
    rate = _one("learning_rate", translate("curves", "rate"))
    speed = _one("tokens_per_second", translate("curves", "speed"))
    norm = _one("grad_norm", translate("curves", "norm"))
    return (
        Quantity(
            "loss",
            translate("curves", "Loss"),
            translate("curves", "nats"),
            _losses,
            write=_loss,
            baselines=_loss_baselines,
        ),
        Quantity(
            "accuracy",
            translate("curves", "Accuracy"),
            guesses,
            _accuracies,
            write=percent,
            ticks=_percents,
            baselines=_accuracy_baselines,
            high=1.0,
        ),
        Quantity(
            "learning-rate",
            translate("curves", "Learning rate"),
            translate("curves", "set by warm-up and decay"),
            rate,
            exact=True,
        ),
        Quantity(
            "speed",
            translate("curves", "Tokens per second"),
            translate("curves", "padding not counted"),
            speed,
        ),
        Quantity("gradient", translate("curves", "Gradient norm"), unclipped, norm),
        Quantity(
            "gradient-by-layer",
            translate("curves", "Gradient norm by layer"),
            unclipped,
            _layers("grad_norm_by_layer"),
            by_layer=True,
        ),
        Quantity(
            "update-by-layer",
            translate("curves", "Update size by layer"),
            translate("curves", "norm of the change over norm of the weights"),
            _layers("update_by_layer"),
            by_layer=True,
        ),
    )


def percent(share: float) -> str:
    """A share in whole per cents or finer; "–" for none."""
    return rounded_percent(share) if np.isfinite(share) else "–"


def column(measures: Measures, key: str) -> NDArray[Any]:
    """(N,) the numbers of a field, one a line; NaN where there is none."""
    count = len(measures["step"]) if "step" in measures else 0
    if key not in measures:
        return np.full(count, np.nan, np.float32)
    return measures[key][:count]  # lines may have been added since


def _percents(shares: Sequence[float]) -> list[str]:
    return [f"{share * 100:.4g}{NO_BREAK}%" for share in shares]


def _losses(splits: Sequence[Measures]) -> list[Series]:
    parts = [
        Series("mlm_loss", translate("curves", "MLM"), Hue.MLM),
        Series("nsp_loss", translate("curves", "NSP"), Hue.NSP),
    ]
    found = _measured(parts, splits)
    total = [Series("loss", translate("curves", "total"), Hue.QUIET, strong=False)] if len(found) != 1 else []
    return [*found, *_measured(total, splits)]


def _accuracies(splits: Sequence[Measures]) -> list[Series]:
    return _measured(
        [
            Series("mlm_accuracy", translate("curves", "MLM"), Hue.MLM),
            Series("mask_accuracy", translate("curves", "[MASK] only"), Hue.MASKED, strong=False),
            Series("nsp_accuracy", translate("curves", "NSP"), Hue.NSP),
        ],
        splits,
    )


def _one(key: str, name: str) -> Callable[[Sequence[Measures]], list[Series]]:
    return lambda splits: _measured([Series(key, name, Hue.DATA, named=False)], splits)


def _layers(field: str) -> Callable[[Sequence[Measures]], list[Series]]:
    """Embeddings, layers from the first to the last, and the pooler where there is one."""

    def series(splits: Sequence[Measures]) -> list[Series]:
        parts = {key.partition("/")[2]: key for split in splits for key in split if key.startswith(f"{field}/")}
        numbers = sorted(int(found[1]) for part in parts if (found := _LAYER.fullmatch(part)))
        last = numbers[-1] if numbers else 0
        made = []
        for layer in numbers:
            name, share = translate("curves", "layer {0}").format(layer), (layer - 1) / max(1, last - 1)
            at_end = layer in (1, last)
            made.append(Series(f"{field}/layer {layer}", name, Hue.LAYER, False, share, named=at_end))
        names = {
            "embeddings": (translate("curves", "embeddings"), Hue.INK),
            "pooler": (translate("curves", "pooler"), Hue.NSP),
        }
        around = {part: Series(f"{field}/{part}", *names[part], strong=False) for part in names if part in parts}
        ordered = [around.get("embeddings"), *made, around.get("pooler")]
        return _measured([entry for entry in ordered if entry is not None], splits)

    return series


def _measured(series: Sequence[Series], splits: Sequence[Measures]) -> list[Series]:
    """Those that have a number on some line."""
    return [
        entry for entry in series if any(entry.key in split and np.isfinite(split[entry.key]).any() for split in splits)
    ]


def _loss(value: float) -> str:
    return f"{value:.2f}" if 0.1 <= value < 1000 else number(value)


def _loss_baselines(known: Mapping[str, float]) -> list[Baseline]:
    words = {
        "uniform": (translate("curves", "ln V = {0}, knows nothing"), 2),
        "unigram_entropy": (translate("curves", "unigram {0}, knows only frequencies"), 2),
        "floor": (translate("curves", "floor {0}"), 2),
        "next_sentence": (translate("curves", "coin {0}"), 3),
    }
    return [
        Baseline(known[key], sentence.format(f"{known[key]:.{digits}f}"))
        for key, (sentence, digits) in words.items()
        if key in known and np.isfinite(known[key])
    ]


def _accuracy_baselines(known: Mapping[str, float]) -> list[Baseline]:
    found = []
    if "floor_accuracy" in known:
        share = known["floor_accuracy"]
        found.append(Baseline(share, translate("curves", "the best that MLM can reach, {0}").format(percent(share))))
    if "next_sentence" in known:
        found.append(Baseline(0.5, translate("curves", "coin {0}").format(percent(0.5))))
    return found
