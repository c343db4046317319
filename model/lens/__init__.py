"""Questions to a trace, one file each: functions from a trace (and its model, where weights are needed) to arrays."""

from model.lens import (
    attention,
    attributions,
    difference,
    embeddings,
    head_finder,
    layers,
    masked_lm,
    next_sentence,
    paragraph,
    passes,
    race,
    rollout,
    spelling,
    views,
    what_if,
    words,
)

__all__ = [
    "attention",
    "attributions",
    "difference",
    "embeddings",
    "head_finder",
    "layers",
    "masked_lm",
    "next_sentence",
    "paragraph",
    "passes",
    "race",
    "rollout",
    "spelling",
    "views",
    "what_if",
    "words",
]
