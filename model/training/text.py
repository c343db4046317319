"""Text files as documents: found, decompressed, decoded and cut, and never whole in memory.

A document ends at a blank line or with its file; each of its lines is one paragraph. Files are UTF-8, plain or packed
with gzip or xz, as their endings say.
"""

from __future__ import annotations

import codecs
import glob
import gzip
import hashlib
import io
import lzma
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

ENDINGS = (".txt", ".txt.gz", ".txt.xz")  # of the files that are read where a folder is named

PARAGRAPH = 1 << 16  # characters: a longer line is read as several paragraphs
DOCUMENT = 1 << 20  # characters: a longer document is read as several, cut between paragraphs

Progress = Callable[[str, float], None]
"""Told what is being done, in words, and the share of it that is done, 0 … 1. Called often, from any thread."""

_BLOCK = 1 << 20  # bytes taken from a file at a time
# A text that must be cut is cut behind the last sentence, or else behind the last space.
_TO_SENTENCE_END = re.compile(r""".*(?:[.!?…]["'”’)\]]{0,3}\s|[。！？])""", re.DOTALL)
_TO_SPACE = re.compile(r".*\s", re.DOTALL)


class Meter:
    """Tells ``progress`` which share of the bytes of ``files`` has been read."""

    def __init__(self, files: Iterable[Path], what: str, progress: Progress | None) -> None:
        self._total = max(1, sum(path.stat().st_size for path in files if path.exists()))
        self._what, self._progress, self._before = what, progress, 0

    def at(self, place: int) -> None:
        """``place`` bytes of the present file have been read."""
        if self._progress is not None:
            self._progress(self._what, min(1.0, (self._before + place) / self._total))

    def next_file(self, size: int) -> None:
        """The present file, of ``size`` bytes, has been read."""
        self._before += size


def expand(patterns: Sequence[str], base: Path) -> list[Path]:
    """The files that ``patterns`` name, each once, in the order of the patterns and sorted within one.

    A pattern is a file, a folder (its files with one of ``ENDINGS``, also in folders below) or a glob pattern, as seen
    from ``base``. Hidden files are read only where they are named. ``ValueError`` for a pattern that names nothing.
    """
    found: dict[Path, Path] = {}
    for pattern in patterns:
        place = base / Path(pattern).expanduser()
        files = _files(place) if place.exists() else [file for match in _matches(place, base) for file in _files(match)]
        if not files:
            raise ValueError(_nothing(pattern, place))
        for file in files:
            found.setdefault(file.resolve(), file)
    return list(found.values())


def _files(place: Path) -> list[Path]:
    if not place.is_dir():
        return [place]
    return sorted(
        file
        for file in place.rglob("*")
        if file.name.lower().endswith(ENDINGS) and not file.name.startswith(".") and file.is_file()
    )


def _matches(pattern: Path, base: Path) -> list[Path]:
    # Only what was typed is a pattern: the name of the folder that it is seen from may hold a "[" of its own.
    root = base if pattern.is_relative_to(base) else Path(pattern.anchor)
    try:
        return sorted(path for path in root.glob(str(pattern.relative_to(root))) if not path.name.startswith("."))
    except ValueError:  # "a**" is none
        return []


def _nothing(pattern: str, place: Path) -> str:
    if place.is_dir():
        return f"The folder {place} holds no text file ({', '.join(ENDINGS)}): name one that does."
    if glob.has_magic(pattern):
        return f"No file matches {pattern!r}, looked for as {place}: correct the pattern."
    return f"There is no file {place}: correct its name, or take it out of the list of texts."


def name(path: Path) -> str:
    """The file's name without its endings; what the recipe's weights call it."""
    return re.sub(r"(\.txt)?(\.gz|\.xz)?$", "", path.name, flags=re.IGNORECASE) or path.name


def digest(files: Sequence[Path], progress: Progress | None = None) -> str:
    """32 hexadecimal digits that depend on the contents of ``files`` and their order, unpacked; not on their names."""
    meter = Meter(files, "Comparing the texts", progress)
    whole = hashlib.blake2b(digest_size=16)
    for path in files:
        one = hashlib.blake2b(digest_size=32)
        for block in _blocks(path, meter):
            one.update(block)
        whole.update(one.digest())
    return whole.hexdigest()


