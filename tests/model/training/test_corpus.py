"""Text files become the documents, sentences and tokens that they hold."""

from __future__ import annotations

import errno
import gzip
import lzma
import os
import re
import subprocess
import sys
from collections import Counter
from itertools import chain, pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from model.training import corpus, shards
from model.training.corpus import Corpus, Split
from model.wordpiece import Settings, WordPiece
from tests.model.training import texts

ROOT = Path(__file__).parents[3]
DOGS = [["My dog is cute. He likes playing.", "The dog is old!"], ["The cat is cute."]]


def prepare(folder: Path, *files: Path, share: float = 0.0, tokenizer: WordPiece | None = None) -> Corpus:
    return corpus.prepare(files, tokenizer or texts.tokenizer(), folder / "cache", validation_share=share)


def documents(split: Split, tokenizer: WordPiece | None = None) -> list[list[str]]:
    """The pieces of each sentence of each document, one text a sentence."""
    tokens = (tokenizer or texts.tokenizer()).tokens
    spelt = [
        " ".join(tokens[number] for number in split.tokens[start:end])
        for start, end in zip(split.sentences[:-1], split.sentences[1:], strict=True)
    ]
    return [spelt[start:end] for start, end in zip(split.documents[:-1], split.documents[1:], strict=True)]


def both(made: Corpus) -> list[list[str]]:
    return documents(made.train) + documents(made.validation)


def test_a_text_becomes_its_documents_sentences_and_pieces(tmp_path: Path) -> None:
    made = prepare(tmp_path, texts.write(tmp_path / "dogs.txt", DOGS))
    assert documents(made.train) == [
        ["my dog is cute .", "he likes play ##ing .", "the dog is o ##l ##d !"],
        ["the cat is cute ."],
    ]
    assert documents(made.validation) == []
    report = made.report
    assert (report.documents, report.paragraphs, report.sentences, report.tokens) == (2, 3, 4, 22)
    assert report.characters == sum(len(paragraph) for document in DOGS for paragraph in document)


def test_the_ids_are_those_that_the_tokenizer_gives_sentence_by_sentence(tmp_path: Path) -> None:
    odd = "Ünïcödé naïve “quotes” (cat,dog) it's e.g. 3.14 日本語 x\tb a\x0bb a\x85b a\xa0b \u2028c ﬁn İ ½ …"
    words = re.split(" ", odd)
    lines = [" ".join(words[i:] + words[:i]) + "?" for i in range(len(words))]
    tokenizer = texts.tokenizer()
    made = prepare(tmp_path, texts.write(tmp_path / "a.txt", [lines]))
    expected = [tokenizer.id(piece) for line in lines for piece in tokenizer.encode(line.strip()).tokens]
    assert made.train.tokens.tolist() == expected
    assert made.report.unknown == expected.count(tokenizer.id("[UNK]")) > 0


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40), max_size=8))
def test_whatever_is_written_is_tokenised_as_a_whole(tmp_path: Path, lines: list[str]) -> None:
    # Cutting into sentences, words and batches must lose no piece and make none.
    tokenizer = texts.tokenizer()
    made = prepare(tmp_path, texts.write(tmp_path / "a.txt", [["begins", *lines, "the end"]]))
    whole = "\n".join(["begins", *lines, "the end"]).replace("\r", "\n")
    assert " ".join(chain.from_iterable(both(made))).split() == [
        tokenizer.tokens[number] for line in whole.split("\n") for number in tokenizer.ids([line])[0]
    ]


def test_a_special_token_that_is_typed_in_a_text_does_not_divide_it(tmp_path: Path) -> None:
    made = prepare(tmp_path, texts.write(tmp_path / "a.txt", [["the [MASK] dog [SEP]"]]))
    assert not np.isin(made.train.tokens, [0, 2, 3, 4]).any()
    assert documents(made.train)[0][0].split()[0] == "the"


