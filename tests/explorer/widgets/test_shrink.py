from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from explorer.widgets import shrink


@pytest.mark.parametrize("size", [1, 7, 8, 9])
def test_one_bright_cell_survives_wherever_it_is(size: int) -> None:
    for place in range(size * size):
        values = np.zeros((2, size, size), dtype=np.float32)
        values[1].flat[place] = 1
        shrunk = shrink.largest(values, 4, 4)
        row, column = divmod(place, size)
        assert shrunk.shape == (2, -(-size // 4), -(-size // 4))
        assert shrunk[1, row // 4, column // 4] == 1
        assert shrunk.sum() == 1


def test_of_signed_numbers_the_one_farthest_from_zero_survives() -> None:
    values = np.array([[0.1, -0.9, 0.5, 0.2]], dtype=np.float32)
    np.testing.assert_array_equal(shrink.outstanding(values, 1, 2), np.array([[-0.9, 0.5]], dtype=np.float32))


@given(
    maps=st.integers(1, 13).flatmap(
        lambda size: arrays(np.float32, (2, size, size), elements=st.floats(-1, 1, width=32))
    ),
    step=st.integers(1, 5),
)
def test_one_map_after_another_keeps_of_every_block_what_is_farthest_from_zero(maps: np.ndarray, step: int) -> None:
    size = maps.shape[-1]
    shrunk = shrink.Outstanding(size, step)
    for values in maps:
        shrunk.map[:] = values
        found = shrunk()
        for row, column in np.ndindex(*found.shape):
            block = values[row * step : (row + 1) * step, column * step : (column + 1) * step].ravel().tolist()
            farthest = max(map(abs, block))
            assert found[row, column] == (farthest if farthest in block else -farthest)
        np.testing.assert_array_equal(found, shrink.outstanding(values, step, step))


def test_nothing_is_changed_where_there_is_room() -> None:
    values = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_array_equal(shrink.largest(values, 1, 1), values)
    np.testing.assert_array_equal(shrink.outstanding(values, 1, 1), values)


def test_a_row_by_itself_reaches_one_or_minus_one_whichever_is_farther() -> None:
    rows = np.array([[0.1, 0.4, 0.2], [0.5, -2.0, 1.0], [0.0, 0.0, 0.0]], dtype=np.float32)
    expected = [[0.25, 1.0, 0.5], [0.25, -1.0, 0.5], [0.0, 0.0, 0.0]]
    np.testing.assert_allclose(shrink.by_row(rows), expected, rtol=1e-6)
