"""What is said where memory does not suffice: the first thing that goes wrong with a larger network or batch."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch

from model.training.recipe import Phase


@contextlib.contextmanager
def said_in_a_sentence(phase: Phase) -> Iterator[None]:
    """Turns a lack of memory into a ``ValueError`` that names the sizes of ``phase``, all of them filled in."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not _is_lack(error):
            raise
        raise ValueError(
            f"There is not enough memory for batches of {phase.batch:,} inputs of {phase.length:,} tokens: lower batch "
            "and raise accumulation by as much, or choose a smaller network."
        ) from error


def _is_lack(error: Exception) -> bool:
    """torch has an exception of its own for a GPU only; that of a CPU is told by its words."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "DefaultCPUAllocator" in str(error)