def read_documents(files: Iterable[Path], meter: Meter | None = None) -> Iterator[list[str]]:
    """The documents of ``files`` one by one, each the list of its paragraphs, stripped, none of them blank.

    Paragraphs over ``PARAGRAPH`` characters and documents over ``DOCUMENT`` come in several, cut behind a sentence
    or a paragraph where there is one; no character but white space is lost. ``ValueError`` or ``OSError`` with one
    sentence for a file that cannot be read or is no UTF-8 text.
    """
    for path in files:
        document: list[str] = []
        size = 0
        for paragraph in _paragraphs(path, meter):
            if paragraph:
                document.append(paragraph)
                size += len(paragraph)
            if document and (not paragraph or size >= DOCUMENT):
                yield document
                document, size = [], 0
        if document:
            yield document


def chopped(text: str, limit: int) -> Iterator[str]:
    """``text`` in pieces of ``limit`` characters at most, cut behind a sentence or a space where there is one."""
    start = 0
    while len(text) - start > limit:
        end = _cut(text, start, limit)
        yield text[start:end]
        start = end
    yield text[start:]


def _cut(text: str, start: int, limit: int) -> int:
    """Where the piece of ``text`` that begins at ``start`` ends; never before its middle for the sake of a sentence."""
    sentence = _TO_SENTENCE_END.match(text, start + limit // 2, start + limit)
    found = sentence or _TO_SPACE.match(text, start, start + limit)
    return found.end() if found else start + limit


def _paragraphs(path: Path, meter: Meter | None) -> Iterator[str]:
    """The lines of the file, stripped; "" for each blank one."""
    rest, is_begun = "", False  # of a line whose end has not been read; whether it has given a paragraph
    for text in _decoded(path, meter):
        *lines, rest = (rest + text).split("\n")
        for line in lines:
            found = _stripped(chopped(line, PARAGRAPH))
            yield from found if found or is_begun else [""]
            is_begun = False
        if len(rest) > PARAGRAPH:
            *pieces, rest = chopped(rest, PARAGRAPH)
            found = _stripped(pieces)
            yield from found
            is_begun = is_begun or bool(found)
    yield rest.strip()


def _stripped(pieces: Iterable[str]) -> list[str]:
    return [stripped for piece in pieces if (stripped := piece.strip())]


def _decoded(path: Path, meter: Meter | None) -> Iterator[str]:
    """The text of the file in parts, its line ends as "\\n" and without a byte order mark."""
    newlines = io.IncrementalNewlineDecoder(None, translate=True)
    place, line, pending = 0, 1, b""  # of the next byte to decode; bytes of a character that is not whole yet
    for block in _blocks(path, meter):
        data = pending + block
        try:
            text, used = codecs.utf_8_decode(data, "strict", not block)
        except UnicodeDecodeError as error:
            where = _where(data, error.start, place, line)
            raise ValueError(
                f"{path} is not UTF-8 text: the byte {data[error.start]:#04x} {where} fits no character; "
                "save it as UTF-8, or leave it out."
            ) from error
        if "\0" in text:
            where = _where(data, data.index(b"\0"), place, line)
            raise ValueError(f"{path} is no text: there is a zero byte {where}; leave it out, or save it as UTF-8.")
        if place == 0:
            text = text.removeprefix("\ufeff")
        place, line, pending = place + used, line + data.count(b"\n", 0, used), data[used:]
        yield newlines.decode(text, final=not block)


def _where(data: bytes, at: int, place: int, line: int) -> str:
    lines = line + data.count(b"\n", 0, at)
    return f"at offset {place + at:,} (line {lines:,})"


def _blocks(path: Path, meter: Meter | None) -> Iterator[bytes]:
    """The unpacked bytes of the file, a block at a time; the last block is empty."""
    for block, place in _read(path):
        if meter is not None:
            meter.at(place) if block else meter.next_file(place)
        yield block


def _read(path: Path) -> Iterator[tuple[bytes, int]]:
    """Each block, and how many bytes of the file have been read for it and those before."""
    read = 0
    try:
        with path.open("rb") as packed, _unpacked(packed, path.name.lower()) as file:
            while block := file.read(_BLOCK):
                yield block, packed.tell()
                read += len(block)
            yield b"", packed.tell()
    except (EOFError, gzip.BadGzipFile, lzma.LZMAError, zlib.error) as error:
        raise ValueError(
            f"{path} is damaged or cut short: it cannot be unpacked beyond {read:,} bytes of text ({error}); "
            "copy or download it again."
        ) from error
    except OSError as error:
        raise OSError(f"{path} cannot be read: {error.strerror or error}; name a text file that can be.") from error


def _unpacked(packed: BinaryIO, file_name: str) -> BinaryIO:
    if file_name.endswith(".gz"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=packed))
    if file_name.endswith(".xz"):
        return cast(BinaryIO, lzma.LZMAFile(packed))
    return packed
