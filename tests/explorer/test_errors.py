"""The crash log."""

import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import qWarning
from pytestqt.qtbot import QtBot

from explorer.errors import CrashLog


@pytest.fixture
def log(tmp_path: Path, qtbot: QtBot) -> Iterator[CrashLog]:
    log = CrashLog(tmp_path)
    log.install()
    yield log
    log.remove()


def raise_here(message: str) -> None:
    try:
        raise RuntimeError(message)
    except RuntimeError as error:
        sys.excepthook(RuntimeError, error, error.__traceback__)


def test_an_error_that_nothing_caught_is_in_the_log_and_told_in_a_sentence(log: CrashLog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(log.happened) as told:
        raise_here("a bolt is loose")
    assert str(log.file) in told.args[0]
    assert "RuntimeError: a bolt is loose" in log.file.read_text(encoding="utf-8")


def test_the_same_error_again_is_logged_but_not_told_again(log: CrashLog, qtbot: QtBot) -> None:
    told: list[str] = []
    log.happened.connect(told.append)
    for number in range(20):
        raise_here(f"frame {number}")
    assert len(told) == 1
    assert "frame 19" in log.file.read_text(encoding="utf-8")


def test_an_error_in_a_thread_is_told_too(log: CrashLog, qtbot: QtBot) -> None:
    def fail() -> None:
        raise KeyError("in a thread")

    with qtbot.waitSignal(log.happened):
        thread = threading.Thread(target=fail)
        thread.start()
        thread.join()
    assert "in a thread" in log.file.read_text(encoding="utf-8")


def test_what_qt_warns_of_is_logged_unless_it_is_harmless(log: CrashLog) -> None:
    qWarning("QPainter::begin: something is wrong")
    qWarning("This plugin does not support propagateSizeHints()")
    text = log.file.read_text(encoding="utf-8")
    assert "something is wrong" in text
    assert "propagateSizeHints" not in text


def test_a_folder_that_cannot_be_written_to_does_not_keep_the_program_from_starting(
    tmp_path: Path, qtbot: QtBot, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    log = CrashLog(tmp_path / "file" / "folder")
    log.install()
    try:
        raise_here("without a log")
    finally:
        log.remove()
    assert "without a log" in capsys.readouterr().err


def test_removing_it_leaves_the_hooks_as_they_were(tmp_path: Path) -> None:
    former = sys.excepthook, threading.excepthook
    log = CrashLog(tmp_path)
    log.install()
    log.remove()
    assert (sys.excepthook, threading.excepthook) == former
