"""What the window remembers."""

from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray

from explorer.settings import Settings


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


def test_the_first_start_follows_the_system_and_has_no_past(file: Path) -> None:
    settings = Settings(file)
    assert (settings.theme, settings.text_scale, settings.tab) == ("system", 1.0, "")
    assert settings.recent_models == []
    assert settings.geometry.isEmpty()


def test_everything_set_is_there_at_the_next_start_with_its_type(file: Path) -> None:
    settings = Settings(file)
    settings.theme, settings.text_scale, settings.tab = "dark", 1.25, "attention"
    settings.geometry = QByteArray(b"\x00\x01geometry")
    settings.save()
    again = Settings(file)
    assert (again.theme, again.text_scale, again.tab) == ("dark", 1.25, "attention")
    assert again.geometry == QByteArray(b"\x00\x01geometry")


def test_the_latest_model_is_first_and_stands_there_once(file: Path, tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("a", "b, with a comma", "ü")]
    for folder in folders:
        folder.mkdir()
        Settings(file).remember_model(folder)
    Settings(file).remember_model(folders[0])
    assert Settings(file).recent_models == [folders[0], folders[2], folders[1]]


def test_a_model_that_was_deleted_is_no_longer_recent(file: Path, tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    Settings(file).remember_model(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert Settings(file).recent_models == []


def test_a_file_edited_by_hand_into_nonsense_is_as_if_empty(file: Path) -> None:
    file.write_text("[window]\ntheme=purple\ntext_scale=big\n[models]\nrecent=7\n", encoding="utf-8")
    settings = Settings(file)
    assert (settings.theme, settings.text_scale, settings.recent_models) == ("system", 1.0, [])


def test_twelve_pairs_are_remembered_the_latest_first_and_each_once(file: Path) -> None:
    settings = Settings(file)
    for number in [*range(20), 15]:
        settings.remember_texts(f"sentence {number}", "B")
    settings.save()
    assert [first for first, _ in Settings(file).recent_texts] == [
        "sentence 15", *(f"sentence {number}" for number in (19, 18, 17, 16, 14, 13, 12, 11, 10, 9, 8)),
    ]  # fmt: skip


def test_pairs_edited_into_nonsense_are_none(file: Path) -> None:
    file.write_text('[texts]\nrecent="[1, 2]"\n')
    assert Settings(file).recent_texts == []
