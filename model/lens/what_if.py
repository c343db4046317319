"""What a prediction hangs on: what switched-off heads, layers and the direction change; which head matters (C5, C12).

Switching one head off at a time is the ablation of Michel et al. 2019, "Are Sixteen Heads Really Better than One?".
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from model.lens import masked_lm
from model.lens.attention import Head
from model.lens.passes import in_passes
from model.trace import Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert


@dataclass(frozen=True)
class Prediction:
    """What a model may answer: ``piece`` at ``position``, or, without them, that B follows A."""

    position: int | None = None
    piece: str = ""


IS_NEXT = Prediction()


@dataclass(frozen=True)
class Change:
    """How likely a prediction is with all of the model at work in its own direction, and as it is asked now."""

    prediction: Prediction
    before: float
    after: float


@dataclass(frozen=True)
class Effect:
    """What is different because of what is off and of the direction."""

    words: dict[int, tuple[Change, ...]]  # by position, the most likely now first
    is_next: Change | None  # None without a pair, or without the head


@dataclass(frozen=True, eq=False)
class HeadsThatMatter:
    """One prediction with each head off in turn, what is off already staying so; NaN where a head is off already."""

    prediction: Prediction
    now: float  # its probability as it is asked
    without: Floats  # (L, H) its probability
    change: Floats  # (L, H) of its natural logarithm: below 0 the prediction needs the head

    @property
    def ranked(self) -> list[Head]:
        """The heads that are on, the largest change first whichever way it goes."""
        sizes = np.abs(self.change).ravel()
        order = np.argsort(-sizes, kind="stable")[: int((~np.isnan(sizes)).sum())]
        return [divmod(place, self.change.shape[1]) for place in order.tolist()]


def is_changed(bert: Bert, trace: Trace) -> bool:
    """Whether anything is off, or the direction is not the model's own."""
    asked = trace.scenario
    return bool(asked.heads_off or asked.layers_off) or trace.direction != bert.direction


def effect(bert: Bert, trace: Trace, positions: Iterable[int], top: int = 5) -> Effect:
    """What stands in the way of the ``top`` predictions at ``positions``, those of now and of before alike.

    They are the first of now, the first of before, and the ones most likely in one of the two. Without an MLM head
    there are none.
    """
    bert.require(trace)
    after = trace.hidden[-1]
    before = bert.hidden_untouched(trace) if is_changed(bert, trace) else after
    words = {}
    for position in positions if bert.has_mlm else ():
        scores = finite(bert, masked_lm.log_softmax(bert.mlm_logits(np.stack([before[position], after[position]]))))
        former, now = scores[:, : len(bert.tokenizer.tokens)]
        firsts = masked_lm.best(now, 1) + masked_lm.best(former, 1)
        listed = list(dict.fromkeys(firsts + masked_lm.best(np.maximum(former, now), top)))[:top]
        best = sorted(listed, key=lambda entry: (-now[entry], -former[entry]))
        words[position] = tuple(
            Change(
                Prediction(position, bert.tokenizer.tokens[entry]),
                float(np.exp(former[entry])),
                float(np.exp(now[entry])),
            )
            for entry in best
        )
    if not says_is_next(bert, trace):
        return Effect(words, None)
    former, now = np.exp(_is_next(bert, np.stack([before, after])))
    return Effect(words, Change(IS_NEXT, float(former), float(now)))


def says_is_next(bert: Bert, trace: Trace) -> bool:
    """Whether there is a second text, and a head that says whether it follows the first."""
    return bert.has_nsp and trace.pooled is not None and 1 in trace.inputs.texts


def heads_that_matter(bert: Bert, trace: Trace, prediction: Prediction) -> Generator[float, None, HeadsThatMatter]:
    """How likely ``prediction`` is with each head off, one after the other. Yields the share done between passes.

    ``ValueError`` where the model cannot predict it, or its vocabulary lacks the piece.
    """
    now, found = yield from each_off(bert, trace, lambda hidden: _log_probability(bert, hidden, prediction))
    return HeadsThatMatter(
        prediction, float(np.exp(now)), np.exp(found).astype(np.float32), (found - now).astype(np.float32)
    )


def each_off(
    bert: Bert, trace: Trace, read: Callable[[Floats], NDArray[np.float64]]
) -> Generator[float, None, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """What ``read`` makes, (B, …), of the last hidden states (B, T, D): (…) as they are, (L, H, …) with each head off.

    NaN where a head is off already. Yields the share done between passes.
    """
    bert.require(trace)
    off, shape = trace.scenario, trace.attention.shape[:2]
    layers, heads = shape
    places = [
        (layer, head)
        for layer, head in np.ndindex(layers, heads)
        if layer not in off.layers_off and (layer, head) not in off.heads_off
    ]
    now = read(trace.hidden[-1:])[0]
    found = np.full((*shape, *now.shape), np.nan)
    work = np.cumsum([layers - layer for layer, _ in places])  # the lower a head, the more layers stand on it
    for chosen, _ in in_passes(np.arange(len(places)), len(trace.tokens)):
        batch = [places[place] for place in chosen]
        found[tuple(np.transpose(batch))] = read(bert.hidden_without(trace, batch))
        yield float(work[chosen[-1]] / work[-1])
    return now, found


def _log_probability(bert: Bert, hidden: Floats, prediction: Prediction) -> NDArray[np.float64]:
    """(B,) of ``prediction`` by last hidden states (B, T, D)."""
    if prediction.position is None:
        return _is_next(bert, hidden)
    entry = bert.tokenizer.id(prediction.piece)
    scores = masked_lm.log_softmax(bert.mlm_logits(hidden[:, prediction.position]))
    return finite(bert, scores)[:, entry].astype(np.float64)


def _is_next(bert: Bert, hidden: Floats) -> NDArray[np.float64]:
    """(B,) natural logarithms of the probability that B follows A, by last hidden states (B, T, D)."""
    weight, bias = bert.nsp_weights()
    logits = finite(bert, bert.pooled(hidden) @ weight.T + bias).astype(np.float64)  # (B, 2)
    gap: NDArray[np.float64] = -np.logaddexp(0, logits[:, 1] - logits[:, 0])
    return gap


def finite(bert: Bert, scores: Floats) -> Floats:
    """``scores``, unless some are no numbers: ``ValueError``."""
    if np.isnan(scores).any():
        raise ValueError(f"{bert.name} computes no numbers here: some of its weights are not finite.")
    return scores
