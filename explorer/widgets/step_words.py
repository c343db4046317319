"""A step of arithmetic in words: what the number is, and the formula with its real values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QCoreApplication

from explorer.widgets.figures import signed
from explorer.widgets.panel import isolated
from model.lens.steps import Operation, Place, Stage, Step

translate = QCoreApplication.translate  # by its own name: lupdate finds the texts by it

_ALL = 4  # operands that are written out in a formula; of more, the first and the last
_DECIMALS = 4


@dataclass(frozen=True)
class Names:
    """What rows and columns are called: the tokens of the input, the entries of the vocabulary."""

    tokens: Sequence[str]
    vocabulary: Sequence[str]

    def token(self, row: int) -> str:
        return isolated(self.tokens[row]) if row < len(self.tokens) else str(row)

    def entry(self, column: int) -> str:
        return isolated(self.vocabulary[column]) if column < len(self.vocabulary) else str(column)


def number(value: float) -> str:
    """As a step writes it; small ones with their power of ten."""
    if value and abs(value) < 1e-3:
        return f"{value:.2e}".replace("-", "\N{MINUS SIGN}")
    return signed(value, _DECIMALS)


def title(place: Place, names: Names) -> str:
    """What the number at ``place`` is; plain text. Layers and heads count from 1, dimensions from 0."""
    return _TITLES[place.stage]().format(
        layer=place.layer,
        next=place.layer + 1,
        head=place.head + 1,
        token=names.token(place.row),
        other=names.token(place.column),
        entry=names.entry(place.column),
        label=("IsNext", "NotNext")[place.column % 2],
        dimension=place.column,
        name=place.name.replace(".", ".\u200b"),  # where a long one may be broken
        row=place.row,
    )


def formula(step: Step) -> str:
    """The value, out of the operands; plain text."""
    return _FORMULAS[step.operation](step)


# Asked for when they are shown, in the language that is on.
_TITLES: dict[Stage, Callable[[], str]] = {
    Stage.WEIGHT: lambda: translate("steps", "learnt weight {name} [{row}, {dimension}]"),
    Stage.TOKEN: lambda: translate("steps", "token embedding of {token}, dimension {dimension}"),
    Stage.SEGMENT: lambda: translate("steps", "segment embedding of {token}, dimension {dimension}"),
    Stage.POSITION: lambda: translate("steps", "position embedding of {token}, dimension {dimension}"),
    Stage.EMBEDDED_SUM: lambda: translate("steps", "token + segment + position of {token}, dimension {dimension}"),
    Stage.HIDDEN: lambda: translate("steps", "hidden state of {token} after layer {layer}, dimension {dimension}"),
    Stage.QUERY: lambda: translate("steps", "query of {token}, layer {next} head {head}, dimension {dimension}"),
    Stage.KEY: lambda: translate("steps", "key of {token}, layer {next} head {head}, dimension {dimension}"),
    Stage.VALUE: lambda: translate("steps", "value of {token}, layer {next} head {head}, dimension {dimension}"),
    Stage.SCORE: lambda: translate("steps", "score of {token} looking at {other}, layer {next} head {head}"),
    Stage.ATTENTION: lambda: translate("steps", "weight with which {token} looks at {other}, layer {next} head {head}"),
    Stage.CONTEXT: lambda: translate(
        "steps", "weighted sum of values for {token}, layer {next} head {head}, dimension {dimension}"
    ),
    Stage.PROJECTED: lambda: translate(
        "steps", "heads joined and projected for {token}, layer {next}, dimension {dimension}"
    ),
    Stage.ATTENDED_SUM: lambda: translate(
        "steps", "attention + residual of {token}, layer {next}, dimension {dimension}"
    ),
    Stage.ATTENDED: lambda: translate("steps", "{token} after the attention of layer {next}, dimension {dimension}"),
    Stage.INNER: lambda: translate(
        "steps", "feed-forward of {token}, layer {next}, before the activation, unit {dimension}"
    ),
    Stage.ACTIVATED: lambda: translate("steps", "feed-forward of {token}, layer {next}, unit {dimension}"),
    Stage.FED_FORWARD: lambda: translate(
        "steps", "feed-forward output of {token}, layer {next}, dimension {dimension}"
    ),
    Stage.FED_FORWARD_SUM: lambda: translate(
        "steps", "feed-forward + residual of {token}, layer {next}, dimension {dimension}"
    ),
    Stage.POOLED_SUM: lambda: translate("steps", "pooler at [CLS] before tanh, dimension {dimension}"),
    Stage.POOLED: lambda: translate("steps", "pooler at [CLS], dimension {dimension}"),
    Stage.NSP_LOGIT: lambda: translate("steps", "NSP logit of {label}"),
    Stage.NSP: lambda: translate("steps", "probability of {label}"),
    Stage.MLM_INNER: lambda: translate(
        "steps", "MLM transform of {token}, layer {layer}, before the activation, dimension {dimension}"
    ),
    Stage.MLM_ACTIVATED: lambda: translate(
        "steps", "MLM transform of {token}, layer {layer}, before LayerNorm, dimension {dimension}"
    ),
    Stage.MLM_TRANSFORMED: lambda: translate("steps", "MLM transform of {token}, layer {layer}, dimension {dimension}"),
    Stage.MLM_LOGIT: lambda: translate("steps", "logit of {entry} at {token}, layer {layer}"),
    Stage.MLM: lambda: translate("steps", "probability of {entry} at {token}, layer {layer}"),
    Stage.TOKEN_COSINE: lambda: translate("steps", "cosine of the token embeddings of {token} and {other}"),
    Stage.COSINE: lambda: translate("steps", "cosine of {token} and {other} after layer {layer}"),
}


def _products(step: Step) -> str:
    left, right = (term.values for term in step.terms[:2])
    shown = range(len(left)) if len(left) <= _ALL else (*range(_ALL - 1), len(left) - 1)
    parts = [f"{number(float(left[place]))} · {number(float(right[place]))}" for place in shown]
    if len(left) > _ALL:
        parts.insert(-1, "…")
    return " + ".join(parts)


def _sum(step: Step) -> str:
    return f"{' + '.join(number(float(term.values[0])) for term in step.terms)} = {number(step.value)}"


def _dot(step: Step) -> str:
    dot = float(step.products.sum())
    if len(step.terms) < 3:
        return f"{_products(step)} = {number(step.value)}"
    bias = number(float(step.terms[2].values[0]))
    written = translate("steps", "W·x + b = ({products}) + b = {dot} + {bias} = {value}")
    return written.format(products=_products(step), dot=number(dot), bias=bias, value=number(step.value))


def _scaled_dot(step: Step) -> str:
    size = len(step.terms[0].values)
    written = translate("steps", "q·k / √K = ({products}) / √{size} = {dot} / {root} = {value}")
    return written.format(
        products=_products(step),
        size=size,
        dot=number(float(step.products.sum())),
        root=number(size**0.5),
        value=number(step.value),
    )


def _softmax(step: Step) -> str:
    scores = step.terms[0].values
    exponentials = np.exp(scores - scores.max())
    written = translate(
        "steps", "softmax: exp({own} − {largest}) / Σ exp(… − {largest}) = {exponential} / {sum} = {value}"
    )
    return written.format(
        own=number(float(scores[step.index])),
        largest=number(float(scores.max())),
        exponential=number(float(exponentials[step.index])),
        sum=number(float(exponentials.sum())),
        value=number(step.value),
    )


def _layer_norm(step: Step) -> str:
    values, scale, shift = (term.values for term in step.terms)
    written = translate(
        "steps", "LayerNorm: ({own} − {mean}) / √({variance} + {epsilon:g}) · {scale} + {shift} = {value}"
    )
    return written.format(
        own=number(float(values[step.index])),
        mean=number(float(values.mean())),
        variance=number(float(values.var())),
        epsilon=step.epsilon,
        scale=number(float(scale[0])),
        shift=number(float(shift[0])),
        value=number(step.value),
    )


def _activation(step: Step) -> str:
    return f"{step.activation}({number(float(step.terms[0].values[0]))}) = {number(step.value)}"


def _tanh(step: Step) -> str:
    return f"tanh({number(float(step.terms[0].values[0]))}) = {number(step.value)}"


def _cosine(step: Step) -> str:
    lengths = [float((term.values @ term.values) ** 0.5) for term in step.terms]
    written = translate("steps", "a·b / (|a| |b|) = {dot} / ({first} · {second}) = {value}")
    dot = float(step.products.sum())
    return written.format(
        dot=number(dot), first=number(lengths[0]), second=number(lengths[1]), value=number(step.value)
    )


def _same(step: Step) -> str:
    if step.place.stage is Stage.HIDDEN:
        return translate("steps", "The layer is off: it passes on {value}").format(value=number(step.value))
    return translate("steps", "the row of the table that is looked up: {value}").format(value=number(step.value))


def _off(step: Step) -> str:
    if step.place.stage is Stage.ATTENTION:
        return translate("steps", "A later token may not be seen: 0")
    return translate("steps", "The head is off: 0")


def _learnt(step: Step) -> str:
    return translate("steps", "learnt in training: {value}").format(value=number(step.value))


_FORMULAS: dict[Operation, Callable[[Step], str]] = {
    Operation.LEARNT: _learnt,
    Operation.SUM: _sum,
    Operation.DOT: _dot,
    Operation.SCALED_DOT: _scaled_dot,
    Operation.SOFTMAX: _softmax,
    Operation.LAYER_NORM: _layer_norm,
    Operation.ACTIVATION: _activation,
    Operation.TANH: _tanh,
    Operation.COSINE: _cosine,
    Operation.SAME: _same,
    Operation.OFF: _off,
}
