"""The WordPiece tokenizer of a BERT, on the ``tokenizers`` library, and how it came to its pieces (C8)."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import tokenizers
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors

from model.config import read_json_object

MAX_WORD = 100  # characters: a longer word is [UNK] without a try
CONTINUED = "##"  # begins every piece but the first of a word

_SPECIAL_TOKENS = ("unk_token", "sep_token", "pad_token", "cls_token", "mask_token")
# Tokenizers under other names that are the same WordPiece. "General" classes take all they do from tokenizer.json.
_WORDPIECE_CLASSES = ("BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer", "MobileBertTokenizer")
_GENERAL_CLASSES = ("PreTrainedTokenizer", "TokenizersBackend")

_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Encoding:
    """The pieces of one text, without [CLS] and [SEP]."""

    tokens: tuple[str, ...]
    offsets: tuple[tuple[int, int], ...]  # characters of the typed text, from and to
    words: tuple[int, ...]  # number of the word that the piece belongs to


@dataclass(frozen=True)
class Candidate:
    """One try of the greedy longest match."""

    piece: str  # "##" included where it continues a word
    taken: bool  # whether the vocabulary has it


@dataclass(frozen=True)
class Explanation:
    """How one word became its pieces."""

    typed: str  # the characters in the typed text
    word: str  # after normalisation
    offset: tuple[int, int]  # its characters in the typed text
    pieces: tuple[str, ...]
    ids: tuple[int, ...]
    candidates: tuple[Candidate, ...]  # longest first, in the order in which they were tried
    reason: str | None  # why the word is [UNK], None where it is not: "no-piece" or "too-long"


@dataclass(frozen=True)
class Settings:
    """What ``tokenizer_config.json`` says; names and defaults are those of Hugging Face's ``BertTokenizer``."""

    do_lower_case: bool = True
    strip_accents: bool | None = None  # None: as do_lower_case
    tokenize_chinese_chars: bool = True  # each CJK ideograph is a word of its own
    unk_token: str = "[UNK]"
    sep_token: str = "[SEP]"
    pad_token: str = "[PAD]"
    cls_token: str = "[CLS]"
    mask_token: str = "[MASK]"

    def __post_init__(self) -> None:
        for name in ("do_lower_case", "strip_accents", "tokenize_chinese_chars"):
            value = getattr(self, name)
            if not isinstance(value, bool) and not (name == "strip_accents" and value is None):
                raise ValueError(f"{name} in tokenizer_config.json must be true or false, not {value!r}.")
        for name in _SPECIAL_TOKENS:
            value = getattr(self, name)
            if not isinstance(value, str) or not value.strip():
                raise ValueError(f"{name} in tokenizer_config.json must be a token, not {value!r}.")


