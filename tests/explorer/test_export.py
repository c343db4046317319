"""What leaves the window: the picture that is seen, the numbers that are held, whole or not at all."""

from __future__ import annotations

import base64
import csv
import io
import threading
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from explorer import export_drawing
from explorer.export import Sheet, write
from explorer.export_drawing import drawing_of
from explorer.widgets.axis import Axis
from explorer.widgets.heatmap import Heatmap, Scale
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
    write(tmp_path / "numbers.csv", Sheet(VALUES, ("犬", "كلب"), ("é", "🐶")).csv_file())
    lines = read((tmp_path / "numbers.csv").read_text("utf-8-sig"))
    assert [line[0] for line in lines] == ["", "犬", "كلب"]


def test_a_file_that_cannot_be_written_is_a_sentence_and_leaves_the_old_one(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"nowhere/numbers.csv cannot be written: .+\."):
        write(tmp_path / "nowhere" / "numbers.csv", SHEET.csv_file())
    assert list(tmp_path.iterdir()) == []


def test_npz_has_the_array_with_its_labels_and_loads_without_pickles(tmp_path: Path) -> None:
    write(tmp_path / "numbers.npz", SHEET.npz_file())
    with np.load(tmp_path / "numbers.npz") as found:
        assert found["values"].dtype == np.float32
        np.testing.assert_array_equal(found["values"], VALUES)
        assert found["rows"].tolist() == ["my", 'a "quoted", one']
        assert found["columns"].tolist() == ["dog", "is"]


def test_npz_of_words_is_text(tmp_path: Path) -> None:
    words = np.array([["mixed", 0.1], ["broad", 1 / 3]], dtype=object)
    write(tmp_path / "words.npz", Sheet(words, ("a", "b"), ("pattern", "entropy")).npz_file())
    with np.load(tmp_path / "words.npz") as found:
        assert found["values"][:, 0].tolist() == ["mixed", "broad"]
        assert [float(number) for number in found["values"][:, 1]] == [0.1, 1 / 3]


def saved(window: Window, qtbot: QtBot, way: str, file: Path, form: str = "") -> Path:
    """The file that the tab in front is saved to, as the ``form`` that is chosen in the dialog."""
    window.actions_table[way].trigger()
    dialog = window.findChildren(QFileDialog)[-1]
    if form:
        title = next(title for title in dialog.nameFilters() if form in title)
        dialog.selectNameFilter(title)
    with qtbot.waitSignal(window.exporter.done):
        dialog.fileSelected.emit(str(file))
    dialog.close()
    return file


SPACE = "{http://www.w3.org/2000/svg}"


