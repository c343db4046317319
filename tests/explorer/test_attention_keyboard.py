"""A head, a cell, its value and how it comes about, by keyboard alone and as a screen reader tells it."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer.tabs.attention import AttentionTab
from explorer.window import Window


def press(qtbot: QtBot, key: Qt.Key, times: int = 1) -> None:
    for _ in range(times):
        target = QApplication.focusWidget()
        assert target is not None
        qtbot.keyClick(target, key)


def reach(qtbot: QtBot, target: QWidget) -> None:
    for _ in range(80):
        if QApplication.focusWidget() is target:
            return
        press(qtbot, Qt.Key.Key_Tab)
    raise AssertionError(f"{target.accessibleName()} is out of the keyboard's reach")


def test_by_keyboard_alone_one_reaches_a_head_a_cell_and_its_arithmetic(window: Window, qtbot: QtBot) -> None:
    workspace, tab = window.workspace, window.pages["attention"]
    assert isinstance(tab, AttentionTab)
    window.show_tab("attention")
    window.strip.focus_token()
    qtbot.waitUntil(lambda: workspace.worker.is_idle)

    reach(qtbot, tab.heads.sort)
    press(qtbot, Qt.Key.Key_Down)  # sorted by the token before
    reach(qtbot, tab.atlas)
    press(qtbot, Qt.Key.Key_Home)
    first = tab.atlas.order[0]
    assert workspace.clicked.head == first != (0, 0)
    assert "looks at the token before" in tab.atlas.accessibleDescription()

    reach(qtbot, tab.heatmap)
    press(qtbot, Qt.Key.Key_Down)
    cell = workspace.clicked.cell
    assert cell is not None
    assert workspace.trace is not None
    weight = workspace.trace.attention[(*first, *cell)]
    assert f"with {weight:.{3 if weight >= 0.01 else 4}f}" in tab.heatmap.accessibleDescription()
    qtbot.waitUntil(lambda: workspace.worker.is_idle)

    reach(qtbot, tab.one.path.products)
    press(qtbot, Qt.Key.Key_Home)
    query, key = workspace.trace.query[(*first, cell[0])][0], workspace.trace.key[(*first, cell[1])][0]
    told = tab.one.path.products.accessibleDescription().replace("−", "-")
    assert told == f"Dimension 0: query {query:.3f} times key {key:.3f} is {float(query) * float(key):.3f}"

    reach(qtbot, tab.one.path.softmax)
    press(qtbot, Qt.Key.Key_Home)
    qtbot.waitUntil(lambda: workspace.worker.is_idle)
    assert workspace.clicked.cell == (cell[0], 0)
    assert tab.one.path.softmax.accessibleDescription().startswith("[CLS]: score ")


def test_by_keyboard_alone_one_finds_the_head_that_matters_and_switches_it_off(window: Window, qtbot: QtBot) -> None:
    workspace, tab = window.workspace, window.pages["attention"]
    assert isinstance(tab, AttentionTab)
    window.show_tab("attention")
    window.strip.focus_token()
    qtbot.waitUntil(lambda: workspace.worker.is_idle)

    reach(qtbot, tab.beside.button(0))
    press(qtbot, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: tab.what_if.isVisible() and workspace.worker.is_idle)
    reach(qtbot, tab.what_if.effects.shifts)
    press(qtbot, Qt.Key.Key_Down)
    press(qtbot, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: workspace.worker.is_idle)
    assert tab.what_if.effects.predictions[1].piece in tab.answer

    reach(qtbot, tab.what_if.finder.map)
    press(qtbot, Qt.Key.Key_Down)
    assert workspace.clicked.head is not None
    reach(qtbot, tab.what_if.finder.list)
    press(qtbot, Qt.Key.Key_Home)
    assert tab.what_if.finder.list.accessibleDescription().startswith("Largest: p without it, change of ln p. layer ")
    press(qtbot, Qt.Key.Key_X)
    qtbot.waitUntil(lambda: bool(workspace.trace and workspace.trace.scenario.heads_off))
    qtbot.waitUntil(lambda: workspace.worker.is_idle)
    reach(qtbot, tab.all_on)
    press(qtbot, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: workspace.scenario.heads_off == frozenset())
