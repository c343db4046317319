"""From two texts to the rows that a BERT reads: ids, segments, positions and labels (C11)."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.scenario import Scenario

if TYPE_CHECKING:
    from model.config import BertConfig
    from model.wordpiece import WordPiece

Integers = NDArray[np.int64]

NO_LABEL = -100  # a position that gives no loss, as in torch's cross_entropy and in Hugging Face's labels


@dataclass(frozen=True, eq=False)
class Inputs:
    """The rows of one input of T tokens. ``tokens`` is what the network reads, ``originals`` what the text says."""

    tokens: tuple[str, ...]
    originals: tuple[str, ...]
    input_ids: Integers  # (T,)
    segments: Integers  # (T,) 0 for A, 1 for B, flips included
    positions: Integers  # (T,) 0 … T-1
    labels: Integers  # (T,) id of the original where one was chosen for prediction, NO_LABEL elsewhere
    texts: tuple[int | None, ...]  # the text, 0 or 1, that a token comes from; None for [CLS] and [SEP]
    offsets: tuple[tuple[int, int] | None, ...]  # its characters there, from and to; None for [CLS] and [SEP]
    words: tuple[int | None, ...]  # number of its word in that text: pieces of one word share it
    cut_first: tuple[str, ...]  # pieces past the model's maximum, which it does not read
    cut_second: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.tokens)


def build(tokenizer: WordPiece, config: BertConfig, scenario: Scenario) -> Inputs:
    """[CLS] first [SEP], or [CLS] first [SEP] second [SEP], with the scenario's edits in place.

    What is longer than the model's maximum loses its end, the longer text first, as Hugging Face's "longest_first"
    does. ``ValueError`` for an empty first text, a position that is not there, a piece outside the vocabulary, or a
    segment that the model does not have.
    """
    first, second = tokenizer.encode(scenario.first), tokenizer.encode(scenario.second)
    if not first.tokens:
        raise ValueError(
            "Sentence A is empty: type something there."
            if not second.tokens
            else "Sentence A is empty, so B has nothing to follow: type A, or swap the two."
        )
    pair = bool(second.tokens)
    room = config.max_position_embeddings - (3 if pair else 2)
    keep_first, keep_second = _share(room, len(first.tokens), len(second.tokens))
    if keep_first < 1 or (pair and keep_second < 1):
        raise ValueError(f"This model reads {config.max_position_embeddings} tokens: too few for such an input.")

    cls, sep = tokenizer.cls_token, tokenizer.sep_token
    originals = [cls, *first.tokens[:keep_first], sep]
    texts: list[int | None] = [None, *[0] * keep_first, None]
    offsets: list[tuple[int, int] | None] = [None, *first.offsets[:keep_first], None]
    words: list[int | None] = [None, *first.words[:keep_first], None]
    segments = [0] * len(originals)
    if pair:
        originals += [*second.tokens[:keep_second], sep]
        texts += [*[1] * keep_second, None]
        offsets += [*second.offsets[:keep_second], None]
        words += [*second.words[:keep_second], None]
        segments += [1] * (keep_second + 1)

    tokens, labels = list(originals), [NO_LABEL] * len(originals)
    for edit in scenario.edits:
        _require_position(edit.position, originals)
        labels[edit.position] = tokenizer.id(originals[edit.position])
        if edit.kind == "mask":
            tokens[edit.position] = tokenizer.mask_token
        elif edit.piece is not None:
            tokenizer.id(edit.piece)  # raises for a piece outside the vocabulary
            tokens[edit.position] = edit.piece
    for position in scenario.flips:
        _require_position(position, originals)
        segments[position] = 1 - segments[position]
    if max(segments) >= config.type_vocab_size:
        raise ValueError("This model has one segment only: it cannot tell a second sentence from the first.")

    return Inputs(
        tokens=tuple(tokens),
        originals=tuple(originals),
        input_ids=_row([tokenizer.id(token) for token in tokens]),
        segments=_row(segments),
        positions=_row(range(len(tokens))),
        labels=_row(labels),
        texts=tuple(texts),
        offsets=tuple(offsets),
        words=tuple(words),
        cut_first=first.tokens[keep_first:],
        cut_second=second.tokens[keep_second:],
    )


def align(old: Inputs, new: Inputs) -> dict[int, int]:
    """Where each token of ``old`` stands in ``new``: {old position: new position}, without those that are gone.

    Texts are matched piece by piece as in a diff; [CLS] and the n-th [SEP] go to their like.
    """
    moved = {0: 0}
    moved.update(zip(_separators(old), _separators(new), strict=False))
    for text in (0, 1):
        here = [position for position, source in enumerate(old.texts) if source == text]
        there = [position for position, source in enumerate(new.texts) if source == text]
        matcher = SequenceMatcher(
            None, [old.originals[i] for i in here], [new.originals[i] for i in there], autojunk=False
        )
        for start, end, length in matcher.get_matching_blocks():
            moved.update(zip(here[start : start + length], there[end : end + length], strict=True))
    return moved


def carry(old: Inputs, new: Inputs) -> dict[int, tuple[int, ...]]:
    """Where each token of ``old`` stands in ``new``, the same texts split another way: {old position: new positions}.

    A token has the pieces that cover its characters and no others; one that only a part of a piece covers is left out.
    [CLS] and the n-th [SEP] go to their like.
    """
    moved: dict[int, tuple[int, ...]] = {0: (0,)}
    moved.update((there, (here,)) for there, here in zip(_separators(old), _separators(new), strict=False))
    begins = {(new.texts[place], span[0]): place for place, span in enumerate(new.offsets) if span is not None}
    for place, span in enumerate(old.offsets):
        if span is None:
            continue
        first = last = begins.get((old.texts[place], span[0]), len(new))
        while last < len(new) and (reached := new.offsets[last]) is not None and reached[1] < span[1]:
            last += 1
        if last < len(new) and (reached := new.offsets[last]) is not None and reached[1] == span[1]:
            moved[place] = tuple(range(first, last + 1))
    return moved


def _share(room: int, first: int, second: int) -> tuple[int, int]:
    """How many of ``first`` and ``second`` tokens fit into ``room`` when the longer one is cut first.

    If that makes both alike and one place is left over, it is the longer one's, or else the second's.
    """
    short = min(first, second)
    long = max(short, min(room - short, max(first, second)))
    if short + long > room:
        short, long = room // 2, room - room // 2
    return (long, short) if first > second else (short, long)


def _separators(inputs: Inputs) -> list[int]:
    return [position for position, text in enumerate(inputs.texts) if text is None and position > 0]


def _require_position(position: int, tokens: list[str]) -> None:
    if position >= len(tokens):
        last = len(tokens) - 1
        raise ValueError(f"Position {position} is not there: the input has {len(tokens)} tokens, 0 to {last}.")


def _row(values: list[int] | range) -> Integers:
    row = np.asarray(values, dtype=np.int64)
    row.flags.writeable = False
    return row
