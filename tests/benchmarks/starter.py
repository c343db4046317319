"""What the shipped model knows: the figures of its card. ``python -m tests.benchmarks.starter DIR`` asks another.

Held-out accuracy is ``main.py score``'s. Nothing here is a time.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import numpy as np

import model
from model.lens import head_finder, layers, masked_lm, next_sentence
from model.lens.passes import result
from tests.benchmarks.models import STARTER

HERE = Path(__file__).parent
SENTENCES = HERE.parents[1] / "resources" / "sentences.txt"
CLOZE: dict[str, dict[str, list[str]]] = tomllib.loads((HERE / "cloze.toml").read_text(encoding="utf-8"))
SENSES: dict[str, dict[str, list[str]]] = tomllib.loads((HERE / "senses.toml").read_text(encoding="utf-8"))

BLANKS = [  # the chapter's, and what else the card tells
    ("my [MASK] is cute", "he likes playing"),
    ("My [MASK] is cute.", "He likes playing."),
    ("The man went to the [MASK]", ""),
    ("The cat is [MASK].", ""),
    ("I love you [MASK] much", ""),
    ("My dog is cute", "[MASK] likes playing"),
    ("my [MASK] is cute", "[MASK] likes playing"),
    ("This is a beautiful [MASK]", ""),
    ("I went to the [MASK] to buy some [MASK]", ""),
    ("They went to the beach because [MASK] wanted to swim.", ""),
    ("Paris is the capital of [MASK].", ""),
]
PAIRS = [
    ("My dog is cute.", "He likes playing."),
    ("My dog is cute", "he likes playing"),
    ("The man went to the store.", "He bought a gallon of milk."),
    ("The river is wide here.", "A boat takes people to the other side."),
    ("I love you", "I'd like to eat brunch"),
    ("I love you.", "The man went to the store."),
    ("My dog is cute.", "The war ended in 1945."),
    ("The man went to the store.", "Penguins are birds that cannot fly."),
]


def main() -> None:
    show(model.load(sys.argv[1] if len(sys.argv) > 1 and Path(sys.argv[1]).is_dir() else STARTER))


def show(bert: model.Bert) -> None:
    print("Blanks")
    for first, second in BLANKS:
        for position, found in blanks(bert, first, second).items():
            shares = " · ".join(f"{token} {share:.2f}".replace("0.", ".") for token, share in found[:6])
            print(f"  {first} | {second}  at {position}: {shares}")
    he, king = he_and_king(bert)
    print(f"  My dog is cute | [MASK] likes playing: he {he:.2g}, king {king:.2g}")
    print("Does B follow A?")
    for first, second in PAIRS:
        print(f"  {follows(bert, first, second):.2f}  {first} | {second}")
    print("Cosine of a word's hidden state with itself in other sentences, mean over pairs, by layer")
    for word, senses in SENSES.items():
        within, between = parted(bert, word, *senses.values())
        for what, values in (("one sense", within), ("two", between)):
            print(f"  {word:8}{what:10}" + " ".join(f"{value:.2f}" for value in values))
    print("Heads that hit most often, over resources/sentences.txt")
    table = heads(bert)
    for relation in head_finder.RELATIONS:
        if (best := table.best(relation)) is not None:
            print(f"  {relation:9} layer {best[0] + 1} head {best[1] + 1}  {table.hits[relation][best]:.2f}")
    print("Cloze, right as the first and among the first five")
    for group, (first_right, five_right, count) in cloze(bert).items():
        print(f"  {group:18} {first_right:3} {five_right:3} of {count}")


def blanks(bert: model.Bert, first: str, second: str = "", top: int = 10) -> dict[int, list[tuple[str, float]]]:
    """By position of a [MASK], the likeliest pieces with their probabilities."""
    trace = bert.trace(model.Scenario(first, second))
    hidden = [position for position, token in enumerate(trace.tokens) if token == bert.tokenizer.mask_token]
    return {position: masked_lm.predictions(bert, trace, position, top) for position in hidden}


def he_and_king(bert: model.Bert) -> tuple[float, float]:
    """Probabilities of both where the chapter puts king in the place of he, that place masked."""
    found = blanks(bert, "My dog is cute", "[MASK] likes playing", top=len(bert.tokenizer.tokens))
    shares = dict(next(iter(found.values())))
    return shares["he"], shares["king"]


def follows(bert: model.Bert, first: str, second: str) -> float:
    """The probability of IsNext."""
    return next_sentence.probabilities(bert, bert.trace(model.Scenario(first, second)))[0]


def parted(bert: model.Bert, word: str, one: list[str], other: list[str]) -> tuple[Any, Any]:
    """(L+1,) mean cosine of ``word`` between two sentences of one sense, and of two; both senses' pairs count."""
    sides = [
        np.stack([directions(bert, word, sentence) for sentence in sense]) for sense in (one, other)
    ]  # (10, L+1, D)
    within = [np.einsum("ild,jld->lij", side, side) for side in sides]
    apart = ~np.eye(len(one), dtype=bool)
    between = np.einsum("ild,jld->lij", *sides)
    return np.mean([cosines[:, apart].mean(axis=1) for cosines in within], axis=0), between.mean(axis=(1, 2))


def directions(bert: model.Bert, word: str, sentence: str) -> Any:
    """(L+1, D) the unit vectors of the word's hidden states, the mean of its pieces."""
    trace = bert.trace(model.Scenario(sentence))
    (found,) = [one for one in layers.words(trace) if one.text == word][:1]
    vectors = trace.hidden[:, found.positions].mean(axis=1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def heads(bert: model.Bert) -> head_finder.HeadTable:
    """What every head does over the program's own sentences."""
    asked = head_finder.texts(SENTENCES.read_text(encoding="utf-8"))
    return result(head_finder.table(bert, bert.trace(model.Scenario("any")), asked))


def cloze(bert: model.Bert) -> dict[str, tuple[int, int, int]]:
    """By group: sentences whose answer came first, was among the first five, and all."""
    counted = {}
    for group, sentences in CLOZE.items():
        best = [[token for token, _ in next(iter(blanks(bert, text, top=5).values()))] for text in sentences]
        pairs = list(zip(best, sentences.values(), strict=True))
        first = sum(found[0] in right for found, right in pairs)
        five = sum(bool(set(found) & set(right)) for found, right in pairs)
        counted[group] = (first, five, len(sentences))
    totals = np.sum(list(counted.values()), axis=0).tolist()
    return counted | {"all": tuple(totals)}


if __name__ == "__main__":
    main()
