"""WordPiece against transformers' tokenizer, explanations against pieces, and files that are no tokenizer."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model.wordpiece import Settings, WordPiece
from tests.model.checkpoints import VOCABULARY

STARTER = Path("resources/models/starter")
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


@pytest.fixture(scope="module")
def starter() -> WordPiece:
    return WordPiece.read(STARTER)


def directory(path: Path, lines: list[str] | None = None, **settings: Any) -> Path:
    """A tokenizer's directory with ``vocab.txt`` (the starter's where no ``lines`` are given)."""
    if lines is None:
        shutil.copy(STARTER / "vocab.txt", path)
    else:
        (path / "vocab.txt").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    if settings:
        (path / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return path


TYPED = """
My dog is cute he likes playing PLAYING unaffable naïve façade Ångström CAFÉ cafe\u0301 Straße İstanbul ﬁne ΑΣ don't
e-mail 3.14 1,000 $5 U.S.A. ... !!!??? -- ??!? #hash @at a_b C++ <br/> [MASK] [MASK][MASK] x[MASK]y [mask] [CLS] [SEP]
[PAD] [UNK] [ MASK ] 日本語 中文abc ひらがな カタカナ 한국어 \ufa0e \U00020000 مرحبا العَرَبِيَّة שָׁלוֹם हिन्दी ไทย
👩\u200d👩\u200d👧 🏳️\u200d🌈 👍🏽 🇫🇷 zero\u200bwidth join\u200der \ufeffbom soft\u00adhyphen \u202eright nul\x00nul
\x01\x02 \x7f \ufffd a\u0300\u0301\u0302 \u0301 ½ ² ① Ⅳ ™ µ \u212a \u226e \ue000 \U0010fffd ·•…—–“”
"""
WORDS = [*TYPED.split(), "", "\t", "\n", "\r", "\x85", "\xa0", "\u3000", "\u2028", "\u2029"]


def lines(count: int) -> list[str]:
    """Texts of every kind of character, the same at every run."""
    chance = random.Random(7)
    alphabets = [
        "abcdefghij",
        "ABCXYZéüßİ",
        "0123456789",
        ".,;:!?'\"()[]#-",
        "日本語中文",
        "مرحباשלום",
        "\u0301\u0327\u200d\u200b",
    ]
    found = []
    for _ in range(count):
        words = [chance.choice(WORDS) for _ in range(chance.randrange(1, 12))]
        words.append("".join(chance.choice(chance.choice(alphabets)) for _ in range(chance.randrange(30))))
        words.append(
            "".join(
                chr(chance.choice([chance.randrange(0xD800), chance.randrange(0xE000, 0x110000)])) for _ in range(3)
            )
        )
        if chance.random() < 0.1:
            words.append("é" * chance.choice([99, 100, 101, 200]))
        chance.shuffle(words)
        found.append(chance.choice([" ", "", "  "]).join(words))
    return found


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"do_lower_case": True, "strip_accents": False},
        {"do_lower_case": False},
        {"do_lower_case": False, "strip_accents": True},
        {"do_lower_case": True, "tokenize_chinese_chars": False},
        {"do_lower_case": False, "tokenize_chinese_chars": False, "mask_token": {"content": "[MASK]", "lstrip": True}},
    ],
)
@pytest.mark.parametrize("kind", ["vocab.txt", "tokenizer.json"])
def test_ids_and_offsets_are_those_of_transformers(fields: dict[str, Any], kind: str, tmp_path: Path) -> None:
    from transformers import BertTokenizer

    if isinstance(mask := fields.get("mask_token"), dict):
        mask["__type"] = "AddedToken"
    place = directory(tmp_path, **fields)
    if kind == "tokenizer.json":
        theirs = BertTokenizer.from_pretrained(place)
        theirs._tokenizer.enable_truncation(4)
        theirs._tokenizer.enable_padding(length=9)
        theirs._tokenizer.save(str(place / "tokenizer.json"))
        (place / "vocab.txt").write_text("another vocabulary\n")
        theirs = BertTokenizer.from_pretrained(place)
        theirs._tokenizer.no_truncation()
        theirs._tokenizer.no_padding()
    else:
        theirs = BertTokenizer.from_pretrained(place)
    ours = WordPiece.read(place)
    for line in lines(2_000):
        expected = theirs._tokenizer.encode(line, add_special_tokens=False)
        encoding = ours.encode(line)
        assert [ours.id(token) for token in encoding.tokens] == expected.ids, line
        assert list(encoding.offsets) == expected.offsets, line
        assert list(encoding.words) == expected.word_ids, line


@pytest.mark.parametrize("lowercase", [True, False])
def test_transformers_reads_what_save_wrote(lowercase: bool, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    ours = WordPiece.read(directory(tmp_path, do_lower_case=lowercase, strip_accents=True))
    saved = tmp_path / "saved"
    saved.mkdir()
    ours.save(saved)
    (saved / "config.json").write_text('{"model_type": "bert"}')
    for name in (None, "tokenizer.json"):  # the second time from vocab.txt alone
        if name is not None:
            (saved / name).unlink()
        theirs = AutoTokenizer.from_pretrained(saved)
        again = WordPiece.read(saved)
        assert again.tokens == ours.tokens
        assert again.settings == ours.settings
        for line in lines(200):
            ids = [ours.id(token) for token in ours.encode(line).tokens]
            assert theirs(line)["input_ids"] == [ours.id("[CLS]"), *ids, ours.id("[SEP]")]
            assert again.encode(line) == ours.encode(line)


def test_the_lecture_s_example_has_the_lecture_s_pieces(starter: WordPiece) -> None:
    assert starter.encode("My dog is cute").tokens == ("my", "dog", "is", "cute")
    second = starter.encode("he likes playing")
    assert second.tokens == ("he", "likes", "play", "##ing")
    assert second.offsets == ((0, 2), (3, 8), (9, 13), (13, 16))
    assert second.words == (0, 1, 2, 2)


def test_an_explanation_shows_every_try_longest_first() -> None:
    tokenizer = WordPiece([*SPECIAL, "un", "##aff", "##able", "u"])
    (word,) = tokenizer.explain("  UNAFFABLE")
    assert (word.typed, word.word, word.offset) == ("UNAFFABLE", "unaffable", (2, 11))
    assert word.pieces == ("un", "##aff", "##able")
    assert word.ids == (5, 6, 7)
    tried = [(candidate.piece, candidate.taken) for candidate in word.candidates]
    assert tried == [
        ("unaffable", False), ("unaffabl", False), ("unaffab", False), ("unaffa", False), ("unaff", False),
        ("unaf", False), ("una", False), ("un", True),
        ("##affable", False), ("##affabl", False), ("##affab", False), ("##affa", False), ("##aff", True),
        ("##able", True),
    ]  # fmt: skip
    assert word.reason is None


def test_an_explanation_says_why_a_word_is_unknown() -> None:
    tokenizer = WordPiece([*SPECIAL, "un", "a", "##a"])
    unit, long, longest, typed = tokenizer.explain(f"unit {'a' * 101} {'a' * 100} [UNK]")
    assert (unit.pieces, unit.reason, unit.word) == (("[UNK]",), "no-piece", "unit")
    assert [candidate.piece for candidate in unit.candidates] == ["unit", "uni", "un", "##it", "##i"]
    assert (long.pieces, long.reason, long.candidates) == (("[UNK]",), "too-long", ())
    assert (len(longest.pieces), longest.reason) == (100, None)
    assert (typed.pieces, typed.reason) == (("[UNK]",), None)


@settings(deadline=None, max_examples=300)
@given(st.text(st.one_of(st.characters(), st.sampled_from("aeiP日\u0301\u200d [MASK]#")), max_size=80), st.booleans())
def test_explained_pieces_are_the_encoded_ones(text: str, lowercase: bool) -> None:
    tokenizer = SMALL[lowercase]
    words, encoding = tokenizer.explain(text), tokenizer.encode(text)
    assert tuple(piece for word in words for piece in word.pieces) == encoding.tokens
    for word in words:
        assert text[word.offset[0] : word.offset[1]] == word.typed
        taken = tuple(candidate.piece for candidate in word.candidates if candidate.taken)
        assert taken == word.pieces if word.reason is None else word.pieces == ("[UNK]",)
        if word.reason == "no-piece":
            assert not word.candidates[-1].taken
        if word.reason is None:  # the word as it was normalised, spelt once more by its pieces
            assert tokenizer.encode(word.word).tokens == word.pieces


SMALL = {
    lowercase: WordPiece(
        [*SPECIAL, *"aeiP日", *(f"##{letter}" for letter in "aeiP\u0301"), "ae", "##ie"],
        Settings(do_lower_case=lowercase),
    )
    for lowercase in (True, False)
}


def test_surrogates_and_nul_keep_offsets_right(starter: WordPiece) -> None:
    text = "my\ud800 dog\x00 \udfff\ud83d\ude00 is"
    encoding = starter.encode(text)
    assert encoding.tokens == ("my", "dog", "is")
    assert [text[start:end] for start, end in encoding.offsets] == ["my", "dog", "is"]


def test_normalized_keeps_typed_special_tokens(starter: WordPiece) -> None:
    assert starter.normalized("Ça [MASK] É\x00!") == "ca [MASK] e!"


def test_an_unknown_token_has_no_id(starter: WordPiece) -> None:
    assert starter.id("[PAD]") == 0
    with pytest.raises(ValueError, match=f"'playing' is not one of the {VOCABULARY} entries"):
        starter.id("playing")


def test_added_tokens_are_matched_as_typed(tmp_path: Path) -> None:
    from transformers import BertTokenizer

    place = directory(tmp_path, [*SPECIAL, "my", "dog"])
    theirs = BertTokenizer.from_pretrained(place)
    theirs.add_tokens(["<Entity>", "dogma"])
    theirs.save_pretrained(place)
    ours = WordPiece.read(place)
    assert ours.tokens[-2:] == ("<Entity>", "dogma")
    for line in ["my <Entity> dogma DOGMA", "dogmatic <entity>"]:
        assert [ours.id(token) for token in ours.encode(line).tokens] == theirs(line, add_special_tokens=False)[
            "input_ids"
        ]
    assert [word.reason for word in ours.explain("my <Entity>")] == [None, None]


def test_other_names_of_special_tokens(tmp_path: Path) -> None:
    names = {"unk_token": "<unk>", "sep_token": "</s>", "pad_token": "<pad>", "cls_token": "<s>"}
    fields = {**names, "mask_token": {"__type": "AddedToken", "content": "<mask>", "lstrip": True}}
    tokenizer = WordPiece.read(directory(tmp_path, [*names.values(), "<mask>", "a"], **fields))
    assert (tokenizer.mask_token, tokenizer.cls_token, tokenizer.unk_token) == ("<mask>", "<s>", "<unk>")
    assert tokenizer.encode("a <mask> b").tokens == ("a", "<mask>", "<unk>")


def test_a_general_class_goes_by_tokenizer_json(tmp_path: Path) -> None:
    place = directory(tmp_path, [*SPECIAL, "Dog", "dog"], do_lower_case=False)
    WordPiece.read(place).save(place)
    (place / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    assert WordPiece.read(place).encode("Dog").tokens == ("Dog",)
    content = json.loads((place / "tokenizer.json").read_text())
    content["normalizer"] = {"type": "NFC"}
    (place / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="another way"):
        WordPiece.read(place)


def test_rows_past_the_vocabulary_are_named_but_cannot_be_typed(tmp_path: Path) -> None:
    tokenizer = WordPiece([*SPECIAL, "a"]).padded(8)
    assert tokenizer.tokens == (*SPECIAL, "a", "[row 6]", "[row 7]")
    assert tokenizer.encode("[row 6]").tokens.count("[row 6]") == 0
    with pytest.raises(ValueError, match="6 entries"):
        tokenizer.id("[row 6]")
    tokenizer.save(tmp_path)
    assert WordPiece.read(tmp_path).tokens == (*SPECIAL, "a")


def test_windows_line_ends_a_byte_order_mark_and_odd_entries_are_read(tmp_path: Path) -> None:
    (tmp_path / "vocab.txt").write_bytes(
        "\ufeff".encode() + "\r\n".join([*SPECIAL, "\u2028", "\x85x", "\xa0", ""]).encode()
    )
    assert WordPiece.read(tmp_path).tokens == (*SPECIAL, "\u2028", "\x85x", "\xa0")


BAD_FILES = {
    "nothing": ({}, "neither vocab.txt nor tokenizer.json"),
    "no mask": ({"vocab.txt": b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n"}, r"vocab.txt: The vocabulary lacks \[MASK\]"),
    "empty": ({"vocab.txt": b""}, "vocab.txt: Entry 0 .* blank"),
    "blank": ({"vocab.txt": "\n".join([*SPECIAL, "", "a"]).encode()}, "Entry 5 .* blank"),
    "double": ({"vocab.txt": "\n".join([*SPECIAL, "a", "a"]).encode()}, "'a' twice, as entries 5 and 6"),
    "latin-1": ({"vocab.txt": b"[PAD]\n\xe9t\xe9\n"}, "vocab.txt is not UTF-8"),
    "BPE": (
        {"tokenizer.json": b'{"model": {"type": "BPE", "vocab": {}, "merges": []}}'},
        "'BPE'; a BERT's is 'WordPiece'",
    ),
    "old BPE": ({"tokenizer.json": b'{"model": {"vocab": {}, "merges": []}}'}, "'BPE'"),
    "no JSON": ({"tokenizer.json": b"{"}, "tokenizer.json is not valid JSON"),
    "no model": ({"tokenizer.json": b"{}"}, "type None"),
    "far id": (
        {"tokenizer.json": b'{"model": {"type": "WordPiece", "vocab": {"a": 1000000000000}}}'},
        "gives 'a' the id",
    ),
    "no id": ({"tokenizer.json": b'{"model": {"vocab": {"a": null}}}'}, "gives 'a' the id None"),
    "odd added": (
        {"tokenizer.json": b'{"model": {"vocab": {"a": 0}}, "added_tokens": [5]}'},
        "its added tokens cannot be read",
    ),
    "other class": (
        {"tokenizer_config.json": b'{"tokenizer_class": "BertJapaneseTokenizer"}'},
        "BertJapaneseTokenizer",
    ),
    "odd flag": (
        {"vocab.txt": "\n".join(SPECIAL).encode(), "tokenizer_config.json": b'{"do_lower_case": "no"}'},
        "do_lower_case in tokenizer_config.json must be true or false",
    ),
    "odd token": (
        {"vocab.txt": "\n".join(SPECIAL).encode(), "tokenizer_config.json": b'{"mask_token": 3}'},
        "mask_token in tokenizer_config.json must be a token",
    ),
}


@pytest.mark.parametrize("case", BAD_FILES)
def test_files_that_are_no_tokenizer_are_refused_in_a_sentence(case: str, tmp_path: Path) -> None:
    files, message = BAD_FILES[case]
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=message) as refusal:
        WordPiece.read(tmp_path)
    assert "\n" not in str(refusal.value)


def test_importing_the_tokenizer_loads_neither_torch_nor_transformers() -> None:
    program = "import sys, model.wordpiece; sys.exit(bool({'torch', 'transformers', 'numpy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
