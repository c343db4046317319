"""Opening models on the worker; the snapshots of a training run are kept for a moment, so that a slider is fluent."""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from model.training.run import snapshot_at

if TYPE_CHECKING:
    from model.bert import Bert

_ROOM = 100_000_000  # weights that are kept, 400 MB; the one that was opened last is kept in any case


class Snapshots:
    """Used on the worker's thread alone."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Path, int], Bert] = {}  # by directory and time of writing, the latest last

    def load(self, path: Path, *, keep: bool = True) -> Bert:
        """The model in a directory; a snapshot is called after its run and step, and kept if it is to be.

        Raises what ``model.load`` does.
        """
        import model

        place = snapshot_at(path)
        if place is None:
            return model.load(path)
        key = path, _written(path)
        bert = self._kept.get(key)
        if bert is None:
            run, step = place
            bert = dataclasses.replace(model.load(path), name=f"{run.name} @ step {step:,}")
        if keep:
            self._kept.pop(key, None)
            self._kept[key] = bert
            self._make_room()
        return bert

    def keep(self, paths: Iterable[Path]) -> Generator[float, None, None]:
        """Opens what will perhaps be asked next, the likeliest first, one model a pass, as far as there is room.

        What cannot be opened is passed over.
        """
        needed = 0
        for path in paths:
            try:
                needed += self.load(path).parameters
                if needed > _ROOM // 2:
                    return
            except (ValueError, OSError, MemoryError):
                continue
            yield 0.0

    def _make_room(self) -> None:
        room = _ROOM
        for key in list(reversed(self._kept)):
            room -= self._kept[key].parameters
            if room < 0 and key != next(reversed(self._kept)):
                del self._kept[key]


def _written(path: Path) -> int:
    try:
        return (path / "model.safetensors").stat().st_mtime_ns
    except OSError:
        return 0
