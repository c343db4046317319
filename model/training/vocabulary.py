"""A WordPiece vocabulary from text files, on the trainer of the ``tokenizers`` library."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

from model.training.text import Meter, Progress, read_documents
from model.wordpiece import CONTINUED, MAX_WORD, Settings, WordPiece, normalizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")  # ids 0 … 4

_CHUNK = 1 << 20  # characters read at a time
_SEEN_TWICE = 2  # a piece that occurs once teaches nothing
_CHARACTERS = 1000  # at most, as in BERT's own vocabulary ...
_RARE = 1e-7  # ... and none that is rarer than that among the characters of the texts

_LONG = re.compile(rf"\S{{{MAX_WORD + 1},}}")

_ING = f"{CONTINUED}ing"
_INFLECTED = 0.01  # a verb has its other forms at least that often, for each time it stands alone: "evens" is no "even"
_SHORT = re.compile("[^aeiou]*[aeiou][^aeiouwxy]")  # doubles its last letter before -ing, or is no verb: star, staring
_WORD = re.compile("[a-z]+")


def train(
    files: Sequence[Path],
    size: int,
    *,
    lowercase: bool = True,
    keep_inflections: bool = True,
    words: Sequence[str] = (),
    progress: Progress | None = None,
) -> WordPiece:
    """A tokenizer of ``size`` entries: the special tokens, the characters, then pieces in the order of their merging.

    Every character is an entry unless it is rarer than one in ten million or ``size`` leaves no room for it. The same
    texts give the same vocabulary each time. Memory holds the distinct words, without those of
    more than ``MAX_WORD`` letters, which are [UNK] to the tokenizer.

    ``keep_inflections=False`` leaves out inflected gerunds, so that playing becomes play ##ing (C8), and fills their
    places: an entry X + ing goes where X is an entry of three letters or more that is also seen with -s, -es or -ed
    (or, after a consonant, y → ies, ied). It stays where it belongs to another word: to X + e if that is more frequent
    (changing), or to X without its double letter (starring); where X is one short syllable, which would double its
    last letter (staring, caring); and where the other forms are rarer than one in a hundred (evening, willing). So
    king, thing, during, morning and spring stay whole.

    Each of ``words`` that is no entry yet takes the place of one of the last.

    ``ValueError`` where the texts hold no word, or cannot fill ``size`` entries, each seen twice, or where one of
    ``words`` could never be read or there is no room for them.
    """
    settings = Settings(do_lower_case=lowercase)
    _require_readable(words, settings)
    characters = _alphabet(files, size, settings, progress)
    if not characters:
        raise ValueError("There is no word in the texts: name files that hold some.")
    if len(words) > size - len(SPECIAL) - len(characters):
        raise ValueError(f"A vocabulary of {size:,} entries has no room for {len(words):,} words: ask for more.")
    asked = size if keep_inflections else size + size // 8
    while True:
        entries = _learnt(files, asked, characters, settings, progress)
        exhausted = len(entries) < asked
        if not keep_inflections:
            entries = _without_gerunds(files, entries, size, progress)
        if exhausted or len(entries) >= size:
            break
        asked *= 2  # more gerunds than were allowed for
    if len(entries) < size:
        raise ValueError(
            f"The texts can fill {len(entries):,} entries of a vocabulary, not {size:,}: "
            f"ask for {len(entries):,} at most, or add texts."
        )
    wanted = sorted(set(words).difference(entries[: size - len(words)]))
    return WordPiece(entries[: size - len(wanted)] + wanted, settings)


def _require_readable(words: Sequence[str], settings: Settings) -> None:
    normalize = normalizer(settings).normalize_str
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    for word in words:
        read = [part for part, _ in split(normalize(word))]
        if read != [word]:
            raise ValueError(
                f"The word {word!r} can be no entry, for the tokenizer reads it as {' and '.join(read) or 'nothing'}: "
                "write it as it is read, or leave it out."
            )


def _alphabet(files: Sequence[Path], size: int, settings: Settings, progress: Progress | None) -> list[str]:
    """The characters that become entries, each alone and, where it can continue a word, with ## before it."""
    counts: NDArray[np.int64] = np.zeros(0x110000, np.int64)
    for chunk in _chunks(files, Meter(files, "Counting characters", progress)):
        counts += np.bincount(np.frombuffer(chunk.encode("utf-32-le"), np.uint32), minlength=len(counts))
    normalize = normalizer(settings).normalize_str
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
    found: Counter[str] = Counter()
    for point in np.flatnonzero(counts).tolist():
        for character in normalize(chr(point)):
            if not character.isspace():
                found[character] += int(counts[point])
    least = _RARE * found.total()
    commonest = sorted((character for character in found if found[character] >= least), key=lambda c: (-found[c], c))
    kept = sorted(commonest[: min(_CHARACTERS, max(1, (size - len(SPECIAL)) // 2))])
    return kept + [CONTINUED + character for character in kept if len(split(normalize("a" + character))) == 1]


def _learnt(
    files: Sequence[Path], size: int, characters: Sequence[str], settings: Settings, progress: Progress | None
) -> list[str]:
    """Up to ``size`` entries: special tokens, ``characters``, then what the trainer merges, the commonest first."""
    alone = [character for character in characters if len(character) == 1]
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizer(settings)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size,
        min_frequency=_SEEN_TWICE,
        show_progress=False,
        # The trainer settles draws between pairs by id, and gives ids to ##-characters in the order of a hash table,
        # another one each time. Passed off as special tokens they have theirs before it begins.
        special_tokens=[*SPECIAL, *characters],
        initial_alphabet=alone,
        limit_alphabet=len(alone),
    )
    tokenizer.train_from_iterator(_paragraphs(files, settings, progress), trainer)
    by_id = tokenizer.get_vocab()
    return sorted(by_id, key=by_id.__getitem__)


def _paragraphs(files: Sequence[Path], settings: Settings, progress: Progress | None) -> Iterator[list[str]]:
    """The paragraphs without words that the tokenizer will not try: the trainer would hold each, letter by letter."""
    normalize = normalizer(settings).normalize_str
    split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str

    def tried(run: re.Match[str]) -> str:
        return " ".join(word for word, _ in split(normalize(run[0])) if len(word) <= MAX_WORD)

    for chunk in _chunks(files, Meter(files, "Counting words", progress)):
        yield _LONG.sub(tried, chunk).split("\n")
    if progress is not None:
        progress("Merging pieces", 0.0)


def _chunks(files: Iterable[Path], meter: Meter) -> Iterator[str]:
    """The texts in parts of about ``_CHUNK`` characters, one paragraph a line."""
    lines: list[str] = []
    size = 0
    for document in read_documents(files, meter):
        lines += document
        size += sum(map(len, document))
        if size >= _CHUNK:
            yield "\n".join(lines)
            lines, size = [], 0
    yield "\n".join(lines)


def _without_gerunds(files: Sequence[Path], entries: Sequence[str], size: int, progress: Progress | None) -> list[str]:
    """``entries`` without inflected gerunds, and with ##ing among the first ``size`` if any was left out."""
    frequent = set(entries[:size])  # they stay, whatever else goes
    stems = {entry[:-3] for entry in entries if entry.endswith("ing") and len(entry) > 5 and entry[:-3] in frequent}
    lowered = {stem.lower() for stem in stems if _WORD.fullmatch(stem.lower())}
    wanted = {word for stem in lowered for word in (stem, *_others(stem), *_forms(stem))}
    seen = _count(files, wanted, Meter(files, "Looking for gerunds", progress))
    verbs = {stem for stem in stems if stem.lower() in lowered and _is_verb(stem.lower(), seen)}
    # A piece such as "playin" would be taken before "play".
    left_out = {stem + end for stem in verbs for end in ("i", "in", "ing")}
    kept = [entry for entry in entries if entry not in left_out]
    if verbs and _ING not in kept[:size]:
        kept = [entry for entry in kept if entry != _ING]
        kept.insert(size - 1, _ING)
    return kept


def _count(files: Sequence[Path], wanted: Collection[str], meter: Meter) -> Counter[str]:
    """How often each of the ``wanted`` words, lower-case, is in the texts."""
    seen: Counter[str] = Counter()
    for chunk in _chunks(files, meter):
        seen.update(filter(wanted.__contains__, _WORD.findall(chunk.lower())))
    return seen


def _others(stem: str) -> list[str]:
    """Words besides ``stem`` that stem + ing may come from: change, star for starr."""
    return [f"{stem}e", *([stem[:-1]] if stem[-1] == stem[-2] else [])]


def _forms(stem: str) -> list[str]:
    after_consonant = stem.endswith("y") and stem[-2] not in "aeiou"
    return [f"{stem}s", f"{stem}es", f"{stem}ed", *([f"{stem[:-1]}ies", f"{stem[:-1]}ied"] if after_consonant else [])]


def _is_verb(stem: str, seen: Mapping[str, int]) -> bool:
    """Whether ``stem`` is a word whose gerund is stem + ing."""
    if _SHORT.fullmatch(stem) or any(seen[other] > seen[stem] for other in _others(stem)):
        return False
    return sum(seen[form] for form in _forms(stem)) >= max(1, _INFLECTED * seen[stem])
