"""What a loss is measured against: the losses of guessers that have learnt nothing, or nothing but frequencies."""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

NEXT_SENTENCE = math.log(2)  # 0.693 nats: IsNext or NotNext by the toss of a coin

_CHUNK = 1 << 22  # tokens counted at a time: 32 MB as int64, however large the corpus


def uniform(vocabulary_size: int) -> float:
    """ln V, nats: the MLM loss of a model that finds every entry of the vocabulary equally likely, as fresh ones do."""
    if vocabulary_size < 1:
        raise ValueError(f"A vocabulary has at least one entry, not {vocabulary_size}.")
    return math.log(vocabulary_size)


def unigram_entropy(
    tokens: NDArray[np.uint16] | NDArray[np.uint32], vocabulary_size: int, without: Collection[int] = ()
) -> float:
    """-Σ p ln p over the frequencies of ``tokens`` (N,), nats: the least MLM loss of a model that knows no context.

    ``without``: ids that are never to be predicted, [UNK] for example; they count for nothing. A memory-mapped array is
    read once, part by part. Raises ``ValueError`` where nothing is left to count or an id is not of the vocabulary.
    """
    counts = np.zeros(vocabulary_size, np.int64)
    for start in range(0, len(tokens), _CHUNK):
        chunk = np.bincount(tokens[start : start + _CHUNK], minlength=vocabulary_size)
        if len(chunk) > vocabulary_size:
            raise ValueError(
                f"The corpus holds the token {len(chunk) - 1}, but its vocabulary has {vocabulary_size} entries: "
                "prepare it again with the tokenizer of this model."
            )
        counts += chunk
    counts[list(without)] = 0
    if not (total := int(counts.sum())):
        raise ValueError("The corpus holds no tokens to predict: choose other files.")
    share = counts[counts > 0] / total
    return max(0.0, float(-(share * np.log(share)).sum()))  # not -0.0 for a corpus of one word
