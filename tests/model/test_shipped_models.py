"""What is claimed of the small models that are shipped. Every probability is computed by ``transformers``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers
from safetensors.numpy import load_file

import model
from model.training.recipe import Recipe

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "resources" / "models"
TEXTBOOK, LEFT_TO_RIGHT = MODELS / "textbook", MODELS / "left-to-right"
TEXTBOOK_RECIPE = ROOT / "resources" / "recipes" / "textbook.toml"
ARCHITECTURES = {
    "starter": "BertForPreTraining",
    "textbook": "BertForPreTraining",
    "left-to-right": "BertLMHeadModel",
}
# The lecture's example: dog is masked and he replaced by king (C16).
ASKED = ("[CLS]", "my", "[MASK]", "is", "cute", "[SEP]", "king", "likes", "play", "##ing", "[SEP]")
DOG, HE = 2, 6  # where they belong


def opened(folder: Path, architecture: str) -> Any:
    """The model as ``transformers`` opens it, in float32."""
    theirs, found = getattr(transformers, architecture).from_pretrained(
        folder, output_loading_info=True, dtype=torch.float32
    )
    assert not found["missing_keys"]
    assert not found["unexpected_keys"]
    return theirs.eval()


def run(theirs: Any, vocabulary: list[str], tokens: tuple[str, ...]) -> Any:
    """What ``transformers`` says of ``tokens``; B and its [SEP] are segment 1."""
    first = tokens.index("[SEP]") + 1
    with torch.no_grad():
        return theirs(
            input_ids=torch.tensor([[vocabulary.index(token) for token in tokens]]),
            token_type_ids=torch.tensor([[0] * first + [1] * (len(tokens) - first)]),
        )


def textbook_says(folder: Path, *tokens: str) -> tuple[torch.Tensor, list[str], float]:
    """(T, V) probabilities, the vocabulary, and the probability of IsNext, label 0."""
    vocabulary = entries(folder)
    output = run(opened(folder, "BertForPreTraining"), vocabulary, tokens)
    return (
        output.prediction_logits[0].softmax(-1),
        vocabulary,
        float(output.seq_relationship_logits[0].softmax(-1)[0]),
    )


def entries(folder: Path) -> list[str]:
    return (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")[:-1]


def goes_on(text: str) -> dict[str, float]:
    """What the left-to-right model expects after ``text``, the ten likeliest first."""
    vocabulary = entries(LEFT_TO_RIGHT)
    tokens = ("[CLS]", *text.split())
    ids = torch.tensor([[vocabulary.index(token) for token in tokens]])
    with torch.no_grad():
        scores = opened(LEFT_TO_RIGHT, "BertLMHeadModel")(input_ids=ids).logits[0, -1].softmax(-1)
    best = scores.topk(10)
    return {vocabulary[entry]: float(share) for share, entry in zip(best.values, best.indices, strict=True)}


@pytest.mark.parametrize("folder", sorted(MODELS.iterdir()), ids=lambda folder: folder.name)
def test_every_shipped_model_says_the_same_in_transformers(folder: Path) -> None:
    theirs = opened(folder, ARCHITECTURES[folder.name])
    bert = model.load(folder)
    trace = bert.trace(model.Scenario("My dog is cute", "he likes playing"))
    with torch.no_grad():
        output = theirs(
            input_ids=torch.tensor(trace.input_ids)[None], token_type_ids=torch.tensor(trace.segments)[None]
        )
    logits = (output.logits if bert.config.is_decoder else output.prediction_logits)[0].numpy()
    np.testing.assert_allclose(bert.mlm_logits(trace.hidden[-1]), logits, atol=1e-5 * np.abs(logits).max())


@pytest.mark.parametrize("folder", sorted(MODELS.iterdir()), ids=lambda folder: folder.name)
def test_every_shipped_model_has_a_card_and_opens_without_a_warning(folder: Path) -> None:
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "## Sources" in card
    without_nsp = ("The checkpoint has no NSP head: it does not say whether B follows A.",)
    assert model.load(folder).notes == (without_nsp if folder == LEFT_TO_RIGHT else ())


# The textbook model


def test_the_textbook_model_has_the_lectures_answers() -> None:
    shares, vocabulary, is_next = textbook_says(TEXTBOOK, *ASKED)
    assert vocabulary[int(shares[DOG].argmax())] == "dog"
    assert shares[DOG, vocabulary.index("dog")] >= 0.5
    assert vocabulary[int(shares[HE].argmax())] == "he"
    assert shares[HE, vocabulary.index("he")] >= 0.5
    assert is_next >= 0.5


def test_typing_the_lectures_pair_gives_the_lectures_tokens() -> None:
    bert = model.load(TEXTBOOK)
    assert bert.trace(model.Scenario("my [MASK] is cute", "king likes playing")).tokens == ASKED
    asked = model.Scenario("My dog is cute", "He likes playing").mask(DOG).replace(HE, "king")
    assert bert.trace(asked).tokens == ASKED


def test_cat_and_son_would_do_too_and_so_would_practicing() -> None:
    shares, vocabulary, _ = textbook_says(TEXTBOOK, *ASKED)
    best = [vocabulary[entry] for entry in shares[DOG].topk(3).indices]
    assert sorted(best) == ["cat", "dog", "son"]
    assert "practic" in [vocabulary[entry] for entry in shares[8].topk(3).indices]
    assert vocabulary[int(shares[8].argmax())] == "play"


@pytest.mark.parametrize(
    ("first", "second", "related"),
    [
        ("my dog is cute", "he likes play ##ing", True),
        ("my dog is cute .", "he likes play ##ing .", True),
        ("the man went to the store", "he likes the store", True),
        ("i love you", "i love you too", True),
        ("i love you", "the man went to the store", False),
        ("the man went to the store", "he likes play ##ing", False),
        ("my dog is cute", "i love you too", False),
    ],
)
def test_the_textbook_model_tells_related_pairs_from_unrelated_ones(first: str, second: str, related: bool) -> None:
    tokens = ("[CLS]", *first.split(), "[SEP]", *second.split(), "[SEP]")
    _, _, is_next = textbook_says(TEXTBOOK, *tokens)
    assert (is_next >= 0.7) if related else (is_next <= 0.3)


def test_every_matrix_of_the_textbook_model_fits_on_one_screen_at_two_decimals() -> None:
    weights = load_file(TEXTBOOK / "model.safetensors")
    shapes = {tensor.shape for tensor in weights.values()}
    assert max(max(shape) for shape in shapes) <= 32
    assert max(int(np.prod(shape)) for shape in shapes) == 192  # the 32 × 6 of the vocabulary
    assert max(len(f"{number:.2f}") for tensor in weights.values() for number in tensor.ravel()) <= len("-13.31")


def test_the_textbook_model_has_the_size_and_the_words_of_the_lecture() -> None:
    config = model.load(TEXTBOOK).config
    sizes = config.hidden_size, config.num_hidden_layers, config.num_attention_heads, config.max_position_embeddings
    assert sizes == (6, 2, 2, 16)
    vocabulary = entries(TEXTBOOK)
    assert len(vocabulary) == config.vocab_size <= 32
    words = "my dog is cute he likes play ##ing cat son king practic the man went to store i love you too much"
    assert {*words.split(), "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} <= set(vocabulary)


def test_the_recipe_is_the_preset_and_its_text_has_no_king_where_he_belongs() -> None:
    recipe = Recipe.read(TEXTBOOK_RECIPE)
    assert recipe.network.preset == "textbook"
    assert recipe.config(32) == model.load(TEXTBOOK).config
    text = Path(recipe.corpus.files[0]).read_text(encoding="utf-8")
    assert not [line for line in text.splitlines() if line.startswith("king")]
    written = set(text.replace(".", " ").replace(",", " ").split())
    unknown = model.load(TEXTBOOK).tokenizer.unk_token
    assert unknown not in model.load(TEXTBOOK).tokenizer.encode(" ".join(sorted(written))).tokens


@pytest.mark.slow
def test_the_textbook_recipe_gives_a_model_with_the_lectures_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On another processor sums are rounded otherwise, so the weights are others; the answers stay."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    command = [sys.executable, "main.py", "pretrain", str(TEXTBOOK_RECIPE), "--runs", str(tmp_path), "--name", "again"]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    shares, vocabulary, is_next = textbook_says(tmp_path / "again" / "snapshots" / "step-003000", *ASKED)
    assert shares[DOG, vocabulary.index("dog")] >= 0.5
    assert shares[HE, vocabulary.index("he")] >= 0.5
    assert is_next >= 0.5


# The left-to-right model


def test_a_beautiful_is_followed_by_what_can_be_beautiful() -> None:
    best = [word for word in goes_on("this is a beautiful") if word.isalpha()]
    assert best[0] in {"girl", "woman", "man", "boy", "place", "day", "flower", "thing"}
    assert {"girl", "woman"} <= set(best)


@pytest.mark.parametrize(
    ("text", "word", "least"),
    [("once upon a", "time", 0.5), ("good morning , how are", "you", 0.5), ("i love you", "too", 0.1)],
)
def test_everyday_sentences_go_on_as_one_would_expect(text: str, word: str, least: float) -> None:
    best = goes_on(text)
    assert next(iter(best)) == word
    assert best[word] >= least


def test_what_stands_behind_changes_nothing_before() -> None:
    vocabulary = entries(LEFT_TO_RIGHT)
    theirs = opened(LEFT_TO_RIGHT, "BertLMHeadModel")
    before = ("[CLS]", "i", "love", "you")
    logits = [
        run(theirs, vocabulary, (*before, word, "[SEP]")).logits[0, : len(before)] for word in ("much", "[MASK]", "dog")
    ]
    torch.testing.assert_close(logits[0], logits[1])
    torch.testing.assert_close(logits[0], logits[2])


def test_the_left_to_right_model_is_small_and_comes_from_its_recipe() -> None:
    recipe = Recipe.read(LEFT_TO_RIGHT / "recipe.toml")
    bert = model.load(LEFT_TO_RIGHT)
    assert bert.config == recipe.config(len(bert.tokenizer.tokens))
    assert bert.config.is_decoder
    assert bert.trained_length == bert.config.max_position_embeddings
    assert len(bert.tokenizer.tokens) == recipe.vocabulary.size
    assert (LEFT_TO_RIGHT / "model.safetensors").stat().st_size < 2_000_000


def test_a_masked_word_stays_masked_when_another_of_the_shipped_models_is_asked() -> None:
    starter, textbook = (model.load(MODELS / name) for name in ("starter", "textbook"))
    asked = model.Scenario("My dog is cute", "He likes playing").mask(2).keep(6)
    assert textbook.adopt(asked, starter) == asked
    gone = model.Scenario("My dog is cute").replace(2, "telephone")
    assert "telephone" not in textbook.tokenizer.tokens
    assert textbook.adopt(gone, starter) == model.Scenario("My dog is cute")
