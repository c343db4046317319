"""A recipe says what is wrong with it, and is written down whole."""

from __future__ import annotations

import dataclasses
import math
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.training import preparation
from model.training.recipe import (
    SIZES,
    CorpusRecipe,
    NetworkRecipe,
    Phase,
    Recipe,
    VocabularyRecipe,
    phases_to_toml,
    problems,
    setting,
)

_LEAST = "steps = 10\n[corpus]\nlittle_world = 100\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bacth = 3\n" + _LEAST, "bacth is no key of a recipe: did you mean batch?"),
        ("[network]\nhidden = 3\n[corpus]\nlittle_world = 1", "network.hidden is no key of a recipe: did you mean"),
        ("batch = 'many'\n" + _LEAST, "batch must be a whole number, not 'many'."),
        ("batch = true\n" + _LEAST, "batch must be a whole number, not True."),
        ("batch = 0\n" + _LEAST, "batch must be between 1 and 65536, not 0."),
        ("chosen = 1.5\n" + _LEAST, "chosen must be between 0.001 and 0.9, not 1.5."),
        ("learning_rate = nan\n" + _LEAST, "learning_rate must be between 0 and 10, not nan."),
        ("learning_rate = inf\n" + _LEAST, "learning_rate must be between 0 and 10, not inf."),
        ("save_seconds = inf\n" + _LEAST, "save_seconds must be between 0 and 1e+15, not inf."),
        ("clip = nan\n" + _LEAST, "clip must be at least 0, not nan."),
        ("validate_rows = 100000000000000000000\n" + _LEAST, "validate_rows must be between 1 and 1e+15, not 1"),
        ("objective = 'gpt'\n" + _LEAST, "objective 'gpt' is not known: choose one of mlm+nsp, mlm, causal."),
        ("masked = 0.8\nreplaced = 0.3\n" + _LEAST, "masked and replaced add up to more than 1"),
        ("warmup = 0.3\nhold = 0.8\n" + _LEAST, "warmup and hold add up to more than 1"),
        ("minutes = 3\n" + _LEAST, "Set either steps or minutes"),
        ("[corpus]\nlittle_world = 100", "Set either steps or minutes"),
        ("steps = 10", "corpus.files is empty"),
        ("steps = 10\n[corpus]\nfiles = 'a.txt'", "corpus.files must be a list of texts, not 'a.txt'."),
        ("steps = 10\n[corpus]\nfiles = [3]", "corpus.files must be a list of texts"),
        ("steps = 10\n[corpus]\nfiles = ['a']\nweights = { a = -1 }", "corpus.weights must give each file's name"),
        ("length = 600\n" + _LEAST, "length 600 is more than network.max_length 512"),
        (
            _LEAST + "[network]\nhidden_size = 10\nheads = 3",
            "hidden_size and network.heads do not fit: 10 cannot be split over 3",
        ),
        (_LEAST + "[network]\npreset = 'huge'", "network.preset 'huge' is not known: choose one of textbook, tiny"),
        (_LEAST + "[[phases]]\nshare = 0.4", "The shares of the phases must add up to 1"),
        (_LEAST + "[[phases]]\nshare = 1\nlenght = 64", "phases[1].lenght is no key of a recipe: did you mean length?"),
        (
            _LEAST + "[[phases]]\nshare = 1.0\nlength = 1000",
            "phases[1].length 1000 is more than network.max_length 512",
        ),
        ("start_from = 'a'\n" + _LEAST + "[vocabulary]\nmodel = 'b'", "start_from and vocabulary.model are both set"),
        ("objective = 'causal'\nsame_word = 0.2\n" + _LEAST, "same_word needs tokens that are not predicted"),
        ("phases = 3\n" + _LEAST, "phases must be a list"),
        ("corpus = 3", "corpus must be a table"),
        ("schema = 2\n" + _LEAST, "schema 2, this program knows up to 1: use a newer program"),
        ("steps = ", "is not valid TOML"),
    ],
)
def test_what_is_wrong_is_named_with_its_remedy(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the sentence is compared below
        Recipe.from_toml(text)
    assert said in str(caught.value)
    assert str(caught.value).endswith((".", "?"))


def test_a_recipe_is_written_with_its_defaults_and_what_they_mean() -> None:
    text = Recipe.from_toml(_LEAST).to_toml()
    fields = tomllib.loads(text)
    assert fields["schema"] == 1
    assert fields["chosen"] == 0.15
    assert fields["network"]["preset"] == "mini"
    assert "chosen = 0.15  # share of the tokens chosen for prediction" in text


_NUMBERS = st.floats(0.01, 5, allow_nan=False)


@given(
    files=st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1), min_size=1, max_size=3),
    weights=st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), _NUMBERS, max_size=3),
    rate=_NUMBERS,
    chosen=st.floats(0.001, 0.9),
    lowercase=st.booleans(),
    lengths=st.lists(st.integers(5, 512), max_size=3),
)
def test_a_recipe_comes_back_from_its_file_as_it_was(
    files: list[str],
    weights: dict[str, float],
    rate: float,
    chosen: float,
    lowercase: bool,
    lengths: list[int],
) -> None:
    recipe = Recipe(
        minutes=2.5,
        learning_rate=rate,
        chosen=chosen,
        corpus=CorpusRecipe(files=tuple(files), weights=weights),
        vocabulary=VocabularyRecipe(lowercase=lowercase),
        phases=tuple(Phase(share=1 / len(lengths), length=length, weights=weights) for length in lengths),
    )
    assert Recipe.from_toml(recipe.to_toml()) == recipe


