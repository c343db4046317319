"""Questions to a trace, one file each: functions from a trace (and its model, where weights are needed) to arrays."""

from model.lens import attention, attributions, embeddings, layers, masked_lm, next_sentence, paragraph, passes, what_if

__all__ = [
    "attention",
    "attributions",
    "embeddings",
    "layers",
    "masked_lm",
    "next_sentence",
    "paragraph",
    "passes",
    "what_if",
]
