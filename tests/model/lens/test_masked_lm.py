"""Predictions, scores and surprise against ``transformers``' head on the shipped model."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import model
from model.lens import masked_lm

STARTER = Path(__file__).parents[3] / "resources" / "models" / "starter"


@pytest.fixture(scope="module")
def theirs() -> Any:
    from transformers import BertForPreTraining

    return BertForPreTraining.from_pretrained(STARTER, dtype=torch.float32).eval()


@torch.no_grad()
def probabilities(theirs: Any, ids: list[int], segments: list[int]) -> np.ndarray:
    output = theirs(input_ids=torch.tensor([ids]), token_type_ids=torch.tensor([segments]))
    return torch.softmax(output.prediction_logits[0].double(), dim=-1).numpy()


def finish(generator: Generator[float, None, Any]) -> tuple[list[float], Any]:
    fractions = []
    while True:
        try:
            fractions.append(next(generator))
        except StopIteration as stop:
            return fractions, stop.value


@pytest.fixture(scope="module")
def masked(starter: model.Bert) -> model.Trace:
    return starter.trace(model.Scenario("My dog is cute", "he likes playing").mask(2))


def test_the_best_predictions_are_those_of_transformers(starter: model.Bert, theirs: Any, masked: model.Trace) -> None:
    expected = probabilities(theirs, masked.input_ids.tolist(), masked.segments.tolist())[2]
    ours = masked_lm.predictions(starter, masked, position=2, top=10)
    assert [token for token, _ in ours] == [starter.tokenizer.tokens[entry] for entry in expected.argsort()[::-1][:10]]
    assert [p for _, p in ours] == pytest.approx(sorted(expected, reverse=True)[:10], rel=1e-4)
    assert np.exp(masked_lm.log_probabilities(starter, masked, 2)).sum() == pytest.approx(1, abs=1e-4)


def test_any_word_has_its_rank_and_probability(starter: model.Bert, theirs: Any, masked: model.Trace) -> None:
    expected = probabilities(theirs, masked.input_ids.tolist(), masked.segments.tolist())[2]
    entry = starter.tokenizer.id("house")
    score = masked_lm.score(starter, masked, 2, "House")
    assert score.probability == pytest.approx(expected[entry], rel=1e-4)
    assert score.rank == sorted(expected, reverse=True).index(expected[entry]) + 1


def test_two_masks_are_each_predicted_beside_the_other(starter: model.Bert, theirs: Any) -> None:
    trace = starter.trace(model.Scenario("I went to the market to buy some fruits").mask(5).mask(9))
    assert [trace.inputs.originals[position] for position in (5, 9)] == ["market", "fruits"]
    expected = probabilities(theirs, trace.input_ids.tolist(), trace.segments.tolist())
    for position in (5, 9):
        row = expected[position]
        found = masked_lm.expectation(starter, trace, position, top=3)
        assert [token for token, _ in found.best] == [starter.tokenizer.tokens[i] for i in row.argsort()[::-1][:3]]
        share = row[starter.tokenizer.id(trace.inputs.originals[position])]
        assert (found.original, found.rank) == (trace.inputs.originals[position], int((row > share).sum()) + 1)
        assert found.probability == pytest.approx(share, rel=1e-4)


def test_where_the_text_has_a_mask_nothing_is_the_original(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("The cat is [MASK]."))
    assert masked_lm.expectation(starter, trace, 4).original is None


def test_a_word_that_the_vocabulary_cannot_write_is_a_sentence(starter: model.Bert, masked: model.Trace) -> None:
    with pytest.raises(ValueError, match="has no pieces for it"):
        masked_lm.score(starter, masked, 2, "\N{SNOWMAN}")


def test_a_word_of_two_pieces_is_scored_piece_by_piece(starter: model.Bert, theirs: Any, masked: model.Trace) -> None:
    ids, segments = masked.input_ids.tolist(), masked.segments.tolist()
    play, ing, mask = (starter.tokenizer.id(token) for token in ("play", "##ing", "[MASK]"))
    segments = [*segments[:2], 0, 0, *segments[3:]]
    first = probabilities(theirs, [*ids[:2], mask, mask, *ids[3:]], segments)[2][play]
    second = probabilities(theirs, [*ids[:2], play, mask, *ids[3:]], segments)[3][ing]
    score = masked_lm.score(starter, masked, 2, "playing")
    assert score.pieces == ("play", "##ing")
    assert score.rank is None
    assert score.by_piece == pytest.approx((first, second), rel=1e-4)
    assert score.probability == pytest.approx(first * second, rel=1e-4)


def test_an_empty_word_is_a_sentence(starter: model.Bert, masked: model.Trace) -> None:
    with pytest.raises(ValueError, match="Type a word"):
        masked_lm.score(starter, masked, 2, "  ")


def test_a_word_that_no_longer_fits_is_a_sentence(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("dog " * 600))
    with pytest.raises(ValueError, match="longer than the model reads"):
        masked_lm.score(starter, trace, 2, "playing")


def test_surprise_masks_each_token_in_turn(starter: model.Bert, theirs: Any, masked: model.Trace) -> None:
    fractions, surprise = finish(masked_lm.surprise(starter, masked))
    assert fractions[-1] == 1.0
    originals = [starter.tokenizer.id(token) for token in masked.inputs.originals]
    for position in range(len(masked.tokens)):
        if masked.inputs.texts[position] is None:
            assert np.isnan(surprise[position])
            continue
        ids = masked.input_ids.tolist()
        ids[position] = starter.tokenizer.id("[MASK]")
        expected = probabilities(theirs, ids, masked.segments.tolist())[position][originals[position]]
        assert surprise[position] == pytest.approx(-np.log(expected), abs=1e-3)


def test_surprise_gives_way_between_passes_on_a_long_text(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("my dog is cute and he likes playing " * 20))
    fractions, surprise = finish(masked_lm.surprise(starter, trace))
    assert len(fractions) > 20
    assert fractions == sorted(fractions)
    assert np.isnan(surprise).sum() == 2


def test_a_typed_mask_has_no_surprise(starter: model.Bert) -> None:
    _, surprise = finish(masked_lm.surprise(starter, starter.trace(model.Scenario("the cat is [MASK]"))))
    assert np.isnan(surprise).tolist() == [True, False, False, False, True, True]


def test_another_models_trace_is_refused(starter: model.Bert, tmp_path: Path) -> None:
    from tests.model.checkpoints import hugging_face

    hugging_face(tmp_path, "BertForMaskedLM", hidden_size=8, num_attention_heads=2, intermediate_size=8)
    other = model.load(tmp_path)
    with pytest.raises(ValueError, match="This trace was made by"):
        masked_lm.predictions(starter, other.trace(model.Scenario("my dog")), 1)


def test_a_model_without_the_head_says_so(tmp_path: Path) -> None:
    from tests.model.checkpoints import hugging_face

    hugging_face(tmp_path, "BertModel", hidden_size=8, num_attention_heads=2, intermediate_size=8)
    bert = model.load(tmp_path)
    with pytest.raises(ValueError, match="no masked-LM head"):
        masked_lm.predictions(bert, bert.trace(model.Scenario("my dog")), 1)


def test_a_left_to_right_model_says_what_comes_next(tmp_path: Path) -> None:
    from tests.model.checkpoints import hugging_face

    theirs = hugging_face(
        tmp_path, "BertLMHeadModel", is_decoder=True, hidden_size=8, num_attention_heads=2, intermediate_size=8
    ).eval()
    bert = model.load(tmp_path)
    trace = bert.trace(model.Scenario("my dog is cute"))
    assert trace.direction == "left-to-right"
    with torch.no_grad():
        logits = theirs(
            input_ids=torch.tensor(trace.input_ids)[None], token_type_ids=torch.tensor(trace.segments)[None]
        ).logits[0]
    expected = torch.softmax(logits.double(), dim=-1).numpy()
    assert np.exp(masked_lm.log_probabilities(bert, trace, 2)) == pytest.approx(expected[2], rel=1e-4)
    _, surprise = finish(masked_lm.surprise(bert, trace))
    assert surprise[3] == pytest.approx(-np.log(expected[2][trace.input_ids[3]]), abs=1e-4)

    pieces = [bert.tokenizer.id(piece) for piece in ("play", "##ing")]
    score = masked_lm.score(bert, trace, 2, "playing")
    with torch.no_grad():
        row = [*trace.input_ids[:3].tolist(), pieces[0]]
        logits = theirs(input_ids=torch.tensor([row]), token_type_ids=torch.zeros(1, 4, dtype=torch.long)).logits[0]
    after = torch.softmax(logits.double(), dim=-1).numpy()
    assert score.by_piece == pytest.approx((expected[2][pieces[0]], after[3][pieces[1]]), rel=1e-4)


def test_a_long_word_gives_way_between_its_pieces(starter: model.Bert, masked: model.Trace) -> None:
    fractions, score = finish(masked_lm.scoring(starter, masked, 2, "qzxjqzxj"))
    assert fractions == pytest.approx([piece / len(score.pieces) for piece in range(1, len(score.pieces) + 1)])
    assert score == masked_lm.score(starter, masked, 2, "qzxjqzxj")


def test_a_long_text_left_to_right_gives_way_and_one_that_sees_both_ways_is_refused(tmp_path: Path) -> None:
    from tests.model.checkpoints import hugging_face

    sizes = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8, "max_position_embeddings": 256}
    hugging_face(tmp_path, "BertLMHeadModel", is_decoder=True, **sizes)
    bert = model.load(tmp_path)
    question = model.Scenario("my dog is cute " * 50)
    trace = bert.trace(question)
    fractions, surprise = finish(masked_lm.surprise(bert, trace))
    assert len(fractions) > 2
    for position in (1, 100, len(trace.tokens) - 2):
        expected = -masked_lm.log_probabilities(bert, trace, position - 1)[trace.input_ids[position]]
        assert surprise[position] == pytest.approx(expected, abs=1e-5)
    with pytest.raises(ValueError, match="sees the tokens that it predicts"):
        finish(masked_lm.surprise(bert, bert.trace(question.attend("both"))))
