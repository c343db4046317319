"""Little World as a weighted grammar: every document it can tell is a walk through a graph, with a known probability.

A document is drawn in two steps. First a *telling*: a story, who is in it (one person, one who meets another, two
together), past or present, the thing it is about, whether the hero is a woman; then the names. Each telling is as
likely as the next, and so is each name. Then a walk through the story's graph, edge by edge, each edge with its
probability, until the end. An edge carries a symbol, which the telling turns into a word: ``{go}`` into "went".
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from model.training.little_world_stories import (
    MEETING,
    NAMED,
    OPENED,
    OPENERS,
    OPTIONAL,
    PRONOUNS,
    VERBS,
    Story,
)

Cast = Literal["alone", "meeting", "together"]
CASTS: tuple[Cast, ...] = ("alone", "meeting", "together")

Edge = tuple[str, float, int]  # a symbol, its probability among the node's edges, the node it leads to
END = 0  # the node of every graph that has no edges


@dataclass(frozen=True, eq=False)
class Graph:
    """The ways to tell one story with one cast. Nodes count from ``END`` = 0."""

    edges: tuple[tuple[Edge, ...], ...]  # of each node; their probabilities sum to 1
    start: int

    @functools.cached_property
    def incoming(self) -> tuple[tuple[Edge, ...], ...]:
        """The edges into each node, with the node they come from in place of the one they lead to."""
        incoming: list[list[Edge]] = [[] for _ in self.edges]
        for node, edges in enumerate(self.edges):
            for symbol, probability, after in edges:
                incoming[after].append((symbol, probability, node))
        return tuple(map(tuple, incoming))

    @functools.cached_property
    def sentences(self) -> dict[int, float]:
        """The nodes at which a sentence begins, each with the share of the documents that come by."""
        visits = [0.0] * len(self.edges)
        visits[self.start] = 1.0
        begin = {self.start}
        for node in reversed(range(len(self.edges))):  # an edge leads to a node that was made before
            for symbol, probability, after in self.edges[node]:
                visits[after] += visits[node] * probability
                if symbol == ".":
                    begin.add(after)
        return {node: visits[node] for node in begin - {END}}


class _GraphMaker:
    """Makes a graph from its last sentence to its first, so that what follows a node is there when it is made."""

    def __init__(self, story: Story, cast: Cast) -> None:
        self.place = story.place
        self.together = cast == "together"
        self.edges: list[tuple[Edge, ...]] = [()]
        last = len(story.events) - 1
        node = END
        for number, sentences in reversed(list(enumerate(story.events))):
            if cast == "meeting" and number == last - 1:
                for meeting in reversed(MEETING):
                    node = self._node(self._one_of(number, meeting, node))
            else:
                node = self._event(number, sentences, node)
        self.graph = Graph(tuple(self.edges), node)

    def _node(self, edges: Iterable[Edge]) -> int:
        self.edges.append(tuple(edges))
        return len(self.edges) - 1

    def _event(self, number: int, sentences: tuple[str, ...], after: int) -> int:
        told = OPTIONAL.get(number, 1.0)
        edges = _scaled(told, self._one_of(number, sentences, after))
        if told < 1:
            edges += _scaled(1 - told, self.edges[after])
        return self._node(edges)

    def _one_of(self, number: int, sentences: tuple[str, ...], after: int) -> list[Edge]:
        starts = [self._sentence(number, sentence.split(), after) for sentence in sentences]
        return [edge for edges in starts for edge in _scaled(1 / len(starts), edges)]

    def _sentence(self, number: int, tokens: list[str], after: int) -> list[Edge]:
        """The edges with which a sentence begins."""
        if tokens[0] != "WHO":
            return list(self.edges[self._words(tokens, after)])
        said = self._words(tokens[1:], after)
        named = self._words(["and", "FRIEND"], said) if self.together else said
        share = NAMED if number else 1.0  # the first sentence says who it is about
        who = [("HERO", share, named)] + ([("HE", 1 - share, said)] if share < 1 else [])
        if not OPENERS[number]:
            return who
        persons = self._node(who)
        edges = _scaled(1 - OPENED, who)
        for opener in OPENERS[number]:
            edges += _scaled(OPENED / len(OPENERS[number]), self.edges[self._words(opener.split(), persons)])
        return edges

    def _words(self, tokens: list[str], after: int) -> int:
        for token in reversed(tokens):
            choices = (self.place if token == "PLACE" else token).split("|")
            after = self._node((choice, 1 / len(choices), after) for choice in choices)
        return after


def _scaled(factor: float, edges: Iterable[Edge]) -> list[Edge]:
    return [(symbol, factor * probability, after) for symbol, probability, after in edges]


@dataclass(frozen=True, eq=False)
class Telling:
    """A story with everything settled but the names: what its symbols become, and whose names they are."""

    graph: Graph
    words: dict[str, str]  # symbols that are not there are words already
    hero: int  # 0: of the women's names, 1: of the men's; the friend is of the other
    names: int  # how many persons are named: 1 or 2


def _form(verb: str, past: bool, several: bool) -> str:
    present_several, present_one, past_one, *past_several = VERBS[verb]
    if past:
        return past_several[0] if several and past_several else past_one
    return present_several if several else present_one


def _tellings(story: Story, cast: Cast) -> Iterator[Telling]:
    graph = _GraphMaker(story, cast).graph
    verbs = {symbol for edges in graph.edges for symbol, _, _ in edges if symbol[0] in "{[<"}
    for past, (item, many), hero in product((True, False), product(story.items, (False, True)), (0, 1)):
        several = {"{": cast == "together", "[": many, "<": False}
        words = {symbol: _form(symbol[1:-1], past, several[symbol[0]]) for symbol in verbs}
        words["NOW"] = "yesterday" if past else "today"
        words["A"], words["ITEM"], words["THEM"] = ("some", item[1], "them") if many else ("a", item[0], "it")
        words["HE"], words["HIM"], words["HIS"] = PRONOUNS[2 if cast == "together" else hero]
        words["FHE"], words["FHIM"], _ = PRONOUNS[1 - hero]
        yield Telling(graph, words, hero, names=1 if cast == "alone" else 2)


class World:
    """All documents that these stories and names make."""

    def __init__(self, stories: tuple[Story, ...], female: tuple[str, ...], male: tuple[str, ...]) -> None:
        self.names = (female, male)
        self.tellings = tuple(telling for story, cast in product(stories, CASTS) for telling in _tellings(story, cast))
        spoken = [telling_words(telling) for telling in self.tellings]
        self.words = tuple(sorted(set().union(*spoken, female, male)))
        self.index = {word: number for number, word in enumerate(self.words)}
        named = {*female, *male}
        self.sayable: NDArray[np.int32] = np.array(  # (tellings, V): 1 where a telling can use the word, or any name
            [[word in own or word in named for word in self.words] for own in spoken], dtype=np.int32
        )

    def generate(self, documents: int, seed: int) -> Iterator[tuple[str, ...]]:
        """Documents as words, "." among them. The first of them are the same however many are asked for."""
        draw = random.Random(seed).random  # this method alone gives the same numbers in every version of Python
        for _ in range(documents):
            telling = self.tellings[int(draw() * len(self.tellings))]
            heroes, friends = self.names[telling.hero], self.names[1 - telling.hero]
            words = {**telling.words, "HERO": heroes[int(draw() * len(heroes))]}
            words["FRIEND"] = friends[int(draw() * len(friends))]
            yield tuple(_walk(telling.graph, words, draw))


def telling_words(telling: Telling) -> set[str]:
    """Every word that the telling can use, without names."""
    symbols = {symbol for edges in telling.graph.edges for symbol, _, _ in edges} - {"HERO", "FRIEND"}
    return {telling.words.get(symbol, symbol) for symbol in symbols}


def _walk(graph: Graph, words: dict[str, str], draw: Callable[[], float]) -> Iterator[str]:
    node = graph.start
    while node != END:
        edges = graph.edges[node]
        left = draw() if len(edges) > 1 else 0.0
        for symbol, probability, node in edges:  # noqa: B007 (the last one stands where rounding leaves a rest)
            left -= probability
            if left < 0:
                break
        yield words.get(symbol, symbol)
