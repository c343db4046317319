from __future__ import annotations

import numpy as np
import pytest

import model
from model.lens import embeddings


@pytest.fixture(scope="module")
def trace(starter: model.Bert) -> model.Trace:
    return starter.trace(model.Scenario("My dog is cute", "he likes playing").flip(3))


def test_the_three_addends_make_the_sum(trace: model.Trace) -> None:
    parts = trace.embeddings
    np.testing.assert_array_equal(parts.token + parts.segment + parts.position, parts.sum)


def test_layer_norm_of_the_sum_is_what_the_first_layer_reads(starter: model.Bert, trace: model.Trace) -> None:
    total = trace.embeddings.sum.astype(np.float64)
    norm = starter.network.bert.embeddings.LayerNorm
    deviation = np.sqrt(total.var(-1, keepdims=True) + starter.config.layer_norm_eps)
    expected = (total - total.mean(-1, keepdims=True)) / deviation
    expected = expected * norm.weight.detach().numpy() + norm.bias.detach().numpy()
    np.testing.assert_allclose(trace.embeddings.output, expected, atol=1e-5)
    np.testing.assert_array_equal(trace.hidden[0], trace.embeddings.output)


def test_cosines_and_norms_are_those_of_the_textbook(trace: model.Trace) -> None:
    vectors = trace.embeddings.token.astype(np.float64)
    ours = embeddings.cosines(trace.embeddings.token)
    for i, a in enumerate(vectors):
        assert embeddings.norms(trace.embeddings.token)[i] == pytest.approx(np.sqrt((a * a).sum()), rel=1e-5)
        for j, b in enumerate(vectors):
            assert ours[i, j] == pytest.approx(a @ b / np.sqrt((a @ a) * (b @ b)), abs=1e-5)


def test_a_row_of_zeros_has_cosine_zero() -> None:
    assert embeddings.cosines(np.array([[0, 0], [1, 0]], np.float32)).tolist() == [[0, 0], [0, 1]]


def test_the_nearest_neighbours_of_a_token_are_the_best_of_the_whole_table(
    starter: model.Bert, trace: model.Trace
) -> None:
    table = starter.network.bert.embeddings.word_embeddings.weight.detach().double()
    dog = table[starter.tokenizer.id("dog")]
    cosine = (table @ dog) / table.norm(dim=1).clamp(min=1e-12) / dog.norm()
    order = [int(entry) for entry in cosine.argsort(descending=True) if entry != starter.tokenizer.id("dog")][:10]
    neighbours = embeddings.nearest(starter, trace, 2)
    assert [token for token, _ in neighbours] == [starter.tokenizer.tokens[entry] for entry in order]
    assert neighbours[0][1] == pytest.approx(float(cosine[order[0]]), abs=1e-5)


def test_positions_are_compared_each_with_each(starter: model.Bert) -> None:
    similarity = embeddings.position_similarity(starter)
    assert similarity.shape == (512, 512)
    np.testing.assert_allclose(np.diag(similarity), 1, atol=1e-5)
    np.testing.assert_allclose(similarity, similarity.T, atol=1e-6)