class WordPiece:
    """A BERT's vocabulary and tokenizer. Immutable; may be used from several threads.

    ``added`` are tokens matched in the text as they are typed, besides the five special ones; those that the
    vocabulary lacks get the ids after it. ``ValueError`` where the vocabulary has a blank or doubled entry or lacks
    a special token.
    """

    tokens: tuple[str, ...]  # (V,) the vocabulary, by id

    def __init__(
        self, vocabulary: Sequence[str], settings: Settings | None = None, added: Sequence[AddedToken] = ()
    ) -> None:
        self.settings = settings or Settings()
        self._vocabulary = {token: number for number, token in enumerate(vocabulary)}
        _require_distinct(vocabulary, self._vocabulary)
        self._normalizer = normalizer(self.settings)
        self._tokenizer = self._build(added)
        past = range(len(vocabulary), self._tokenizer.get_vocab_size())
        matched = self._tokenizer.get_added_tokens_decoder()
        self.tokens = (*vocabulary, *(matched[number].content for number in past))
        self._ids = {token: number for number, token in enumerate(self.tokens)} if past else self._vocabulary
        self._added = frozenset(token.content for token in matched.values())
        self._plain = tokenizers.Tokenizer(self._tokenizer.model)  # the model is shared, the added tokens are not
        self._plain.normalizer, self._plain.pre_tokenizer = self._normalizer, self._tokenizer.pre_tokenizer

    def _build(self, added: Sequence[AddedToken]) -> tokenizers.Tokenizer:
        unk, cls, sep = self.unk_token, self.cls_token, self.sep_token
        tokenizer = tokenizers.Tokenizer(
            models.WordPiece(self._vocabulary, unk_token=unk, max_input_chars_per_word=MAX_WORD)
        )
        tokenizer.normalizer = self._normalizer
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        tokenizer.decoder = decoders.WordPiece(prefix=CONTINUED)
        tokenizer.add_tokens(list(added))
        special = [getattr(self.settings, name) for name in _SPECIAL_TOKENS]
        if missing := [token for token in special if tokenizer.token_to_id(token) is None]:
            raise ValueError(f"The vocabulary lacks {', '.join(missing)}, without which a BERT cannot be asked.")
        known = {token.content for token in added}
        tokenizer.add_special_tokens([AddedToken(token, special=True) for token in special if token not in known])
        # encode() leaves the frame out; it is here for whoever reads the tokenizer.json that save() writes.
        tokenizer.post_processor = processors.TemplateProcessing(
            single=[f"{cls}:0", "$A:0", f"{sep}:0"],
            pair=[f"{cls}:0", "$A:0", f"{sep}:0", "$B:1", f"{sep}:1"],
            special_tokens=[(token, tokenizer.token_to_id(token)) for token in (cls, sep)],
        )
        return tokenizer

    @property
    def cls_token(self) -> str:
        return self.settings.cls_token

    @property
    def sep_token(self) -> str:
        return self.settings.sep_token

    @property
    def mask_token(self) -> str:
        return self.settings.mask_token

    @property
    def pad_token(self) -> str:
        return self.settings.pad_token

    @property
    def unk_token(self) -> str:
        return self.settings.unk_token

    @property
    def lowercase(self) -> bool:
        return self.settings.do_lower_case

    def encode(self, text: str) -> Encoding:
        """The pieces of ``text``. Special tokens that are typed out, such as [MASK], are those tokens."""
        encoding = self._tokenizer.encode(_without_surrogates(text), add_special_tokens=False)
        return Encoding(
            tokens=tuple(self.tokens[number] for number in encoding.ids),
            offsets=tuple(encoding.offsets),
            words=tuple(number or 0 for number in encoding.word_ids),  # None is for what a post-processor adds
        )

    def ids(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text's pieces, many texts at once and on all cores.

        Unlike ``encode``, this takes special and added tokens that are typed out for the letters they are written in:
        a text about BERT must not put a real [SEP] into a corpus. Lone surrogates raise ``TypeError``.
        """
        return [encoding.ids for encoding in self._plain.encode_batch_fast(list(texts), add_special_tokens=False)]

    def explain(self, text: str) -> tuple[Explanation, ...]:
        """Each word of ``text`` with every candidate that the greedy longest match tried.

        The pieces are those of ``encode``. Source: Wu et al. 2016, section 4.1; C8 of the chapter.
        """
        return tuple(self._explain_word(text, pieces, offset) for pieces, offset in self._words(text))

    def normalized(self, text: str) -> str:
        """``text`` as it is before it is split: cleaned, lower-cased and so on. Typed special tokens stay as typed."""
        parts, end = [], 0
        for pieces, (start, stop) in self._words(text):
            if self._is_added(pieces, text[start:stop]):
                parts += [self._normalize(text[end:start]), text[start:stop]]
                end = stop
        return "".join([*parts, self._normalize(text[end:])])

    def id(self, token: str) -> int:
        """The token's row in the embedding; ``ValueError`` for a token outside the vocabulary."""
        try:
            return self._ids[token]
        except KeyError:
            raise ValueError(
                f"{token!r} is not one of the {len(self._ids)} entries of this model's vocabulary."
            ) from None

    def padded(self, rows: int) -> WordPiece:
        """The same tokenizer with ``tokens`` filled up to ``rows`` entries, ``[row 30522]`` and so on.

        Many embeddings have a few rows more than the vocabulary has entries, for speed. No text leads to such a row,
        but a prediction may name one.
        """
        wider = copy.copy(self)
        wider.tokens = (*self.tokens, *(f"[row {row}]" for row in range(len(self.tokens), rows)))
        return wider

    @classmethod
    def read(cls, directory: Path) -> WordPiece:
        """The tokenizer in ``directory``: ``vocab.txt`` or ``tokenizer.json``, with ``tokenizer_config.json``.

        Where both are there the vocabulary is ``tokenizer.json``'s, and what it says of lower-casing gives way to
        ``tokenizer_config.json`` and its defaults: so does Hugging Face's ``BertTokenizer``. ``ValueError`` or
        ``OSError`` with one sentence where there is none or it is no BERT's.
        """
        return _read(directory)

    def save(self, directory: Path) -> None:
        """Write ``vocab.txt``, ``tokenizer.json`` and ``tokenizer_config.json`` into the existing ``directory``."""
        lines = "".join(f"{token}\n" for token in self.tokens[: len(self._ids)])
        (directory / "vocab.txt").write_text(lines, encoding="utf-8", newline="\n")
        self._tokenizer.save(str(directory / "tokenizer.json"))
        fields = {"tokenizer_class": "BertTokenizer", **dataclasses.asdict(self.settings)}
        text = json.dumps(fields, indent=2, ensure_ascii=False) + "\n"
        (directory / "tokenizer_config.json").write_text(text, encoding="utf-8", newline="\n")

    def _normalize(self, text: str) -> str:
        return self._normalizer.normalize_str(_without_surrogates(text))

    def _words(self, text: str) -> Iterator[tuple[tuple[str, ...], tuple[int, int]]]:
        """Each word's pieces and its characters in ``text``, from and to."""
        encoding = self.encode(text)
        rows = zip(encoding.words, encoding.tokens, encoding.offsets, strict=True)
        for _, group in groupby(rows, key=lambda row: row[0]):
            _, pieces, offsets = zip(*group, strict=True)
            yield pieces, (min(start for start, _ in offsets), max(stop for _, stop in offsets))

    def _is_added(self, pieces: tuple[str, ...], typed: str) -> bool:
        """Whether the word was matched as it is typed, rather than looked up piece by piece."""
        if len(pieces) > 1 or pieces[0] not in self._added:
            return False
        return pieces[0] != self.unk_token or self._normalize(typed).strip() == self._normalize(self.unk_token).strip()

    def _explain_word(self, text: str, pieces: tuple[str, ...], offset: tuple[int, int]) -> Explanation:
        typed = text[offset[0] : offset[1]]
        candidates: tuple[Candidate, ...] = ()
        reason = None
        if self._is_added(pieces, typed):
            word = pieces[0]
            candidates = (Candidate(word, True),)
        else:
            # An unknown word is no longer in its one piece. Spaces come from the ones set around CJK ideographs.
            unknown = pieces == (self.unk_token,)
            word = self._normalize(typed).strip() if unknown else _joined(pieces)
            if len(word) > MAX_WORD:
                reason = "too-long"
            else:
                candidates = tuple(self._candidates(word))
                reason = "no-piece" if unknown else None
        return Explanation(
            typed=typed,
            word=word,
            offset=offset,
            pieces=pieces,
            ids=tuple(self.id(piece) for piece in pieces),
            candidates=candidates,
            reason=reason,
        )

    def _candidates(self, word: str) -> Iterator[Candidate]:
        """Greedy longest match: from each place the longest piece that the vocabulary has, until none fits."""
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = (CONTINUED if start else "") + word[start:end]
                taken = piece in self._vocabulary
                yield Candidate(piece, taken)
                if taken:
                    start = end
                    break
            else:
                return


def normalizer(settings: Settings) -> normalizers.Normalizer:
    """The first step of a BERT's tokenizer: cleans, sets CJK ideographs apart, strips accents and lower-cases."""
    return normalizers.BertNormalizer(
        clean_text=True,
        handle_chinese_chars=settings.tokenize_chinese_chars,
        strip_accents=settings.strip_accents,
        lowercase=settings.do_lower_case,
    )


def _joined(pieces: tuple[str, ...]) -> str:
    return pieces[0] + "".join(piece.removeprefix(CONTINUED) for piece in pieces[1:])


def _without_surrogates(text: str) -> str:
    """``text`` with lone surrogates, which the library cannot take, replaced one by one, so that offsets hold.

    U+FFFD is dropped when a BERT cleans its text, as U+0000 is.
    """
    return _SURROGATE.sub("\ufffd", text)


def _require_distinct(vocabulary: Sequence[str], numbers: Mapping[str, int]) -> None:
    for number, token in enumerate(vocabulary):
        if not token:
            raise ValueError(f"Entry {number} of the vocabulary is blank; every entry must be a token.")
        if numbers[token] != number:
            raise ValueError(
                f"The vocabulary has {token!r} twice, as entries {number} and {numbers[token]}; each must differ."
            )


def _read(directory: Path) -> WordPiece:
    fields = _optional(directory / "tokenizer_config.json")
    name = str(fields.get("tokenizer_class") or "BertTokenizer").removesuffix("Fast")
    if name not in _WORDPIECE_CLASSES + _GENERAL_CLASSES:
        raise ValueError(f"tokenizer_config.json asks for a {name}; BERT Explorer has BERT's WordPiece tokenizer only.")
    written: Any = []  # the added tokens, as the files write them
    if (path := directory / "tokenizer.json").exists():
        content = read_json_object(path)
        vocabulary = _vocabulary_of_json(content)
        written = content.get("added_tokens") or []
        if name in _GENERAL_CLASSES:
            fields = {**fields, **_normalizer_of_json(content)}
    elif (path := directory / "vocab.txt").exists():
        vocabulary = _vocabulary_of_text(path)
    else:
        raise ValueError(f"{directory} has neither vocab.txt nor tokenizer.json: add the one that came with the model.")
    if "added_tokens_decoder" in fields:
        written = fields["added_tokens_decoder"]
    else:  # the files of older versions, which the field took the place of
        fields = {**fields, **_optional(directory / "special_tokens_map.json")}
        written = written or _optional(directory / "added_tokens.json")
    try:
        settings = _settings(fields)
        return WordPiece(vocabulary, settings, _added_tokens(written, fields))
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error


def _optional(path: Path) -> dict[str, Any]:
    return read_json_object(path) if path.exists() else {}


def _vocabulary_of_text(path: Path) -> list[str]:
    """The lines of ``vocab.txt``; blank ones at the end are no entries."""
    try:
        # Not splitlines(): some entries are characters, such as U+2028, at which it would split.
        return path.read_text(encoding="utf-8-sig").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} is not UTF-8 text: {error}. Save it as UTF-8, one entry a line.") from error


