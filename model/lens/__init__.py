"""Questions to a trace, one file each: functions from a trace (and its model, where weights are needed) to arrays."""

from model.lens import attention, embeddings, layers, masked_lm, next_sentence

__all__ = ["attention", "embeddings", "layers", "masked_lm", "next_sentence"]
