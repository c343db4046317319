"""One pass over texts: documents → sentences → token ids, each written to its split's files.

Letters: ``N`` tokens, ``S`` sentences, ``W`` words. Nothing here grows with the texts but the files: what must be known
of all documents at once, their hashes, is sorted on disk.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import chain, count, islice
from pathlib import Path
from typing import Any

import numpy as np
import sentencex  # type: ignore[import-untyped]
from numpy.typing import NDArray

from model.training.text import Meter, chopped, read_documents
from model.wordpiece import WordPiece

SIDES = ("train", "validation")

_BATCH = 1 << 20  # characters that are cut and tokenised at a time
_SENTENCE = 2048  # characters: a longer sentence comes in several. The splitter is quadratic in a few kinds of text
_WORDS = 1 << 17  # distinct words whose pieces are remembered ...
_LETTERS = 1 << 21  # ... and how many letters these have
# Each is a word of its own to a BERT whatever stands beside it, so spaces around it change nothing but make words
# recur: "cat," and "(cat" become "cat". With these nine, the words to be tokenised in a wiki are 2.7 times fewer.
_PUNCTUATION = ",.()\"'-:;"


@dataclass(frozen=True)
class Written:
    """What one pass wrote."""

    documents_by_file: dict[str, list[int]]  # for each of SIDES
    counts: dict[str, int]  # paragraphs, sentences, tokens, characters, unknown; both sides together
    hashes: Path  # of the documents, sorted, 8 bytes each


def write(folder: Path, files: Sequence[Path], tokenizer: WordPiece, bound: int, meter: Meter) -> Written:
    """Write ``SIDE.tokens``, ``SIDE.sentences`` and ``SIDE.documents`` into ``folder``.

    Documents with a hash below ``bound`` (of 2⁶⁴) go to validation; those in which no token is left go nowhere.
    """
    pieces = _Pieces(tokenizer)
    unknown = tokenizer.id(tokenizer.unk_token)
    counts: Counter[str] = Counter()
    by_file = np.zeros((2, len(files)), np.int64)
    with ExitStack() as stack:
        sides = [_Side(folder, side, token_type(tokenizer), stack) for side in SIDES]
        documents = stack.enter_context((folder / "documents.hashes").open("wb"))
        paragraphs = stack.enter_context((folder / "paragraphs.hashes").open("wb"))
        for batch in _ahead(_batches(files, meter)):
            ids, lengths = pieces(batch.sentences)
            document = np.repeat(np.arange(len(batch.sizes)), batch.sizes)  # (S,) of each sentence
            filled = np.bincount(document, lengths, len(batch.sizes)) > 0
            hashes, file = np.frombuffer(batch.document_hashes, np.uint64), np.array(batch.files)
            held_back = hashes < np.uint64(bound)
            for number, side in enumerate(sides):
                chosen = filled & (held_back == bool(number))
                side.add(ids, lengths, document, chosen)
                by_file[number] += np.bincount(file[chosen], minlength=len(files))
            documents.write(hashes[filled].tobytes())
            paragraphs.write(batch.paragraph_hashes)
            counts["characters"] += batch.characters
            counts["unknown"] += int(np.count_nonzero(ids == unknown))
    counts["documents"], counts["duplicate_documents"] = _sorted(folder / "documents.hashes")
    counts["paragraphs"], counts["duplicate_paragraphs"] = _sorted(folder / "paragraphs.hashes")
    counts["sentences"] = sum(side.sentences for side in sides)
    counts["tokens"] = sum(side.tokens for side in sides)
    counts["validation_documents"] = int(by_file[1].sum())
    return Written(dict(zip(SIDES, by_file.tolist(), strict=True)), dict(counts), folder / "documents.hashes")


def token_type(tokenizer: WordPiece) -> type[np.uint16] | type[np.uint32]:
    return np.uint16 if len(tokenizer.tokens) <= 1 << 16 else np.uint32


@dataclass
class _Batch:
    """Some documents, cut into sentences."""

    sentences: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)  # sentences in each document
    files: list[int] = field(default_factory=list)  # which file each document is from
    document_hashes: bytearray = field(default_factory=bytearray)  # 8 bytes for each
    paragraph_hashes: bytearray = field(default_factory=bytearray)  # 8 bytes for each
    characters: int = 0

    def add(self, file: int, document: list[str]) -> None:
        hashes = b"".join(hashlib.blake2b(paragraph.encode(), digest_size=8).digest() for paragraph in document)
        before = len(self.sentences)
        for paragraph in document:
            self.sentences += sentences(paragraph)
            self.characters += len(paragraph)
        self.sizes.append(len(self.sentences) - before)
        self.files.append(file)
        self.document_hashes += hashlib.blake2b(hashes, digest_size=8).digest()
        self.paragraph_hashes += hashes


def sentences(paragraph: str) -> list[str]:
    """The sentences of an English paragraph, stripped; of ``_SENTENCE`` characters at most each."""
    pieces = chopped(paragraph, _SENTENCE)
    return [found for piece in pieces for sentence in sentencex.segment("en", piece) if (found := sentence.strip())]


def _batches(files: Iterable[Path], meter: Meter) -> Iterator[_Batch]:
    batch = _Batch()
    for file, path in enumerate(files):
        for document in read_documents([path], meter):
            batch.add(file, document)
            if batch.characters >= _BATCH:
                yield batch
                batch = _Batch()
    if batch.sizes:
        yield batch


def _ahead(batches: Iterator[_Batch]) -> Iterator[_Batch]:
    """``batches``, the next one being made in another thread while the present one is worked on."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = thread.submit(next, batches, None)
            yield batch


