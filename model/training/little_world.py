"""Little World, a corpus of our own: English-like documents from a seeded generator that knows its own distribution.

Since it does, it can say what nobody can of real text: how well a [MASK] can be guessed at all. ``posterior`` is that
guess, exactly, with all other tokens of the document visible; the mean of its loss, the ``floor``, is what a model's
loss is to be read against. A model in training sees less than the posterior does (a window of the document, with more
than one [MASK] in it), so it stays above the floor.

Letters: T tokens of a document, V words of the world.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from model.training.little_world_grammar import END, Graph, Telling, World
from model.training.little_world_stories import FEMALE, MALE, STORIES

Document = tuple[str, ...]  # words in lower case and "."
Weights = dict[int, float]  # of the nodes of a graph: the probability of the walks that come by

LITTLE_WORLD = World(STORIES, FEMALE, MALE)

_UNSEEN = ("unseen woman", "unseen man")  # stand for any name that the document does not say


@dataclass(frozen=True)
class Floor:
    """What the exact posterior reaches where every position is as likely to be the [MASK] as any other."""

    loss: float  # nats, the mean of -log of the true word's probability
    accuracy: float  # share of positions at which its best guess is the true word
    positions: int


def generate(documents: int, seed: int) -> Iterator[Document]:
    """So many documents; those of a smaller number are the first of those of a larger one."""
    return LITTLE_WORLD.generate(documents, seed)


def shuffled(documents: Iterable[Document], seed: int) -> Iterator[Document]:
    """The same documents with the words of each in random order, so that nothing but their frequency is left.

    A full stop still stands at the end, and after as many words as before in each sentence.
    """
    draw = random.Random(seed)
    for document in documents:
        words = [word for word in document if word != "."]
        draw.shuffle(words)
        left = iter(words)
        yield tuple(word if word == "." else next(left) for word in document)


def text(document: Document, world: World = LITTLE_WORLD) -> str:
    """The document as one paragraph, with capitals where English has them."""
    names = {*world.names[0], *world.names[1]}
    after = [".", *document]
    written = [
        word.capitalize() if word in names or before == "." else word
        for before, word in zip(after, document, strict=False)
    ]
    return " ".join(written).replace(" .", ".")


def write(path: Path, documents: int, seed: int) -> None:
    """A corpus file: one document a line, blank lines between them. Written aside and renamed, so never half there.

    A document is one paragraph: half of one may well be word for word that of another, and would be left out as
    a duplicate.
    """
    aside = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with aside.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{text(document)}\n\n" for document in generate(documents, seed))
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def log_probability(document: Document, world: World = LITTLE_WORLD) -> float:
    """log of the probability that the world tells this document; -inf where it cannot."""
    total = 0.0
    for prior, telling, words in _readings(document, world, others=0):
        forward = _forward(telling.graph, words, document, {telling.graph.start: 1.0})
        total += prior * forward[-1].get(END, 0.0)
    return math.log(total) if total else -math.inf


def posterior(document: Document, world: World = LITTLE_WORLD) -> NDArray[np.float64]:
    """(T, V): row t is the distribution of the word at t, given every other word of the document.

    Columns are ``world.words``. Raises ``ValueError`` for a document that the world cannot tell.
    """
    weights = np.zeros((len(document), len(world.words) + 2))  # the last two columns: names that are not in it
    index = {**world.index, _UNSEEN[0]: -2, _UNSEEN[1]: -1}
    for prior, telling, words in _readings(document, world, others=1):
        graph = telling.graph
        forward = _forward(graph, words, document, {graph.start: prior})
        backward = _backward(graph, words, document)
        for t in range(len(document)):
            for node, before in forward[t].items():
                for symbol, probability, following in graph.edges[node]:
                    if after := backward[t + 1].get(following):
                        weights[t, index[words.get(symbol, symbol)]] += before * probability * after
    for unseen, names in zip((-2, -1), world.names, strict=True):
        others = [world.index[name] for name in names if name not in document]
        weights[:, others] += weights[:, [unseen]] / max(len(others), 1)
    weights = weights[:, :-2]
    sums = weights.sum(axis=1, keepdims=True)
    if not sums.all():
        raise ValueError(f"Little World cannot tell “{text(document, world)}”: give a document that it generated.")
    return weights / sums


def floor(documents: Iterable[Document], world: World = LITTLE_WORLD) -> Floor:
    """The floor over every position of these documents."""
    loss, hits, positions = 0.0, 0, 0
    for document in documents:
        probabilities = posterior(document, world)
        true = [world.index[word] for word in document]
        loss -= float(np.log(probabilities[np.arange(len(true)), true]).sum())
        hits += int((probabilities.argmax(axis=1) == true).sum())
        positions += len(true)
    return Floor(loss / positions, hits / positions, positions)


def is_next(first: Document, second: Document, world: World = LITTLE_WORLD) -> float:
    """The probability that ``second`` goes on with ``first`` and is not from another document, both equally likely.

    Both are whole sentences in a row from anywhere in a document. With the means over such pairs this is the most
    that NSP can reach.
    """
    together = _fragment((*first, *second), world)
    apart = _fragment(first, world) * _fragment(second, world)
    return together / (together + apart)


def _fragment(tokens: Document, world: World) -> float:
    """The probability that these are the sentences that stand from a random sentence of the world on."""
    total = 0.0
    for prior, telling, words in _readings(tokens, world, others=0):
        total += prior * sum(_forward(telling.graph, words, tokens, telling.graph.sentences)[-1].values())
    return total / sum(sum(telling.graph.sentences.values()) for telling in world.tellings) * len(world.tellings)


def _readings(tokens: Document, world: World, others: int) -> Iterator[tuple[float, Telling, dict[str, str]]]:
    """The tellings with names that may have said all but ``others`` of these tokens: (probability, telling, words).

    Every name that the tokens do not say would lead to the same numbers, so one unseen woman and one unseen man,
    with the probability of all of them, stand for the rest.
    """
    counts = np.zeros(len(world.words), dtype=np.int32)
    for token in tokens:
        counts[world.index[token]] += 1
    candidates = [_candidates(tokens, names, unseen) for names, unseen in zip(world.names, _UNSEEN, strict=True)]
    for number in np.flatnonzero(world.sayable @ counts >= len(tokens) - others).tolist():
        telling = world.tellings[number]
        friends = candidates[1 - telling.hero] if telling.names == 2 else [("", 1.0)]
        for hero, share in candidates[telling.hero]:
            for friend, friend_share in friends:
                words = {**telling.words, "HERO": hero, "FRIEND": friend}
                yield share * friend_share / len(world.tellings), telling, words


def _candidates(tokens: Document, names: Sequence[str], unseen: str) -> list[tuple[str, float]]:
    """Who may be meant, with their probabilities: the names among the tokens, and all others as one."""
    seen = [(name, 1 / len(names)) for name in names if name in tokens]
    rest = 1 - len(seen) / len(names)
    return [*seen, (unseen, rest)] if len(seen) < len(names) else seen


def _forward(graph: Graph, words: dict[str, str], tokens: Document, begin: Weights) -> list[Weights]:
    """T + 1 steps: the weight of each node after 0 … T tokens. Empty from where the graph cannot follow."""
    steps = [begin]
    for token in tokens:
        reached: Weights = {}
        for node, weight in steps[-1].items():
            for symbol, probability, after in graph.edges[node]:
                if words.get(symbol, symbol) == token:
                    reached[after] = reached.get(after, 0.0) + weight * probability
        steps.append(reached)
    return steps


def _backward(graph: Graph, words: dict[str, str], tokens: Document) -> list[Weights]:
    """T + 1 steps: the probability, from each node, of the tokens from 0 … T on and then the end."""
    steps: list[Weights] = [{END: 1.0}]
    for token in reversed(tokens):
        reached: Weights = {}
        for node, weight in steps[-1].items():
            for symbol, probability, before in graph.incoming[node]:
                if words.get(symbol, symbol) == token:
                    reached[before] = reached.get(before, 0.0) + weight * probability
        steps.append(reached)
    return steps[::-1]
