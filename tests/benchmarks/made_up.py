"""Text of any size for the benchmarks: no two documents alike, words as frequent as in English."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_CONSONANTS = ("b", "c", "d", "f", "g", "h", "l", "m", "n", "p", "r", "s", "t", "th", "st")
_SYLLABLES = [first + second for first in _CONSONANTS for second in ("a", "e", "i", "o", "u", "an", "er")]
# How much of a text its most frequent words are: of 20 MB of a wiki up to 10,000, then with the longer tail of a
# larger text, so that no table of words is ever complete.
_MOST_FREQUENT = (1, 10, 100, 1_000, 10_000, 100_000, 400_000)
_SHARE = (0.0, 0.306, 0.541, 0.747, 0.936, 0.985, 1.0)


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
        ranks = np.exp(np.interp(rng.random((5, 18)), _SHARE, np.log(_MOST_FREQUENT))).astype(np.int64)
        paragraphs.append(" ".join(" ".join(map(_word, sentence)).capitalize() + "." for sentence in ranks.tolist()))
    return "\n".join(paragraphs) + "\n\n"


def _word(rank: int) -> str:
    """A word of its own for each rank, the longer the rarer."""
    spelt = ""
    while rank or not spelt:
        rank, syllable = divmod(rank, len(_SYLLABLES))
        spelt += _SYLLABLES[syllable]
    return spelt
