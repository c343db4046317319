"""Batches for the trainer, made one ahead in a thread while the step before runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

_K = TypeVar("_K")
_V = TypeVar("_V")


class Feed(Generic[_K, _V]):
    """Makes values ahead of need. ``make`` is a pure function, so a value that is not taken is no loss."""

    def __init__(self, make: Callable[[_K], _V], ahead: int) -> None:
        self._make = make
        self._ahead = ahead
        self._pool = ThreadPoolExecutor(max_workers=ahead, thread_name_prefix="batches")
        self._coming: dict[_K, Future[_V]] = {}

    def take(self, key: _K, following: Callable[[_K], _K]) -> tuple[_V, float]:
        """The value of ``key`` and the seconds waited for it; those that follow are begun."""
        keys = [key]
        for _ in range(self._ahead):
            keys.append(following(keys[-1]))
        # What was begun for a run that has since turned elsewhere, into another phase say, is dropped.
        self._coming = {known: self._coming.get(known) or self._pool.submit(self._make, known) for known in keys}
        started = time.perf_counter()
        value = self._coming.pop(key).result()
        return value, time.perf_counter() - started

    def close(self) -> None:
        """Ends the threads."""
        self._pool.shutdown(cancel_futures=True)
