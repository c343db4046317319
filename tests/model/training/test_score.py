"""``main.py score``: models held against the same unseen documents, and against ``transformers`` on them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import model
from explorer import __main__ as door
from model.training import corpus, masking, score
from model.training.batches import Batches
from model.training.distributed import World
from model.training.recipe import CorpusRecipe, Recipe
from model.wordpiece import WordPiece
from tests.model.checkpoints import STARTER, hugging_face

LENGTH, ROWS = 24, 80


@pytest.fixture(scope="module")
def recipe_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty documents of numbered sentences; a quarter is held out."""
    folder = tmp_path_factory.mktemp("texts")
    documents = [
        "\n".join(f"The {thing} number {number} is in house {number + row}." for row in range(6))
        for number in range(20)
        for thing in ("dog", "river")
    ]
    (folder / "numbers.txt").write_text("\n\n".join(documents), encoding="utf-8")
    recipe = Recipe(steps=1, length=LENGTH, corpus=CorpusRecipe(files=("numbers.txt",), validation_share=0.25))
    (folder / "recipe.toml").write_text(recipe.to_toml(), encoding="utf-8")
    return folder / "recipe.toml"


def scored(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert door.main(["score", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_the_losses_and_accuracies_are_those_of_transformers(
    recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    theirs = hugging_face(tmp_path / "random", "BertForPreTraining")
    said = scored(capsys, tmp_path / "random", recipe_file, "--rows", ROWS)

    bert = model.load(tmp_path / "random")
    recipe = score.asked(Recipe.read(recipe_file), bert, 0, ROWS)
    files = [recipe_file.parent / "numbers.txt"]
    read = corpus.prepare(files, bert.tokenizer, tmp_path / "cache", validation_share=0.25)
    nats, next_nats, right, next_right = [], [], [], []
    for batch in Batches(recipe, read, bert.tokenizer, World(0, 1, torch.device("cpu"))).validation(0):
        mask = np.arange(LENGTH) < batch.lengths[:, None]
        with torch.no_grad():
            output = theirs(
                input_ids=torch.tensor(batch.input_ids),
                token_type_ids=torch.tensor(batch.segments),
                attention_mask=torch.tensor(mask.astype(np.int64)),
            )
        shares = output.prediction_logits.flatten(0, 1)[batch.chosen].log_softmax(-1).numpy()
        nats += (-shares[np.arange(len(batch.labels)), batch.labels]).tolist()
        right += (shares.argmax(-1) == batch.labels)[batch.kinds == masking.MASKED].tolist()
        verdicts = output.seq_relationship_logits.log_softmax(-1).numpy()
        next_nats += (-verdicts[np.arange(len(verdicts)), batch.next_labels]).tolist()
        next_right += (verdicts.argmax(-1) == batch.next_labels).tolist()
    assert len(next_right) == ROWS
    assert f"loss, all chosen tokens  {np.mean(nats):.3f}" in said
    assert f"right, at [MASK]  {np.mean(right):.1%}" in said
    assert f"loss, next sentence  {np.mean(next_nats):.3f}" in said
    assert f"right, next sentence  {np.mean(next_right):.1%}" in said


def test_how_a_run_cuts_and_masks_does_not_change_what_is_asked(
    recipe_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = recipe_file.parent / "other.toml"
    shares = {"short_share": 0.9, "bare_share": 0.5, "chosen": 0.5, "masked": 1.0, "replaced": 0.0}
    other.write_text(dataclasses.replace(Recipe.read(recipe_file), **shares).to_toml(), encoding="utf-8")
    ours, theirs = (scored(capsys, STARTER, file, "--rows", 16) for file in (recipe_file, other))
    assert ours.splitlines()[-5:] == theirs.splitlines()[-5:]


def test_a_left_to_right_model_is_measured_on_a_recipe_that_guides_a_head(
    recipe_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guided = recipe_file.parent / "guided.toml"
    guided.write_text(dataclasses.replace(Recipe.read(recipe_file), same_word=0.2).to_toml(), encoding="utf-8")
    said = scored(capsys, STARTER.parent / "left-to-right", guided, "--length", 16, "--rows", 16)
    assert "right, next token" in said


def test_models_with_other_vocabularies_are_asked_about_the_same_documents(recipe_file: Path, tmp_path: Path) -> None:
    texts = []
    for folder in (STARTER, STARTER.parent / "left-to-right"):
        tokenizer = WordPiece.read(folder)
        held_out = corpus.prepare(
            [recipe_file.parent / "numbers.txt"], tokenizer, tmp_path / "cache", validation_share=0.25
        ).validation
        words = " ".join(tokenizer.tokens[token] for token in held_out.tokens)
        texts.append((len(held_out.documents), words.replace(" ##", "")))
    assert texts[0] == texts[1]


def test_a_model_without_a_next_sentence_head_is_measured_on_the_rest(
    recipe_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = scored(capsys, STARTER.parent / "left-to-right", recipe_file, "--rows", 16)
    assert "loss, next token" in said
    assert "sentence" not in said
    assert "[MASK]" not in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--length", "4000"], "reads 512 tokens at most: lower --length, which is 4000."),
        (["--length", "0"], "is not a whole number from 1 on"),
        (["--rows", "many"], "is not a whole number from 1 on"),
    ],
)
def test_what_cannot_be_measured_is_said_in_a_sentence(
    recipe_file: Path, arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = door.main(["score", str(STARTER), str(recipe_file), *arguments])
    except SystemExit as end:  # argparse's
        code = end.code
    assert code == 2
    assert sentence in capsys.readouterr().err


def test_a_model_without_a_masked_lm_head_and_a_recipe_without_held_out_documents_say_so(
    recipe_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hugging_face(tmp_path / "bare", "BertModel")
    assert door.main(["score", str(tmp_path / "bare"), str(recipe_file)]) == 2
    assert "bare has no masked-LM head" in capsys.readouterr().err
    without = recipe_file.parent / "without.toml"
    without.write_text(recipe_file.read_text().replace("validation_share = 0.25", "validation_share = 0.0"))
    assert door.main(["score", str(STARTER), str(without)]) == 2
    assert "set corpus.validation_share" in capsys.readouterr().err
