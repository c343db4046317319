"""What is off changes predictions as asking with it off does, and as the passes by hand of test_interventions do."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
import pytest

import model
from model.lens import masked_lm, next_sentence, what_if
from model.lens.what_if import IS_NEXT, HeadsThatMatter, Prediction
from tests.model.checkpoints import hugging_face

PAIR = model.Scenario("I love you very much", "he likes playing").mask(4)


def finish(generator: Generator[float, None, Any]) -> tuple[list[float], Any]:
    fractions = []
    while True:
        try:
            fractions.append(next(generator))
        except StopIteration as stop:
            return fractions, stop.value


def asked(bert: model.Bert, scenario: model.Scenario, prediction: Prediction) -> float:
    """The probability of ``prediction``, from the lenses that the tabs show."""
    trace = bert.trace(scenario)
    if prediction.position is None:
        return next_sentence.probabilities(bert, trace)[0]
    scores = masked_lm.log_probabilities(bert, trace, prediction.position)
    return float(np.exp(scores[bert.tokenizer.id(prediction.piece)]))


@pytest.mark.parametrize(
    "scenario",
    [PAIR, PAIR.toggle_head(2, 3).toggle_layer(4), PAIR.attend("left-to-right")],
    ids=["all on", "some off", "left to right"],
)
@pytest.mark.parametrize("prediction", [Prediction(4, "too"), Prediction(4, "very"), IS_NEXT])
def test_a_head_in_turn_changes_what_asking_with_it_off_changes(
    starter: model.Bert, scenario: model.Scenario, prediction: Prediction
) -> None:
    found: HeadsThatMatter
    _, found = finish(what_if.heads_that_matter(starter, starter.trace(scenario), prediction))
    now = asked(starter, scenario, prediction)
    assert found.now == pytest.approx(now, rel=1e-4)
    for layer, head in np.ndindex(6, 8):
        if layer in scenario.layers_off or (layer, head) in scenario.heads_off:
            assert np.isnan(found.without[layer, head])
            continue
        expected = asked(starter, scenario.toggle_head(layer, head), prediction)
        assert found.without[layer, head] == pytest.approx(expected, rel=1e-3, abs=1e-7)
        assert found.change[layer, head] == pytest.approx(np.log(expected / now), abs=1e-3)


def test_heads_come_by_the_size_of_their_change_and_none_that_is_off(starter: model.Bert) -> None:
    scenario = PAIR.toggle_head(1, 1).toggle_layer(5)
    _, found = finish(what_if.heads_that_matter(starter, starter.trace(scenario), IS_NEXT))
    sizes = [abs(float(found.change[head])) for head in found.ranked]
    assert sizes == sorted(sizes, reverse=True)
    assert set(found.ranked) == {(layer, head) for layer in range(5) for head in range(8)} - {(1, 1)}


def test_with_every_layer_off_there_is_no_head_to_find(starter: model.Bert) -> None:
    scenario = PAIR
    for layer in range(6):
        scenario = scenario.toggle_layer(layer)
    fractions, found = finish(what_if.heads_that_matter(starter, starter.trace(scenario), IS_NEXT))
    assert (fractions, found.ranked) == ([], [])


def test_it_gives_way_between_passes_and_low_layers_take_the_most_time(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("my dog is cute " * 20, "he likes playing " * 20))
    fractions, _ = finish(what_if.heads_that_matter(starter, trace, IS_NEXT))
    assert len(fractions) > 10
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    assert fractions[len(fractions) // 2] > 0.6  # half of the heads, but the work of more


def test_the_effect_is_what_both_questions_answer_by_themselves(starter: model.Bert) -> None:
    for scenario in (PAIR.toggle_head(0, 2).toggle_layer(3), PAIR.attend("left-to-right")):
        found = what_if.effect(starter, starter.trace(scenario), [4, 9], top=4)
        assert list(found.words) == [4, 9]
        for position, changes in found.words.items():
            now = masked_lm.predictions(starter, starter.trace(scenario), position, 4)
            before = masked_lm.predictions(starter, starter.trace(PAIR), position, 4)
            shown = {change.prediction.piece for change in changes}
            assert {now[0][0], before[0][0]} <= shown <= {piece for piece, _ in (*now, *before)}
            assert [change.after for change in changes] == sorted((c.after for c in changes), reverse=True)
        for change in (*found.words[4], *found.words[9], found.is_next):
            assert change is not None
            assert change.before == pytest.approx(asked(starter, PAIR, change.prediction), rel=1e-3, abs=1e-7)
            assert change.after == pytest.approx(asked(starter, scenario, change.prediction), rel=1e-3, abs=1e-7)


def test_what_is_expected_first_is_shown_however_unlikely_it_is(starter: model.Bert) -> None:
    (before, _), *_ = masked_lm.predictions(starter, starter.trace(PAIR), 4)
    for layer, head in np.ndindex(starter.config.num_hidden_layers, starter.config.num_attention_heads):
        trace = starter.trace(PAIR.toggle_head(layer, head))
        (first, _), *_ = masked_lm.predictions(starter, trace, 4)
        found = [change.prediction.piece for change in what_if.effect(starter, trace, [4], top=2).words[4]]
        assert found[0] == first
        assert set(found) >= {first, before}


def test_with_all_on_nothing_changes(starter: model.Bert) -> None:
    trace = starter.trace(PAIR)
    assert not what_if.is_changed(starter, trace)
    found = what_if.effect(starter, trace, [4])
    assert found.is_next is not None
    assert all(change.before == change.after for change in (*found.words[4], found.is_next))
    expected = masked_lm.predictions(starter, trace, 4, 5)
    assert [change.prediction.piece for change in found.words[4]] == [piece for piece, _ in expected]
    assert [change.after for change in found.words[4]] == pytest.approx([share for _, share in expected], rel=1e-5)


def test_a_model_that_lacks_a_head_predicts_what_it_can(tmp_path_factory: pytest.TempPathFactory) -> None:
    sizes = {"hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8}
    plain, mlm = (tmp_path_factory.mktemp(name) for name in ("plain", "mlm"))
    hugging_face(plain, "BertModel", **sizes)
    hugging_face(mlm, "BertForMaskedLM", **sizes)
    bert = model.load(plain)
    trace = bert.trace(model.Scenario("my dog", "is cute"))
    assert what_if.effect(bert, trace, [1]) == what_if.Effect({}, None)
    with pytest.raises(ValueError, match="no masked-LM head"):
        finish(what_if.heads_that_matter(bert, trace, Prediction(1, "dog")))
    with pytest.raises(ValueError, match="no next-sentence head"):
        finish(what_if.heads_that_matter(bert, trace, IS_NEXT))
    bert = model.load(mlm)
    trace = bert.trace(model.Scenario("my dog", "is cute"))
    found = what_if.effect(bert, trace, [1])
    assert len(found.words[1]) == 5
    assert found.is_next is None


def test_one_sentence_alone_is_followed_by_none(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("My dog is cute"))
    assert what_if.effect(starter, trace, [1]).is_next is None


def test_weights_that_are_no_numbers_are_a_sentence(starter_folder: Any) -> None:
    bert = model.load(starter_folder)
    trace = bert.trace(PAIR)
    assert bert.network.cls.predictions is not None
    bert.network.cls.predictions.transform.dense.bias.data[0] = float("nan")
    with pytest.raises(ValueError, match="some of its weights are not finite"):
        what_if.effect(bert, trace, [4])
