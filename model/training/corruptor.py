"""What training does to one input, rolled again and again: 15 % of the words chosen, of those 80 / 10 / 10 (C13)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from model.scenario import Edit, EditKind
from model.training.masking import Batch, corrupt
from model.training.pairs import Rows, SpecialIds

if TYPE_CHECKING:
    from model.inputs import Inputs
    from model.wordpiece import WordPiece

Fate = Literal["masked", "replaced", "kept"]

FATES: tuple[Fate, ...] = ("masked", "replaced", "kept")  # at masking's MASKED, REPLACED and KEPT
_EDITS: tuple[EditKind, ...] = ("mask", "replace", "keep")


@dataclass(frozen=True)
class Rates:
    """In per cent: how many words are chosen, and of those how many meet each fate, which add up to 100."""

    chosen: int = 15
    masked: int = 80
    replaced: int = 10
    kept: int = 10

    def with_fate(self, fate: Fate, share: int) -> Rates:
        """Gives ``fate`` another share; the other two have what is left, in the proportion that they had."""
        first, second = (other for other in FATES if other != fate)
        left, had = 100 - share, (getattr(self, first), getattr(self, second))
        part = round(left * had[0] / sum(had)) if sum(had) else left // 2
        return Rates(self.chosen, **{fate: share, first: part, second: left - part})


@dataclass(frozen=True)
class Counts:
    """How many words there were, how many of them were chosen, and what became of those."""

    rolls: int = 0
    words: int = 0  # that may be chosen
    chosen: int = 0
    masked: int = 0
    replaced: int = 0
    kept: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.rolls + other.rolls,
            self.words + other.words,
            self.chosen + other.chosen,
            self.masked + other.masked,
            self.replaced + other.replaced,
            self.kept + other.kept,
        )


@dataclass(frozen=True)
class Roll:
    """One draw: what it makes of the text, as the edits of a scenario."""

    edits: tuple[Edit, ...]
    counts: Counts


def roll(inputs: Inputs, tokenizer: WordPiece, rates: Rates, number: int) -> Roll:
    """The ``number``-th draw for the text, as the trainer draws it; edits that stand there already are left out."""
    ids = np.array([[tokenizer.id(token) for token in inputs.originals]])
    special = SpecialIds.of(tokenizer)
    rows = Rows(ids, inputs.segments[None], np.array([ids.shape[1]]), None)
    batch = corrupt(
        rows,
        special,
        len(tokenizer.tokens),
        np.array([number]),
        seed=0,
        chosen=rates.chosen / 100,
        masked=rates.masked / 100,
        replaced=rates.replaced / 100,
    )
    unchosen = (special.pad, special.unk, special.cls, special.sep, special.mask)
    fates = np.bincount(batch.kinds, minlength=len(FATES)).tolist()
    words = int((~np.isin(ids, unchosen)).sum())
    return Roll(_edits(batch, tokenizer), Counts(1, words, len(batch.chosen), *fates))


def table(now: Counts, whole: Counts, rates: Rates) -> NDArray[np.float64]:
    """(5, 6) words chosen, masked, replaced, kept and not chosen.

    Of each the count ``now`` and as a ``whole``, the share of the chosen and its rate, the share of all words and what
    is expected of it; NaN where there is none.
    """
    none = float("nan")
    chosen, words, rate = whole.chosen or none, whole.words or none, rates.chosen / 100
    rows = [(now.chosen, whole.chosen, none, none, whole.chosen / words, rate)]
    for fate in FATES:
        count, share = getattr(whole, fate), getattr(rates, fate) / 100
        rows.append((getattr(now, fate), count, count / chosen, share, count / words, share * rate))
    left = whole.words - whole.chosen
    return np.array([*rows, (now.words - now.chosen, left, none, none, left / words, 1 - rate)])


def _edits(batch: Batch, tokenizer: WordPiece) -> tuple[Edit, ...]:
    read = batch.input_ids[0]
    found = []
    for position, kind in zip(batch.chosen.tolist(), batch.kinds.tolist(), strict=True):
        edit = _EDITS[kind]
        found.append(Edit(position, edit, tokenizer.tokens[read[position]] if edit == "replace" else None))
    return tuple(found)
