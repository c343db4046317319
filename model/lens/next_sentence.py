"""Does B follow A: the NSP head at [CLS] (C14, C16). Label 0 is IsNext, as in every published checkpoint."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.lens.passes import copies, in_passes
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

LABELS = ("IsNext", "NotNext")


@dataclass(frozen=True, eq=False)
class Verdict:
    """The way from [CLS] to the two probabilities: ``logits = sums + bias``, then softmax.

    The lecture multiplies the encoder's output by the weights; BERT has the pooler between the two (C16).
    """

    pooled: Floats  # (D,) tanh(pooler · hidden[-1][0])
    weight: Floats  # (2, D)
    products: Floats  # (2, D) weight * pooled: what each dimension says for a label
    sums: Floats  # (2,) of the products
    bias: Floats  # (2,)
    logits: Floats  # (2,)
    exponentials: Floats  # (2,) of the logits, the larger one taken from both so that none overflows
    probabilities: tuple[float, float]  # is next, not next

    @property
    def evidence(self) -> Floats:
        """(D,) how much each dimension speaks for IsNext rather than NotNext; below 0 it speaks against."""
        return self.products[0] - self.products[1]


def verdict(bert: Bert, trace: Trace) -> Verdict:
    """Both probabilities and how they came about; ``ValueError`` where the model has no NSP head."""
    bert.require(trace)
    weight, bias = bert.nsp_weights()
    assert trace.pooled is not None  # the head cannot be there without the pooler
    products = weight * trace.pooled
    sums = products.sum(axis=1)
    logits = sums + bias
    if not np.isfinite(logits).all():
        raise ValueError(f"{bert.name} computes no numbers here: some of its weights are not finite.")
    exponentials = np.exp(logits - logits.max())
    is_next, not_next = (exponentials / exponentials.sum()).tolist()
    return Verdict(trace.pooled, weight, products, sums, bias, logits, exponentials, (is_next, not_next))


def probabilities(bert: Bert, trace: Trace) -> tuple[float, float]:
    """(is next, not next); ``ValueError`` where the model has no NSP head."""
    return verdict(bert, trace).probabilities


def swapped(bert: Bert, trace: Trace) -> tuple[float, float]:
    """(is next, not next) of the same pair asked the other way round, does A follow B; edits are left out."""
    return probabilities(bert, bert.trace(trace.scenario.swapped()))


def flips(bert: Bert, trace: Trace) -> Generator[float, None, Floats]:
    """(T,) the probability of IsNext were the segment of each token, and of it alone, the other one (C9).

    Yields the share done between passes. ``ValueError`` where the model has no NSP head.
    """
    bert.require(trace)
    weight, bias = bert.nsp_weights()
    found = np.empty(len(trace.tokens), dtype=np.float32)
    for chosen, done in in_passes(trace.positions, len(trace.tokens)):
        segments = copies(trace.segments, len(chosen))
        segments[np.arange(len(chosen)), chosen] ^= 1
        hidden = bert.hidden(trace, copies(trace.input_ids, len(chosen)), segments)
        logits = bert.pooled(hidden) @ weight.T + bias  # (B, 2)
        found[chosen] = (1 + np.tanh((logits[:, 0] - logits[:, 1]) / 2)) / 2  # the softmax of two, without overflow
        yield done
    return found
