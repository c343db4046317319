"""The lines that tell a model that learns from one that does not, against counts by hand and another implementation."""

import math
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from model.training import baselines


def test_a_model_that_knows_nothing_loses_ln_v() -> None:
    V = 4096
    loss = torch.nn.functional.cross_entropy(torch.zeros(1, V, dtype=torch.float64), torch.tensor([17]))
    assert baselines.uniform(V) == pytest.approx(loss.item(), rel=1e-14)
    with pytest.raises(ValueError, match="at least one entry"):
        baselines.uniform(0)


def test_a_coin_loses_0_693_at_next_sentences() -> None:
    loss = torch.nn.functional.cross_entropy(torch.zeros(2, 2, dtype=torch.float64), torch.tensor([0, 1]))
    assert pytest.approx(loss.item(), rel=1e-14) == baselines.NEXT_SENTENCE
    assert round(baselines.NEXT_SENTENCE, 3) == 0.693


def test_half_a_quarter_and_a_quarter_are_one_and_a_half_bits() -> None:
    tokens = np.array([7, 5, 5, 6], np.uint16)
    assert baselines.unigram_entropy(tokens, 10) == pytest.approx(1.5 * math.log(2), rel=1e-15)


def test_one_word_over_and_over_is_no_surprise() -> None:
    assert str(baselines.unigram_entropy(np.full(9, 3, np.uint32), 4)) == "0.0"


def test_what_is_never_predicted_does_not_count() -> None:
    tokens = np.array([1, 1, 1, 5, 6], np.uint16)
    assert baselines.unigram_entropy(tokens, 10, without=(1,)) == pytest.approx(math.log(2), rel=1e-15)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=60), st.integers(1, 9))
def test_the_entropy_is_that_of_the_counts_wherever_the_corpus_is_cut(ids: list[int], chunk: int) -> None:
    by_hand = -sum(n / len(ids) * math.log(n / len(ids)) for n in Counter(ids).values())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "_CHUNK", chunk)
        assert baselines.unigram_entropy(np.array(ids, np.uint16), 41) == pytest.approx(by_hand, abs=1e-14)


def test_no_guess_from_frequencies_alone_does_better() -> None:
    tokens = np.random.default_rng(1).geometric(0.1, 5_000).clip(max=99).astype(np.uint16)
    shares = torch.from_numpy(np.bincount(tokens, minlength=100) / len(tokens))
    labels = torch.from_numpy(tokens.astype(np.int64))
    rows = shares.clamp_min(1e-300).log().expand(len(tokens), -1)
    assert baselines.unigram_entropy(tokens, 100) == pytest.approx(
        torch.nn.functional.cross_entropy(rows, labels).item(), rel=1e-12
    )


def test_a_large_corpus_is_not_read_into_memory_at_once(tmp_path: Path) -> None:
    N = 20_000_000
    tokens = np.memmap(tmp_path / "tokens", np.uint16, "w+", shape=(N,))
    tokens[::2] = 1
    tracemalloc.start()
    try:
        entropy = baselines.unigram_entropy(tokens, 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert entropy == pytest.approx(math.log(2), rel=1e-15)
    assert peak < 40e6  # all of it as int64 were 160 MB


def test_a_corpus_of_another_vocabulary_and_one_of_nothing_are_named() -> None:
    with pytest.raises(ValueError, match="holds the token 12, but its vocabulary has 10 entries"):
        baselines.unigram_entropy(np.array([3, 12], np.uint16), 10)
    for tokens, without in ((np.array([], np.uint16), ()), (np.array([1], np.uint16), (1,))):
        with pytest.raises(ValueError, match="no tokens to predict"):
            baselines.unigram_entropy(tokens, 10, without)
