"""The WordPiece tokenizer of a BERT, on the ``tokenizers`` library, and how it came to its pieces (C8)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Encoding:
    """The pieces of one text, without [CLS] and [SEP]."""

    tokens: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of the typed text, from and to
    words: tuple[int, ...]  # number of the word that the piece belongs to


@dataclass(frozen=True)
class Candidate:
    """One try of the greedy longest match."""

    piece: str  # "##" included where it continues a word
    taken: bool  # whether the vocabulary has it


@dataclass(frozen=True)
class Explanation:
    """How one word became its pieces."""

    typed: str  # the characters in the typed text
    word: str  # after normalisation
    offset: tuple[int, int]  # its characters in the typed text
    pieces: tuple[str, ...]
    ids: tuple[int, ...]
    candidates: tuple[Candidate, ...]  # longest first, in the order in which they were tried
    reason: str | None  # why the word is [UNK], None where it is not: "no-piece" or "too-long"


class WordPiece:
    """A BERT's vocabulary and tokenizer. Immutable; may be used from several threads."""

    tokens: tuple[str, ...]  # (V,) the vocabulary, by id
    cls_token: str
    sep_token: str
    mask_token: str
    pad_token: str
    unk_token: str
    lowercase: bool

    def encode(self, text: str) -> Encoding: ...
    def explain(self, text: str) -> tuple[Explanation, ...]:
        """Each word of ``text`` with every candidate that the greedy longest match tried."""
    def normalized(self, text: str) -> str: ...
    def id(self, token: str) -> int:
        """Raises ValueError with a sentence for a token outside the vocabulary."""
    @classmethod
    def read(cls, directory: Path) -> WordPiece: ...
    def save(self, directory: Path) -> None: ...
