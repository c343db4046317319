"""Who looks at whom: what each head of a trace does, in numbers, and how one weight comes about (C12).

The statistics are those of Clark et al. 2019, "What Does BERT Look At?", section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.inputs import Integers
from model.trace import Floats, Trace

Head = tuple[int, int]  # (layer, head)
Cell = tuple[int, int]  # (row, column): who looks, who is looked at
Doubles = NDArray[np.float64]
Relation = Literal["previous", "next", "itself", "same", "cls", "sep", "a_to_b", "b_to_a"]
Pattern = Literal[Relation, "broad", "mixed"]


@dataclass(frozen=True, eq=False)
class HeadStatistics:
    """One number a head, each array (L, H). Shares are of the attention mass, averaged over the rows they speak of."""

    entropy: Floats  # nats, mean over rows: 0 looks at one token, ln T at all alike
    distance: Floats  # tokens between who looks and who is looked at, mean over the mass
    cls: Floats  # share on [CLS]
    sep: Floats  # share on [SEP]
    previous: Floats  # share on the token before, rows 1 … T-1
    next: Floats  # share on the token after, rows 0 … T-2
    itself: Floats  # share on the row's own position
    same: Floats  # share on other positions with the same piece, rows that have such; NaN where none has
    a_to_b: Floats  # share on B of rows in A; NaN without a pair
    b_to_a: Floats  # share on A of rows in B; NaN without a pair


def statistics(trace: Trace) -> HeadStatistics:
    """What each head does, over all rows of the trace; special tokens look and are looked at like any other."""
    wanted = places(trace)
    size, place = len(trace.tokens), np.arange(len(trace.tokens))
    distances = np.abs(place[:, None] - place[None, :])
    *masses, travelled = _sums(trace.attention, np.stack([*wanted.values(), distances]))
    return HeadStatistics(
        entropy=_entropy(trace.attention),
        distance=travelled / np.float32(size),
        **{name: _mean(mass, cells) for mass, (name, cells) in zip(masses, wanted.items(), strict=True)},
    )


def places(trace: Trace) -> dict[Relation, NDArray[np.bool_]]:
    """(T, T) the cells that each pattern is about; none of them where the text has none, such as A to B alone."""
    tokens = np.asarray(trace.tokens)
    size, place = len(tokens), np.arange(len(tokens))
    second = trace.segments == 1
    return {
        "cls": np.broadcast_to(place == 0, (size, size)),
        "sep": np.broadcast_to(_special(trace) & (place > 0), (size, size)),
        "previous": np.eye(size, k=-1, dtype=bool),
        "next": np.eye(size, k=1, dtype=bool),
        "itself": np.eye(size, dtype=bool),
        "same": (tokens[:, None] == tokens[None, :]) & ~np.eye(size, dtype=bool),
        "a_to_b": ~second[:, None] & second[None, :],
        "b_to_a": second[:, None] & ~second[None, :],
    }


NAMED_FROM = 0.5  # a head is called after what gets at least half of its mass
CROSSING_FROM = 0.6  # of the rows in one sentence on the other: both [SEP] count, so half would be chance
_BROAD_FROM = 0.85  # of ln T, the entropy of looking at all tokens alike


def patterns(heads: HeadStatistics, tokens: int) -> list[list[Pattern]]:
    """A name for what each head does, ``[layer][head]``, for a trace of so many ``tokens``.

    The largest of the shares on the previous, next, own and same token, [CLS] and [SEP] names it, from half of the
    mass on; then looking across to the other sentence; then ``broad``, close to all tokens alike; or ``mixed``.
    """
    names: tuple[Pattern, ...] = ("previous", "next", "itself", "same", "cls", "sep")
    shares = np.nan_to_num(np.stack([getattr(heads, name) for name in names]))  # (6, L, H)
    crossings = np.nan_to_num(np.stack([heads.a_to_b, heads.b_to_a]))  # (2, L, H)
    broad = heads.entropy >= _BROAD_FROM * np.log(max(tokens, 2))

    def name(layer: int, head: int) -> Pattern:
        best = int(shares[:, layer, head].argmax())
        if shares[best, layer, head] >= NAMED_FROM:
            return names[best]
        crossing = crossings[:, layer, head]
        if crossing.max() >= CROSSING_FROM and not broad[layer, head]:
            return "a_to_b" if crossing.argmax() == 0 else "b_to_a"
        return "broad" if broad[layer, head] else "mixed"

    layers, count = heads.entropy.shape
    return [[name(layer, head) for head in range(count)] for layer in range(layers)]


def order(statistic: Floats) -> list[Head]:
    """Every head by a ``statistic`` (L, H), the largest first; those that are NaN last, equal ones as they stand."""
    layers, heads = statistic.shape
    places = np.argsort(-np.nan_to_num(statistic.ravel(), nan=-np.inf), kind="stable")
    return [divmod(place, heads) for place in places.tolist()] if layers else []


_EXCEPTION_FROM = 0.5  # of a row's mass: a word that looks so firmly elsewhere is worth naming


def exception(trace: Trace, head: Head, pattern: Pattern) -> Cell | None:
    """The word that looks most firmly at another than the ``pattern`` of its head says, if one does."""
    size, place = len(trace.tokens), np.arange(len(trace.tokens))
    special = _special(trace)
    expected = {
        "cls": np.broadcast_to(place == 0, (size, size)),
        "sep": np.broadcast_to(special & (place > 0), (size, size)),
        "previous": np.eye(size, k=-1, dtype=bool),
        "next": np.eye(size, k=1, dtype=bool),
        "itself": np.eye(size, dtype=bool),
    }.get(pattern)
    if expected is None:
        return None
    cell = largest(trace.attention[head], ~expected & _between_words(special))
    return cell if cell is not None and trace.attention[(*head, *cell)] >= _EXCEPTION_FROM else None


def strongest(trace: Trace, head: Head, row: int | None = None) -> Cell:
    """The cell with the largest weight: of one ``row``, or of all where one word looks at another."""
    weights = trace.attention[head]
    if row is not None:
        return row, int(weights[row].argmax())
    cell = largest(weights, _between_words(_special(trace))) or largest(weights, np.ones(weights.shape, dtype=bool))
    assert cell is not None  # a trace has [CLS] at least
    return cell


@dataclass(frozen=True, eq=False)
class Lines:
    """E cells of a map, the weakest first so that the strongest are drawn over them."""

    rows: Integers  # (E,)
    columns: Integers  # (E,)
    ranks: Integers  # (E,) place among the cells of its row, 0 the strongest


def strongest_lines(weights: Floats, share: float) -> Lines:
    """The fewest cells of each row of ``weights`` (R, C) that hold ``share`` of it; what is zero is none."""
    order = np.argsort(-weights, axis=1, kind="stable")
    sorted_weights = np.take_along_axis(weights, order, axis=1).astype(np.float64)
    before = np.cumsum(sorted_weights, axis=1) - sorted_weights
    needed = (before < share * sorted_weights.sum(axis=1, keepdims=True) * (1 - 1e-9)) & (sorted_weights > 0)
    rows, ranks = np.nonzero(needed)
    columns = order[rows, ranks]
    strength = np.argsort(weights[rows, columns], kind="stable")
    return Lines(rows[strength], columns[strength], ranks[strength])


@dataclass(frozen=True, eq=False)
class Derivation:
    """How one weight comes about: ``softmax(query · key / √K)`` over the row of who looks (C12).

    The steps are in double precision, from the trace's query and key; ``weights`` are the trace's own.
    """

    head: Head
    cell: Cell
    query: Floats  # (K,) of the token that looks
    key: Floats  # (K,) of the token that is looked at
    products: Doubles  # (K,) query times key
    dot: float  # their sum
    score: float  # dot / √K, also where it is hidden
    scores: Doubles  # (T,) of the whole row; -inf where a later token is hidden
    exponentials: Doubles  # (T,) exp(scores - max), so that the largest is 1 and none too large to compute
    weights: Floats  # (T,) the row of the trace: exponentials divided by their sum, as the network did it

    @property
    def weight(self) -> float:
        """The attention weight at the cell."""
        return float(self.weights[self.cell[1]])

    @property
    def is_hidden(self) -> bool:
        """Whether the token that looks may not see the other, since it comes later."""
        return bool(np.isneginf(self.scores[self.cell[1]]))


def derivation(trace: Trace, head: Head, cell: Cell) -> Derivation:
    """The steps from query and key to the weight at ``cell`` of a ``head``."""
    row, column = cell
    query, keys = trace.query[head][row], trace.key[head]
    dots = keys.astype(np.float64) @ query.astype(np.float64)
    scores = dots / np.sqrt(len(query))
    score = float(scores[column])
    if trace.direction == "left-to-right":
        scores[row + 1 :] = -np.inf
    exponentials = np.exp(scores - scores.max())
    return Derivation(
        head=head,
        cell=cell,
        query=query,
        key=keys[column],
        products=query.astype(np.float64) * keys[column],
        dot=float(dots[column]),
        score=score,
        scores=scores,
        exponentials=exponentials,
        weights=trace.attention[head][row],
    )


def _special(trace: Trace) -> NDArray[np.bool_]:
    """(T,) where [CLS] and [SEP] frame the texts."""
    return np.array([text is None for text in trace.inputs.texts])


def _between_words(special: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(T, T) where one word looks at another."""
    return ~(special[:, None] | special[None, :] | np.eye(len(special), dtype=bool))


