"""Text of any size for the benchmarks: no two documents alike, words as frequent as in English, half of them rare."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_CONSONANTS = ("b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "th", "st")
_SYLLABLES = [first + second for first in _CONSONANTS for second in ("a", "e", "i", "o", "u", "an", "er")]
_WORDS = 400_000  # distinct, so that no table of words grows to its end within the text


def write(path: Path, megabytes: int, seed: int = 0) -> Path:
    """A corpus file of about that size: documents of 20 paragraphs, paragraphs of 5 sentences."""
    rng = np.random.default_rng(seed)
    with path.open("w", encoding="utf-8") as file:
        written = 0
        while written < megabytes * 1_000_000:
            written += file.write(_document(rng))
    return path


def _document(rng: np.random.Generator) -> str:
    paragraphs = []
    for _ in range(20):
        # Zipf's law: the r-th most frequent word is 1 / r as frequent as the first.
        ranks = np.minimum(np.exp(rng.random((5, 18)) * np.log(_WORDS)).astype(np.int64), _WORDS - 1)
        paragraphs.append(" ".join(" ".join(map(_word, sentence)).capitalize() + "." for sentence in ranks.tolist()))
    return "\n".join(paragraphs) + "\n\n"


def _word(rank: int) -> str:
    """A word of its own for each rank, the longer the rarer."""
    spelt = ""
    while rank or not spelt:
        rank, syllable = divmod(rank, len(_SYLLABLES))
        spelt += _SYLLABLES[syllable]
    return spelt
