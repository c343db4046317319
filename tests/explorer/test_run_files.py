"""Renaming, deleting and exporting runs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QApplication, QFileDialog, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from explorer import run_files
from explorer.run_files import RunFiles
from explorer.worker import Worker
from model.training.run import Run, list_runs
from tests.explorer.runs import made_up, recipe


@pytest.fixture
def files(qtbot: QtBot) -> Iterator[RunFiles]:
    worker, window = Worker(), QWidget()
    qtbot.addWidget(window)
    window.show()
    yield RunFiles(worker, window)
    worker.close()
    window.close()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    made = Run.create(tmp_path / "runs", "toy", recipe().to_toml())
    made.write_status("stopped")
    return made


def trash_that(moves: Callable[[str], bool], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the desktop's own is, and whether there is one, depends on the disk."""
    monkeypatch.setattr(run_files, "QFile", lambda path: SimpleNamespace(moveToTrash=lambda: moves(path)))


@pytest.fixture
def trash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    trash_that(lambda path: bool(shutil.move(path, tmp_path / "trash")), monkeypatch)
    return tmp_path / "trash"


@pytest.fixture
def no_trash(monkeypatch: pytest.MonkeyPatch) -> None:
    trash_that(lambda path: False, monkeypatch)


Rest = Callable[[], None]


@pytest.fixture
def rest(qtbot: QtBot, files: RunFiles) -> Rest:
    """Waits until everything was done."""
    return lambda: qtbot.waitUntil(lambda: files._worker.is_idle, timeout=10_000)


def question(qtbot: QtBot, files: RunFiles) -> QMessageBox:
    """The one that is asked now."""
    qtbot.waitUntil(lambda: any(box.isVisible() for box in files._window.findChildren(QMessageBox)), timeout=5_000)
    (box,) = (box for box in files._window.findChildren(QMessageBox) if box.isVisible())
    return box


def answer(box: QMessageBox, text: str) -> None:
    next(button for button in box.buttons() if button.text().replace("&", "") == text).click()
    QApplication.processEvents()


def names(run: Run) -> list[str]:
    return [other.name for other in list_runs(run.directory.parent)]


# Another name


def test_a_run_gets_another_name(qtbot: QtBot, files: RunFiles, run: Run) -> None:
    with qtbot.waitSignal(files.changed):
        files.rename(run, " cats & dogs 😀 ")
    assert names(run) == ["cats & dogs 😀"]


@pytest.mark.parametrize(
    ("name", "why"),
    [("other", "already something called other"), ("a/b", "cannot be the name"), ("<b>", "cannot be"), ("", "needs a")],
)
def test_a_name_that_cannot_be_is_said_and_the_run_keeps_its_own(
    qtbot: QtBot, files: RunFiles, run: Run, name: str, why: str
) -> None:
    Run.create(run.directory.parent, "other", recipe().to_toml())
    with qtbot.waitSignal(files.failed) as failed:
        files.rename(run, name)
    assert why in failed.args[0]
    assert set(names(run)) == {"toy", "other"}


def test_a_run_in_use_keeps_its_name(qtbot: QtBot, files: RunFiles, run: Run) -> None:
    with run.lock(), qtbot.waitSignal(files.failed) as failed:
        files.rename(run, "other")
    assert "in use" in failed.args[0]


def test_a_run_that_is_gone_cannot_be_renamed_and_that_is_said(qtbot: QtBot, files: RunFiles, run: Run) -> None:
    shutil.rmtree(run.directory)
    with qtbot.waitSignal(files.failed) as failed:
        files.rename(run, "other")
    assert "cannot be renamed" in failed.args[0]


# Away with it


def test_a_run_goes_to_the_trash_once_the_user_agrees(qtbot: QtBot, files: RunFiles, run: Run, trash: Path) -> None:
    files.delete(run)
    box = question(qtbot, files)
    assert "toy" in box.text()
    assert names(run) == ["toy"]
    with qtbot.waitSignals([files.changed, files.said]):
        answer(box, "Move to the trash")
    assert names(run) == []
    assert (trash / "recipe.toml").exists()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_a_key_pressed_without_reading_deletes_nothing(
    qtbot: QtBot, files: RunFiles, run: Run, rest: Rest, key: Qt.Key
) -> None:
    files.delete(run)
    qtbot.keyClick(question(qtbot, files), key)
    rest()
    assert names(run) == ["toy"]


def test_a_run_in_use_says_so_before_anything_is_asked(qtbot: QtBot, files: RunFiles, run: Run) -> None:
    with run.lock(), qtbot.waitSignal(files.failed) as failed:
        files.delete(run)
    assert "in use" in failed.args[0]
    assert not files._window.findChildren(QMessageBox)