def test_svg_holds_its_words_as_text_and_its_map_as_cells(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    window.pages["attention"].heatmap.setFocus()  # type: ignore[attr-defined]
    root = ElementTree.parse(saved(window, qtbot, "save-picture", tmp_path / "head.svg")).getroot()
    words = ["".join(text.itertext()).strip() for text in root.iter(f"{SPACE}text")]
    trace = window.workspace.trace
    assert trace is not None
    for token in trace.tokens:
        assert words.count(token) >= 2, f"{token} stands at the row and at the column"
    assert any(word.startswith("0.") for word in words), "weights are written into their cells"
    assert not list(root.iter(f"{SPACE}image")), "no program blurs a rectangle"
    maps = [group for group in root.iter(f"{SPACE}g") if len(group.findall(f"{SPACE}rect")) > 1]
    shades = np.full(trace.attention.shape[2:], np.nan)
    for cell in maps[0].findall(f"{SPACE}rect"):
        row, column, width = (round(float(cell.get(name, "nan"))) for name in ("y", "x", "width"))
        shades[row, column : column + width] = QColor(cell.get("fill")).lightness()
    weights = trace.attention[window.workspace.selection.head or (0, 0)]
    assert np.isfinite(shades).all(), "every cell is drawn"
    assert weights.ravel()[shades.argmin()] == pytest.approx(weights.max(), abs=0.01)
    assert np.corrcoef(shades.ravel(), weights.ravel())[0, 1] < -0.95, "the more weight, the darker"


def test_svg_of_all_heads_has_one_image_of_its_cells_for_each(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    drawing = window.pages["attention"]._all.drawing()  # type: ignore[attr-defined]
    images = list(ElementTree.fromstring(drawing.svg("all heads")).iter(f"{SPACE}image"))
    trace = window.workspace.trace
    assert trace is not None
    layers, heads, tokens, _ = trace.attention.shape
    assert len(images) == layers * heads
    for image in images:
        assert image.get("style") == "image-rendering:pixelated", "a browser leaves the cells their edges"
        reference = image.get("{http://www.w3.org/1999/xlink}href", "")
        assert reference.startswith("data:image/png;base64,"), "nothing outside the file"
        inside = QImage.fromData(base64.b64decode(reference.partition(",")[2]))
        assert (inside.width(), inside.height()) == (tokens, tokens)


def test_a_saved_map_has_more_cells_than_the_screen_has_pixels(qtbot: QtBot, light: None) -> None:
    heatmap = Heatmap(scale=Scale.SHARE)
    qtbot.addWidget(heatmap)
    heatmap.resize(300, 300)
    stripes = np.tile(np.array([0.0, 1.0], np.float32), (600, 300))
    heatmap.show_values(stripes, Axis([""] * 600), Axis([""] * 600))
    heatmap.show()
    before = heatmap.grab().toImage()
    image, place = drawing_of(heatmap).image(8), heatmap.map_rect()
    middle, left = round(8 * place.center().y()), round(8 * place.left()) + 40
    dark = [image.pixelColor(x, middle).lightness() < 128 for x in range(left, left + 8 * 40)]
    turns = sum(one != other for one, other in pairwise(dark))
    assert turns > 60, "stripe by stripe, four pixels each: on screen two of them share one"
    assert heatmap.grab().toImage() == before


@pytest.mark.parametrize("scale", [1, 4])
def test_a_picture_is_saved_at_the_scale_that_is_chosen(
    window: Window, qtbot: QtBot, tmp_path: Path, scale: int
) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    heatmap = window.pages["attention"].heatmap  # type: ignore[attr-defined]
    heatmap.setFocus()
    image = QImage(str(saved(window, qtbot, "save-picture", tmp_path / "head.png", f" {scale} ×")))
    assert image.size() == heatmap.size() * scale


def test_a_name_that_ends_in_npz_is_enough(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    window.pages["attention"].heatmap.setFocus()  # type: ignore[attr-defined]
    trace = window.workspace.trace
    assert trace is not None
    with np.load(saved(window, qtbot, "save-numbers", tmp_path / "head.npz")) as found:
        np.testing.assert_array_equal(found["values"], trace.attention[window.workspace.selection.head or (0, 0)])
        assert found["rows"].tolist() == found["columns"].tolist() == list(trace.tokens)


def test_a_picture_drawn_in_stripes_has_no_seams(window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    drawing = window.pages["attention"].one.picture.drawing()  # type: ignore[attr-defined]
    monkeypatch.setattr(export_drawing, "_AT_ONCE", 1 << 30)
    whole = drawing.image(2)
    monkeypatch.setattr(export_drawing, "_AT_ONCE", 50_000)
    assert drawing.image(2) == whole


def test_a_picture_that_memory_cannot_hold_is_a_sentence(window: Window, qtbot: QtBot) -> None:
    window.show_tab("attention")
    drawing = window.pages["attention"].one.picture.drawing()  # type: ignore[attr-defined]
    with pytest.raises(OSError, match="choose a smaller scale"):
        drawing.png(1_000)


@pytest.mark.parametrize("way", ["save-picture", "save-numbers"])
def test_saving_asks_for_a_file_and_writes_what_is_seen(window: Window, qtbot: QtBot, tmp_path: Path, way: str) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    window.workspace.select(head=(0, 0))
    heatmap = window.pages["attention"].heatmap  # type: ignore[attr-defined]
    heatmap.setFocus()
    window.actions_table[way].trigger()
    dialog = window.findChild(QFileDialog)
    assert dialog is not None
    assert dialog.selectedFiles()[0].rpartition("/")[2].startswith("attention-layer-1-head-1.")
    file = tmp_path / "saved"
    with qtbot.waitSignal(window.exporter.done) as done:
        dialog.fileSelected.emit(str(file))
    dialog.close()
    assert str(file) in done.args[0]
    assert window.settings.export_folder == tmp_path
    if way == "save-numbers":
        assert window.workspace.trace is not None
        np.testing.assert_array_equal(
            numbers(read(file.read_text("utf-8-sig"))), window.workspace.trace.attention[0, 0]
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
