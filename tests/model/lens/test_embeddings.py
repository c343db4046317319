from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

import model
from model.lens import embeddings
from tests.model.checkpoints import hugging_face


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


def test_tokens_are_compared_before_the_layers_as_they_go_in_and_as_they_come_out(trace: model.Trace) -> None:
    likeness = embeddings.likeness(trace)
    parts = trace.embeddings
    for ours, vectors in (
        (likeness.token, parts.token),
        (likeness.input, parts.output),
        (likeness.output, trace.hidden[-1]),
    ):
        np.testing.assert_allclose(ours, textbook(vectors, vectors), atol=1e-5)


def test_the_closest_pair_is_of_different_words_and_no_special_tokens(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("the dog saw the cat", "a dog"))
    similarity = textbook(trace.embeddings.token, trace.embeddings.token)
    words = [place for place, token in enumerate(trace.tokens) if token not in ("[CLS]", "[SEP]")]
    pairs = [(i, j) for i in words for j in words if i < j and trace.tokens[i] != trace.tokens[j]]
    best = max(pairs, key=lambda pair: similarity[pair])
    assert embeddings.closest(trace, similarity.astype(np.float32)) == best


def test_of_a_single_word_the_closest_pair_takes_in_the_special_tokens(starter: model.Bert) -> None:
    trace = starter.trace(model.Scenario("dog"))
    similarity = np.array([[1, 0.2, 0.1], [0.2, 1, 0.7], [0.1, 0.7, 1]], dtype=np.float32)
    assert embeddings.closest(trace, similarity) == (1, 2)


def test_means_by_distance_speak_of_trained_positions(starter: model.Bert) -> None:
    trained = 100
    table = embeddings.position_table(dataclasses.replace(starter, trained_length=trained))
    vectors = starter.network.bert.embeddings.position_embeddings.weight.detach().numpy()
    cosines = textbook(vectors, vectors)
    assert table.trained == len(table.by_distance) == trained
    for apart in (0, 1, 7, 63):
        expected = sum(cosines[i, i + apart] for i in range(trained - apart)) / (trained - apart)
        assert table.by_distance[apart] == pytest.approx(expected, abs=1e-5)
    expected = sum(cosines[i, i + 1] for i in range(trained, 511)) / (511 - trained)
    assert table.untrained == pytest.approx(expected, abs=1e-5)


def test_a_model_of_which_nothing_is_known_counts_as_trained_throughout(tmp_path: Path) -> None:
    hugging_face(tmp_path, "BertForPreTraining")
    table = embeddings.position_table(model.load(tmp_path))
    assert table.trained == len(table.by_distance) == 64
    assert np.isnan(table.untrained)


def test_a_flip_changes_what_it_changes_in_transformers(tmp_path: Path) -> None:
    theirs = hugging_face(tmp_path, "BertForPreTraining")
    bert = model.load(tmp_path)
    trace = bert.trace(model.Scenario("My dog is cute", "he likes playing"))
    flip = embeddings.flipped(bert, trace, 2)
    ids, segments = torch.tensor(trace.input_ids)[None], torch.tensor(trace.segments)[None]
    other = segments.clone()
    other[0, 2] = 1
    with torch.no_grad():
        before, after = (
            torch.cat(theirs.bert(ids, token_type_ids=row, output_hidden_states=True).hidden_states).numpy()
            for row in (segments, other)
        )
        tables = theirs.bert.embeddings
        pair = tables.token_type_embeddings.weight.numpy()
        rest = (tables.word_embeddings.weight[ids[0, 2]] + tables.position_embeddings.weight[2]).numpy()
    assert flip.segments == (0, 1)
    np.testing.assert_allclose(flip.vectors, pair, atol=1e-6)
    assert flip.distance == pytest.approx(np.sqrt(((pair[1] - pair[0]) ** 2).sum()), rel=1e-5)
    assert flip.sum == pytest.approx(textbook(rest + pair[:1], rest + pair[1:])[0, 0], abs=1e-5)
    expected = [
        [textbook(a[None], b[None])[0, 0] for a, b in zip(*layer, strict=True)]
        for layer in zip(before, after, strict=True)
    ]
    np.testing.assert_allclose(flip.hidden, expected, atol=1e-5)


def test_flipping_back_is_a_flip_too(starter: model.Bert, trace: model.Trace) -> None:
    there = embeddings.flipped(starter, starter.trace(trace.scenario.flip(3)), 3)
    back = embeddings.flipped(starter, trace, 3)  # flipped in the question already
    assert (there.segments, back.segments) == ((0, 1), (1, 0))
    np.testing.assert_allclose(there.hidden, back.hidden, atol=1e-6)


def test_a_model_with_one_segment_has_nothing_to_flip(tmp_path: Path) -> None:
    hugging_face(tmp_path, "BertForMaskedLM", type_vocab_size=1)
    bert = model.load(tmp_path)
    trace = bert.trace(model.Scenario("My dog is cute"))
    with pytest.raises(ValueError, match="one segment only"):
        embeddings.flipped(bert, trace, 2)


def textbook(vectors: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Cosines in double precision, every row with every row."""
    a, b = vectors.astype(np.float64), others.astype(np.float64)
    return (a @ b.T) / np.sqrt(np.outer((a * a).sum(-1), (b * b).sum(-1)))
