"""Head statistics against sums written out cell by cell."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
import torch

import model
from model.lens.attention import (
    HeadStatistics,
    Pattern,
    derivation,
    exception,
    order,
    patterns,
    statistics,
    strongest,
)
from tests.model.checkpoints import hugging_face


@pytest.fixture(scope="module")
def trace(starter: model.Bert) -> model.Trace:
    return starter.trace(model.Scenario("The dog saw the other dog", "the dog barked"))


def by_hand(trace: model.Trace, layer: int, head: int) -> dict[str, float]:
    rows = trace.attention[layer, head].astype(float).tolist()
    size, tokens, segments = len(rows), trace.tokens, trace.segments.tolist()
    seps = [i for i, token in enumerate(tokens) if token == "[SEP]"]

    def share(wanted: dict[int, list[int]]) -> float:
        return sum(rows[i][j] for i, columns in wanted.items() for j in columns) / len(wanted)

    same = {i: [j for j in range(size) if j != i and tokens[j] == tokens[i]] for i in range(size)}
    return {
        "entropy": sum(-sum(p * math.log(p) for p in row if p > 0) for row in rows) / size,
        "distance": sum(rows[i][j] * abs(i - j) for i in range(size) for j in range(size)) / size,
        "cls": share({i: [0] for i in range(size)}),
        "sep": share(dict.fromkeys(range(size), seps)),
        "previous": share({i: [i - 1] for i in range(1, size)}),
        "next": share({i: [i + 1] for i in range(size - 1)}),
        "itself": share({i: [i] for i in range(size)}),
        "same": share({i: columns for i, columns in same.items() if columns}),
        "a_to_b": share({i: [j for j in range(size) if segments[j]] for i in range(size) if not segments[i]}),
        "b_to_a": share({i: [j for j in range(size) if not segments[j]] for i in range(size) if segments[i]}),
    }


@pytest.mark.parametrize(("layer", "head"), [(0, 0), (2, 5), (5, 7)])
def test_each_statistic_equals_the_sum_by_hand(trace: model.Trace, layer: int, head: int) -> None:
    ours = statistics(trace)
    for name, expected in by_hand(trace, layer, head).items():
        assert getattr(ours, name)[layer, head] == pytest.approx(expected, abs=1e-5), name


def test_without_a_pair_or_a_repeated_word_there_is_no_such_share(starter: model.Bert) -> None:
    ours = statistics(starter.trace(model.Scenario("one sentence")))
    assert np.isnan(ours.a_to_b).all()
    assert np.isnan(ours.b_to_a).all()
    assert np.isnan(ours.same).all()


def test_scores_before_the_softmax_give_the_attention(starter: model.Bert) -> None:
    for direction in ("both", "left-to-right"):
        trace = starter.trace(model.Scenario("I love you very much").attend(direction))  # type: ignore[arg-type]
        scores = trace.scores(3, 2).astype(float)
        softmax = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
        np.testing.assert_allclose(softmax, trace.attention[3, 2], atol=1e-6)


def heads(**shares: float) -> HeadStatistics:
    """One head with these statistics, all others 0."""
    names = ("entropy", "distance", "cls", "sep", "previous", "next", "itself", "same", "a_to_b", "b_to_a")
    return HeadStatistics(**{name: np.array([[shares.get(name, 0.0)]], dtype=np.float32) for name in names})


@pytest.mark.parametrize(
    ("shares", "expected"),
    [
        ({"previous": 0.7, "itself": 0.2}, "previous"),
        ({"next": 0.55, "cls": 0.3}, "next"),
        ({"itself": 0.9}, "itself"),
        ({"same": 0.6, "entropy": 1.0}, "same"),
        ({"same": float("nan"), "cls": 0.8}, "cls"),
        ({"sep": 0.8, "a_to_b": 0.8}, "sep"),
        ({"a_to_b": 0.7, "b_to_a": 0.2, "entropy": 1.0}, "a_to_b"),
        ({"b_to_a": 0.7, "entropy": 1.0}, "b_to_a"),
        ({"entropy": 2.3}, "broad"),
        ({"entropy": 1.2, "previous": 0.3}, "mixed"),
    ],
)
def test_a_head_is_named_after_what_it_does(shares: dict[str, float], expected: str) -> None:
    assert patterns(heads(**shares), tokens=11) == [[expected]]


@pytest.mark.parametrize("direction", ["both", "left-to-right"])
@pytest.mark.parametrize("cell", [(0, 0), (4, 2), (2, 5), (5, 5)])
def test_one_weight_equals_the_steps_by_hand(starter: model.Bert, direction: Any, cell: tuple[int, int]) -> None:
    trace = starter.trace(model.Scenario("I love you very much").attend(direction))
    row, column = cell
    ours = derivation(trace, (3, 2), cell)
    query, keys = trace.query[3, 2, row].tolist(), trace.key[3, 2].tolist()
    dots = [sum(q * k for q, k in zip(query, key, strict=True)) for key in keys]
    seen = [place <= row or direction == "both" for place in range(len(dots))]
    powers = [math.exp(dot / math.sqrt(32)) if sees else 0.0 for dot, sees in zip(dots, seen, strict=True)]
    assert ours.dot == pytest.approx(dots[column], rel=1e-12)
    assert ours.score == pytest.approx(dots[column] / math.sqrt(32), rel=1e-12)
    assert ours.products.sum() == pytest.approx(ours.dot, rel=1e-12)
    assert ours.is_hidden == (not seen[column])
    softmax = ours.exponentials / ours.exponentials.sum()
    np.testing.assert_allclose(softmax, np.array(powers) / sum(powers), rtol=1e-9)
    np.testing.assert_allclose(ours.weights, softmax, atol=1e-6)
    assert ours.weight == trace.attention[3, 2, row, column]


def test_the_steps_arrive_at_the_attention_of_transformers(tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path, "BertForPreTraining", num_hidden_layers=2, hidden_size=24, num_attention_heads=3)
    theirs.set_attn_implementation("eager")
    trace = model.load(tmp_path).trace(model.Scenario("My dog is cute", "he likes playing"))
    with torch.no_grad():
        attentions = theirs(
            input_ids=torch.tensor(trace.input_ids)[None],
            token_type_ids=torch.tensor(trace.segments)[None],
            output_attentions=True,
        ).attentions
    for layer, head, row in np.ndindex(2, 3, len(trace.tokens)):
        ours = derivation(trace, (layer, head), (row, 0))
        softmax = ours.exponentials / ours.exponentials.sum()
        np.testing.assert_allclose(softmax, attentions[layer][0, head, row].numpy(), atol=1e-5)


def test_scores_too_large_for_exp_still_have_a_softmax() -> None:
    trace = made(np.eye(3, dtype=np.float32))
    trace.query = trace.key = np.diag([100.0, 200.0, 300.0]).astype(np.float32)[None, None]
    ours = derivation(trace, (0, 0), (2, 2))
    assert ours.scores.max() > 1_000
    assert ours.exponentials.tolist() == pytest.approx([0, 0, 1])


def made(weights: Any) -> Any:
    """A trace of one head with these weights, its first and last token special."""
    size = len(weights)
    texts = (None, *[0] * (size - 2), None)
    return SimpleNamespace(
        attention=np.asarray(weights, dtype=np.float32)[None, None],
        tokens=tuple(f"t{place}" for place in range(size)),
        inputs=SimpleNamespace(texts=texts),
        direction="both",
    )


def test_heads_are_ordered_from_the_largest_to_those_without_a_number() -> None:
    statistic = np.array([[0.5, np.nan, 0.9], [0.5, 0.1, np.nan]], dtype=np.float32)
    assert order(statistic) == [(0, 2), (0, 0), (1, 0), (1, 1), (0, 1), (1, 2)]


def test_the_strongest_weight_is_that_of_two_different_words() -> None:
    trace = made([[0.9, 0, 0.1, 0], [0.1, 0.6, 0.3, 0], [0, 0.2, 0.1, 0.7], [1, 0, 0, 0]])
    assert strongest(trace, (0, 0)) == (1, 2)
    assert strongest(trace, (0, 0), row=2) == (2, 3)


def test_without_two_words_the_strongest_weight_is_any() -> None:
    assert strongest(made([[0.2, 0.8, 0], [0.9, 0.1, 0], [0, 0.5, 0.5]]), (0, 0)) == (1, 0)


@pytest.mark.parametrize(("pattern", "expected"), [("cls", (2, 1)), ("previous", None), ("broad", None)])
def test_the_word_that_looks_elsewhere_is_found(pattern: str, expected: tuple[int, int] | None) -> None:
    trace = made([[1, 0, 0, 0], [0.8, 0, 0.2, 0], [0.3, 0.6, 0.1, 0], [0.9, 0, 0.1, 0]])
    assert exception(trace, (0, 0), cast(Pattern, pattern)) == expected
