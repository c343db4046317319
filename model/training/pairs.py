"""Which text stands in which row: [CLS] A [SEP] B [SEP], half of the time with a B that does not follow A (C11, C14).

A row is a function of the seed and of its sample's number, never of the batch or the process that asks for it.
Samples are counted from 0 over all passes.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.training import draw
from model.training.samples import Order, Places, Text

if TYPE_CHECKING:
    from model.training.corpus import Split
    from model.wordpiece import WordPiece

Integers = NDArray[np.int64]

IS_NEXT, NOT_NEXT = 0, 1

# What is drawn; samples and masking have other numbers.
_LABEL, _SHORT, _TARGET, _CUT, _SIZE, _SKIP, _OTHER_CUT, _BARE = range(101, 109)


@dataclass(frozen=True)
class SpecialIds:
    """The ids of the five special tokens."""

    pad: int
    unk: int
    cls: int
    sep: int
    mask: int

    @classmethod
    def of(cls, tokenizer: WordPiece) -> SpecialIds:
        return cls(
            pad=tokenizer.id(tokenizer.pad_token),
            unk=tokenizer.id(tokenizer.unk_token),
            cls=tokenizer.id(tokenizer.cls_token),
            sep=tokenizer.id(tokenizer.sep_token),
            mask=tokenizer.id(tokenizer.mask_token),
        )


@dataclass(frozen=True, eq=False)
class Rows:
    """The text of B rows before any of it is hidden."""

    input_ids: Integers  # (B, T) [CLS] A [SEP] B [SEP] [PAD] …
    segments: Integers  # (B, T) 0 … 0 1 … 1 0 …: B and its [SEP] are 1, pads 0
    lengths: Integers  # (B,) tokens that are no [PAD]
    next_labels: Integers | None  # (B,) 0 IsNext, 1 NotNext; None where the objective has no pairs


class _Pair(NamedTuple):
    """A and the text that B is taken from, numbers of tokens, for some of the rows."""

    begin: Integers
    size: Integers
    second: Integers  # where B begins
    end: Integers  # what B may reach to


class Sampler:
    """The rows of one split for one objective, length T, seed and weighting of the split's parts.

    Each sample is a place to read from and the room's worth of tokens after it, up to the end of the document
    (``samples.Places``); the room is what T leaves beside [CLS] and [SEP]. A and B meet at a random one of the
    beginnings of sentences in it. A share ``short_share`` of samples fills a random part of the room only, as in
    BERT's own data (``short_seq_prob``). From a share ``bare_share`` the last token of A and of B is taken where it is
    one of ``stops``, the ids of . and !: so people type.

    With probability 1/2 the label is NotNext: B is what B would be of a random sample of another document, begins where
    as much is left to read as the text after A has, and ends its document if that does. So neither the row's length
    nor where B begins and ends in its document tells the label, as in BERT's own data they do for short documents.
    Where no sentence begins in the text of an IsNext sample, the pair stands around the nearest that begins in the
    document or, if the document is one sentence, around a random one of the split: the label stays a free draw.

    ``ValueError`` where there is nothing to make such rows of.
    """

    epoch_size: int  # samples in one pass over the weighted split

    def __init__(
        self,
        split: Split,
        special: SpecialIds,
        *,
        objective: str,
        length: int,
        seed: int,
        short_share: float = 0.1,
        bare_share: float = 0.0,
        stops: Collection[int] = (),
        weights: Mapping[str, float] | None = None,
    ) -> None:
        self._pairs = objective == "mlm+nsp"
        self._room = length - (3 if self._pairs else 2)
        if self._room < 2:
            least = length - self._room + 2
            raise ValueError(f"Rows of {length} tokens leave no room for text: make them {least} or more.")
        self._special, self._length, self._seed, self._short_share = special, length, seed, short_share
        self._bare_share, self._stops = bare_share, list(stops)
        self._tokens = np.asarray(split.tokens)
        self._places = Places(split, self._room)
        self._order = Order(split, self._places, weights or {}, seed)
        if self._pairs:
            self._order.require_pairs()
        self.epoch_size = self._order.epoch_size

    def rows(self, samples: Integers) -> Rows:
        """The rows of ``samples`` (B,), in that order."""
        samples = np.asarray(samples, dtype=np.int64)
        index, turn = self._order.sample(samples)
        text = self._places.text(index, self._seed, turn)
        short = draw.uniform(self._seed, _SHORT, samples) < self._short_share
        target = np.where(short, 2 + draw.integers(self._room - 1, self._seed, _TARGET, samples), self._room)
        bare = draw.uniform(self._seed, _BARE, samples) < self._bare_share
        if not self._pairs:
            return self._single(text.begin, self._kept(text.begin, np.minimum(target, text.last - text.begin), bare))

        label = np.where(draw.uniform(self._seed, _LABEL, samples) < 0.5, IS_NEXT, NOT_NEXT)
        pair = np.empty((len(_Pair._fields), len(samples)), dtype=np.int64)
        for here, make in ((label == IS_NEXT, self._following), (label == NOT_NEXT, self._random)):
            pair[:, here] = make(samples[here], turn[here], Text(*(field[here] for field in text)), target[here])
        return self._pair(_Pair(*pair), target, bare, label)

    def _following(self, samples: Integers, turn: Integers, text: Text, target: Integers) -> _Pair:
        inside, cut = self._cut(text, target, _CUT, samples)
        first, last = text.first.copy(), text.last.copy()
        alone = np.flatnonzero(cut < 0)
        document, cut[alone] = self._order.boundary(samples[alone])
        first[alone], last[alone] = self._places.extent(document)

        earliest = np.maximum(first, cut - self._size(target, samples))
        sentence = self._places.sentence_from(earliest)
        begin = np.where(inside, text.begin, np.where(sentence < cut, sentence, earliest))
        return _Pair(begin, cut - begin, cut, last)

    def _random(self, samples: Integers, turn: Integers, text: Text, target: Integers) -> _Pair:
        inside, cut = self._cut(text, target, _CUT, samples)
        # Text that no sentence begins in is A whole if it leaves room for B, else some of it from anywhere in it.
        remains = text.last - text.begin
        size = np.where(remains < target, remains, self._size(target, samples))
        skipped = draw.integers(np.minimum(remains, target) - size + 1, self._seed, _SKIP, samples)
        begin = np.where(inside, text.begin, text.begin + skipped)
        size = np.where(inside, cut - text.begin, size)

        other = self._places.text(self._order.other(text, samples), self._seed, turn)
        _, second = self._cut(other, target, _OTHER_CUT, samples)
        # Where the B that follows would end the document, so does this one; where not, it has as much to read as that.
        end = np.minimum(text.begin + target, text.last)
        ends = inside & (end == text.last)
        wanted = np.where(inside, end - cut, 1)
        matching = self._places.boundary_near(other.document, other.last - wanted, ~ends)
        second = np.where(second < 0, other.begin, np.where(ends, matching, np.minimum(second, matching)))
        return _Pair(begin, size, second, other.last)

    def _cut(self, text: Text, target: Integers, purpose: int, samples: Integers) -> tuple[NDArray[np.bool_], Integers]:
        """Where A and B meet: whether in the text of the sample, and the token that B begins with.

        If not in the text then near it, and -1 where no sentence of the document follows another.
        """
        end = np.minimum(text.begin + target, text.last)
        following, count = self._places.sentences_between(text.begin, end)
        inside = count > 0
        picked = self._places.begin_of(following + draw.integers(np.maximum(count, 1), self._seed, purpose, samples))
        current = self._places.begin_of(following - 1)  # where the sentence begins that is read first
        near = np.where(picked < text.last, picked, np.where(current > text.first, current, -1))
        return inside, np.where(inside, picked, near)

    def _size(self, target: Integers, samples: Integers) -> Integers:
        """A random size of A, 1 to one below the target, for the samples where no sentence's end decides on it."""
        return 1 + draw.integers(target - 1, self._seed, _SIZE, samples)

    def _kept(self, begin: Integers, size: Integers, bare: NDArray[np.bool_]) -> Integers:
        """How many tokens are left of texts where those that are to be ``bare`` lose the full stop at their end."""
        last = self._tokens.take(begin + size - 1, mode="clip")
        return size - (bare & (size > 1) & np.isin(last, self._stops))

    def _pair(self, pair: _Pair, target: Integers, bare: NDArray[np.bool_], label: Integers) -> Rows:
        """[CLS] A [SEP] B [SEP] [PAD] …, where B fills what A has left of the target."""
        size = self._kept(pair.begin, pair.size, bare)
        lengths = 3 + size + self._kept(pair.second, np.minimum(target - pair.size, pair.end - pair.second), bare)
        position = np.arange(self._length)
        is_second = position > size[:, None] + 1  # (B, T)
        source = np.where(is_second, (pair.second - size - 2)[:, None], (pair.begin - 1)[:, None]) + position
        input_ids = self._read(source, lengths)
        input_ids[np.arange(len(lengths)), size + 1] = self._special.sep
        segments = (is_second & (position < lengths[:, None])).astype(np.int64)
        return Rows(input_ids, segments, lengths, label)

    def _single(self, begin: Integers, size: Integers) -> Rows:
        """[CLS] text [SEP] [PAD] …"""
        lengths = 2 + size
        input_ids = self._read((begin - 1)[:, None] + np.arange(self._length), lengths)
        return Rows(input_ids, np.zeros_like(input_ids), lengths, None)

    def _read(self, source: Integers, lengths: Integers) -> Integers:
        """(B, T) the tokens numbered ``source``, between [CLS] and, at the end of ``lengths``, [SEP] and [PAD]."""
        input_ids = self._tokens.take(source, mode="clip").astype(np.int64)  # what lies outside is written over below
        input_ids[:, 0] = self._special.cls
        input_ids[np.arange(len(lengths)), lengths - 1] = self._special.sep
        input_ids[np.arange(self._length) >= lengths[:, None]] = self._special.pad
        return input_ids