def largest(weights: Floats, places: NDArray[np.bool_]) -> Cell | None:
    """The largest weight at ``places`` (T, T), None where there is no such place."""
    row, column = divmod(int(np.where(places, weights, -1).argmax()), weights.shape[1])
    return (row, column) if places[row, column] else None


def _entropy(attention: Floats) -> Floats:
    """(L, H) mean entropy of the rows in nats, head by head so that no second (L, H, T, T) is needed."""
    layers, heads, size, _ = attention.shape
    entropy, logarithms = np.zeros((layers, heads), dtype=np.float32), np.empty((size, size), dtype=np.float32)
    for head in np.ndindex(layers, heads):
        np.log(np.maximum(attention[head], np.finfo(np.float32).tiny, out=logarithms), out=logarithms)
        entropy[head] = -np.einsum("qk,qk->q", attention[head], logarithms).mean()
    return entropy


def _sums(attention: Floats, factors: NDArray[np.generic]) -> Floats:
    """(N, L, H) the sums of ``attention`` times each of N ``factors`` (N, T, T), in one pass over the memory."""
    layers, heads, size, _ = attention.shape
    flat = factors.reshape(len(factors), size * size).astype(np.float32)
    return (flat @ attention.reshape(layers * heads, size * size).T).reshape(-1, layers, heads)


def _mean(mass: Floats, places: NDArray[np.bool_]) -> Floats:
    """(L, H) a ``mass`` by the number of rows that have such ``places`` (T, T); NaN where none has."""
    rows = int(places.any(axis=1).sum())
    return mass / np.float32(rows) if rows else np.full_like(mass, np.nan)
