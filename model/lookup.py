"""A vocabulary made ready to be looked into: searched and sorted at once, however many entries it has (C8)."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from model.wordpiece import WordPiece

Kind = Literal["word", "continuation", "special", "unused"]

ID, PIECE, KIND = range(3)  # what it can be sorted by

_KINDS: tuple[Kind, ...] = ("word", "continuation", "special", "unused")
_CONTINUED = "##"
_UNUSED = re.compile(r"\[(unused|row )\d+\]")  # rows of the embedding that no text leads to
_SORTED_BY = "<U32"  # the beginning of a piece: one endless entry must not cost every other its memory


@dataclass(frozen=True)
class Entries:
    """A vocabulary made ready."""

    tokens: Sequence[str] = ()  # (V,) by id
    keys: tuple[str, ...] = ()  # (V,) what a search looks into: in small letters where the model reads these only
    kinds: tuple[Kind, ...] = ()  # (V,)
    orders: tuple[tuple[int, ...], ...] = ((), (), ())  # ids sorted by ID, by PIECE and by KIND
    lowercase: bool = False

    def found(self, text: str, order: int = ID, *, descending: bool = False) -> list[int]:
        """The ids of the pieces that have ``text`` in them, in an order; the piece itself comes first, then its ##."""
        text, keys = (text.lower() if self.lowercase else text), self.keys
        ids = reversed(self.orders[order]) if descending else self.orders[order]
        if not text:
            return list(ids)
        hits = [entry for entry in ids if text in keys[entry]]
        exact = [entry for wanted in (text, _CONTINUED + text) for entry in hits if keys[entry] == wanted]
        return [*exact, *(entry for entry in hits if entry not in exact)] if exact else hits

    def written(self, ids: Sequence[int]) -> NDArray[np.object_]:
        """(N, 2) each of ``ids`` as text: its piece, and of which kind that is."""
        rows = np.empty((len(ids), 2), dtype=object)
        rows[:, 0] = [self.tokens[entry] for entry in ids]
        rows[:, 1] = [self.kinds[entry] for entry in ids]
        return rows


def of(tokenizer: WordPiece) -> Entries:
    """The vocabulary of ``tokenizer`` made ready."""
    special = (
        tokenizer.cls_token,
        tokenizer.sep_token,
        tokenizer.pad_token,
        tokenizer.mask_token,
        tokenizer.unk_token,
    )
    return entries(tokenizer.tokens, special, tokenizer.lowercase)


def entries(tokens: Sequence[str], special: Collection[str], lowercase: bool) -> Entries:
    """``tokens`` (V,) made ready; ``special`` are those of the tokenizer's own, such as [CLS]."""
    keys = tuple(token.lower() for token in tokens) if lowercase else tuple(tokens)
    kinds = tuple(_kind(token, special) for token in tokens)
    codes = np.array([_KINDS.index(kind) for kind in kinds])
    orders = (
        range(len(keys)),
        np.argsort(np.array(keys, _SORTED_BY), kind="stable").tolist(),  # NumPy lets the window breathe meanwhile
        np.argsort(codes, kind="stable").tolist(),
    )
    return Entries(tokens, keys, kinds, tuple(map(tuple, orders)), lowercase)


def _kind(token: str, special: Collection[str]) -> Kind:
    if token in special:
        return "special"
    if token.startswith(_CONTINUED) and token != _CONTINUED:
        return "continuation"
    return "unused" if _UNUSED.fullmatch(token) else "word"
