"""The table of heads against counts by hand."""

from __future__ import annotations

import math
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import model
from model.lens import head_finder
from model.lens.head_finder import HeadTable, Text
from tests.model.checkpoints import hugging_face

MODELS = Path(__file__).parents[3] / "resources" / "models"

TEXTS = [("The dog saw the other dog", "the dog barked"), ("I love you", "")]


@pytest.fixture(scope="module")
def trace(starter: model.Bert) -> model.Trace:
    return starter.trace(model.Scenario("My dog is cute"))


def run(steps: Generator[float, None, Any]) -> tuple[list[float], Any]:
    shares = []
    while True:
        try:
            shares.append(next(steps))
        except StopIteration as end:
            return shares, end.value


def by_hand(starter: model.Bert, texts: list[Text], layer: int, head: int) -> dict[str, float]:
    hit: dict[str, list[bool]] = {}
    for first, second in texts:
        trace = starter.trace(model.Scenario(first, second))
        tokens, segments, size = trace.tokens, trace.segments.tolist(), len(trace.tokens)
        seps = {i for i, token in enumerate(tokens) if token == "[SEP]"}
        for i, row in enumerate(trace.attention[layer, head].tolist()):
            places = {
                "cls": {0},
                "sep": seps,
                "previous": {i - 1} & set(range(size)),
                "next": {i + 1} & set(range(size)),
                "itself": {i},
                "same": {j for j in range(size) if j != i and tokens[j] == tokens[i]},
                "a_to_b": {j for j in range(size) if segments[i] == 0 and segments[j] == 1},
                "b_to_a": {j for j in range(size) if segments[i] == 1 and segments[j] == 0},
            }
            for name, wanted in places.items():
                if wanted:
                    hit.setdefault(name, []).append(row.index(max(row)) in wanted)
    return {name: sum(found) / len(found) for name, found in hit.items()}


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (1, 4), (4, 2)])
def test_hit_rates_equal_the_count_by_hand(starter: model.Bert, trace: model.Trace, layer: int, head: int) -> None:
    shares, found = run(head_finder.table(starter, trace, TEXTS))
    assert shares == [0.5, 1.0]
    for name, expected in by_hand(starter, TEXTS, layer, head).items():
        assert {**found.hits}[name][layer, head] == pytest.approx(expected), name  # type: ignore[index]


def test_of_one_text_the_mass_is_that_of_the_statistics(starter: model.Bert, trace: model.Trace) -> None:
    _, found = run(head_finder.table(starter, trace, TEXTS[:1]))
    expected = model.lens.attention.statistics(starter.trace(model.Scenario(*TEXTS[0])))
    for name, mass in found.mass.items():
        np.testing.assert_allclose(mass, getattr(expected, name), atol=1e-5)
    np.testing.assert_allclose(found.entropy, expected.entropy, atol=1e-6)


def test_without_a_pair_no_head_looks_across(starter: model.Bert, trace: model.Trace) -> None:
    _, found = run(head_finder.table(starter, trace, TEXTS[1:]))
    assert np.isnan(found.hits["a_to_b"]).all()
    assert found.best("a_to_b") is None
    best = found.best("previous")
    assert best is not None
    assert found.hits["previous"][best] == np.nanmax(found.hits["previous"])


def test_a_head_is_named_after_what_it_hits_in_half_of_the_rows() -> None:
    rates = {
        "previous": (0.9, 0.2, 0.2),
        "next": (0.1, 0.1, 0.1),
        "a_to_b": (0.95, 0.6, 0.59),
        "b_to_a": (math.nan, 0.1, 0.1),
    }
    hits = {relation: np.array([rates.get(relation, (0.0,) * 3)]) for relation in head_finder.RELATIONS}
    found = HeadTable(1, 1, hits, hits, np.zeros((1, 3)))
    assert [found.named((0, head)) for head in range(3)] == ["previous", "a_to_b", "mixed"]


