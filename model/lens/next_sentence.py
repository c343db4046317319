"""Does B follow A: the NSP head at [CLS] (C14, C16). Label 0 is IsNext, as in every published checkpoint."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

LABELS = ("IsNext", "NotNext")


@dataclass(frozen=True, eq=False)
class Verdict:
    """The way from [CLS] to the two probabilities: ``logits = weight @ pooled + bias``, then softmax."""

    pooled: Floats  # (D,) tanh(pooler · hidden[-1][0])
    weight: Floats  # (2, D)
    bias: Floats  # (2,)
    logits: Floats  # (2,)
    probabilities: tuple[float, float]  # is next, not next


def verdict(bert: Bert, trace: Trace) -> Verdict:
    """Both probabilities and how they came about; ``ValueError`` where the model has no NSP head."""
    bert.require(trace)
    weight, bias = bert.nsp_weights()
    assert trace.pooled is not None  # the head cannot be there without the pooler
    logits = weight @ trace.pooled + bias
    if not np.isfinite(logits).all():
        raise ValueError(f"{bert.name} computes no numbers here: some of its weights are not finite.")
    exponentials = np.exp(logits - logits.max())
    is_next, not_next = (exponentials / exponentials.sum()).tolist()
    return Verdict(trace.pooled, weight, bias, logits, (is_next, not_next))


def probabilities(bert: Bert, trace: Trace) -> tuple[float, float]:
    """(is next, not next); ``ValueError`` where the model has no NSP head."""
    return verdict(bert, trace).probabilities
