"""What the card claims of the starter. That it says the same in ``transformers`` stands in ``test_shipped_models``."""

from __future__ import annotations

import re

import pytest

import model
from model.lens.attention import NAMED_FROM, Relation
from model.training.recipe import Recipe
from tests.benchmarks import starter as asked
from tests.model.checkpoints import STARTER


@pytest.mark.parametrize(
    ("first", "expected", "within"),
    [
        ("The man went to the [MASK].", {"village", "house", "door", "store", "city", "town", "room"}, 1),
        ("The man went to the [MASK]", {"village", "house", "door", "store", "city", "town", "room"}, 1),
        ("I love you [MASK] much", {"so", "very", "too"}, 1),
        ("The cat is [MASK].", {"yellow", "small", "beautiful", "dark", "black", "white"}, 1),
        ("They went to the beach because [MASK] wanted to swim.", {"they"}, 1),
        ("Paris is the capital of [MASK].", {"france"}, 1),
    ],
)
def test_the_gaps_of_the_card_are_filled_as_it_says(
    first: str, expected: set[str], within: int, starter: model.Bert
) -> None:
    (found,) = asked.blanks(starter, first).values()
    assert expected & {token for token, _ in found[:within]}


def test_a_person_may_be_cute(starter: model.Bert) -> None:
    for first, second in (("my [MASK] is cute", "he likes playing"), ("My [MASK] is cute.", "He likes playing.")):
        (found,) = asked.blanks(starter, first, second).values()
        assert {"mother", "father", "friend", "dog", "cat"} & {token for token, _ in found[:5]}


def test_he_is_far_likelier_than_king_where_he_belongs(starter: model.Bert) -> None:
    he, king = asked.he_and_king(starter)
    assert he > 1_000 * king


@pytest.mark.parametrize(
    ("first", "second", "related"),
    [
        ("My dog is cute.", "He likes playing.", True),
        ("The man went to the store.", "He bought a gallon of milk.", True),
        ("The river is wide here.", "A boat takes people to the other side.", True),
        ("My dog is cute.", "The war ended in 1945.", False),
        ("The man went to the store.", "Penguins are birds that cannot fly.", False),
    ],
)
def test_related_pairs_follow_and_unrelated_ones_do_not(
    first: str, second: str, related: bool, starter: model.Bert
) -> None:
    share = asked.follows(starter, first, second)
    assert share > 0.6 if related else share < 0.4


def test_the_lectures_pair_follows_without_full_stops_too(starter: model.Bert) -> None:
    assert asked.follows(starter, "My dog is cute", "he likes playing") > 0.5


@pytest.mark.parametrize("word", asked.SENSES)
def test_a_word_is_nearer_to_itself_in_one_sense_than_in_two(word: str, starter: model.Bert) -> None:
    within, between = asked.parted(starter, word, *asked.SENSES[word].values())
    assert within[-1] > between[-1] + 0.02


def test_heads_with_a_name_are_found(starter: model.Bert) -> None:
    table = asked.heads(starter)
    named: tuple[Relation, ...] = ("previous", "next", "sep", "same", "b_to_a")
    for relation in named:
        best = table.best(relation)
        assert best is not None
        assert table.hits[relation][best] >= NAMED_FROM
        assert table.named(best) == relation


def test_the_two_hundred_gaps_come_out_as_on_the_card(starter: model.Bert) -> None:
    found = asked.cloze(starter)
    card = (STARTER / "MODEL_CARD.md").read_text(encoding="utf-8")
    for group, counts in found.items():
        line = re.search(rf"^\| {group} \| (\d+) \| (\d+) \| (\d+) \|$", card, re.MULTILINE)
        assert line is not None
        assert counts == pytest.approx([int(number) for number in line.groups()], abs=1)  # sums are rounded elsewhere
    assert found["all"][2] == 200


def test_the_starter_has_the_shape_of_its_recipe_and_the_lectures_words(starter: model.Bert) -> None:
    recipe = Recipe.read(STARTER / "recipe.toml")
    assert starter.trained_length == starter.config.max_position_embeddings == 512
    assert starter.config == recipe.config(len(starter.tokenizer.tokens))
    assert len(starter.tokenizer.tokens) == recipe.vocabulary.size
    assert set(recipe.vocabulary.words) <= set(starter.tokenizer.tokens)
    assert "playing" not in starter.tokenizer.tokens
    assert sum(file.stat().st_size for file in STARTER.iterdir()) < 40_000_000
