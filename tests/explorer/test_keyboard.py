"""The whole way by keyboard alone: every key goes to whatever has the focus, nothing is clicked, no method called."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from explorer.settings import Settings
from explorer.widgets.status import SelectionLabel
from explorer.window import Window

CTRL = Qt.KeyboardModifier.ControlModifier
NONE = Qt.KeyboardModifier.NoModifier


@pytest.fixture
def press(qtbot: QtBot) -> Callable[..., None]:
    """Presses a key where the focus, or an open menu, is."""

    def press(key: Qt.Key, modifier: Qt.KeyboardModifier = NONE, times: int = 1) -> None:
        for _ in range(times):
            target = QApplication.activePopupWidget() or QApplication.focusWidget()
            assert target is not None
            qtbot.keyClick(target, key, modifier)

    return press


def reach(press: Callable[..., None], target: QWidget) -> None:
    """Goes from one to the next until ``target`` has the focus."""
    for _ in range(80):
        if QApplication.focusWidget() is target:
            return
        press(Qt.Key.Key_Tab)
    raise AssertionError(f"{target.accessibleName()} is out of the keyboard's reach")


def test_from_choosing_a_model_to_saving_a_picture(
    window: Window, settings: Settings, starter_folder: Path, tmp_path: Path, press: Callable[..., None], qtbot: QtBot
) -> None:
    workspace = window.workspace
    other = tmp_path / "a model of mine"
    shutil.copytree(starter_folder, other)
    settings.remember_model(other)

    # choose a model
    press(Qt.Key.Key_L, CTRL)
    reach(press, window.picker)
    press(Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: QApplication.activePopupWidget() is not None)
    with qtbot.waitSignal(workspace.answered, timeout=10_000):
        menu = window.picker.menu()
        for _ in menu.actions():
            press(Qt.Key.Key_Down)
            if menu.activeAction().text() == other.name:
                break
        press(Qt.Key.Key_Return)
    assert workspace.bert is not None
    assert workspace.bert.name == "a model of mine"

    window.activateWindow()  # as a window manager does once a menu is closed; offscreen there is none
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)

    # type a pair
    press(Qt.Key.Key_L, CTRL)
    for text in ("The cat is cute", "she sleeps"):
        qtbot.keyClicks(QApplication.focusWidget(), text)
        press(Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: workspace.trace is not None and workspace.trace.scenario.second == "she sleeps")

    # mask a token
    press(Qt.Key.Key_T, CTRL)
    press(Qt.Key.Key_Home)
    press(Qt.Key.Key_Right, times=2)
    with qtbot.waitSignal(workspace.answered):
        press(Qt.Key.Key_M)
    assert workspace.trace is not None
    assert workspace.trace.tokens[2] == "[MASK]"

    # read the best five predictions
    press(Qt.Key.Key_5, CTRL)
    qtbot.waitUntil(lambda: workspace.worker.is_idle)
    bars = window.pages["masked-lm"].predictions.bars  # type: ignore[attr-defined]
    reach(press, bars)
    heard = []
    for _ in range(5):
        heard.append(bars.accessibleDescription())
        press(Qt.Key.Key_Down)
    assert [entry.split()[0] for entry in heard] == [bar.label for bar in bars.bars[:5]]
    assert all("%" in entry for entry in heard)

    # reach one attention cell's value
    press(Qt.Key.Key_3, CTRL)
    qtbot.waitUntil(lambda: workspace.worker.is_idle)
    page = window.pages["attention"]
    reach(press, page.atlas)  # type: ignore[attr-defined]
    press(Qt.Key.Key_Down)
    reach(press, page.heatmap)  # type: ignore[attr-defined]
    press(Qt.Key.Key_Right, times=2)
    cell = workspace.selection.cell
    assert cell is not None
    weight = f"{workspace.trace.attention[(1, 0, *cell)]:.2f}"
    status = window.findChild(SelectionLabel)
    assert isinstance(status, SelectionLabel)
    assert status.text().endswith(weight)

    # save a picture
    press(Qt.Key.Key_S, CTRL)
    dialog = window.findChild(QFileDialog)
    assert isinstance(dialog, QFileDialog)
    dialog.activateWindow()
    qtbot.waitUntil(lambda: isinstance(QApplication.focusWidget(), QLineEdit))
    name = QApplication.focusWidget()
    press(Qt.Key.Key_A, CTRL)
    qtbot.keyClicks(name, str(tmp_path / "map.png"))
    with qtbot.waitSignal(window.exporter.done):
        qtbot.keyClick(name, Qt.Key.Key_Return)  # not to the list of completions over it
    assert not QImage(str(tmp_path / "map.png")).isNull()
