"""Small splits in memory, whose every token tells where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from model.training.pairs import SpecialIds

SPECIAL = SpecialIds(pad=0, unk=1, cls=2, sep=3, mask=4)
WORD = 5  # the id of a split's first token; the next ones count on


@dataclass(frozen=True)
class Part:
    name: str
    documents: tuple[int, int]


@dataclass(frozen=True, eq=False)
class Split:
    tokens: Any
    sentences: Any
    documents: Any
    parts: tuple[Part, ...]


def split(*parts: Sequence[Sequence[int]], names: str = "abcdef") -> Any:
    """A split from the lengths of its sentences: those of the documents of each part."""
    documents = [document for part in parts for document in part]
    lengths = [length for document in documents for length in document]
    sentences = np.cumsum([0, *lengths], dtype=np.int64)
    ends = np.cumsum([0, *(len(part) for part in parts)]).tolist()
    return Split(
        tokens=np.arange(WORD, WORD + sentences[-1], dtype=np.uint32),
        sentences=sentences,
        documents=np.cumsum([0, *(len(document) for document in documents)], dtype=np.int64),
        parts=tuple(Part(name, (ends[i], ends[i + 1])) for i, name in zip(range(len(parts)), names, strict=False)),
    )


def documents(number: int, sentences: tuple[int, int], tokens: tuple[int, int], seed: int = 0) -> list[list[int]]:
    """Lengths of the sentences of random documents; both bounds count."""
    random = np.random.default_rng(seed)
    return [
        random.integers(tokens[0], tokens[1] + 1, random.integers(sentences[0], sentences[1] + 1)).tolist()
        for _ in range(number)
    ]