class _Pieces:
    """Sentences → ids, each distinct word tokenised once and remembered: most words of a text recur.

    The ids are those of ``WordPiece.ids`` on the whole sentence, since no step of a BERT's tokenizer looks beyond a
    space.
    """

    def __init__(self, tokenizer: WordPiece) -> None:
        self._tokenizer = tokenizer
        self._forget()

    def _forget(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)
        self._end = self._numbers["\n"]  # ends each sentence; a word without pieces
        self._letters = 0
        self._ids = np.empty(0, np.int64)  # of all words, one after another
        self._ends = np.zeros(1, np.int64)  # (W + 1,) where the ids of each word end; "\n" is the first word

    def __call__(self, sentences: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The ids of all sentences one after another (N,), and how many each has (S,)."""
        if len(self._numbers) > _WORDS or self._letters > _LETTERS:
            self._forget()
        text = " \n ".join([*sentences, ""])
        for sign in _PUNCTUATION:
            text = text.replace(sign, f" {sign} ")
        spelt = text.split(" ")
        known = len(self._numbers)
        words = np.fromiter(map(self._numbers.__getitem__, spelt), np.int64, len(spelt))  # (W,)
        self._learn([*islice(reversed(self._numbers), len(self._numbers) - known)][::-1])

        starts, ends = np.append(0, self._ends[:-1])[words], self._ends[words]
        lengths = ends - starts
        behind = np.cumsum(lengths)
        ids = self._ids[np.repeat(ends - behind, lengths) + np.arange(behind[-1] if len(behind) else 0)]
        return ids, np.diff(behind[words == self._end], prepend=0)

    def _learn(self, words: list[str]) -> None:
        found = self._tokenizer.ids(words)
        lengths = np.fromiter(map(len, found), np.int64, len(found))
        ids = np.fromiter(chain.from_iterable(found), np.int64, int(lengths.sum()))
        self._ids = np.concatenate([self._ids, ids])
        self._ends = np.concatenate([self._ends, self._ends[-1] + np.cumsum(lengths)])
        self._letters += sum(map(len, words))


class _Side:
    """The growing files of one split."""

    def __init__(self, folder: Path, side: str, dtype: type[np.unsignedinteger[Any]], stack: ExitStack) -> None:
        self._dtype = dtype
        names = (f"{side}.tokens", f"{side}.sentences", f"{side}.documents")
        self._ids, self._sentences, self._documents = (
            stack.enter_context((folder / name).open("wb")) for name in names
        )
        self.tokens = self.sentences = 0
        for file in (self._sentences, self._documents):
            file.write(np.int64(0).tobytes())

    def add(
        self, ids: NDArray[np.int64], lengths: NDArray[np.int64], document: NDArray[np.int64], chosen: NDArray[np.bool_]
    ) -> None:
        """Of the sentences of a batch, with their ``lengths`` and ``document``, those of the ``chosen`` documents."""
        here = chosen[document]
        kept = here & (lengths > 0)
        ends = self.tokens + np.cumsum(lengths[kept])
        by_document = np.bincount(document[kept], minlength=len(chosen))[chosen]
        self._ids.write(ids[np.repeat(here, lengths)].astype(self._dtype).tobytes())
        self._sentences.write(ends.tobytes())
        self._documents.write((self.sentences + np.cumsum(by_document)).tobytes())
        self.tokens += int(lengths[kept].sum())
        self.sentences += len(ends)


def _sorted(path: Path) -> tuple[int, int]:
    """How many hashes the file holds and how many of these are repeated. They are sorted in the file itself."""
    size = path.stat().st_size // 8
    if not size:
        return 0, 0
    hashes = np.memmap(path, np.uint64, mode="r+")
    hashes.sort()
    blocks = (hashes[start : start + _BATCH + 1] for start in range(0, size, _BATCH))
    return size, sum(int(np.count_nonzero(block[1:] == block[:-1])) for block in blocks)
