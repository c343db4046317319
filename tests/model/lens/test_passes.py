"""A long lens can be waited for, alone or with another."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from model.lens import passes


def lens(raises: bool = False) -> Generator[float, None, str]:
    yield 0.5
    if raises:
        raise ValueError("no head")
    yield 1.0
    return "found"


def test_waiting_gives_what_the_lens_ends_with() -> None:
    assert passes.result(lens()) == "found"


def test_what_the_lens_raises_reaches_who_waits() -> None:
    with pytest.raises(ValueError, match="no head"):
        passes.result(lens(raises=True))


def test_two_long_lenses_are_one_that_is_half_done_with_the_first() -> None:
    both = passes.in_turn(lens(), lens())
    assert [next(both) for _ in range(4)] == [0.25, 0.5, 0.75, 1.0]
    assert passes.result(both) == ["found", "found"]
