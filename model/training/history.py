"""The metrics of a run as columns: what curves draw and the doctor judges, an hour of them in a few megabytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from model.training import files

if TYPE_CHECKING:
    from model.training.run import Run

_ROOM = 256  # lines that a column has room for at first; it doubles
_PART = 1 << 20  # bytes that are read at once: a tenth of a second of parsing, at most


class Columns(Mapping[str, NDArray[Any]]):
    """The lines of one split, a column (N,) a field: float64 for ``step`` and ``tokens``, float32 for the rest.

    What a line lacks, or has no number for, is NaN. A field with numbers by layer becomes a column each, such as
    ``update_by_layer/layer 1``. A field that no line has is absent. An array that was given out does not change.

    One thread adds; another looks at what ``frozen`` gave it.
    """

    def __init__(self) -> None:
        self._columns: dict[str, NDArray[Any]] = {}
        self._room = _ROOM
        self._count = 0

    @property
    def count(self) -> int:
        """N, the lines so far."""
        return self._count

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds one line."""
        if self._count == self._room:
            self._room *= 2
            self._columns = {name: _grown(column, self._room) for name, column in self._columns.items()}
        for name, value in _numbers(row):
            if (column := self._columns.get(name)) is None:
                kind = np.float64 if name in ("step", "tokens") else np.float32
                column = self._columns[name] = _grown(np.zeros(0, kind), self._room)
            column[self._count] = value
        self._count += 1

    def frozen(self) -> Columns:
        """These lines alone, whatever is added later. Nothing is copied: lines that are there do not change."""
        frozen = Columns()
        frozen._columns, frozen._room, frozen._count = dict(self._columns), self._room, self._count
        return frozen

    def __getitem__(self, name: str) -> NDArray[Any]:
        view = self._columns[name][: self._count]
        view.flags.writeable = False
        return view

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


class Appended(NamedTuple):
    """What a ``LineReader`` found."""

    lines: list[bytes]
    anew: bool  # a resume has cut the file: what was read before holds no more, the lines are those from the first on


class LineReader:
    """A file of lines that someone is still writing: each ``read`` gives what came since the one before."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0  # bytes of complete lines that were read
        self._last = b""  # the line right before: where it has changed, a resume has cut the file

    def read(self) -> Appended:
        """Complete lines, of a long file a part at a time: there are more until none come. After a cut all again."""
        with files.said_in_a_sentence(self._path, "read"):
            try:
                file = self._path.open("rb")
            except FileNotFoundError:
                anew, self._offset, self._last = bool(self._offset), 0, b""
                return Appended([], anew)
            with file:
                file.seek(self._offset - len(self._last))
                anew = file.read(len(self._last)) != self._last
                if anew:
                    self._offset = 0
                    file.seek(0)
                block = file.read(_PART)
                while b"\n" not in block and (more := file.read(_PART)):  # a line longer than that
                    block += more
        block, end, _ = block.rpartition(b"\n")
        lines = block.split(b"\n") if end else []
        if lines:
            self._offset += len(block) + 1
        if lines or anew:
            self._last = lines[-1] + b"\n" if lines else b""
        return Appended(lines, anew)


class History:
    """What a run has measured so far, by split; each ``read`` takes in what was appended since the one before.

    Of a long file a read takes in a part, so that whoever reads can give way in between: it is done once it is False.
    """

    def __init__(self, run: Run) -> None:
        self._reader = LineReader(run.metrics_path)
        self.train, self.validation = Columns(), Columns()

    def read(self) -> bool:
        """Whether anything changed. ``OSError`` with a sentence where the file cannot be read."""
        lines, anew = self._reader.read()
        if anew:
            self.train, self.validation = Columns(), Columns()
        for line in lines:
            row = files.read_object(line) or {}
            if (split := row.get("split")) in ("train", "validation"):
                (self.train if split == "train" else self.validation).add(row)
        return anew or bool(lines)


def _numbers(row: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    for name, value in row.items():
        if _is_number(value):
            yield name, value
        elif isinstance(value, dict):
            yield from ((f"{name}/{part}", number) for part, number in value.items() if _is_number(number))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


def _grown(column: NDArray[Any], room: int) -> NDArray[Any]:
    grown = np.full(room, np.nan, column.dtype)
    grown[: len(column)] = column
    return grown
