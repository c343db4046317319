"""What the network is asked about in each row: hidden words, or the next one (C13).

Of the words that may be chosen 15 % are; 80 % of those become [MASK], 10 % a random word, 10 % stay as they are.
Draws depend on the seed, the sample and the position alone. Samples are counted on from pass to pass, so each pass
draws anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.training import draw

if TYPE_CHECKING:
    from model.training.pairs import Rows, SpecialIds

MASKED, REPLACED, KEPT = 0, 1, 2

_AMOUNT, _CHOICE, _KIND, _REPLACEMENT = range(201, 205)  # what is drawn; other numbers than in pairs


@dataclass(frozen=True, eq=False)
class Batch:
    """What one step reads and is asked. M positions are chosen, perhaps none."""

    input_ids: NDArray[np.int64]  # (B, T) what the network reads
    segments: NDArray[np.int64]  # (B, T)
    lengths: NDArray[np.int64]  # (B,) tokens that are no [PAD]
    chosen: NDArray[np.int64]  # (M,) b * T + t of every chosen position, ascending
    labels: NDArray[np.int64]  # (M,) what the network should say there
    kinds: NDArray[np.uint8]  # (M,) MASKED, REPLACED or KEPT
    next_labels: NDArray[np.int64] | None  # (B,) 0 IsNext, 1 NotNext


def corrupt(
    rows: Rows,
    special: SpecialIds,
    vocabulary_size: int,
    samples: NDArray[np.int64],
    *,
    seed: int,
    chosen: float = 0.15,
    masked: float = 0.8,
    replaced: float = 0.1,
) -> Batch:
    """Choose words of each row and hide them. ``samples`` (B,) are the numbers that ``rows`` were made from.

    The five special tokens are never chosen, [UNK] among them: to predict it teaches nothing. Nor is one put in as
    the random word. A row with n words that may be chosen has ⌊chosen · n⌋ or one more, so that the mean is exact.
    """
    allowed = np.ones(vocabulary_size, dtype=bool)
    allowed[[special.pad, special.unk, special.cls, special.sep, special.mask]] = False
    places = _choose(allowed[rows.input_ids], samples, seed, chosen)

    B, T = rows.input_ids.shape
    row, position = np.divmod(places, T)
    fate = draw.uniform(seed, _KIND, samples[row], position)
    kinds = np.where(fate < masked, MASKED, np.where(fate < masked + replaced, REPLACED, KEPT)).astype(np.uint8)

    input_ids = rows.input_ids.copy()
    read = input_ids.reshape(B * T)  # the same memory
    labels = read[places]
    read[places[kinds == MASKED]] = special.mask
    other = kinds == REPLACED
    words = np.flatnonzero(allowed)
    read[places[other]] = words[draw.integers(len(words), seed, _REPLACEMENT, samples[row[other]], position[other])]
    return Batch(input_ids, rows.segments, rows.lengths, places, labels, kinds, rows.next_labels)


def next_token(rows: Rows, special: SpecialIds) -> Batch:
    """Ask every position for the token after it, [SEP] at the end included, [UNK] not. All are KEPT."""
    B, T = rows.input_ids.shape
    following = np.full((B, T), special.pad)
    following[:, :-1] = rows.input_ids[:, 1:]
    asked = (np.arange(T) < rows.lengths[:, None] - 1) & (following != special.unk)
    places = np.flatnonzero(asked)
    labels = following.reshape(B * T)[places]
    kinds = np.full(len(places), KEPT, dtype=np.uint8)
    return Batch(rows.input_ids, rows.segments, rows.lengths, places, labels, kinds, rows.next_labels)


def _choose(candidates: NDArray[np.bool_], samples: NDArray[np.int64], seed: int, share: float) -> NDArray[np.int64]:
    """(M,) flat positions: of each row's candidates (B, T) those with the smallest draws."""
    B, T = candidates.shape
    amount = np.floor(share * candidates.sum(axis=1) + draw.uniform(seed, _AMOUNT, samples)).astype(np.int64)
    draws = np.where(candidates, draw.uniform(seed, _CHOICE, samples[:, None], np.arange(T)), 1.0)
    first_left = np.sort(draws, axis=1)[np.arange(B), amount]  # [CLS] is no candidate: never past the end
    return np.flatnonzero(draws < first_left[:, None])
