"""Rollout against the paper's recipe, path by path and with another library."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

import model
from model.lens.rollout import rollout


@pytest.fixture(scope="module")
def trace(starter: model.Bert) -> model.Trace:
    return starter.trace(model.Scenario("My dog is cute", "He likes playing"))


@pytest.mark.parametrize("layer", [0, 2, 5])
def test_rollout_is_the_product_of_the_mixed_layers(trace: model.Trace, layer: int) -> None:
    expected = torch.eye(len(trace.tokens), dtype=torch.float64)
    for below in torch.from_numpy(trace.attention[: layer + 1].copy()).double():
        mixed = below.mean(dim=0) + torch.eye(len(trace.tokens), dtype=torch.float64)
        expected = torch.nn.functional.normalize(mixed, p=1, dim=1) @ expected
    np.testing.assert_allclose(rollout(trace, layer), expected.numpy(), atol=1e-5)


def test_rollout_sums_over_every_path_from_token_to_token(trace: model.Trace) -> None:
    size = len(trace.tokens)
    steps = [(layer.astype(float).mean(axis=0) + np.eye(size)) / 2 for layer in trace.attention[:3]]
    row, column = 2, 5
    paths = sum(
        steps[2][row, second] * steps[1][second, first] * steps[0][first, column]
        for first, second in itertools.product(range(size), repeat=2)
    )
    assert rollout(trace, 2)[row, column] == pytest.approx(paths, abs=1e-5)


def test_rows_of_a_rollout_sum_to_one(trace: model.Trace) -> None:
    np.testing.assert_allclose(rollout(trace, 5).sum(axis=1), 1, atol=1e-5)


def test_read_left_to_right_nothing_comes_from_a_later_token(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("I love you very much").attend("left-to-right"))
    assert not np.triu(rollout(trace, 5), k=1).any()


def test_a_layer_that_is_off_passes_on_what_it_reads(starter: model.Bert) -> None:
    scenario = model.Scenario("I love you").toggle_layer(1)
    trace = starter.trace(scenario)
    np.testing.assert_array_equal(rollout(trace, 1), rollout(trace, 0))


def test_a_head_that_is_off_is_left_out_of_the_mean(starter: model.Bert) -> None:
    scenario = model.Scenario("I love you")
    for head in range(1, 8):
        scenario = scenario.toggle_head(0, head)
    trace = starter.trace(scenario)
    np.testing.assert_allclose(rollout(trace, 0), (trace.attention[0, 0] + np.eye(5)) / 2, atol=1e-6)


def test_a_layer_that_is_not_there_is_a_sentence(trace: model.Trace) -> None:
    with pytest.raises(ValueError, match="there is no layer 7"):
        rollout(trace, 6)
