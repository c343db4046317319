"""Who draws on whom through all layers up to one: attention rollout (C12).

Abnar & Zuidema 2020, "Quantifying Attention Flow in Transformers", section 3: a layer passes on half of what it reads,
by its residual connection, and mixes the other half as its heads look on average.
"""

from __future__ import annotations

import numpy as np

from model.trace import Floats, Trace


def rollout(trace: Trace, layer: int) -> Floats:
    """(T, T) the share of each column's input embedding in each row after ``layer``; every row sums to 1.

    The product over the layers up to there of ``(A + I) / 2``, rows normalised, where ``A`` is the mean of the heads.
    A head that is off passes on nothing and is left out of the mean; a layer that is off, or has no head left, passes
    on what it reads. ``ValueError`` for a layer that is not there.
    """
    layers, heads, size, _ = trace.attention.shape
    if not 0 <= layer < layers:
        raise ValueError(f"This model has {layers} layers: there is no layer {layer + 1}.")
    identity = np.eye(size, dtype=np.float32)
    mixed = identity
    for below in range(layer + 1):
        on = [head for head in range(heads) if (below, head) not in trace.scenario.heads_off]
        if below in trace.scenario.layers_off or not on:
            continue
        step = (trace.attention[below, on].mean(axis=0) + identity) / 2
        step /= step.sum(axis=1, keepdims=True)
        mixed = step @ mixed
    return mixed
