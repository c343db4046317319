"""Head statistics against sums written out cell by cell."""

from __future__ import annotations

import math

import numpy as np
import pytest

import model
from model.lens.attention import HeadStatistics, patterns, statistics


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
