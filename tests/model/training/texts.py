"""A small vocabulary and small texts for the tests of the corpus."""

from __future__ import annotations

import string
from collections.abc import Iterable
from pathlib import Path

from model.wordpiece import WordPiece

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LETTERS = string.ascii_lowercase + string.digits + ".,!?'()-:;\""
WORDS = ("my", "dog", "is", "cute", "he", "likes", "play", "##ing", "the", "cat", "mask", "sep")


def tokenizer() -> WordPiece:
    """Some words of the chapter, and each letter, so that no English word is [UNK]."""
    return WordPiece(
        [*SPECIAL, *LETTERS, *(f"##{letter}" for letter in string.ascii_lowercase + string.digits), *WORDS]
    )


def write(path: Path, documents: Iterable[Iterable[str]]) -> Path:
    """``documents``, each a list of paragraphs, as a corpus file."""
    path.write_text("\n\n".join("\n".join(paragraphs) for paragraphs in documents), encoding="utf-8")
    return path
