"""How the text became tokens: every typed word with the pieces that it was cut into (C8)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from model.trace import Trace

if TYPE_CHECKING:
    from model.bert import Bert
    from model.wordpiece import Explanation


class Word(NamedTuple):
    """How a typed word became pieces, and the positions of these in the input."""

    how: Explanation
    tokens: range


def words(bert: Bert, trace: Trace) -> tuple[Word, ...]:
    """The words of both texts in their order; those beyond what the model reads are left out."""
    found: list[Word] = []
    for text, typed in enumerate((trace.scenario.first, trace.scenario.second)):
        places = [place for place, source in enumerate(trace.inputs.texts) if source == text]
        ends = [offset[1] for offset, place in zip(trace.inputs.offsets, trace.inputs.texts, strict=True)
                if offset is not None and place == text]  # fmt: skip
        read = re.match(r"\S*", typed[max(ends, default=0) :])  # the last word may be cut in its middle
        assert read is not None
        for how in bert.tokenizer.explain(typed[: max(ends, default=0) + read.end()]):
            tokens, places = places[: len(how.pieces)], places[len(how.pieces) :]
            if tokens:
                found.append(Word(how, range(tokens[0], tokens[-1] + 1)))
    return tuple(found)
