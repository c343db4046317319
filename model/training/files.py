"""Files written so that neither a reader nor ``kill -9`` finds half of one, and what the system says, in a sentence."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

_REMEDIES = {
    errno.ENOSPC: "the disk is full; make room on it and try again",
    errno.EDQUOT: "your share of the disk is used up; make room and try again",
    errno.EACCES: "you have no permission there; choose another folder or change its permissions",
    errno.EPERM: "you have no permission there; choose another folder or change its permissions",
    errno.EROFS: "that disk can only be read; choose another folder",
    errno.ENOTDIR: "a file stands where a folder should be; choose another folder",
    errno.EEXIST: "a file stands where a folder should be; choose another folder",
}


@contextlib.contextmanager
def said_in_a_sentence(path: Path, done: str) -> Iterator[None]:
    """Turns the system's errors into an ``OSError`` of one sentence: ``path`` cannot be ``done``, why, what to do."""
    try:
        yield
    except OSError as error:
        if error.errno is None:  # a sentence already
            raise
        raise OSError(f"{path} cannot be {done}: {_REMEDIES.get(error.errno, error.strerror)}.") from error


def replace(path: Path, write: Callable[[IO[bytes]], object], *, durable: bool = False) -> None:
    """Let ``write`` fill a file aside and rename it to ``path``; on any failure ``path`` stays as it was.

    ``durable``: a power cut right afterwards finds the new one too. It costs milliseconds. One writer at a time.
    """
    aside = path.with_name(f".{path.name}.part")  # one name: what a killed process leaves, the next one overwrites
    with said_in_a_sentence(path, "written"):
        try:
            with aside.open("wb") as file:
                write(file)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            _rename(aside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                aside.unlink(missing_ok=True)
            raise
        if durable and os.name == "posix":
            _sync_folder(path.parent)


def replace_text(path: Path, text: str, *, durable: bool = False) -> None:
    """``replace`` with ``text`` as UTF-8."""
    replace(path, lambda file: file.write(text.encode("utf-8")), durable=durable)


def replace_json(path: Path, fields: Mapping[str, Any]) -> None:
    """``replace`` with ``fields`` as JSON; numbers that are not finite become null."""
    replace_text(path, json.dumps(finite(fields), allow_nan=False, indent=1) + "\n")


def append(path: Path, line: bytes) -> None:
    """Add ``line`` in one write; where there is room for a part only, that part is taken away again."""
    with said_in_a_sentence(path, "written"), path.open("ab", buffering=0) as file:
        before = file.seek(0, os.SEEK_END)
        if (written := file.write(line)) != len(line):
            file.truncate(before)
            raise OSError(errno.ENOSPC, f"{written} of {len(line)} bytes written")


def size(path: Path) -> int:
    """Bytes in ``path``; 0 where there is no such file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def read_object(text: Path | bytes) -> dict[str, Any] | None:
    """The JSON object in a file or a line; None where there is no such file, or something else in it."""
    try:
        value = json.loads(text.read_bytes() if isinstance(text, Path) else text)
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def finite(value: Any) -> Any:
    """``value`` with None for each float that JSON cannot write."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [finite(entry) for entry in value]
    return value


def _rename(aside: Path, path: Path) -> None:
    """``Path.replace``; on Windows tried again for a second, since it fails there while someone reads ``path``."""
    for _ in range(20 if sys.platform == "win32" else 0):
        try:
            aside.replace(path)
        except PermissionError:
            time.sleep(0.05)
        else:
            return
    aside.replace(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # some network file systems have no such thing
            raise
    finally:
        os.close(descriptor)
