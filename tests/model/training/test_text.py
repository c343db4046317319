"""Text files are found, read as they were written, and refused in a sentence."""

from __future__ import annotations

import gzip
import lzma
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from model.training import text
from tests.model.training import texts


def read(path: Path) -> list[list[str]]:
    return list(text.read_documents([path]))


def letters(documents: list[list[str]]) -> str:
    return "".join("".join(paragraph.split()) for document in documents for paragraph in document)


def test_a_blank_line_ends_a_document_however_blank_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("\n\n one \ntwo\n \t \n\n\nthree\n\u2003\nfour", encoding="utf-8")
    assert read(path) == [["one", "two"], ["three"], ["four"]]


def test_only_line_ends_divide_paragraphs(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g\rh\r\ni".encode())
    assert read(path) == [["a\x0bb\x0cc\x1cd\x85e\u2028f\u2029g", "h", "i"]]


@pytest.mark.parametrize("block", [1, 2, 3, 5, 7])
def test_where_the_file_is_cut_for_reading_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes("\ufeffÄ日\r\n𝄞 b\r\n\r\nc\r\rd\n".encode())
    monkeypatch.setattr(text, "_BLOCK", block)
    assert read(path) == [["Ä日", "𝄞 b"], ["c"], ["d"]]


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("ab .!?\"')。\n\t", max_size=300), st.integers(1, 9), st.integers(1, 40))
@example("??????? \n?", 1, 2)  # what is left of a long line is white: that is no blank line
@example("a\n      \na", 1, 9)  # but this one is
def test_cutting_long_lines_and_documents_loses_no_letter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: str, paragraph: int, document: int
) -> None:
    path = tmp_path / "a.txt"
    path.write_text(written, encoding="utf-8", newline="")
    with monkeypatch.context() as patch:
        patch.setattr(text, "PARAGRAPH", paragraph)
        patch.setattr(text, "DOCUMENT", document)
        found = read(path)
        patch.setattr(text, "_BLOCK", 4)
        assert read(path) == found
    assert letters(found) == "".join(written.split())
    assert all(0 < len(part) <= paragraph for one in found for part in one)
    assert all(sum(map(len, one)) < document + paragraph for one in found)


def test_a_long_line_is_cut_behind_a_sentence_or_else_behind_a_word() -> None:
    assert [*text.chopped("One two. Three four", 14)] == ["One two. ", "Three four"]
    assert [*text.chopped('A b c "d." Efgh ijkl', 16)] == ['A b c "d." ', "Efgh ijkl"]
    assert [*text.chopped("one two three", 9)] == ["one two ", "three"]
    assert [*text.chopped("abcdefgh", 3)] == ["abc", "def", "gh"]
    assert [*text.chopped("日本。中国中国", 4)] == ["日本。", "中国中国"]


def test_folders_files_and_patterns_are_found_once_and_in_order(tmp_path: Path) -> None:
    for name in ("b.txt", "a.TXT.gz", "sub/c.txt.xz", "sub/.hidden.txt", "notes.md", "odd [1]/d.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    def found(*patterns: str, base: Path = tmp_path) -> list[str]:
        return [path.relative_to(tmp_path).as_posix() for path in text.expand(patterns, base)]

    everything = ["a.TXT.gz", "b.txt", "odd [1]/d.txt", "sub/c.txt.xz"]
    assert found(".") == everything
    assert set(found("*")) == {*everything, "notes.md"}
    assert found("b.txt", ".") == ["b.txt", "a.TXT.gz", "odd [1]/d.txt", "sub/c.txt.xz"]
    assert found("sub/*.xz", "*.md") == ["sub/c.txt.xz", "notes.md"]
    assert found("**/*.txt") == ["b.txt", "odd [1]/d.txt"]
    assert found("odd [1]") == ["odd [1]/d.txt"]
    assert found("*.txt", base=tmp_path / "odd [1]") == ["odd [1]/d.txt"]
    assert found(str(tmp_path / "s*"), base=Path("elsewhere")) == ["sub/c.txt.xz"]
    assert found("../b.*", base=tmp_path / "sub") == ["sub/../b.txt"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [("gone.txt", "There is no file"), ("*.txt", "No file matches '*.txt'"), ("empty", "holds no text file")],
)
def test_a_pattern_that_names_nothing_is_refused(tmp_path: Path, pattern: str, said: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=re.escape(said)):
        text.expand([pattern], tmp_path)


@pytest.mark.parametrize("block", [1 << 20, 3])
def test_a_file_in_another_encoding_is_refused_with_the_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(text, "_BLOCK", block)
    path = tmp_path / "latin.txt"
    path.write_bytes("süß".encode() + b"\nca" + "fé\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin.txt is not UTF-8 text: the byte 0xe9 at offset 9 \(line 2\) fits"):
        read(path)


def test_half_a_character_at_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.txt"
    path.write_bytes("abc日".encode()[:-1])
    with pytest.raises(ValueError, match=r"the byte 0xe6 at offset 3 \(line 1\)"):
        read(path)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "binary.txt"
    path.write_bytes(b"one\ntwo\0\0three")
    with pytest.raises(ValueError, match=r"binary.txt is no text: there is a zero byte at offset 7 \(line 2\)"):
        read(path)


@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".xz", lzma.compress)])
@pytest.mark.parametrize("damage", ["cut", "overwritten", "not packed"])
def test_a_damaged_packed_file_is_refused(tmp_path: Path, ending: str, pack: type, damage: str) -> None:
    whole = pack("".join(f"The dog {number}.\n" for number in range(9000)).encode())
    data = {"cut": whole[:-9], "overwritten": whole[:200] + b"?" * 50 + whole[250:], "not packed": b"The dog."}[damage]
    path = tmp_path / f"dogs.txt{ending}"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=r"dogs.txt.* is damaged or cut short: .* copy or download it again\."):
        read(path)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"gone.txt cannot be read: No such file or directory; name"):
        read(tmp_path / "gone.txt")


def test_the_digest_is_of_the_contents_and_their_order(tmp_path: Path) -> None:
    one, two = tmp_path / "one.txt", tmp_path / "two.txt"
    one.write_bytes(b"the dog")
    two.write_bytes(b"the cat")
    packed = tmp_path / "three.txt.gz"
    packed.write_bytes(gzip.compress(b"the dog", mtime=1))
    assert text.digest([one, two]) == text.digest([packed, two])
    different = {text.digest(files) for files in ([one, two], [two, one], [one], [one, one], [])}
    assert len(different) == 5
    one.write_bytes(b"the dot")
    assert text.digest([one, two]) not in different


def test_progress_grows_to_one_over_all_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "_BLOCK", 10)
    files = [texts.write(tmp_path / f"{name}.txt", [["the dog " * 9]]) for name in "abc"]
    files.append(tmp_path / "d.txt.xz")
    files[-1].write_bytes(lzma.compress(b"the dog" * 99))
    told: list[float] = []
    list(text.read_documents(files, text.Meter(files, "Reading", lambda what, share: told.append(share))))
    assert told == sorted(told)
    assert told[0] < 0.1
    assert told[-1] == 1
