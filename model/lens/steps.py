"""What a step of arithmetic is: a number of a trace, the operands that it was made of, and where each of them stands.

``model.lens.arithmetic`` makes the steps.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]


class Stage(Enum):
    """What a number is. The indices that tell which one stand behind each, by the fields of ``Place``."""

    WEIGHT = "a learnt weight"  # name, row, column
    TOKEN = "token embedding"  # row, column (T, D)
    SEGMENT = "segment embedding"  # row, column (T, D)
    POSITION = "position embedding"  # row, column (T, D)
    EMBEDDED_SUM = "sum of the embeddings"  # row, column (T, D)
    HIDDEN = "hidden state"  # layer 0 … L, row, column (T, D); layer 0 is what the first layer reads
    QUERY = "query"  # layer, head, row, column (T, K)
    KEY = "key"  # as QUERY
    VALUE = "value"  # as QUERY
    SCORE = "score"  # layer, head, row, column (T, T)
    ATTENTION = "attention weight"  # layer, head, row, column (T, T)
    CONTEXT = "weighted sum of values"  # layer, head, row, column (T, K)
    PROJECTED = "output projection"  # layer, row, column (T, D)
    ATTENDED_SUM = "attention and residual"  # layer, row, column (T, D)
    ATTENDED = "output of the attention half"  # layer, row, column (T, D)
    INNER = "feed-forward, before the activation"  # layer, row, column (T, I)
    ACTIVATED = "feed-forward, after the activation"  # layer, row, column (T, I)
    FED_FORWARD = "feed-forward, back to the hidden size"  # layer, row, column (T, D)
    FED_FORWARD_SUM = "feed-forward and residual"  # layer, row, column (T, D)
    POOLED_SUM = "pooler, before tanh"  # column (D)
    POOLED = "pooler"  # column (D)
    NSP_LOGIT = "NSP logit"  # column (2)
    NSP = "NSP probability"  # column (2)
    # The MLM head reads the last layer, L; that of another is the logit lens.
    MLM_INNER = "MLM transform, before the activation"  # layer 0 … L, row, column (T, D)
    MLM_ACTIVATED = "MLM transform, after the activation"  # as MLM_INNER
    MLM_TRANSFORMED = "MLM transform"  # as MLM_INNER
    MLM_LOGIT = "MLM logit"  # layer 0 … L, row, column (T, V)
    MLM = "MLM probability"  # as MLM_LOGIT
    TOKEN_COSINE = "cosine of two token embeddings"  # row, column (T, T)
    COSINE = "cosine of two hidden states"  # layer 0 … L, row, column (T, T)


class Operation(Enum):
    """How the operands of a step make its value."""

    LEARNT = "learnt"  # no operands
    SUM = "sum"  # of all terms
    DOT = "dot"  # sum of the products of two terms, plus the third, the bias, where there is one
    SCALED_DOT = "scaled dot"  # sum of the products of two terms, divided by the square root of their length
    SOFTMAX = "softmax"  # exp of the term at the index by the sum of exp over all of it
    LAYER_NORM = "layer norm"  # of the first term at the index; the second and third scale and shift it
    ACTIVATION = "activation"  # of the term
    TANH = "tanh"  # of the term
    COSINE = "cosine"  # of two terms
    SAME = "same"  # as the term: a layer that is off passes its input on
    OFF = "off"  # 0: the head is off, or the position may not be seen


@dataclass(frozen=True)
class Place:
    """Which number. Layers, heads, rows and columns count from 0; ``name`` is a weight's key in the checkpoint."""

    stage: Stage
    layer: int = 0
    head: int = 0
    row: int = 0
    column: int = 0
    name: str = ""

    def moved(self, destination: Callable[[int], int | None]) -> Place | None:
        """The same number where the tokens stand at ``destination(position)``; None where one of its own is gone."""
        if self.stage in _OF_NO_TOKEN:
            return self
        row = destination(self.row)
        column = destination(self.column) if self.stage in _OF_TWO_TOKENS else self.column
        return None if row is None or column is None else dataclasses.replace(self, row=row, column=column)


