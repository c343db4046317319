"""What the snapshots of a run answer to one question: the words that lead at the end, over the steps (C13, C14)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from model.lens import masked_lm, next_sentence
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


@dataclass(frozen=True, eq=False)
class Answer:
    """What one snapshot says."""

    tokens: tuple[str, ...]  # (V,) the vocabulary
    chances: Floats | None  # (V,) the probability of each at the place that is asked for; None where none is
    is_next: float | None  # None without a second sentence, or a head that could say


def answer(bert: Bert, trace: Trace) -> Answer:
    """The chances at the place that is asked for, and whether B follows A."""
    place = _place(bert, trace)
    chances = None if place is None else np.exp(masked_lm.log_probabilities(bert, trace, place))
    says = bert.has_nsp and trace.pooled is not None and 1 in trace.inputs.texts
    return Answer(bert.tokenizer.tokens, chances, next_sentence.probabilities(bert, trace)[0] if says else None)


def courses(answers: Sequence[Answer], top: int = 5) -> list[tuple[str, Floats]]:
    """Name and values (N,) of each line over the N ``answers``, that which ends highest first.

    They are the ``top`` words of the last answer, or, where no place is asked for, that B follows A.
    """
    if not answers:
        return []
    chances = [one.chances for one in answers if one.chances is not None]
    if len(chances) == len(answers):
        leading = masked_lm.best(chances[-1], top)
        return [(answers[-1].tokens[entry], np.array([one[entry] for one in chances], np.float32)) for entry in leading]
    shares = [one.is_next for one in answers if one.is_next is not None]
    return [("IsNext", np.array(shares, np.float32))] if len(shares) == len(answers) else []


def _place(bert: Bert, trace: Trace) -> int | None:
    """Where something is asked for: the first [MASK] or edit; what comes next at the end of a left-to-right text."""
    if not bert.has_mlm:
        return None
    if bert.config.is_decoder:
        return max(len(trace.tokens) - 2, 0)
    asked = [place for place, token in enumerate(trace.tokens) if token == bert.tokenizer.mask_token]
    return min([*asked, *(edit.position for edit in trace.scenario.edits)], default=None)
