from __future__ import annotations

import re
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.embeddings import EmbeddingsTab
from explorer.workspace import Workspace
from tests.explorer.tabs.conftest import Show, plain


@pytest.fixture
def tab(show: Show) -> EmbeddingsTab:
    return cast(EmbeddingsTab, show(EmbeddingsTab))


def test_three_addends_their_sum_and_its_layernorm_are_shown(tab: EmbeddingsTab, workspace: Workspace) -> None:
    assert workspace.trace is not None
    parts = workspace.trace.embeddings
    shown = [heatmap.values for heatmap in tab.maps]
    for picture, values in zip(
        shown, (parts.token, parts.segment, parts.position, parts.sum, parts.output), strict=True
    ):
        np.testing.assert_array_equal(picture, values)
    np.testing.assert_allclose(shown[0] + shown[1] + shown[2], shown[3], rtol=0, atol=1e-6)


def test_a_click_in_one_picture_marks_the_same_cell_in_all(
    tab: EmbeddingsTab, workspace: Workspace, qtbot: QtBot
) -> None:
    cell = tab.maps[1].cell_rect((8, 100)).center().toPoint()
    qtbot.mouseClick(tab.maps[1].viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert workspace.clicked.token == 8
    assert [heatmap.cell for heatmap in tab.maps] == [(8, 100)] * 5


def test_the_chosen_cell_is_written_out_as_an_addition(tab: EmbeddingsTab, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.select(token=8)
    for _ in range(3):
        qtbot.keyClick(tab.maps[0], Qt.Key.Key_Right)
    assert workspace.trace is not None
    parts = workspace.trace.embeddings
    text = plain(tab.reading)
    assert text.startswith("play, dimension 3:")
    numbers = [float(number.replace("−", "-")) for number in re.findall(r"−?\d\.\d+", text)]
    expected = [values[8, 3] for values in (parts.token, parts.segment, parts.position, parts.sum, parts.output)]
    np.testing.assert_allclose(numbers, expected, atol=5.1e-5)


def test_a_token_chosen_elsewhere_is_marked_here(tab: EmbeddingsTab, workspace: Workspace) -> None:
    workspace.select(token=4)
    assert all(heatmap.cell is not None and heatmap.cell[0] == 4 for heatmap in tab.maps)


def test_zooming_one_picture_zooms_all(tab: EmbeddingsTab, qtbot: QtBot) -> None:
    whole = tab.maps[4].cell_rect((0, 0)).width()
    qtbot.keyClick(tab.maps[0], Qt.Key.Key_Plus)
    assert tab.maps[4].cell_rect((0, 0)).width() == pytest.approx(1.25 * whole)
