"""Draws that are functions of counters: against the published generator, and as random as a million allows to tell."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.training import draw

MANY = 1 << 20


def chi_square(counts: np.ndarray) -> float:
    """How many standard deviations the statistic lies from its mean, all outcomes being equally likely."""
    expected = counts.sum() / len(counts)
    freedom = len(counts) - 1
    return float((((counts - expected) ** 2).sum() / expected - freedom) / np.sqrt(2 * freedom))


def test_one_counter_counts_through_the_published_splitmix64() -> None:
    # The first five outputs of the reference implementation (Vigna, splitmix64.c) for the seed 0.
    published = [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F, 0xF88BB8A8724C81EC, 0x1B39896A51A8749B]
    assert draw.uniform(np.arange(5)).tolist() == [(bits >> 11) / 2**53 for bits in published]


def test_numbers_fill_the_unit_interval_evenly() -> None:
    numbers = draw.uniform(3, np.arange(1024)[:, None], np.arange(1024))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    assert abs(chi_square(np.bincount((numbers.ravel() * 1000).astype(int), minlength=1000))) < 4
    low_bits = (numbers.ravel() * 2**53).astype(np.int64) & 0xFF
    assert abs(chi_square(np.bincount(low_bits, minlength=256))) < 4
    furthest = np.abs(np.sort(numbers.ravel()) - (np.arange(MANY) + 0.5) / MANY).max()  # Kolmogorov and Smirnov
    assert furthest * np.sqrt(MANY) < 1.95  # exceeded once in a thousand


@pytest.mark.parametrize("counter", range(4))
@pytest.mark.parametrize("step", [1, 2, 64, 1 << 32])
def test_neighbours_in_any_counter_have_nothing_to_do_with_each_other(counter: int, step: int) -> None:
    samples = np.arange(MANY // 4)
    here: list[int | np.ndarray] = [5, 101, samples, 7]
    there = [value + step if place == counter else value for place, value in enumerate(here)]
    ours, theirs = draw.uniform(*here), draw.uniform(*there)
    assert abs(np.corrcoef(ours, theirs)[0, 1]) < 4 / np.sqrt(len(samples))
    both = (ours * 16).astype(int) * 16 + (theirs * 16).astype(int)
    assert abs(chi_square(np.bincount(both, minlength=256))) < 4


def test_arrays_give_what_their_elements_give_alone() -> None:
    samples, positions = np.array([[4], [1 << 40], [0]]), np.arange(3)
    together = draw.uniform(-1, samples, positions)
    alone = [[float(draw.uniform(-1, int(sample), int(position))) for position in positions] for (sample,) in samples]
    assert together.tolist() == alone


def test_the_place_of_a_counter_matters() -> None:
    assert draw.uniform(1, 2) != draw.uniform(2, 1)
    assert draw.uniform(0) != draw.uniform(0, 0)
    assert draw.uniform(2**63 - 1, 1) != draw.uniform(-1, 1)


def test_integers_take_every_value_equally_often_and_no_other() -> None:
    assert abs(chi_square(np.bincount(draw.integers(7, 1, np.arange(MANY)), minlength=7))) < 4
    high = np.arange(1, 10_001)
    drawn = draw.integers(high, 2, np.arange(10_000))
    assert (drawn >= 0).all()
    assert (drawn < high).all()
    assert drawn[0] == 0
    assert abs((drawn / (high - 1 + (high == 1))).mean() - 0.5) < 4 / np.sqrt(12 * 10_000)


@settings(deadline=None)
@given(st.one_of(st.integers(1, 3000), st.integers(0, 13).map(lambda power: 1 << power)), st.integers(0, 2**63 - 1))
def test_a_shuffle_takes_every_place_once(size: int, key: int) -> None:
    assert np.sort(draw.shuffled(np.arange(size), size, key)).tolist() == list(range(size))


@pytest.mark.parametrize("size", [10**9 + 7, 10**12, 2**40])
def test_a_shuffle_of_more_than_memory_holds_stays_in_range_and_doubles_nothing(size: int) -> None:
    index = np.concatenate([np.arange(50_000), size - 1 - np.arange(50_000)])
    places = draw.shuffled(index, size, 1)
    assert (places >= 0).all()
    assert (places < size).all()
    assert len(np.unique(places)) == len(index)
    assert abs(chi_square(np.bincount(places * 100 // size, minlength=100))) < 4
    assert abs(np.corrcoef(places[:-1], places[1:])[0, 1]) < 4 / np.sqrt(len(index))


@pytest.mark.parametrize("size", [2, 3, 5, 16, 50, 1000])
def test_a_shuffle_leaves_one_in_its_place_on_average(size: int) -> None:
    index, keys = np.broadcast_arrays(np.arange(size), np.arange(600)[:, None])
    stayed = (draw.shuffled(index, size, keys) == index).sum(axis=1)
    assert abs(stayed.mean() - 1) < 4 / np.sqrt(600)  # of a random permutation mean and variance are 1


@pytest.mark.parametrize("size", [3, 4])
def test_every_order_of_a_few_is_equally_likely(size: int) -> None:
    orders = {order: number for number, order in enumerate(permutations(range(size)))}
    index, keys = np.broadcast_arrays(np.arange(size), np.arange(4800)[:, None])
    drawn = [orders[tuple(order)] for order in draw.shuffled(index, size, keys).tolist()]
    assert abs(chi_square(np.bincount(drawn, minlength=len(orders)))) < 4


def test_each_element_may_have_a_shuffle_of_its_own() -> None:
    index, sizes, keys = np.array([0, 3, 6, 1]), np.array([1, 10, 7, 1000]), np.array([5, 6, 5, 6])
    together = draw.shuffled(index, sizes, 9, keys)
    alone = [draw.shuffled(index[i : i + 1], int(sizes[i]), 9, int(keys[i]))[0] for i in range(4)]
    assert together.tolist() == alone