_OF_NO_TOKEN = {Stage.WEIGHT, Stage.POOLED_SUM, Stage.POOLED, Stage.NSP_LOGIT, Stage.NSP}
_OF_TWO_TOKENS = {Stage.SCORE, Stage.ATTENTION, Stage.TOKEN_COSINE, Stage.COSINE}


@dataclass(frozen=True, eq=False)
class Term:
    """N numbers that go into a step: the i-th is that at ``at(i)``."""

    values: Doubles  # (N,)
    first: Place
    axis: Literal["row", "column", "head"] = "column"  # what counts up; "head": columns, through all heads
    width: int = 0  # columns of a head, where the axis is "head"

    def at(self, index: int) -> Place:
        """The place of one of the numbers."""
        if self.axis == "head":
            head, column = divmod(index, self.width)
            return dataclasses.replace(self.first, head=head, column=column)
        if self.axis == "row":
            return dataclasses.replace(self.first, row=self.first.row + index)
        return dataclasses.replace(self.first, column=self.first.column + index)


@dataclass(frozen=True, eq=False)
class Step:
    """A number and what it was made of. ``value`` is the trace's own, where the trace has it."""

    place: Place
    operation: Operation
    value: float
    terms: tuple[Term, ...] = ()
    index: int = 0  # of the term's numbers, for SOFTMAX and LAYER_NORM
    epsilon: float = 0.0  # of a LayerNorm
    activation: str = ""  # its name in the configuration

    @property
    def products(self) -> Doubles:
        """(N,) of the two terms of a dot product."""
        return self.terms[0].values * self.terms[1].values

    def recomputed(self) -> float:
        """The value, out of the terms alone, in double precision."""
        values = [term.values for term in self.terms]
        if self.operation is Operation.LEARNT:
            return self.value
        if self.operation is Operation.SUM:
            return float(sum(term.sum() for term in values))
        if self.operation is Operation.DOT:
            return float(values[0] @ values[1] + (values[2].sum() if len(values) > 2 else 0.0))
        if self.operation is Operation.SCALED_DOT:
            return float(values[0] @ values[1] / math.sqrt(len(values[0])))
        if self.operation is Operation.COSINE:
            lengths = float(np.linalg.norm(values[0]) * np.linalg.norm(values[1]))
            return float(values[0] @ values[1]) / lengths if lengths else 0.0
        if self.operation is Operation.SOFTMAX:
            return float(softmax(values[0])[self.index])
        if self.operation is Operation.LAYER_NORM:
            return float(normed(values[0], self.epsilon)[self.index] * values[1][0] + values[2][0])
        if self.operation is Operation.ACTIVATION:
            return float(ACTIVATIONS[self.activation](values[0])[0])
        if self.operation is Operation.TANH:
            return math.tanh(values[0][0])
        return float(values[0][0]) if self.operation is Operation.SAME else 0.0


def softmax(values: Doubles) -> Doubles:
    """exp of each of ``values`` (N,) by the sum of them all."""
    exponentials = np.exp(values - values.max())
    shares: Doubles = exponentials / exponentials.sum()
    return shares


_erf = np.vectorize(math.erf, otypes=[np.float64])


def _gelu(values: Doubles) -> Doubles:
    product: Doubles = values * 0.5 * (1 + _erf(values / math.sqrt(2)))
    return product


def _gelu_tanh(values: Doubles) -> Doubles:
    product: Doubles = 0.5 * values * (1 + np.tanh(math.sqrt(2 / math.pi) * (values + 0.044715 * values**3)))
    return product


ACTIVATIONS: dict[str, Callable[[Doubles], Doubles]] = {
    "gelu": _gelu,
    "gelu_new": _gelu_tanh,
    "gelu_pytorch_tanh": _gelu_tanh,
    "relu": lambda values: np.maximum(values, 0.0),
    "silu": lambda values: values / (1 + np.exp(-values)),
}


def normed(values: Doubles, epsilon: float) -> Doubles:
    """(values - mean) / √(variance + epsilon)."""
    normed: Doubles = (values - values.mean()) / np.sqrt(values.var() + epsilon)
    return normed
