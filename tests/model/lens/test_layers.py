"""Hidden states by layer against ``transformers`` and against arithmetic in double precision."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import model
from model.lens import layers
from model.lens.layers import Comparison
from tests.model.checkpoints import hugging_face

STARTER = Path(__file__).parents[3] / "resources" / "models" / "starter"
BITES, PROGRAMS = "He got bit by a Python.", "Python is a programming language."


@pytest.fixture(scope="module")
def theirs() -> Any:
    from transformers import BertForPreTraining

    return BertForPreTraining.from_pretrained(STARTER, dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def masked(starter: model.Bert) -> model.Trace:
    return starter.trace(model.Scenario("My dog is cute", "he likes playing").mask(2))


@pytest.fixture(scope="module")
def pythons(starter: model.Bert) -> tuple[model.Trace, model.Trace]:
    return starter.trace(model.Scenario(BITES)), starter.trace(model.Scenario(PROGRAMS))


@torch.no_grad()
def by_layer(theirs: Any, trace: model.Trace) -> np.ndarray:
    """(L+1, T, V) the head of ``transformers`` on its own hidden states."""
    ids, segments = torch.tensor(trace.input_ids)[None], torch.tensor(trace.segments)[None]
    states = theirs.bert(input_ids=ids, token_type_ids=segments, output_hidden_states=True).hidden_states
    scores = torch.stack([theirs.cls.predictions(state[0]) for state in states])
    return torch.softmax(scores.double(), dim=-1).numpy()


def finish(generator: Generator[float, None, Any]) -> tuple[list[float], Any]:
    fractions = []
    while True:
        try:
            fractions.append(next(generator))
        except StopIteration as stop:
            return fractions, stop.value


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


# One token on its way up


def test_a_token_is_compared_with_its_former_selves_and_with_all_others(masked: model.Trace) -> None:
    found = layers.similarity(masked, 4)
    for height, row in enumerate(masked.hidden):
        assert found.start[height] == pytest.approx(cosine(row[4], masked.hidden[0, 4]), abs=1e-5)
        expected = [cosine(row[4], other) for other in row]
        np.testing.assert_allclose(found.others[height], expected, atol=1e-5)
        if height:
            assert found.below[height] == pytest.approx(cosine(row[4], masked.hidden[height - 1, 4]), abs=1e-5)
    assert np.isnan(found.below[0])


def test_a_layer_that_is_off_changes_no_token(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("My dog is cute").toggle_layer(3))
    assert layers.similarity(trace, 2).below[4] == pytest.approx(1, abs=1e-6)


# The logit lens


def test_every_layer_is_asked_with_the_head_of_transformers(
    starter: model.Bert, theirs: Any, masked: model.Trace
) -> None:
    expected = by_layer(theirs, masked)
    fractions, lens = finish(layers.logit_lens(starter, masked))
    best = [[starter.tokenizer.tokens[entry] for entry in row] for row in expected.argmax(axis=-1)]
    assert [list(row) for row in lens.best] == best
    np.testing.assert_allclose(lens.probability, expected.max(axis=-1), rtol=1e-4)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1


def test_a_long_text_is_asked_in_passes_that_change_nothing(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("my dog is cute and he likes playing " * 5))
    fractions, lens = finish(layers.logit_lens(starter, trace))
    assert len(fractions) > 4
    for position in (0, 17, len(trace.tokens) - 1):
        rows = layers.candidates(starter, trace, position, top=1)
        assert [row[position] for row in lens.best] == [row[0][0] for row in rows]
        np.testing.assert_allclose(lens.probability[:, position], [row[0][1] for row in rows], rtol=1e-4)


def test_the_candidates_of_each_layer_are_those_of_transformers(
    starter: model.Bert, theirs: Any, masked: model.Trace
) -> None:
    for found, expected in zip(
        layers.candidates(starter, masked, 2, top=4), by_layer(theirs, masked)[:, 2], strict=True
    ):
        order = expected.argsort()[::-1][:4]
        assert [piece for piece, _ in found] == [starter.tokenizer.tokens[entry] for entry in order]
        assert [share for _, share in found] == pytest.approx(expected[order].tolist(), rel=1e-4)


def test_a_word_has_its_probability_and_rank_in_every_layer(
    starter: model.Bert, theirs: Any, masked: model.Trace
) -> None:
    expected = by_layer(theirs, masked)[:, 2]
    entry = starter.tokenizer.id("house")
    found = layers.paths(starter, masked, 2, ["dog", "House"])[1]
    np.testing.assert_allclose(found.probability, expected[:, entry], rtol=1e-4)
    assert found.rank == tuple(int((row > row[entry]).sum()) + 1 for row in expected)


def test_of_a_word_of_several_pieces_the_first_is_followed(starter: model.Bert, masked: model.Trace) -> None:
    found = layers.paths(starter, masked, 2, ["playing"])[0]
    assert (found.piece, found.pieces) == ("play", ("play", "##ing"))
    assert layers.paths(starter, masked, 2, ["##ing"])[0].pieces == ("##ing",)


@pytest.mark.parametrize(("word", "says"), [(" ", "Type a word"), ("\N{SNOWMAN}", "no pieces for it")])
def test_what_is_no_word_is_a_sentence(starter: model.Bert, masked: model.Trace, word: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        layers.paths(starter, masked, 2, [word])


def test_without_the_head_there_is_a_sentence(tmp_path: Path) -> None:
    hugging_face(tmp_path, "BertModel")
    bert = model.load(tmp_path)
    trace = bert.trace(model.Scenario("my dog"))
    with pytest.raises(ValueError, match="no masked-LM head"):
        finish(layers.logit_lens(bert, trace))
    with pytest.raises(ValueError, match="no masked-LM head"):
        layers.probabilities(bert, trace, 1)


def test_another_models_trace_is_refused(starter: model.Bert, tmp_path: Path) -> None:
    hugging_face(tmp_path, "BertForMaskedLM")
    trace = model.load(tmp_path).trace(model.Scenario("my dog"))
    with pytest.raises(ValueError, match="was made by"):
        layers.probabilities(starter, trace, 1)


def test_weights_that_are_no_numbers_are_said(starter_folder: Path) -> None:
    bert = model.load(starter_folder)
    with torch.no_grad():
        bert.network.bert.encoder.layer[1].output.LayerNorm.weight[0] = float("nan")
    trace = bert.trace(model.Scenario("my dog"))
    with pytest.raises(ValueError, match="not finite"):
        layers.similarity(trace, 1)


# Text and context


def test_words_are_put_together_from_their_pieces(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("My dog", "he likes playing").mask(2))
    assert [(word.text, word.positions) for word in layers.words(trace)] == [
        ("my", (1,)),
        ("dog", (2,)),
        ("he", (4,)),
        ("likes", (5,)),
        ("playing", (6, 7)),
    ]


def test_the_words_of_both_sentences_are_found_the_longest_first(pythons: tuple[model.Trace, model.Trace]) -> None:
    pairs = layers.shared(*pythons)
    assert [(here.text, here.positions, there.positions) for here, there in pairs] == [
        ("python", (6,), (1,)),
        ("a", (5,), (3,)),
        (".", (7,), (6,)),
    ]


def test_one_word_in_two_sentences_begins_as_one_row_of_the_table(pythons: tuple[model.Trace, model.Trace]) -> None:
    first, second = pythons
    word, its = layers.shared(first, second)[0]
    found = layers.compared(first, word, second, its)
    assert found.token == pytest.approx(1, abs=1e-6)
    expected = [cosine(a[6], b[1]) for a, b in zip(first.hidden, second.hidden, strict=True)]
    np.testing.assert_allclose(found.hidden, expected, atol=1e-5)
    for side, (trace, place) in enumerate(((first, 6), (second, 1))):
        np.testing.assert_allclose(found.attention[side], trace.attention[:, :, place].mean(axis=1), atol=1e-6)
        assert found.attention[side].sum(axis=1) == pytest.approx(1, abs=1e-4)
        for height, row in enumerate(trace.hidden):
            alike = {
                trace.tokens[other]: cosine(row[place], row[other])
                for other in range(1, len(row) - 1)
                if other != place
            }
            assert found.neighbour[side, height] == pytest.approx(max(alike.values()), abs=1e-5)
            assert found.neighbours[side][height] == max(alike, key=alike.__getitem__)


def test_a_word_of_several_pieces_is_their_mean(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("he likes playing", "she is playing"))
    first, second = [word for word in layers.words(trace) if word.text == "playing"]
    found = layers.compared(trace, first, trace, second)
    means = [trace.hidden[:, list(word.positions)].astype(np.float64).mean(axis=1) for word in (first, second)]
    np.testing.assert_allclose(found.hidden, [cosine(a, b) for a, b in zip(*means, strict=True)], atol=1e-5)


def test_a_word_alone_has_no_neighbour(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("python"))
    (word,) = layers.words(trace)
    found = layers.compared(trace, word, trace, word)
    assert np.isnan(found.neighbour).all()
    assert found.neighbours == ((), ())
    assert (found.parts_at, found.nearer_to_context_from) == (None, None)


def test_words_of_two_models_are_not_compared(starter: model.Bert, tmp_path: Path) -> None:
    hugging_face(tmp_path, "BertForMaskedLM")
    traces = [bert.trace(model.Scenario("my dog")) for bert in (starter, model.load(tmp_path))]
    word = layers.words(traces[0])[0]
    with pytest.raises(ValueError, match="two models"):
        layers.compared(traces[0], word, traces[1], word)


@pytest.mark.parametrize(
    ("hidden", "neighbour", "parts_at", "nearer_from"),
    [
        ([0.9, 0.8, 0.5, 0.4], [0.1, 0.1, 0.1, 0.1], 2, None),
        ([0.9, 0.8, 0.5, 0.4], [0.1, 0.1, 0.6, 0.6], 2, 2),
        ([0.9, 0.8, 0.5, 0.4], [0.1, 0.9, 0.1, 0.6], 2, 3),
        ([0.9, 0.895, 0.9, 0.9], [0.1, 0.1, 0.1, 0.1], None, None),
        ([0.1, 0.2], [0.3, 0.3], None, 0),
    ],
)
def test_words_part_where_the_cosine_falls_most(
    hidden: list[float], neighbour: list[float], parts_at: int | None, nearer_from: int | None
) -> None:
    nothing = np.zeros((0, 0), np.float32)
    rows = np.array([neighbour, [0.0] * len(hidden)], np.float32)
    found = Comparison(1.0, np.array(hidden, np.float32), rows, ((), ()), (nothing, nothing))
    assert (found.parts_at, found.nearer_to_context_from) == (parts_at, nearer_from)
