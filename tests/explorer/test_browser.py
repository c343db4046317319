"""What is exported opens in a browser: Chromium without a screen, where it is installed."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from explorer import export_drawing
from explorer.export import Form
from explorer.window import Window

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
_QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

pytestmark = [pytest.mark.slow, pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")]


def opened(file: Path, folder: Path) -> str:
    """The document as the browser holds it, with every address but its own out of reach."""
    assert CHROMIUM is not None
    offline = "--host-resolver-rules=MAP * ~NOTFOUND"
    command = [CHROMIUM, *_QUIET, offline, f"--user-data-dir={folder / 'browser'}", "--dump-dom", file.as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def photographed(file: Path, folder: Path, size: QSize) -> QImage:
    """What the browser shows of it, two pixels a point."""
    assert CHROMIUM is not None
    picture = folder / "seen.png"
    look = ["--force-device-scale-factor=2", f"--window-size={size.width()},{size.height()}", f"--screenshot={picture}"]
    command = [CHROMIUM, *_QUIET, *look, f"--user-data-dir={folder / 'browser'}", file.as_uri()]
    subprocess.run(command, capture_output=True, timeout=120, check=True)
    return QImage(str(picture))


@pytest.fixture
def forms(window: Window, monkeypatch: pytest.MonkeyPatch) -> list[Form]:
    """Those that the user would be asked for, once something is saved."""
    found: list[Form] = []
    monkeypatch.setattr(window.exporter, "save", lambda title, name, forms: found.extend(forms))
    return found


def test_a_saved_drawing_opens_with_its_words_as_text(
    window: Window, forms: list[Form], tmp_path: Path, qtbot: QtBot
) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.page.picture() is not None, timeout=10_000)
    qtbot.waitUntil(lambda: window.workspace.worker.is_settled, timeout=20_000)
    picture = window.page.picture()
    assert picture is not None
    window.exporter.take("save-picture", picture)
    file = tmp_path / "drawing.svg"
    file.write_bytes(forms[-1].encode())
    words = re.findall(r"<text[^>]*>([^<]+)", opened(file, tmp_path))
    assert {"1", "8", "token before"} <= {word.strip() for word in words}


@pytest.mark.parametrize("as_rectangles", [True, False])
def test_a_saved_map_is_not_blurred(
    window: Window, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, as_rectangles: bool
) -> None:
    """A cell has one colour up to its edges, whether it is a rectangle or the pixel of an image."""
    monkeypatch.setattr(export_drawing, "_FEW", 10_000 if as_rectangles else 0)
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_settled, timeout=20_000)
    window.workspace.select(head=(0, 0), cell=(0, 0))
    qtbot.waitUntil(lambda: window.workspace.worker.is_settled, timeout=20_000)
    heatmap, drawing = window.pages["attention"].heatmap, window.pages["attention"].one.picture.drawing()  # type: ignore[attr-defined]
    file = tmp_path / "map.svg"
    file.write_bytes(drawing.svg("map"))
    assert ("<image" in file.read_text()) != as_rectangles
    seen = photographed(file, tmp_path, drawing.size)
    values = heatmap.values
    checked = 0
    for row, column in np.argwhere(values > 0.5).tolist():
        cell = heatmap.cell_rect((row, column)).adjusted(3, 3, -3, -3)  # within the lines around it
        corners = (cell.topLeft(), cell.topRight(), cell.bottomLeft(), cell.bottomRight())
        colours = {seen.pixelColor((2 * corner).toPoint()).name() for corner in corners}
        if row and (row, column) != (0, 0):
            assert len(colours) == 1, (row, column)
            checked += 1
    assert checked > 5


def test_a_report_opens_with_every_tab_while_nothing_can_be_fetched(
    window: Window, forms: list[Form], tmp_path: Path, qtbot: QtBot
) -> None:
    window.reporter.save()
    qtbot.waitUntil(lambda: bool(forms), timeout=60_000)
    file = tmp_path / "report.html"
    file.write_bytes(forms[0].encode())
    document = opened(file, tmp_path)
    for name, title, _ in window.tab_titles():
        assert (title in document) == (name != "pretrain")
    assert document.count("<svg") >= 10
