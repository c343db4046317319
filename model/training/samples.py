"""Which text of a split each sample reads, and in which order: the numbers behind the rows of ``pairs``.

A split can be a memory-mapped one of 10^9 tokens. Nothing here is of its size, and nothing but the beginnings of its
documents is gone through, once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.training import draw

if TYPE_CHECKING:
    from model.training.corpus import Split

Integers = NDArray[np.int64]

_ORDER, _PART_ORDER, _SHIFT, _COIN, _PART, _SAMPLE, _BOUNDARY = range(1, 8)  # what is drawn; pairs and masking go on

_BLOCK = 64  # documents that share an entry of the table of samples
_CHUNK = 1 << 20  # documents that are gone through together while that table is made


class Text(NamedTuple):
    """Where each of B samples begins to read; ``begin``, ``first`` and ``last`` are numbers of tokens."""

    begin: Integers
    first: Integers  # where its document begins
    last: Integers  # past the document's end
    document: Integers
    first_sample: Integers  # of the document
    samples: Integers  # that the document has


class Places:
    """The samples of a split, ``room`` tokens of text each, in the order of its text.

    A document of n tokens has ⌈n / room⌉, one room apart; what is then left over moves those between its first and its
    last, another way each time. A sample that would begin inside a sentence begins with that one or the next, as a coin
    decides, or stays where it is if that would move it by more than half a room. So a token that one misses between
    two samples is read another time.
    """

    def __init__(self, split: Split, room: int) -> None:
        self._room = room
        self._sentences = np.asarray(split.sentences)
        self._documents = np.asarray(split.documents)
        documents = max(len(self._documents) - 1, 0)
        self._before = np.zeros(-(-documents // _BLOCK) + 1, dtype=np.int64)  # samples before each block of documents
        for start in range(0, documents, _CHUNK):
            counts = self._counts(np.arange(start, min(start + _CHUNK, documents) + 1))
            blocks = np.add.reduceat(counts, np.arange(0, len(counts), _BLOCK))
            self._before[start // _BLOCK + 1 :][: len(blocks)] = blocks
        np.cumsum(self._before, out=self._before)

    def _counts(self, documents: Integers) -> Integers:
        """(…, n - 1) samples of each of the successive ``documents`` (…, n) but the last."""
        tokens = np.diff(self._sentences[self._documents[documents]])
        return -(-tokens // self._room)

    def samples_before(self, document: int) -> int:
        block = document // _BLOCK
        return int(self._before[block] + self._counts(np.arange(block * _BLOCK, document + 1)).sum())

    def document(self, sample: Integers) -> tuple[Integers, Integers, Integers]:
        """The document of each sample (B,), its first sample, and how many it has."""
        block = np.searchsorted(self._before, sample, side="right") - 1
        start = block * _BLOCK
        counts = self._counts(np.minimum(start[:, None] + np.arange(_BLOCK + 1), len(self._documents) - 1))
        until = np.cumsum(counts, axis=1)  # (B, _BLOCK)
        within = (until <= (sample - self._before[block])[:, None]).sum(axis=1)
        row = np.arange(len(sample))
        count = counts[row, within]
        return start + within, self._before[block] + until[row, within] - count, count

    def text(self, sample: Integers, seed: int, turn: Integers) -> Text:
        """Where each sample (B,) begins to read when it is its part's ``turn``-th time."""
        document, first_sample, count = self.document(sample)
        first, last = self.extent(document)
        slack = count * self._room - (last - first)
        shift = draw.integers(slack + 1, seed, _SHIFT, turn, document)
        begin = first + (sample - first_sample) * self._room - shift
        begin = np.maximum(np.minimum(begin, last - self._room), first)
        going_on = np.searchsorted(self._sentences, begin, side="right") - 1
        following = np.searchsorted(self._sentences, begin)  # the same one, if it begins right here
        sentence = self.begin_of(np.where(draw.uniform(seed, _COIN, turn, sample) < 0.5, going_on, following))
        near = (abs(sentence - begin) <= self._room // 2) & (first <= sentence) & (sentence < last)
        return Text(np.where(near, sentence, begin), first, last, document, first_sample, count)

    def extent(self, document: Integers) -> tuple[Integers, Integers]:
        """The token that each document (B,) begins with, and the one past its last."""
        return self._sentences[self._documents[document]], self._sentences[self._documents[document + 1]]

    def sentence_from(self, token: Integers) -> Integers:
        """Where the first sentence begins that begins at ``token`` (B,) or later."""
        return self._sentences[np.searchsorted(self._sentences, token)]

    def sentences_between(self, begin: Integers, end: Integers) -> tuple[Integers, Integers]:
        """The first sentence that begins after the token ``begin`` (B,), and how many begin before ``end``, too."""
        first = np.searchsorted(self._sentences, begin, side="right")
        return first, np.searchsorted(self._sentences, end) - first

    def begin_of(self, sentence: Integers) -> Integers:
        """The token that each sentence (B,) begins with."""
        return self._sentences[sentence]

    def boundary_near(self, document: Integers, token: Integers, at_most: NDArray[np.bool_]) -> Integers:
        """Where a sentence of the document that follows another begins, nearest to ``token`` (B,); of a document of
        one sentence, its beginning. ``at_most``: no later than ``token``, if there is one.
        """
        before = np.searchsorted(self._sentences, token, side="right") - 1
        after = np.searchsorted(self._sentences, token)
        nearer = token - self._sentences[before] <= self._sentences[after] - token
        first, past = self._documents[document], self._documents[document + 1]
        return self._sentences[np.minimum(np.maximum(np.where(at_most | nearer, before, after), first + 1), past - 1)]

    def boundaries_before(self, document: int) -> int:
        """How many sentences of earlier documents follow another one of their document."""
        return int(self._documents[document]) - document

    def boundary(self, number: Integers) -> tuple[Integers, Integers]:
        """The document of each sentence (B,) that follows another one, counting these alone, and where it begins."""
        low, high = np.zeros_like(number), np.full_like(number, len(self._documents) - 1)
        while (high - low > 1).any():
            middle = (low + high) // 2
            reached = self._documents[middle] - middle <= number
            low, high = np.where(reached, middle, low), np.where(reached, high, middle)
        return low, self._sentences[number + low + 1]


class Order:
    """The order in which samples are read: pass by pass, each part of the split as often as its weight says.

    A part of weight 1 is read once in a pass, of weight 2 twice, of weight 0.5 in every other one by halves, of weight
    0 never. ``ValueError`` where nothing is left to read or a weight is of no part.
    """

    epoch_size: int  # samples in a pass

    def __init__(self, split: Split, places: Places, weights: Mapping[str, float], seed: int) -> None:
        unknown = sorted(weights.keys() - {part.name for part in split.parts})
        if unknown:
            raise ValueError(
                f"There is a weight for {unknown[0]}, but no file of the corpus is called that: name a file as it is "
                "without .txt, or leave that weight out."
            )
        self._places, self._seed = places, seed
        ranges, shares, boundaries = [], [], []
        for part in split.parts:
            weight = weights.get(part.name, 1.0)
            if weight == 0 or part.documents[0] == part.documents[1]:
                continue
            start, stop = (places.samples_before(document) for document in part.documents)
            if stop > start:
                ranges.append((start, stop))
                shares.append(max(1, round(weight * (stop - start))))
                boundaries.append([places.boundaries_before(document) for document in part.documents])
        if not ranges:
            raise ValueError("There is no text to read: the corpus is empty, or every part of it has the weight 0.")
        self._first, past = np.array(ranges, dtype=np.int64).T  # (parts,) the samples of each part
        self._size = past - self._first
        self._share = np.array(shares, dtype=np.int64)  # (parts,) samples of each part in a pass
        self._until = np.concatenate([[0], np.cumsum(self._share)])
        self._boundaries = np.array(boundaries, dtype=np.int64)  # (parts, 2)
        self.epoch_size = int(self._until[-1])

    def sample(self, number: Integers) -> tuple[Integers, Integers]:
        """Which sample of the split the ``number``-th one (B,) of the run is, and how often its part was read before.

        Each pass is in an order of its own, and a part's samples are all read before one of them is read again.
        """
        epoch, slot = np.divmod(number, self.epoch_size)
        slot = draw.shuffled(slot, self.epoch_size, self._seed, _ORDER, epoch)
        part = self._part(slot)
        turn, index = np.divmod(slot - self._until[part] + epoch * self._share[part], self._size[part])
        return self._first[part] + draw.shuffled(index, self._size[part], self._seed, _PART_ORDER, part, turn), turn

    def _part(self, slot: NDArray[np.int64] | NDArray[np.float64]) -> Integers:
        return np.minimum(np.searchsorted(self._until, slot, side="right"), len(self._share)) - 1

    def other(self, text: Text, number: Integers) -> Integers:
        """A random sample of another document than ``text``'s, each as likely as it is read often."""
        part = np.searchsorted(self._first, text.first_sample, side="right") - 1
        share, size = self._share[part], self._size[part]
        own = share * text.samples / size  # what the document takes of a pass, from `start` on
        start = self._until[part] + share * (text.first_sample - self._first[part]) / size
        slot = draw.uniform(self._seed, _PART, number) * (self.epoch_size - own)
        slot += np.where(slot >= start, own, 0)
        chosen = self._part(slot)
        same = chosen == part
        free = np.maximum(self._size[chosen] - np.where(same, text.samples, 0), 1)
        sample = self._first[chosen] + draw.integers(free, self._seed, _SAMPLE, number)
        return sample + np.where(same & (sample >= text.first_sample), text.samples, 0)

    def boundary(self, number: Integers) -> tuple[Integers, Integers]:
        """The document and the beginning of a random sentence that follows another, as likely as its part is read."""
        first, past = self._boundaries.T
        until = np.cumsum((past - first) * (self._share / self._size))
        drawn = draw.uniform(self._seed, _PART, number) * until[-1]
        part = np.minimum(np.searchsorted(until, drawn, side="right"), np.flatnonzero(past > first)[-1])
        return self._places.boundary(first[part] + draw.integers((past - first)[part], self._seed, _BOUNDARY, number))

    def require_pairs(self) -> None:
        """``ValueError`` where no sentence follows another, or all are of one document."""
        ends = self._places.document(np.array([self._first.min(), (self._first + self._size).max() - 1]))[0]
        if ends[0] == ends[1]:
            raise ValueError(
                "All text is one document, so there is no other to take a sentence from: put an empty line between "
                "documents, or choose the objective mlm."
            )
        if not (self._boundaries[:, 1] > self._boundaries[:, 0]).any():
            raise ValueError(
                "No document has a second sentence, so none follows another: join what belongs together into one "
                "document, or choose the objective mlm."
            )
