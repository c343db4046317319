"""The answer: every number of one forward pass, as a frozen record of NumPy arrays.

Letters, the same in every docstring of this package: ``B`` batch, ``T`` tokens, ``D`` hidden size, ``L`` layers,
``H`` heads, ``K`` size of a head, ``V`` vocabulary. Arrays are float32, C-contiguous and read-only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.inputs import Inputs
from model.scenario import Direction, Scenario

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class EmbeddingsTrace:
    """The input embedding of every token and its parts (C7): ``token + segment + position == sum``."""

    token: Floats  # (T, D)
    segment: Floats  # (T, D)
    position: Floats  # (T, D)
    sum: Floats  # (T, D)
    output: Floats  # (T, D) LayerNorm of the sum: what the first layer reads


@dataclass(frozen=True, eq=False)
class Trace:
    """What a BERT did with one scenario. Rows of ``attention`` look, columns are looked at (C12).

    Two traces are equal only if they are the same object: compare arrays, not records.
    """

    model: str  # name of the model, to show
    fingerprint: str  # of its weights: a lens handed another model's trace raises ValueError
    scenario: Scenario
    direction: Direction  # how attention went: the scenario's wish, or the model's own way
    inputs: Inputs  # the rows that the network read, and where each token stands in the typed text
    embeddings: EmbeddingsTrace
    hidden: Floats  # (L+1, T, D) hidden[0] is embeddings.output, hidden[l] the output of layer l
    query: Floats  # (L, H, T, K)
    key: Floats  # (L, H, T, K)
    value: Floats  # (L, H, T, K)
    attention: Floats  # (L, H, T, T) each row sums to 1
    pooled: Floats | None  # (D,) tanh at [CLS]; None where the checkpoint has no pooler
    seconds: float  # wall time of the forward pass

    @property
    def tokens(self) -> tuple[str, ...]:
        """The T pieces as the network read them: [MASK] where one was masked."""
        return self.inputs.tokens

    @property
    def input_ids(self) -> NDArray[np.int64]:
        """(T,) entries of the vocabulary."""
        return self.inputs.input_ids

    @property
    def segments(self) -> NDArray[np.int64]:
        """(T,) 0 for A, 1 for B, flips included."""
        return self.inputs.segments

    @property
    def positions(self) -> NDArray[np.int64]:
        """(T,) 0 … T-1."""
        return self.inputs.positions

    def scores(self, layer: int, head: int) -> Floats:
        """(T, T) q·k / √K of one head before the softmax; a position that may not be seen holds -inf."""
        scores = self.query[layer, head] @ self.key[layer, head].T / np.float32(np.sqrt(self.query.shape[-1]))
        if self.direction == "left-to-right":
            scores[np.triu_indices(len(scores), k=1)] = -np.inf
        return scores