def _vocabulary_of_json(content: dict[str, Any]) -> list[str]:
    """The entries of ``tokenizer.json`` by id; ``ValueError`` where its model is no WordPiece."""
    model = content.get("model")
    if not isinstance(model, dict) or model.get("type", "BPE" if "merges" in model else "WordPiece") != "WordPiece":
        kind = model.get("type", "BPE") if isinstance(model, dict) else None
        raise ValueError(f"tokenizer.json holds a tokenizer of type {kind!r}; a BERT's is 'WordPiece'.")
    vocabulary = model.get("vocab")
    if not isinstance(vocabulary, dict):
        raise ValueError("tokenizer.json has no vocabulary: replace it by the one that came with the model.")
    entries = [""] * len(vocabulary)
    for token, number in vocabulary.items():
        if not isinstance(number, int) or not 0 <= number < len(entries) or entries[number]:
            raise ValueError(f"tokenizer.json gives {token!r} the id {number!r}; ids must count from 0, each once.")
        entries[number] = token
    return entries


def _normalizer_of_json(content: dict[str, Any]) -> dict[str, Any]:
    """Settings from ``tokenizer.json`` itself, which a general tokenizer class goes by."""
    normalizer, splitter, model = content.get("normalizer"), content.get("pre_tokenizer"), content["model"]
    if (
        not (isinstance(normalizer, dict) and normalizer.get("type") == "BertNormalizer")
        or not (isinstance(splitter, dict) and splitter.get("type") == "BertPreTokenizer")
        or not normalizer.get("clean_text", True)
        or model.get("continuing_subword_prefix", CONTINUED) != CONTINUED
        or model.get("max_input_chars_per_word", MAX_WORD) != MAX_WORD
    ):
        raise ValueError("tokenizer.json cleans or splits text in another way than BERT's tokenizer does.")
    return {
        "do_lower_case": normalizer.get("lowercase", True),
        "strip_accents": normalizer.get("strip_accents"),
        "tokenize_chinese_chars": normalizer.get("handle_chinese_chars", True),
    }