@pytest.mark.parametrize("ending", [".txt", ".txt.gz", ".txt.xz"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_packing_line_ends_and_a_byte_order_mark_change_nothing(
    tmp_path: Path, ending: str, mark: str, line_end: str
) -> None:
    text = mark + "\n\n".join("\n".join(paragraphs) for paragraphs in DOGS) + "\n"
    pack = {".txt": bytes, ".txt.gz": gzip.compress, ".txt.xz": lzma.compress}[ending]
    path = tmp_path / f"dogs{ending}"
    path.write_bytes(pack(text.replace("\n", line_end).encode()))
    made = prepare(tmp_path, path)
    assert documents(made.train) == documents(prepare(tmp_path, texts.write(tmp_path / "plain.txt", DOGS)).train)
    assert [part.name for part in made.train.parts] == ["dogs"]


def test_each_file_is_a_part_with_its_own_documents(tmp_path: Path) -> None:
    one = texts.write(tmp_path / "one.txt", [[f"the dog {number}"] for number in range(30)])
    none = texts.write(tmp_path / "none.txt", [])
    two = texts.write(tmp_path / "two.txt", [[f"the cat {number}"] for number in range(20)])
    made = prepare(tmp_path, one, none, two, share=0.3)
    for split in (made.train, made.validation):
        assert [part.name for part in split.parts] == ["one", "none", "two"]
        spans = [part.documents for part in split.parts]
        assert spans[0][0] == 0
        assert spans[-1][1] == len(split.documents) - 1
        assert all(before[1] == after[0] for before, after in pairwise(spans))
        found = documents(split)
        for animal, (start, end) in zip(("dog", "", "cat"), spans, strict=True):
            assert all(f"the {animal}" in document[0] for document in found[start:end])
    assert len(documents(made.train)) + len(documents(made.validation)) == 50


def test_duplicates_are_counted_and_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    made_up = [[f"cat {number}." for number in rng.integers(6, size=rng.integers(1, 4))] for _ in range(200)]
    made = prepare(tmp_path, texts.write(tmp_path / "a.txt", made_up), share=0.2)
    by_document = Counter("\n".join(document) for document in made_up)
    by_paragraph = Counter(paragraph for document in made_up for paragraph in document)
    assert made.report.duplicate_documents == 200 - len(by_document) > 0
    assert made.report.duplicate_paragraphs == sum(by_paragraph.values()) - len(by_paragraph)
    assert made.report.documents == 200 == len(both(made))


def test_a_document_and_its_copy_are_never_on_two_sides(tmp_path: Path) -> None:
    written = [[f"cat {number % 40}."] for number in range(120)]
    made = prepare(tmp_path, texts.write(tmp_path / "a.txt", written), share=0.4)
    train, validation = ({document[0] for document in documents(split)} for split in (made.train, made.validation))
    assert train
    assert validation
    assert not train & validation


def test_the_share_held_back_is_the_one_asked_for(tmp_path: Path) -> None:
    made = prepare(tmp_path, texts.write(tmp_path / "a.txt", [[f"cat {number}."] for number in range(4000)]), share=0.1)
    assert made.report.validation_documents == len(documents(made.validation))
    assert abs(made.report.validation_documents - 400) < 4 * np.sqrt(4000 * 0.1 * 0.9)


@pytest.mark.parametrize(("count", "least"), [(1, 0), (2, 1), (3, 1), (4, 2), (7, 2), (40, 2)])
@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_a_small_corpus_has_documents_on_both_sides(tmp_path: Path, count: int, least: int, share: float) -> None:
    made = prepare(tmp_path, texts.write(tmp_path / "a.txt", [[f"cat {n}."] for n in range(count)]), share=share)
    assert len(documents(made.validation)) >= least
    assert len(documents(made.train)) >= max(least, 1)
    assert len(both(made)) == count


def test_no_document_is_held_back_where_the_share_is_0(tmp_path: Path) -> None:
    made = prepare(tmp_path, texts.write(tmp_path / "a.txt", [[f"cat {number}."] for number in range(40)]))
    assert len(documents(made.train)) == 40


def test_where_a_document_lies_depends_on_its_text_alone(tmp_path: Path) -> None:
    written = [[f"cat {number}."] for number in range(300)]
    forth = prepare(tmp_path, texts.write(tmp_path / "a.txt", written), share=0.2)
    back = prepare(tmp_path, texts.write(tmp_path / "b.txt", written[::-1]), share=0.2)
    assert documents(forth.validation) == documents(back.validation)[::-1]


def test_words_are_remembered_only_so_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [" ".join(f"w{number % 97}x" for number in range(start, start + 9)) + "." for start in range(300)]
    file = texts.write(tmp_path / "a.txt", [[line] for line in lines])
    once = prepare(tmp_path / "once", file)
    monkeypatch.setattr(shards, "_BATCH", 100)
    monkeypatch.setattr(shards, "_WORDS", 30)
    again = prepare(tmp_path / "again", file)
    assert once.report == again.report
    assert once.train.tokens.tolist() == again.train.tokens.tolist()
    assert once.train.tokens.tolist() == [number for ids in texts.tokenizer().ids(lines) for number in ids]


def test_a_sentence_without_an_end_is_cut(tmp_path: Path) -> None:
    file = texts.write(tmp_path / "a.txt", [["the dog " * 30_000], ["x" * 100_000], ["。" * 5000]])
    made = prepare(tmp_path, file)
    assert made.report.tokens == 60_000 + int(np.ceil(100_000 / 2048)) + 5000  # too long a word is one [UNK]
    assert np.diff(made.train.sentences).max() <= 2048


def test_many_entries_need_wider_ids(tmp_path: Path) -> None:
    entries = [*texts.tokenizer().tokens, *(f"w{number}" for number in range(70_000))]
    made = prepare(
        tmp_path, texts.write(tmp_path / "a.txt", [["w1 w69999"], ["dog"]]), tokenizer=WordPiece(entries), share=0.5
    )
    assert made.train.tokens.dtype == np.uint32
    assert sorted([*made.train.tokens, *made.validation.tokens])[-1] == len(entries) - 1


@pytest.mark.parametrize("written", ["", "\n\n \n", "\u200d\n\x01"])
def test_texts_without_a_word_are_refused(tmp_path: Path, written: str) -> None:
    (tmp_path / "a.txt").write_text(written, encoding="utf-8")
    with pytest.raises(ValueError, match=r"There is no word in the texts: name files that hold some\."):
        prepare(tmp_path, tmp_path / "a.txt")


def test_a_document_without_a_word_is_no_document(tmp_path: Path) -> None:
    made = prepare(tmp_path, texts.write(tmp_path / "a.txt", [["the dog."], ["\u200d"], ["\x01", "the cat."]]))
    assert documents(made.train) == [["the dog ."], ["the cat ."]]
    assert made.report.documents == 2


class TestCache:
    def test_the_same_texts_are_tokenised_once(self, tmp_path: Path) -> None:
        file = texts.write(tmp_path / "dogs.txt", DOGS)
        prepare(tmp_path, file)
        renamed = file.rename(tmp_path / "animals.txt")
        told: list[str] = []
        made = corpus.prepare(
            [renamed],
            texts.tokenizer(),
            tmp_path / "cache",
            validation_share=0,
            progress=lambda what, share: told.append(what),
        )
        assert set(told) == {"Comparing the texts"}
        assert made.train.parts[0].name == "animals"
        assert documents(made.train)[1] == ["the cat is cute ."]

    def test_other_texts_settings_or_shares_are_kept_apart(self, tmp_path: Path) -> None:
        file = texts.write(tmp_path / "dogs.txt", DOGS)
        cased = WordPiece(texts.tokenizer().tokens, Settings(do_lower_case=False))
        other = WordPiece([*texts.tokenizer().tokens, "cute.", "cut"])
        sizes = [len(prepare(tmp_path, file).train.tokens), len(prepare(tmp_path, file, share=0.5).train.tokens)]
        assert sizes[1] < sizes[0]
        assert prepare(tmp_path, file, tokenizer=cased).report.unknown > 0
        assert prepare(tmp_path, file, tokenizer=other).report.unknown == 0
        texts.write(file, DOGS[:1])
        assert prepare(tmp_path, file).report.documents == 1
        assert len([*(tmp_path / "cache").glob("*/entry.json")]) == 5

    @pytest.mark.parametrize("at", [0.0, 0.5, 0.9])
    def test_a_killed_process_leaves_nothing_that_is_taken_for_a_corpus(self, tmp_path: Path, at: float) -> None:
        file = texts.write(tmp_path / "a.txt", [[f"cat {number}."] for number in range(2000)])
        program = f"""
import os, sys
from pathlib import Path
from model.training import corpus, shards, text
from tests.model.training import texts
shards._BATCH, text._BLOCK = 1000, 1000
def kill(what, share):
    if what == "Tokenising the texts" and share >= {at}:
        os._exit(9)  # no clean-up, as a kill
corpus.prepare([Path(sys.argv[1])], texts.tokenizer(), Path(sys.argv[2]), validation_share=0.1, progress=kill)
"""
        cache = tmp_path / "cache"
        done = subprocess.run([sys.executable, "-c", program, str(file), str(cache)], cwd=ROOT, check=False)
        assert done.returncode == 9
        assert len([*cache.glob("*.part")]) == 1
        made = prepare(tmp_path, file, share=0.1)
        whole = prepare(tmp_path / "elsewhere", file, share=0.1)
        assert made.train.tokens.tolist() == whole.train.tokens.tolist()
        assert made.report == whole.report
        assert not [*cache.glob("*.part")]

    @pytest.mark.parametrize("damage", ["cut", "gone", "garbled"])
    def test_a_damaged_entry_is_made_anew(self, tmp_path: Path, damage: str) -> None:
        file = texts.write(tmp_path / "dogs.txt", DOGS)
        before = prepare(tmp_path, file).train.tokens.tolist()
        (tokens,) = (tmp_path / "cache").glob("*/train.tokens")
        if damage == "cut":
            tokens.write_bytes(tokens.read_bytes()[:-2])
        elif damage == "gone":
            tokens.unlink()
        else:
            (tokens.parent / "entry.json").write_text("{")
        assert prepare(tmp_path, file).train.tokens.tolist() == before

    def test_a_full_disk_is_said_and_nothing_is_left_on_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        file = texts.write(tmp_path / "dogs.txt", DOGS)
        monkeypatch.setattr(shards._Side, "add", full)
        with pytest.raises(OSError, match=r"cache cannot be used for tokenised texts: the disk is full; make room"):
            prepare(tmp_path, file)
        assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]

    def test_a_folder_that_cannot_be_written_is_said(self, tmp_path: Path) -> None:
        file = texts.write(tmp_path / "dogs.txt", DOGS)
        for cache in (file, file / "cache"):
            with pytest.raises(OSError, match=r"cannot be used for tokenised texts: a file stands where a folder"):
                corpus.prepare([file], texts.tokenizer(), cache, validation_share=0)

    def test_a_text_that_cannot_be_read_leaves_nothing_behind(self, tmp_path: Path) -> None:
        good, bad = texts.write(tmp_path / "dogs.txt", DOGS), tmp_path / "bad.txt"
        bad.write_bytes(b"the dog \xff")
        with pytest.raises(ValueError, match=r"bad.txt is not UTF-8"):
            prepare(tmp_path, good, bad)
        assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]

    def test_a_stop_asked_for_in_progress_leaves_nothing_behind(self, tmp_path: Path) -> None:
        def stop(what: str, share: float) -> None:
            if what == "Tokenising the texts":
                raise KeyboardInterrupt

        file = texts.write(tmp_path / "dogs.txt", DOGS)
        with pytest.raises(KeyboardInterrupt):
            corpus.prepare([file], texts.tokenizer(), tmp_path / "cache", validation_share=0, progress=stop)
        assert [path.name for path in (tmp_path / "cache").iterdir()] == ["lock"]