def test_a_run_that_begins_while_the_question_stands_is_not_deleted(qtbot: QtBot, files: RunFiles, run: Run) -> None:
    files.delete(run)
    box = question(qtbot, files)
    with run.lock(), qtbot.waitSignal(files.failed) as failed:
        answer(box, "Move to the trash")
    assert "in use" in failed.args[0]
    assert names(run) == ["toy"]


def test_a_run_that_goes_while_the_question_stands_is_not_asked_for_again(
    qtbot: QtBot, files: RunFiles, run: Run
) -> None:
    files.delete(run)
    box = question(qtbot, files)
    shutil.rmtree(run.directory)
    with qtbot.waitSignal(files.failed) as failed:
        answer(box, "Move to the trash")
    assert "is gone" in failed.args[0]


def test_on_a_disk_without_a_trash_it_asks_again_before_it_deletes_for_good(
    qtbot: QtBot, files: RunFiles, run: Run, no_trash: None
) -> None:
    files.delete(run)
    answer(question(qtbot, files), "Move to the trash")
    box = question(qtbot, files)
    assert "for good" in box.text()
    assert names(run) == ["toy"]
    with qtbot.waitSignals([files.changed, files.said]):
        answer(box, "Delete for good")
    assert not run.directory.exists()


def test_what_cannot_be_brought_back_is_not_deleted_by_return(
    qtbot: QtBot, files: RunFiles, run: Run, no_trash: None, rest: Rest
) -> None:
    files.delete(run)
    answer(question(qtbot, files), "Move to the trash")
    qtbot.keyClick(question(qtbot, files), Qt.Key.Key_Return)
    rest()
    assert names(run) == ["toy"]


def test_a_name_with_tags_is_asked_about_as_it_is(qtbot: QtBot, files: RunFiles, run: Run) -> None:
    tagged = Run(run.directory.rename(run.directory.with_name("a <b>bold & b")))
    files.delete(tagged)
    box = question(qtbot, files)
    assert "a <b>bold & b" in box.text()
    assert box.textFormat() == Qt.TextFormat.PlainText
    answer(box, "Cancel")


# Out into the world


def test_the_last_snapshot_is_exported_under_the_name_of_the_run(qtbot: QtBot, files: RunFiles, tmp_path: Path) -> None:
    run = made_up(tmp_path / "runs", "toy", steps=(0, 500))
    out = tmp_path / "out"
    out.mkdir()
    with qtbot.waitSignal(files.said) as said:
        files.export_into(run, out)
    assert str(out / "toy") in said.args[0]
    exported = (out / "toy" / "model.safetensors").read_bytes()
    assert exported == (run.snapshot_path(500) / "model.safetensors").read_bytes()


def test_a_run_without_a_snapshot_says_that_there_is_nothing_to_export(
    qtbot: QtBot, files: RunFiles, run: Run, tmp_path: Path
) -> None:
    with qtbot.waitSignal(files.failed) as failed:
        files.export_into(run, tmp_path)
    assert "no snapshot yet" in failed.args[0]


def test_an_export_that_fails_says_why_in_a_sentence_and_leaves_no_half(
    qtbot: QtBot, files: RunFiles, tmp_path: Path
) -> None:
    run = made_up(tmp_path / "runs", "toy", steps=(0,))
    (run.snapshot_path(0) / "notes.txt").symlink_to("nowhere")  # one file of several that cannot be copied
    with qtbot.waitSignal(files.failed) as failed:
        files.export_into(run, tmp_path)
    assert failed.args[0].startswith(f"{tmp_path / 'toy'} cannot be written: ")
    assert "[(" not in failed.args[0]
    assert not (tmp_path / "toy").exists()


def test_an_export_is_still_told_when_the_run_is_renamed_meanwhile(
    qtbot: QtBot, files: RunFiles, tmp_path: Path
) -> None:
    run = made_up(tmp_path / "runs", "toy", steps=(0,))
    with qtbot.waitSignals([files.said, files.changed]):
        files.export_into(run, tmp_path)
        files.rename(run, "other")
    assert (tmp_path / "toy" / "config.json").exists()


def test_the_folder_is_asked_for_without_standing_still(qtbot: QtBot, files: RunFiles, run: Run) -> None:
    files.export(run)
    dialog = files._window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    assert "toy" in dialog.windowTitle()
    assert dialog.fileMode() == QFileDialog.FileMode.Directory
    dialog.reject()


def test_where_no_program_shows_folders_it_says_where_the_run_lies(
    qtbot: QtBot, files: RunFiles, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: False)
    with qtbot.waitSignal(files.failed) as failed:
        files.reveal(run)
    assert str(run.directory) in failed.args[0]
