"""What is different between two answers: ``after`` less ``before``, token by token where both have the same.

The two may be of other texts, with other edits, heads off or direction, or of two models, such as two snapshots of a
run. What cannot be subtracted raises ``ValueError`` with a sentence that says why.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from model import inputs
from model.inputs import Inputs, Integers
from model.lens import layers, masked_lm
from model.lens.passes import in_passes
from model.trace import EmbeddingsTrace, Floats, Trace

if TYPE_CHECKING:
    from model.bert import Bert

Head = tuple[int, int]  # (layer, head)

_PARTS = fields(EmbeddingsTrace)
_HEAD_AS_TOKENS = 16  # of the network: about what the heads of both models cost at one position


@dataclass(frozen=True, eq=False)
class Matching:
    """Positions of the N tokens that two inputs have in common, in the order of ``after``."""

    after: Integers  # (N,)
    before: Integers  # (N,) where the same token stands
    size: int  # T of ``after``

    @property
    def unmatched(self) -> int:
        """How many tokens of ``after`` have no like."""
        return self.size - len(self.after)

    @property
    def places(self) -> Integers:
        """(T,) where each token of ``after`` stands in ``before``; -1 where it is not there."""
        found = np.full(self.size, -1, dtype=np.int64)
        found[self.after] = self.before
        return found

    def like(self, position: int) -> int | None:
        """Where the token at a ``position`` of ``after`` stands in ``before``; None where it is not there."""
        place = int(self.places[position])
        return place if place >= 0 else None


@dataclass(frozen=True)
class Change:
    """An entry of the vocabulary with its probability in the two answers."""

    piece: str
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class LensChange:
    """The masked-LM head on every hidden state of both answers; NaN and "" at tokens without a like."""

    now: tuple[tuple[str, ...], ...]  # L+1 rows of T pieces: the most probable one
    then: tuple[tuple[str, ...], ...]  # the same of the pinned answer
    elsewhere: Floats  # (L+1, T) share of the probability that other pieces have: 0 is the same, 1 wholly another


def match(after: Inputs, before: Inputs) -> Matching:
    """Which tokens are each other's like: those of the texts as in a diff, whatever was edited in their place.

    Where the two texts have changed places, each is matched with itself.
    """
    here, there = ([_text(side, text) for text in (0, 1)] for side in (after, before))
    if here[0] != here[1] and here == there[::-1]:
        moved = sorted(_swapped(after, before))
    else:
        moved = sorted((place, was) for was, place in inputs.align(before, after).items())
    places = np.array(moved, dtype=np.int64).reshape(-1, 2)
    return Matching(places[:, 0], places[:, 1], len(after))


def between(after: Floats, before: Floats, matching: Matching) -> Floats:
    """(…, T, T) ``after`` less ``before`` (…, S, S), both of tokens with tokens; NaN where one of two has no like."""
    here, there = ((places[:, None], places) for places in (matching.after, matching.before))
    if matching.size == before.shape[-1] and np.array_equal(matching.after, matching.before) and not matching.unmatched:
        return after - before
    found = np.full_like(after, np.nan)
    found[(..., *here)] = after[(..., *here)] - before[(..., *there)]
    return found


def aligned(before: Floats, matching: Matching) -> Floats:
    """(…, T) the numbers ``before`` (…, S) of the pinned tokens, each where its like now stands; NaN without one."""
    found = np.full((*before.shape[:-1], matching.size), np.nan, dtype=np.float32)
    found[..., matching.after] = before[..., matching.before]
    return found


def attention(after: Trace, before: Trace, matching: Matching, head: Head) -> Floats:
    """(T, T) the weights of a ``head``; NaN where one of the two tokens has no like."""
    _require_heads(after, before)
    found = np.empty_like(after.attention[head])
    next(_subtract((after, before), matching, [head], found, blank=np.nan))
    return found


def each_head(
    after: Trace, before: Trace, matching: Matching, out: Floats, layers: Sequence[int] | None = None
) -> Iterator[Head]:
    """Puts the weights of one head after another into ``out`` (T, T), 0 where one of the two tokens has no like.

    One map at a time stays in the processor's cache, where a layer of them would not. Those of ``layers``, or of all.
    """
    _require_heads(after, before)
    count, heads = after.attention.shape[:2]
    chosen = range(count) if layers is None else layers
    asked = [(layer, head) for layer in chosen for head in range(heads)]
    return _subtract((after, before), matching, asked, out, blank=0.0)


def moved(after: Trace, before: Trace, matching: Matching) -> Floats:
    """(L, H) the share of attention that goes elsewhere: the mean distance in total variation of the rows in common.

    0 is the same map, and 1 one in which no row looks at anything that it looked at before. A token without a like is
    a place that only one of the two answers has: what goes there goes elsewhere.
    """
    heads = each_head(after, before, matching, out := np.empty((matching.size, matching.size), dtype=np.float32))
    found = _to_others(after, matching.after) + _to_others(before, matching.before)
    for head in heads:
        found[head] += np.abs(out, out=out).sum(axis=0).sum()
    return found / np.float32(2 * max(1, len(matching.after)))


def moved_rows(after: Trace, before: Trace, matching: Matching, head: Head) -> Floats:
    """(T,) as ``moved``, of each row of a ``head`` by itself; NaN in rows of tokens without a like.

    Tokens without a like are places of their own: what a row looks at there, it looks at in one answer only.
    """
    changed = np.abs(attention(after, before, matching, head)[matching.after])
    alone = sum(
        np.delete(trace.attention[head][places], places, axis=1).sum(axis=1)
        for trace, places in ((after, matching.after), (before, matching.before))
    )
    found = np.full(matching.size, np.nan, dtype=np.float32)
    found[matching.after] = (np.nansum(changed, axis=1) + alone) / 2
    return found


def turned(after: Trace, before: Trace, matching: Matching) -> Floats:
    """(L+1, T) how far the hidden states of every token have turned: 1 less their cosine, NaN without a like.

    0 points the same way, 1 is at right angles. It is half the squared distance of the two vectors of length 1, which
    is exactly 0 where nothing is different.
    """
    _require_same(
        after,
        before,
        "layers and dimensions",
        *((len(trace.hidden) - 1, trace.hidden.shape[2]) for trace in (after, before)),
    )
    found = np.full(after.hidden.shape[:2], np.nan, dtype=np.float32)
    for height, (here, there) in enumerate(zip(after.hidden, before.hidden, strict=True)):
        apart = _unit(here[matching.after]) - _unit(there[matching.before])
        found[height, matching.after] = (apart**2).sum(axis=1) / 2
    if not np.isfinite(found[:, matching.after]).all():
        raise ValueError("One of the two models computes no numbers here: some of its weights are not finite.")
    return found


def embeddings(after: Trace, before: Trace, matching: Matching) -> EmbeddingsTrace:
    """The parts of the input embedding, their sum and its LayerNorm; NaN in rows of tokens that have no like."""
    parts = [(getattr(after.embeddings, part.name), getattr(before.embeddings, part.name)) for part in _PARTS]
    _require_same(after, before, "numbers a token", parts[0][0].shape[1:], parts[0][1].shape[1:])
    found = [np.full_like(here, np.nan) for here, _ in parts]
    for part, (here, there) in zip(found, parts, strict=True):
        part[matching.after] = here[matching.after] - there[matching.before]
    return EmbeddingsTrace(*found)


def predictions(
    after: tuple[Bert, Trace], before: tuple[Bert, Trace], places: tuple[int, int], top: int = 10
) -> tuple[Change, ...]:
    """The ``top`` entries of each at their ``places``, together, those whose probability changed most first.

    ``ValueError`` where one has no MLM head, or another vocabulary.
    """
    require_vocabulary(after[0], before[0])
    now, then = (np.exp(masked_lm.log_probabilities(*answer)) for answer in ((*after, places[0]), (*before, places[1])))
    return _changes(after[0], now, then, top)


def candidates(
    after: tuple[Bert, Trace], before: tuple[Bert, Trace], places: tuple[int, int], top: int = 5
) -> tuple[tuple[Change, ...], ...]:
    """L+1 rows of ``top`` entries at their ``places``: of those that either answer has among its best at a height,
    the ones whose probability changed most there.

    ``ValueError`` as for ``predictions``, and where one has other layers.
    """
    require_vocabulary(after[0], before[0])
    require_layers(after[1], before[1])
    rows = (layers.probabilities(*answer, place) for answer, place in zip((after, before), places, strict=True))
    return tuple(_changes(after[0], now, then, top)[:top] for now, then in zip(*rows, strict=True))


def logit_lens(
    after: tuple[Bert, Trace], before: tuple[Bert, Trace], matching: Matching
) -> Generator[float, None, LensChange]:
    """How what every layer would predict changed, at every token. Yields the share done between passes.

    ``ValueError`` as for ``candidates``.
    """
    require_vocabulary(after[0], before[0])
    require_layers(after[1], before[1])
    entries, count = after[0].tokenizer.tokens, len(after[1].hidden)
    pieces = [[[""] * matching.size for _ in range(count)] for _ in (after, before)]
    elsewhere = np.full((count, matching.size), np.nan, dtype=np.float32)
    cells = np.arange(count * len(matching.after))
    for chosen, done in in_passes(cells, _HEAD_AS_TOKENS):
        rows, pairs = np.divmod(chosen, len(matching.after))
        places = matching.after[pairs], matching.before[pairs]
        shares = []
        for (bert, trace), where, written in zip((after, before), places, pieces, strict=True):
            bert.require(trace)
            share = np.exp(masked_lm.log_softmax(bert.mlm_logits(trace.hidden[rows, where])))[:, : len(entries)]
            for row, place, entry in zip(rows, places[0], share.argmax(axis=1), strict=True):
                written[row][place] = entries[entry]
            shares.append(share)
        elsewhere[rows, places[0]] = np.abs(shares[0] - shares[1]).sum(axis=1) / 2
        yield done
    if not np.isfinite(elsewhere[:, matching.after]).all():
        raise ValueError("One of the two models computes no numbers here: some of its weights are not finite.")
    now, then = (tuple(map(tuple, rows)) for rows in pieces)
    return LensChange(now, then, elsewhere)


def require_vocabulary(after: Bert, before: Bert) -> None:
    """``ValueError`` where the two models know other pieces."""
    if after.tokenizer.tokens != before.tokenizer.tokens:
        raise ValueError(
            f"The pinned answer is by {before.name}, which has another vocabulary: its predictions cannot be "
            "compared one by one. Choose Now or Pinned, or pin an answer of this model."
        )


def require_layers(after: Trace, before: Trace) -> None:
    """``ValueError`` where the two models have not as many layers."""
    _require_same(after, before, "layers", (len(after.hidden) - 1,), (len(before.hidden) - 1,))


def _changes(bert: Bert, now: Floats, then: Floats, top: int) -> tuple[Change, ...]:
    """The ``top`` entries of ``now`` and of ``then`` (V,), the largest change first."""
    listed = dict.fromkeys((*masked_lm.best(now, top), *masked_lm.best(then, top)))
    order = sorted(listed, key=lambda entry: -abs(float(now[entry]) - float(then[entry])))
    return tuple(Change(bert.tokenizer.tokens[entry], float(then[entry]), float(now[entry])) for entry in order)


def _text(rows: Inputs, text: int) -> list[str]:
    return [token for token, source in zip(rows.originals, rows.texts, strict=True) if source == text]


def _swapped(after: Inputs, before: Inputs) -> list[tuple[int, int]]:
    """Pairs of positions where A of the one is B of the other; [CLS] and [SEP] go to their like."""

    def places(rows: Inputs, source: int | None) -> list[int]:
        return [place for place, text in enumerate(rows.texts) if text == source]

    pairs = ((None, None), (0, 1), (1, 0))
    return [pair for one, two in pairs for pair in zip(places(after, one), places(before, two), strict=True)]


def _subtract(
    answers: tuple[Trace, Trace], matching: Matching, heads: list[Head], out: Floats, blank: float
) -> Iterator[Head]:
    after, before = (trace.attention for trace in answers)
    places, unmatched = matching.places, np.flatnonzero(matching.places < 0)
    alike = np.array_equal(places, np.arange(before.shape[-1]))
    for head in heads:
        there = before[head] if alike else before[head].take(places, axis=0).take(places, axis=1)
        np.subtract(after[head], there, out=out)
        if len(unmatched):
            out[unmatched] = out[:, unmatched] = blank
        yield head


def _to_others(trace: Trace, places: Integers) -> Floats:
    """(L, H) how much the tokens at ``places`` together look at others than these."""
    others = np.ones(len(trace.tokens), dtype=np.float32)
    others[places] = 0
    found: Floats = (trace.attention @ others)[..., places].sum(axis=-1)  # (L, H, T) before the sum
    return found


def _unit(vectors: Floats) -> Floats:
    """Each of ``vectors`` (N, D) at length 1; zero stays zero."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit


def _require_heads(after: Trace, before: Trace) -> None:
    _require_same(after, before, "layers and heads", after.attention.shape[:2], before.attention.shape[:2])


def _require_same(after: Trace, before: Trace, what: str, here: tuple[int, ...], there: tuple[int, ...]) -> None:
    if here != there:
        had, has = (" × ".join(map(str, shape)) for shape in (there, here))
        raise ValueError(
            f"The pinned answer is by {before.model}, which has {had} {what}, and {after.model} has {has}: there is no "
            "difference to show. Choose Now or Pinned, or pin an answer of this model."
        )
