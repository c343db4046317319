"""A model on pairs made the way of BERT's own published preparation, from the documents that a recipe holds out.

``python -m tests.benchmarks.devlin RECIPE.toml DIR …`` prints a line for each model. The way is that of Devlin et al.
2019, appendix A.2, and its ``create_pretraining_data.py``: sentences are gathered up to a length, cut at a random one,
and half of the time B is read from a random sentence of another document. In the pairs of ``main.py score`` B has
as much to read as the text that A goes on with, and does not begin a document of several sentences.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
import torch

import model
from model.training import corpus, masking, preparation
from model.training.batches import on_device
from model.training.corpus import Split
from model.training.losses import PretrainingLoss
from model.training.pairs import IS_NEXT, NOT_NEXT, Rows, SpecialIds
from model.training.recipe import Recipe
from model.training.run import default_cache

LENGTH, SHORT_SHARE, PAIRS, BATCH = 128, 0.1, 4096, 32

Sentences = list[list[int]]
Pair = tuple[list[int], list[int], int]


def main() -> None:
    recipe = Recipe.read(Path(sys.argv[1]))
    cache = default_cache() / "corpora"
    for folder in map(Path, sys.argv[2:]):
        bert = model.load(folder)
        share = recipe.corpus.validation_share
        read = corpus.prepare(preparation.texts(recipe, cache), bert.tokenizer, cache, validation_share=share)
        mask, follows = accuracy(bert, documents(read.validation))
        print(f"{folder}: {mask:.1%} right at [MASK], {follows:.1%} next sentences right")


def documents(split: Split) -> list[Sentences]:
    """The documents as sentences of token ids."""
    ends = split.sentences
    return [
        [split.tokens[ends[one] : ends[one + 1]].tolist() for one in range(begin, end) if ends[one] < ends[one + 1]]
        for begin, end in zip(split.documents[:-1], split.documents[1:], strict=True)
    ]


def pairs(texts: list[Sentences], room: int, draw: random.Random) -> Iterator[Pair]:
    """Every pair of one pass over the documents, A and B of at most ``room`` tokens together."""
    for number, document in enumerate(texts):
        target = draw.randint(2, room) if draw.random() < SHORT_SHARE else room
        chunk: Sentences = []
        place = 0
        while place < len(document):
            chunk.append(document[place])
            if place == len(document) - 1 or sum(map(len, chunk)) >= target:
                cut = draw.randint(1, len(chunk) - 1) if len(chunk) > 1 else 1
                first = list(chain.from_iterable(chunk[:cut]))
                label = NOT_NEXT if len(chunk) == 1 or draw.random() < 0.5 else IS_NEXT
                if label == NOT_NEXT:
                    second = _elsewhere(texts, number, target - len(first), draw)
                    place -= len(chunk) - cut  # what was not read comes again
                else:
                    second = list(chain.from_iterable(chunk[cut:]))
                yield *_shortened(first, second, room, draw), label
                chunk = []
            place += 1


def _elsewhere(texts: list[Sentences], number: int, size: int, draw: random.Random) -> list[int]:
    """Sentences of another document from a random one on, up to about ``size`` tokens."""
    other = draw.choice([one for one in range(len(texts)) if one != number and texts[one]])
    second: list[int] = []
    for sentence in texts[other][draw.randrange(len(texts[other])) :]:
        second += sentence
        if len(second) >= size:
            break
    return second


def _shortened(first: list[int], second: list[int], room: int, draw: random.Random) -> tuple[list[int], list[int]]:
    """Both texts without tokens at a random end of the longer one, until they fit."""
    first, second = list(first), list(second)
    while len(first) + len(second) > room:
        longer = first if len(first) > len(second) else second
        longer.pop(0 if draw.random() < 0.5 else -1)
    return first, second


def rows(made: list[Pair], special: SpecialIds) -> Rows:
    """[CLS] A [SEP] B [SEP] [PAD] … of each pair."""
    ids, segments = np.full((len(made), LENGTH), special.pad), np.zeros((len(made), LENGTH), np.int64)
    lengths = np.array([len(first) + len(second) + 3 for first, second, _ in made])
    for row, (first, second, _) in enumerate(made):
        ids[row, : lengths[row]] = [special.cls, *first, special.sep, *second, special.sep]
        segments[row, len(first) + 2 : lengths[row]] = 1
    return Rows(ids, segments, lengths, np.array([label for *_, label in made]))


@torch.inference_mode()
def accuracy(bert: model.Bert, texts: list[Sentences]) -> tuple[float, float]:
    """The shares that are right at [MASK] and of the next sentences, on ``PAIRS`` random pairs."""
    draw, special, loss = random.Random(0), SpecialIds.of(bert.tokenizer), PretrainingLoss(bert.network)
    made = list(pairs(texts, LENGTH - 3, draw))
    draw.shuffle(made)
    right: list[bool] = []
    next_right: list[bool] = []
    for start in range(0, min(PAIRS, len(made)), BATCH):
        some = made[start : start + BATCH]
        samples = np.arange(start, start + len(some))
        batch = masking.corrupt(rows(some, special), special, len(bert.tokenizer.tokens), samples, seed=0)
        inputs = on_device(batch, torch.device("cpu"))
        losses = loss(*inputs)
        assert losses.next_guesses is not None
        assert inputs.next_labels is not None
        right += (losses.guesses == inputs.labels)[torch.from_numpy(batch.kinds == masking.MASKED)].tolist()
        next_right += (losses.next_guesses == inputs.next_labels).tolist()
    return float(np.mean(right)), float(np.mean(next_right))


if __name__ == "__main__":
    main()
