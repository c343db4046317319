"""What leaves the window: the picture that is seen, the numbers that are held, whole or not at all."""

from __future__ import annotations

import csv
import io
import threading
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from explorer.export import Sheet, write
from explorer.window import Window
from explorer.worker import Lane

VALUES = np.array([[0.25, -1.5], [1 / 3, 4.0]], dtype=np.float32)
SHEET = Sheet(VALUES, ("my", 'a "quoted", one'), ("dog", "is"))


def read(text: str, separator: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(text), delimiter=separator))


def numbers(lines: list[list[str]]) -> np.ndarray:
    return np.array([line[1:] for line in lines[1:]], dtype=np.float32)


def test_csv_has_every_number_in_full_with_both_rows_of_labels() -> None:
    lines = read(SHEET.csv())
    assert lines[0] == ["", "dog", "is"]
    assert [line[0] for line in lines[1:]] == ["my", 'a "quoted", one']
    np.testing.assert_array_equal(numbers(lines), VALUES)


def test_words_of_other_scripts_survive_the_file(tmp_path: Path) -> None:
    write(tmp_path / "numbers.csv", Sheet(VALUES, ("犬", "كلب"), ("é", "🐶")))
    lines = read((tmp_path / "numbers.csv").read_text("utf-8-sig"))
    assert [line[0] for line in lines] == ["", "犬", "كلب"]


def test_a_file_that_cannot_be_written_is_a_sentence_and_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nowhere/numbers.csv cannot be written: .+\."):
        write(tmp_path / "nowhere" / "numbers.csv", SHEET)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("way", ["save-picture", "save-numbers"])
def test_saving_asks_for_a_file_and_writes_what_is_seen(window: Window, qtbot: QtBot, tmp_path: Path, way: str) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    window.workspace.select(head=(1, 3))
    heatmap = window.pages["attention"].heatmap  # type: ignore[attr-defined]
    heatmap.setFocus()
    window.actions_table[way].trigger()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.selectedFiles()[0].rpartition("/")[2].startswith("attention-layer-2-head-4.")
    file = tmp_path / "saved"
    with qtbot.waitSignal(window.exporter.done) as done:
        dialog.fileSelected.emit(str(file))
    dialog.close()
    assert str(file) in done.args[0]
    assert window.settings.export_folder == tmp_path
    if way == "save-numbers":
        assert window.workspace.trace is not None
        np.testing.assert_array_equal(
            numbers(read(file.read_text("utf-8-sig"))), window.workspace.trace.attention[1, 3]
        )
    else:
        image = QImage(str(file))
        assert image.width() >= 2 * heatmap.width()
        inside = heatmap.cell_rect((2, 3)).center().toPoint() * 2  # a diagonal head: dark there, paper at the corner
        assert QColor(image.pixel(inside)).lightness() < 100 < QColor(image.pixel(2, 2)).lightness()


def test_copied_numbers_come_as_a_spreadsheet_wants_them(window: Window, qtbot: QtBot) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    window.pages["attention"].heatmap.setFocus()  # type: ignore[attr-defined]
    with qtbot.waitSignal(window.exporter.done):
        qtbot.keyClick(window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    assert window.workspace.trace is not None
    shown = window.workspace.trace.attention[window.workspace.selection.head or (0, 0)]
    data = QGuiApplication.clipboard().mimeData()
    np.testing.assert_array_equal(numbers(read(data.text(), "\t")), shown)
    np.testing.assert_array_equal(numbers(read(bytes(data.data("text/csv").data()).decode())), shown)


def test_a_copied_picture_is_on_the_clipboard(window: Window, qtbot: QtBot) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    with qtbot.waitSignal(window.exporter.done):
        window.actions_table["copy-picture"].trigger()
    assert not QGuiApplication.clipboard().image().isNull()


def test_a_failure_is_said_in_the_window(window: Window, qtbot: QtBot) -> None:
    window.show_tab("attention")
    window.actions_table["save-picture"].trigger()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    with qtbot.waitSignal(window.exporter.failed) as failed:
        dialog.fileSelected.emit("/proc/nothing.png")
    dialog.close()
    assert "/proc/nothing.png cannot be written" in failed.args[0]


def test_two_files_saved_while_the_model_is_busy_are_both_written(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    window.show_tab("attention")
    worker = window.workspace.worker
    qtbot.waitUntil(lambda: worker.is_idle)
    go_on = threading.Event()
    worker.submit(Lane.QUESTION, "busy", lambda: go_on.wait(5), lambda _: None, pytest.fail)
    for name in ("first.png", "second.png"):
        window.actions_table["save-picture"].trigger()
        dialog = window.findChildren(QFileDialog)[-1]
        dialog.fileSelected.emit(str(tmp_path / name))
        dialog.close()
    go_on.set()
    qtbot.waitUntil(lambda: worker.is_idle)
    assert sorted(file.name for file in tmp_path.glob("*.png")) == ["first.png", "second.png"]