def test_texts_without_a_word_are_left_out(starter: model.Bert, trace: model.Trace) -> None:
    _, found = run(head_finder.table(starter, trace, [(" ", ""), ("I love you", "")]))
    assert (found.texts, found.tokens) == (1, 5)
    with pytest.raises(ValueError, match="No text has a token"):
        run(head_finder.table(starter, trace, [("", "")]))


def test_a_file_has_a_text_a_sentence_and_a_tab_between_a_and_b() -> None:
    assert head_finder.texts("It rains. It pours.\n\nHe sleeps.\tHe snores.\n") == [
        ("It rains.", ""),
        ("It pours.", ""),
        ("He sleeps.", "He snores."),
    ]


def test_too_many_texts_are_a_sentence(starter: model.Bert, trace: model.Trace) -> None:
    with pytest.raises(ValueError, match="At most 500 texts"):
        run(head_finder.table(starter, trace, [("a", "")] * 501))


LONGER = [("my dog is cute and my dog is king", "he likes playing"), ("my dog", "")]


def alone(bert: model.Bert, base: model.Scenario, head: tuple[int, int] | None) -> tuple[float, list[int]]:
    """Mean loss of what is masked, and the first guesses, asked text by text with ``head`` off."""
    losses, guesses = [], []
    for first, second in LONGER:
        scenario = model.Scenario(first, second, heads_off=base.heads_off, direction=base.direction)
        plain = bert.trace(scenario)
        shift, words = int(bert.config.is_decoder), [i for i, text in enumerate(plain.inputs.texts) if text is not None]
        places = [words[i] for i in range(3, len(words), 7)] or words[-1:]
        for place in places if not shift else ():
            scenario = scenario.mask(place)
        trace = bert.trace(scenario if head is None else scenario.toggle_head(*head))
        for place in places:
            scores = model.lens.masked_lm.log_probabilities(bert, trace, place - shift)
            losses.append(-float(scores[bert.tokenizer.id(plain.tokens[place])]))
            guesses.append(int(scores.argmax()))
    return sum(losses) / len(losses), guesses


@pytest.mark.parametrize("name", ["textbook", "starter", "left-to-right"])
def test_without_a_head_predictions_lose_what_asking_with_it_off_loses(name: str) -> None:
    bert = model.load(MODELS / name)
    base = model.Scenario("my dog", heads_off=frozenset({(0, 1)}))
    shares, found = run(head_finder.without(bert, bert.trace(base), LONGER))
    assert shares == sorted(shares)
    assert shares[-1] == 1
    loss, guesses = alone(bert, base, None)
    assert found.predictions == len(guesses) >= 3
    assert found.loss == pytest.approx(loss, rel=1e-4)
    for head in np.ndindex(*found.rise.shape):
        if head == (0, 1):
            assert np.isnan(found.rise[head])
            continue
        without, others = alone(bert, base, head)
        assert found.rise[head] == pytest.approx(without - loss, abs=2e-4)
        assert found.changed[head] == pytest.approx(np.mean([a != b for a, b in zip(guesses, others, strict=True)]))
    assert found.worst == np.unravel_index(np.nanargmax(found.rise), found.rise.shape)


def test_predictions_that_cannot_be_made_are_a_sentence(
    starter: model.Bert, trace: model.Trace, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="No text has a token that could be masked"):
        run(head_finder.without(starter, trace, [("[MASK]", "")]))
    hugging_face(tmp_path, "BertModel", hidden_size=8, num_attention_heads=2, intermediate_size=8)
    plain = model.load(tmp_path)
    with pytest.raises(ValueError, match="no masked-LM head"):
        run(head_finder.without(plain, plain.trace(model.Scenario("my dog")), TEXTS))
    causal = model.load(MODELS / "left-to-right")
    both = causal.trace(model.Scenario("my dog", direction="both"))
    with pytest.raises(ValueError, match="read left-to-right instead"):
        run(head_finder.without(causal, both, TEXTS))
