from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import model
from model.lens import next_sentence

STARTER = Path(__file__).parents[3] / "resources" / "models" / "starter"


PAIR = model.Scenario("My dog is cute", "he likes playing")


@pytest.fixture(scope="module")
def theirs() -> Any:
    from transformers import BertForPreTraining

    return BertForPreTraining.from_pretrained(STARTER, dtype=torch.float32).eval()


@torch.no_grad()
def by_transformers(theirs: Any, ids: Sequence[int], segments: Sequence[int]) -> tuple[float, float]:
    output = theirs(input_ids=torch.tensor([list(ids)]), token_type_ids=torch.tensor([list(segments)]))
    is_next, not_next = torch.softmax(output.seq_relationship_logits[0].double(), dim=-1).tolist()
    return is_next, not_next


def finish(generator: Any) -> tuple[list[float], Any]:
    fractions = []
    while True:
        try:
            fractions.append(next(generator))
        except StopIteration as stop:
            return fractions, stop.value


def test_both_probabilities_are_those_of_transformers(starter: model.Bert, theirs: Any) -> None:
    for second in ("he likes playing", "the parliament of norway has 169 members"):
        trace = starter.trace(model.Scenario("my dog is cute", second))
        expected = by_transformers(theirs, trace.input_ids.tolist(), trace.segments.tolist())
        assert next_sentence.probabilities(starter, trace) == pytest.approx(expected, abs=1e-5)


def test_the_other_way_round_is_the_pair_with_b_in_front(starter: model.Bert, theirs: Any) -> None:
    trace = starter.trace(PAIR.mask(2))
    b_first = starter.trace(model.Scenario("he likes playing", "My dog is cute"))
    expected = by_transformers(theirs, b_first.input_ids.tolist(), b_first.segments.tolist())
    assert next_sentence.swapped(starter, trace) == pytest.approx(expected, abs=1e-5)


def test_a_flip_gives_one_token_the_other_segment(starter: model.Bert, theirs: Any) -> None:
    trace = starter.trace(PAIR.mask(2).flip(4))
    fractions, found = finish(next_sentence.flips(starter, trace))
    assert fractions == [1.0]
    for position in range(len(trace.tokens)):
        segments = trace.segments.tolist()
        segments[position] = 1 - segments[position]
        expected, _ = by_transformers(theirs, trace.input_ids.tolist(), segments)
        assert found[position] == pytest.approx(expected, abs=1e-5)


def test_flips_give_way_between_passes_on_a_long_text(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("my dog is cute " * 20, "he likes playing " * 20))
    fractions, found = finish(next_sentence.flips(starter, trace))
    assert len(fractions) > 20
    assert fractions == sorted(fractions)
    assert len(found) == len(trace.tokens)


def test_every_dimension_says_weight_times_pooled(starter: model.Bert) -> None:
    verdict = next_sentence.verdict(starter, starter.trace(PAIR))
    for dimension in (0, 17, 255):
        for label in (0, 1):
            by_hand = float(verdict.weight[label, dimension]) * float(verdict.pooled[dimension])
            assert verdict.products[label, dimension] == pytest.approx(by_hand, abs=1e-7)
    difference = float(verdict.evidence.sum()) + float(verdict.bias[0] - verdict.bias[1])
    assert difference == pytest.approx(np.log(verdict.probabilities[0] / verdict.probabilities[1]), abs=1e-4)


def test_the_verdict_is_weight_times_pooled_plus_bias(starter: model.Bert) -> None:
    verdict = next_sentence.verdict(starter, starter.trace(model.Scenario("my dog is cute", "he likes playing")))
    for label in (0, 1):
        by_hand = sum(float(w) * float(p) for w, p in zip(verdict.weight[label], verdict.pooled, strict=True)) + float(
            verdict.bias[label]
        )
        assert verdict.logits[label] == pytest.approx(by_hand, abs=1e-4)


def test_label_0_is_is_next() -> None:
    assert next_sentence.LABELS == ("IsNext", "NotNext")


def test_a_model_without_the_head_says_so(tmp_path: Path) -> None:
    from tests.model.checkpoints import hugging_face

    hugging_face(tmp_path, "BertForMaskedLM", hidden_size=8, num_attention_heads=2, intermediate_size=8)
    bert = model.load(tmp_path)
    trace = bert.trace(PAIR)
    with pytest.raises(ValueError, match="no next-sentence head"):
        next_sentence.probabilities(bert, trace)
    with pytest.raises(ValueError, match="no next-sentence head"):
        finish(next_sentence.flips(bert, trace))
