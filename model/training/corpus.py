"""Text files → token ids in memory-mapped files, cached by content.

Letters: ``N`` tokens, ``S`` sentences. Each document goes to training or to validation by a hash of its text, so an
exact duplicate lies on the same side. Duplicates are counted and reported; none is left out.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.metadata
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock
from numpy.typing import NDArray

from model.training import shards, text
from model.training.files import read_object, said_in_a_sentence
from model.training.text import Meter, Progress, digest, expand, read_documents
from model.wordpiece import WordPiece

__all__ = ["Corpus", "Part", "Progress", "Report", "Split", "digest", "expand", "prepare", "read_documents"]

FORMAT = 1  # of the cache: an entry of another format is not looked at

_AT_LEAST = 2  # different documents on each side, where there are enough: what a pair of sentences is drawn from


@dataclass(frozen=True)
class Part:
    """The documents of one file in a split, for weights."""

    name: str  # of the file, without its endings
    documents: tuple[int, int]  # the first and the one past the last


@dataclass(frozen=True, eq=False)
class Split:
    """The documents to train on, or those to validate with. The arrays are memory-mapped and cannot be written."""

    tokens: NDArray[np.uint16] | NDArray[np.uint32]  # (N,) ids of all sentences one after another, no special tokens
    sentences: NDArray[np.int64]  # (S + 1,) where each begins in tokens; the last is N
    documents: NDArray[np.int64]  # (documents + 1,) the sentence that each begins with; the last is S
    parts: tuple[Part, ...]  # one for each file, in their order


@dataclass(frozen=True)
class Report:
    """What the texts hold, both splits together."""

    documents: int
    validation_documents: int
    paragraphs: int
    sentences: int
    tokens: int
    characters: int
    unknown: int  # tokens that are [UNK]
    duplicate_documents: int  # that are, to the letter, one seen before
    duplicate_paragraphs: int


@dataclass(frozen=True, eq=False)
class Corpus:
    """What ``prepare`` gives back."""

    train: Split
    validation: Split  # of no documents where the share is 0 or all documents are one
    report: Report
    digest: str  # of the contents of the files


def prepare(
    files: Sequence[Path],
    tokenizer: WordPiece,
    cache: Path,
    *,
    validation_share: float,
    progress: Progress | None = None,
) -> Corpus:
    """The tokenised texts of ``files``, from the folder ``cache`` where these contents have been there before.

    A document belongs to validation where the hash of its text, as a fraction, lies below ``validation_share``. With
    few documents that bound is moved so that each side has two different ones where there are four, one where there
    are two or three. Typed-out special tokens such as [MASK] are letters like any others. Memory use does not depend
    on the size of the texts. A process that finds another one writing to ``cache`` waits for it. ``ValueError`` or
    ``OSError`` with one sentence where a text cannot be read, nothing is in them, or the cache cannot be written.
    """
    if not 0 <= validation_share < 1:
        raise ValueError(
            f"The share of documents to validate with must be in 0 … 1, 1 excluded, not {validation_share}."
        )
    contents = digest(files, progress)
    folder = cache / _key(contents, tokenizer, validation_share)
    if not _is_whole(folder):
        with said_in_a_sentence(cache, "used for tokenised texts"):
            cache.mkdir(parents=True, exist_ok=True)
            with FileLock(cache / "lock"):
                if not _is_whole(folder):  # another process may have made it meanwhile
                    _fill(folder, files, tokenizer, validation_share, progress)
    return _opened(folder, files, contents)


def _key(contents: str, tokenizer: WordPiece, validation_share: float) -> str:
    """The name of the cache entry: everything that the arrays depend on."""
    libraries = [importlib.metadata.version(library) for library in ("sentencex", "tokenizers")]
    settings = dataclasses.asdict(tokenizer.settings)
    everything = json.dumps([FORMAT, contents, tokenizer.tokens, settings, float(validation_share), libraries])
    return hashlib.blake2b(everything.encode(), digest_size=16).hexdigest()


def _is_whole(folder: Path) -> bool:
    """Whether the entry is there and its files are as long as they were written."""
    entry = read_object(folder / "entry.json")
    return entry is not None and entry.get("sizes") == _sizes(folder)


def _sizes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_size for path in sorted(folder.iterdir()) if path.name != "entry.json"}


def _opened(folder: Path, files: Sequence[Path], contents: str) -> Corpus:
    entry = json.loads((folder / "entry.json").read_bytes())

    def split(side: str) -> Split:
        ends = np.cumsum([0, *entry["documents_by_file"][side]]).tolist()
        return Split(
            tokens=_mapped(folder / f"{side}.tokens", entry["dtype"]),
            sentences=_mapped(folder / f"{side}.sentences", "int64"),
            documents=_mapped(folder / f"{side}.documents", "int64"),
            parts=tuple(Part(text.name(path), span) for path, span in zip(files, pairwise(ends), strict=True)),
        )

    return Corpus(split("train"), split("validation"), Report(**entry["report"]), contents)


def _mapped(path: Path, dtype: str) -> NDArray[Any]:
    """The file as an array that is read on demand; an empty file cannot be mapped."""
    return np.memmap(path, dtype, mode="r").view(np.ndarray) if path.stat().st_size else np.empty(0, dtype)


def _fill(folder: Path, files: Sequence[Path], tokenizer: WordPiece, share: float, progress: Progress | None) -> None:
    """Write the entry aside, then give it its name. What else lies aside is of a killed process: we have the lock."""
    for stale in [*folder.parent.glob("*.part"), folder]:
        shutil.rmtree(stale, ignore_errors=True)
    aside = folder.with_suffix(".part")
    aside.mkdir()
    try:
        bound = int(share * 2**64)
        written = shards.write(aside, files, tokenizer, bound, Meter(files, "Tokenising the texts", progress))
        if not written.counts["documents"]:
            raise ValueError("There is no word in the texts: name files that hold some.")
        if (moved := _moved(bound, written.hashes)) != bound:
            written = shards.write(aside, files, tokenizer, moved, Meter(files, "Splitting the texts", progress))
        for hashes in aside.glob("*.hashes"):
            hashes.unlink()
        entry = {
            "dtype": np.dtype(shards.token_type(tokenizer)).name,
            "documents_by_file": written.documents_by_file,
            "report": written.counts,
            "sizes": _sizes(aside),
        }
        (aside / "entry.json").write_text(json.dumps(entry), encoding="utf-8")
        aside.replace(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _moved(bound: int, sorted_hashes: Path) -> int:
    """``bound``, or one with enough different documents on both of its sides."""
    hashes = np.unique(_mapped(sorted_hashes, "uint64"))
    least = min(_AT_LEAST, len(hashes) // 2)
    held_back = int(np.searchsorted(hashes, np.uint64(bound)))
    wanted = min(max(held_back, least), len(hashes) - max(least, 1))  # a single document is trained on
    return bound if wanted == held_back or not bound else int(hashes[wanted])