def _settings(fields: dict[str, Any]) -> Settings:
    known = {field.name for field in dataclasses.fields(Settings)}
    given = {name: value for name, value in fields.items() if name in known and value is not None}
    for name in _SPECIAL_TOKENS:  # plain, or an AddedToken written out
        if isinstance(given.get(name), dict):
            given[name] = given[name].get("content")
    return Settings(**given)


def _added_tokens(written: Any, fields: dict[str, Any]) -> list[AddedToken]:
    """The added tokens in the order of their ids, then further special ones that ``fields`` name.

    ``written`` is a list of objects with an id, or a dictionary: id to object, or token to id.
    """
    further = fields.get("extra_special_tokens") or fields.get("additional_special_tokens") or []
    named = [fields[name] for name in _SPECIAL_TOKENS if fields.get(name)]
    try:
        if isinstance(written, list):
            by_id = {int(token["id"]): token for token in written}
        elif all(isinstance(value, int) for value in written.values()):
            by_id = {number: {"content": token} for token, number in written.items()}
        else:
            by_id = {int(number): token for number, token in written.items()}
        found = {by_id[number]["content"]: by_id[number] for number in sorted(by_id)}
        for token in [*named, *(further.values() if isinstance(further, dict) else further)]:
            token = token if isinstance(token, dict) else {"content": token}
            found[token["content"]] = {**token, **found.get(token["content"], {}), "special": True}
        return [_added_token(**token) for token in found.values()]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"its added tokens cannot be read ({error}); replace it by the model's own.") from error


def _added_token(content: str, special: bool = False, normalized: bool | None = None, **fields: Any) -> AddedToken:
    """An added token from its fields; a special one is looked for before the text is normalised."""
    flags = {name: bool(fields.get(name, False)) for name in ("lstrip", "rstrip", "single_word")}
    return AddedToken(content, special=special, normalized=not special if normalized is None else normalized, **flags)
