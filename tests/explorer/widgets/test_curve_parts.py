"""The parts of the curves that need no window: means, extremes, axes and where words go."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QRectF, QSizeF

from explorer.widgets.curve_axes import Scale, bounds, number, ticks_written
from explorer.widgets.curve_labels import along_lines, spread
from explorer.widgets.curve_smoothing import Pixels, Smoothed


def slowly_smoothed(values: np.ndarray, span: float) -> list[float]:
    """The mean of all values so far, each weighing e^(-age / span), written down as it is defined."""
    found = []
    for now in range(len(values)):
        pairs = [(math.exp(-(now - k) / span), value) for k, value in enumerate(values[: now + 1]) if value == value]
        is_known = values[now] == values[now]
        mean = sum(w * v for w, v in pairs) / sum(w for w, _ in pairs) if is_known else math.nan
        found.append(mean)
    return found


@pytest.mark.parametrize("span", [3.0, 40.0])
def test_a_mean_is_what_its_definition_says_also_around_what_is_no_number(span: float) -> None:
    values = np.random.default_rng(0).normal(5, 1, 200).astype(np.float32)
    values[[0, 7, 50, 51, 199]] = np.nan
    found = Smoothed(span).means(np.arange(200.0), values)
    np.testing.assert_allclose(found, slowly_smoothed(values, span), rtol=1e-5)


@given(st.lists(st.integers(0, 70), min_size=1, max_size=8))
def test_a_column_that_grew_in_parts_is_smoothed_as_if_it_came_at_once(parts: list[int]) -> None:
    values = np.random.default_rng(1).normal(0, 1, sum(parts)).astype(np.float32)
    steps, growing = np.arange(len(values), dtype=float), Smoothed(9.0)
    for count in np.cumsum(parts).tolist():
        grown = growing.means(steps[:count], values[:count])
    np.testing.assert_allclose(grown, Smoothed(9.0).means(steps, values), atol=1e-5)


def test_after_a_resume_the_mean_is_that_of_the_lines_which_are_there_now() -> None:
    steps, smoothed = np.arange(100.0), Smoothed(9.0)
    before, after = np.ones(100), np.ones(100)
    after[60:] = 3.0
    smoothed.means(steps[:80], before[:80])
    np.testing.assert_array_equal(smoothed.means(steps, after), Smoothed(9.0).means(steps, after))
    np.testing.assert_array_equal(smoothed.means(steps[:50], after[:50]), Smoothed(9.0).means(steps[:50], after[:50]))


def test_thinning_keeps_the_least_and_the_most_of_each_column_of_pixels() -> None:
    rng = np.random.default_rng(2)
    x, y = np.linspace(0, 99.99, 20_000), rng.normal(0, 30, 20_000)
    y[rng.integers(0, 20_000, 2000)] = np.nan
    drawn_x, drawn_y = Pixels.of(x).thinned(y)
    assert len(drawn_x) == 200
    for column in range(100):
        here = y[np.floor(x) == column]
        assert {np.nanmin(here), np.nanmax(here)} == set(drawn_y[np.floor(drawn_x) == column])


def test_a_few_points_are_drawn_as_they_are() -> None:
    x, y = Pixels.of(np.array([1.0, 20.5, 40.2])).thinned(np.array([3.0, np.nan, 5.0]))
    assert (x.tolist(), y.tolist()) == ([1.0, 40.2], [3.0, 5.0])


@pytest.mark.parametrize(
    ("ends", "written"),
    [
        ((0, 8), ["0", "2", "4", "6", "8"]),
        ((0, 2.5), ["0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
        ((0, 80_000), ["0", "20,000", "40,000", "60,000", "80,000"]),
        ((0, 1e-3), ["0", "0.0002", "0.0004", "0.0006", "0.0008", "0.0010"]),
        ((0, 5e-5), ["0", "1e-5", "2e-5", "3e-5", "4e-5", "5e-5"]),
    ],
)
def test_an_axis_has_round_figures(ends: tuple[float, float], written: list[str]) -> None:
    assert ticks_written(Scale(*ends, 300, 0).ticks(60)) == written


@pytest.mark.parametrize(
    ("ends", "written"),
    [
        ((0.1, 10), ["0.1", "0.2", "0.5", "1.0", "2.0", "5.0", "10.0"]),
        ((1e-6, 1e3), ["1e-6", "1e-4", "0.01", "1", "100"]),
        ((2.1, 2.9), []),
    ],
)
def test_a_logarithmic_axis_has_as_many_figures_as_have_room(ends: tuple[float, float], written: list[str]) -> None:
    assert ticks_written(Scale(*ends, 300, 0, log=True).ticks(40)) == written


@given(st.floats(1e-9, 1e9), st.floats(1, 1e6), st.booleans(), st.floats(20, 200))
def test_every_axis_holds_its_numbers_and_few_figures(low: float, factor: float, log: bool, apart: float) -> None:
    high = low * factor
    scale = Scale(*bounds(low, high, log), 300, 0, log)
    assert -0.1 <= scale.pixel(high) <= scale.pixel(low) <= 300.1
    assert scale.value(scale.pixel(high)) == pytest.approx(high, rel=1e-6)
    assert len(scale.ticks(apart)) <= 300 / apart + 2


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0.00"), (1.844, "1.84"), (0.0861, "0.0861"), (12.34, "12.3"), (61_234, "61,234"), (1.5e-4, "1.50e-4")],
)
def test_a_number_has_three_figures(value: float, written: str) -> None:
    assert number(value) == written


@given(st.lists(st.floats(0, 300), max_size=6), st.integers(0, 2**32))
def test_words_beside_lines_never_touch_and_never_leave_the_plot(lines: list[float], seed: int) -> None:
    rng, room = np.random.default_rng(seed), QRectF(40, 0, 300, 300)
    sizes = [QSizeF(float(rng.uniform(30, 400)), 14) for _ in lines]
    taken, points = [QRectF(300, 100, 40, 14)], rng.uniform(0, 300, (50, 2))
    boxes = [box for box in along_lines(lines, sizes, room, taken, points) if box is not None]
    for place, box in enumerate(boxes):
        assert room.contains(box)
        assert not any(box.intersects(other) for other in [*taken, *boxes[:place]])


@given(st.lists(st.floats(-50, 350), min_size=1, max_size=15))
def test_names_at_the_ends_of_lines_are_moved_apart(middles: list[float]) -> None:
    placed = spread(middles, 14, 0, 300)
    ordered = sorted(placed)
    assert all(low + 14 <= high + 1e-6 for low, high in itertools.pairwise(ordered))
    assert ordered[0] >= 7 - 1e-6
    assert ordered[-1] <= 293 + 1e-6
    assert spread([100.0, 200.0], 14, 0, 300) == [100.0, 200.0]
