from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import model
from model.lens import attributions, masked_lm, next_sentence
from model.lens.attributions import Contributions
from tests.model.checkpoints import hugging_face

MODELS = Path(__file__).parents[3] / "resources" / "models"
PAIR = model.Scenario("My dog is cute", "he likes playing")
FIRSTS = ("My dog is cute", "The man went to the store", "I love you [MASK] much", "a")
SECONDS = ("he likes playing", "He bought a gallon of milk.", "penguins are flightless birds")


def finish(lens: Generator[float, None, Contributions]) -> tuple[list[float], Contributions]:
    fractions = []
    while True:
        try:
            fractions.append(next(lens))
        except StopIteration as stop:
            return fractions, stop.value


def blank(trace: model.Trace) -> model.Scenario:
    """The same question with every token of the text masked, asked without this module."""
    scenario = trace.scenario
    for position, text in enumerate(trace.inputs.texts):
        if text is not None:
            scenario = scenario.mask(position)
    return scenario


@pytest.fixture(scope="module")
def random_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("random")
    hugging_face(folder, "BertForPreTraining")
    return folder


@pytest.fixture(params=["starter", "textbook", "random"])
def bert(request: pytest.FixtureRequest, random_folder: Path) -> model.Bert:
    return model.load(random_folder if request.param == "random" else MODELS / request.param)


def test_the_contributions_to_is_next_are_the_whole_change_to_one_per_cent(bert: model.Bert) -> None:
    trace = bert.trace(PAIR.mask(2))
    _, found = finish(attributions.next_sentence(bert, trace))
    (now, no), (then, never) = (next_sentence.probabilities(bert, asked) for asked in (trace, bert.trace(blank(trace))))
    change = np.log(now / no) - np.log(then / never)
    assert float(found.by_token.sum()) == pytest.approx(change, rel=0.01)


def test_the_contributions_to_a_token_are_the_whole_change_to_one_per_cent(bert: model.Bert) -> None:
    trace = bert.trace(PAIR.mask(2))
    _, found = finish(attributions.token(bert, trace, 2, "dog"))
    entry = bert.tokenizer.id("dog")
    now, then = (masked_lm.log_probabilities(bert, asked, 2)[entry] for asked in (trace, bert.trace(blank(trace))))
    assert found.after == pytest.approx(now, abs=1e-4)
    assert found.before == pytest.approx(then, abs=1e-4)
    assert float(found.by_token.sum()) == pytest.approx(now - then, rel=0.01)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FIRSTS), st.sampled_from(SECONDS), st.sampled_from([None, "left-to-right"]))
def test_they_are_complete_whatever_is_asked(starter: model.Bert, first: str, second: str, direction: Any) -> None:
    trace = starter.trace(model.Scenario(first, second).toggle_head(1, 2).toggle_layer(4).attend(direction))
    _, found = finish(attributions.next_sentence(starter, trace))
    assert found.after - found.before == pytest.approx(float(found.by_token.sum()) + found.gap, abs=1e-4)
    assert abs(found.gap) <= max(0.01 * abs(found.after - found.before), 1e-4)


def test_they_are_those_of_a_plain_sum_of_many_steps_in_transformers(starter: model.Bert) -> None:
    from transformers import BertForPreTraining

    theirs = BertForPreTraining.from_pretrained(MODELS / "starter", dtype=torch.float32).eval()
    trace = starter.trace(PAIR)
    ids, segments = torch.tensor(trace.input_ids)[None], torch.tensor(trace.segments)[None]
    words = theirs.bert.embeddings.word_embeddings
    end = words(ids).detach()
    start = words(torch.full_like(ids, starter.tokenizer.id("[MASK]"))).detach()
    for place in (0, 5, 10):
        start[0, place] = end[0, place]
    total, steps = torch.zeros(ids.shape[1]), 200
    for step in range(steps):
        there = (start + (step + 0.5) / steps * (end - start)).requires_grad_()
        logits = theirs(inputs_embeds=there, token_type_ids=segments).seq_relationship_logits[0]
        (slope,) = torch.autograd.grad(logits[0] - logits[1], there)
        total += (slope * (end - start)).sum(-1)[0] / steps
    _, found = finish(attributions.next_sentence(starter, trace))
    expected = total.numpy()
    np.testing.assert_allclose(found.by_token, expected, atol=0.01 * np.abs(expected).max())


def test_what_is_the_same_in_the_masked_text_contributes_nothing(starter: model.Bert) -> None:
    trace = starter.trace(PAIR.mask(2))
    _, found = finish(attributions.next_sentence(starter, trace))
    assert [float(found.by_token[place]) for place in (0, 2, 5, 10)] == [0.0] * 4
    assert all(found.by_token[place] for place in (1, 3, 4, 6, 7, 8, 9))


def test_it_gives_way_after_every_pass_and_never_goes_back(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("my dog is cute " * 20, "he likes playing " * 20))
    fractions, found = finish(attributions.next_sentence(starter, trace))
    assert len(fractions) >= 6
    assert fractions == sorted(fractions)
    assert 0.8 < fractions[-1] <= 1.0
    assert found.steps >= 8


def test_no_weight_has_a_gradient_afterwards(starter: model.Bert) -> None:
    finish(attributions.next_sentence(starter, starter.trace(PAIR)))
    assert all(parameter.grad is None for parameter in starter.network.parameters())


def test_a_model_without_the_head_is_refused_in_a_sentence(starter_folder: Path) -> None:
    bert = model.load(MODELS / "left-to-right")
    with pytest.raises(ValueError, match="no next-sentence head"):
        finish(attributions.next_sentence(bert, bert.trace(model.Scenario("my dog"))))
    without = model.load(starter_folder)
    without.network.cls.predictions = None
    with pytest.raises(ValueError, match="no masked-LM head"):
        finish(attributions.token(without, without.trace(PAIR), 2, "dog"))


def test_another_models_trace_is_refused(starter: model.Bert) -> None:
    other = model.load(MODELS / "textbook")
    with pytest.raises(ValueError, match="was made by"):
        finish(attributions.next_sentence(starter, other.trace(PAIR)))