def test_paths_are_seen_from_where_the_recipe_lies(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "run.toml"
    file.parent.mkdir()
    file.write_text('steps = 1\n[corpus]\nfiles = ["../*.txt", "/abs"]\n[vocabulary]\nmodel = "m"\n', encoding="utf-8")
    recipe = Recipe.read(file)
    assert [Path(name) for name in recipe.corpus.files] == [tmp_path / "deep" / "../*.txt", Path("/abs")]
    assert Path(recipe.vocabulary.model) == tmp_path / "deep" / "m"
    assert recipe.start_from == ""


def test_a_recipe_in_another_encoding_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_bytes("# für\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"run.toml is not UTF-8"):
        Recipe.read(file)


@pytest.mark.parametrize(
    ("preset", "sizes"),  # layers, heads, D, longest input: C16; Turc et al. 2019, table 1; Devlin et al. 2019
    [
        ("textbook", (2, 2, 6, 16)),
        ("tiny", (2, 2, 128, 512)),
        ("mini", (4, 4, 256, 512)),
        ("small", (4, 8, 512, 512)),
        ("medium", (8, 8, 512, 512)),
        ("base", (12, 12, 768, 512)),
    ],
)
def test_presets_have_the_published_sizes(preset: str, sizes: tuple[int, ...]) -> None:
    length = min(128, sizes[3])
    recipe = Recipe(steps=1, length=length, corpus=CorpusRecipe(little_world=1), network=NetworkRecipe(preset=preset))
    config = recipe.config(1_000)
    found = config.num_hidden_layers, config.num_attention_heads, config.hidden_size, config.max_position_embeddings
    assert found == sizes
    assert config.intermediate_size == 4 * config.hidden_size
    assert set(SIZES) == {"textbook", "tiny", "mini", "small", "medium", "base"}


def test_phases_follow_one_another_at_their_shares() -> None:
    recipe = Recipe(
        steps=100,
        corpus=CorpusRecipe(little_world=1),
        phases=(Phase(share=0.7, length=32), Phase(share=0.2, batch=8), Phase(share=0.1, chosen=0.2)),
    )
    assert [recipe.phase(step / 100) for step in (0, 69, 70, 89, 90, 99, 100)] == [0, 0, 1, 1, 2, 2, 2]
    assert recipe.filled(0) == Phase(share=0.7, length=32, batch=32, chosen=0.15)
    assert recipe.filled(1) == Phase(share=0.2, length=128, batch=8, chosen=0.15)
    assert recipe.filled(2) == Phase(share=0.1, length=128, batch=32, chosen=0.2)


def test_every_key_says_what_it_means() -> None:
    for of in (Recipe, CorpusRecipe, VocabularyRecipe, NetworkRecipe, Phase):
        for field in dataclasses.fields(of):
            if field.name in ("corpus", "vocabulary", "network", "phases"):
                continue
            assert setting(field).meaning
            assert not math.isnan(setting(field).low)


def test_all_that_is_wrong_with_single_values_is_said_at_once() -> None:
    fields = tomllib.loads("batch = 'many'\nchosen = 2\n" + _LEAST + "[vocabulary]\nsize = 3")
    assert problems(fields) == [
        "batch must be a whole number, not 'many'.",
        "chosen must be between 0.001 and 0.9, not 2.0.",
        "vocabulary.size must be at least 6, not 3.",
    ]


def test_values_that_do_not_go_together_are_said_once_each_alone_can_be() -> None:
    fields = tomllib.loads("masked = 0.8\nreplaced = 0.3\n" + _LEAST)
    assert [sentence[:19] for sentence in problems(fields)] == ["masked and replaced"]
    assert problems(tomllib.loads(_LEAST)) == []


@pytest.mark.parametrize("objective", ["mlm+nsp", "mlm", "causal"])
@pytest.mark.parametrize(
    "network",
    [NetworkRecipe("textbook"), NetworkRecipe("tiny", layers=3, heads=4, hidden_size=40, intermediate_size=50)],
)
def test_parameters_are_those_of_the_network_that_is_built(objective: Any, network: NetworkRecipe) -> None:
    recipe = Recipe(objective, 16, steps=1, corpus=CorpusRecipe(little_world=1), network=network)
    built, _ = preparation.network(recipe, 90)
    assert recipe.parameters(90) == sum(parameter.numel() for parameter in built.parameters())


def test_phases_are_written_with_no_more_than_they_change() -> None:
    phases = (Phase(0.0, length=16), Phase(weights={"a b": 2.0}))
    written = phases_to_toml(phases)
    assert written == '[[phases]]\nshare = 0.0\nlength = 16\n[[phases]]\nweights = { "a b" = 2.0 }'
    assert Recipe.from_toml(_LEAST + written).phases == phases
