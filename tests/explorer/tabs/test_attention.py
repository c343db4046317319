from __future__ import annotations

from collections.abc import Callable
from typing import cast, get_args

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.attention import AttentionTab
from explorer.workspace import Workspace
from model.lens import attention
from model.scenario import Scenario
from tests.explorer.tabs.conftest import Show, plain

Settle = Callable[[], None]


@pytest.fixture
def tab(show: Show) -> AttentionTab:
    return cast(AttentionTab, show(AttentionTab))


def test_the_map_shows_the_attention_of_the_chosen_head(tab: AttentionTab, workspace: Workspace) -> None:
    workspace.select(head=(2, 4))
    assert workspace.trace is not None
    np.testing.assert_array_equal(tab.heatmap.values, workspace.trace.attention[2, 4])


def test_the_number_table_is_the_twin_of_the_map(tab: AttentionTab, workspace: Workspace) -> None:
    workspace.select(head=(1, 3))
    assert workspace.trace is not None
    tab.chosen.show_numbers(True)
    assert tab.chosen.table is not None
    numbers = tab.chosen.table.numbers
    shown = [[numbers.index(row, column).data() for column in range(11)] for row in range(11)]
    assert shown == [[f"{value:.3f}" for value in row] for row in workspace.trace.attention[1, 3].tolist()]


def test_the_atlas_leaves_as_a_table_of_named_heads(tab: AttentionTab, workspace: Workspace) -> None:
    picture = tab.picture()
    assert picture is not None
    sheet = picture.sheet()
    assert workspace.trace is not None
    assert len(sheet.rows) == 48
    assert sheet.rows[8] == "layer 2 head 1"
    assert set(sheet.values[:, 0]) <= set(get_args(attention.Pattern))
    mass = workspace.trace.attention[1, 0].trace() / 11  # on the diagonal, by hand
    assert sheet.values[8, list(sheet.columns).index("itself")] == pytest.approx(mass, abs=1e-6)


def test_a_click_on_a_square_chooses_that_head(tab: AttentionTab, workspace: Workspace, qtbot: QtBot) -> None:
    square = tab.atlas.head_rect((4, 6)).center().toPoint()
    qtbot.mouseClick(tab.atlas, Qt.MouseButton.LeftButton, pos=square)
    assert workspace.clicked.head == (4, 6)
    assert "Layer 5 · head 7" in tab.answer


def test_arrow_keys_walk_from_head_to_head(tab: AttentionTab, workspace: Workspace, qtbot: QtBot) -> None:
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(tab.atlas, key)
    assert workspace.clicked.head == (1, 2)


def test_hovering_previews_a_head_and_leaving_returns_to_the_chosen_one(
    tab: AttentionTab, workspace: Workspace, qtbot: QtBot
) -> None:
    assert workspace.trace is not None
    workspace.select(head=(0, 1))
    tab.atlas.hovered.emit((3, 3))
    np.testing.assert_array_equal(tab.heatmap.values, workspace.trace.attention[3, 3])
    tab.atlas.hovered.emit(None)
    np.testing.assert_array_equal(tab.heatmap.values, workspace.trace.attention[0, 1])


def test_a_cell_reads_who_looks_at_whom(tab: AttentionTab, workspace: Workspace, qtbot: QtBot) -> None:
    cell = tab.heatmap.cell_rect((6, 4)).center().toPoint()
    qtbot.mouseClick(tab.heatmap.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert workspace.clicked.cell == (6, 4)
    assert workspace.clicked.token == 6
    assert workspace.trace is not None
    weight = workspace.trace.attention[0, 0, 6, 4]
    assert plain(tab.reading) == f"he looks at cute with {weight:.3f}."


def test_x_switches_a_head_off_and_on_again(
    tab: AttentionTab, workspace: Workspace, qtbot: QtBot, settle: Settle
) -> None:
    workspace.select(head=(1, 1))
    qtbot.keyClick(tab.atlas, Qt.Key.Key_X)
    settle()
    assert workspace.scenario.heads_off == {(1, 1)}
    assert "Switched off" in plain(tab.summary)
    square = tab.atlas.head_rect((1, 1)).center().toPoint()
    qtbot.mouseClick(tab.atlas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, square)
    settle()
    assert workspace.scenario.heads_off == frozenset()


def test_scaling_each_row_by_itself_changes_colours_and_no_number(
    tab: AttentionTab, workspace: Workspace, settle: Settle
) -> None:
    assert workspace.trace is not None
    before = tab.heatmap.grab().toImage()
    tab.per_row.click()
    settle()
    assert tab.heatmap.grab().toImage() != before
    np.testing.assert_array_equal(tab.heatmap.values, workspace.trace.attention[0, 0])


def test_the_tab_says_that_rows_add_up_to_one(tab: AttentionTab) -> None:
    assert "a row looks at a column, and every row adds up to 1" in tab.answer


def test_a_head_that_looks_at_the_token_before_is_called_so(tab: AttentionTab, workspace: Workspace) -> None:
    assert workspace.trace is not None
    previous = np.stack([np.diagonal(head, offset=-1).mean() for head in workspace.trace.attention[1]])
    workspace.select(head=(1, int(previous.argmax())))
    assert previous.max() > 0.9
    assert "looks at the token before" in tab.answer


def test_the_rows_of_a_long_text_are_seen_until_the_user_wants_one_scale(
    show: Show, settle: Settle, workspace: Workspace
) -> None:
    tab = cast(AttentionTab, show(AttentionTab, Scenario("the man went to the market to buy fruits " * 10)))
    assert tab.per_row.isChecked()
    workspace.set_texts("My dog is cute", "")
    settle()
    assert not tab.per_row.isChecked()
    tab.per_row.click()
    tab.per_row.click()
    workspace.set_texts("the man went to the market to buy fruits " * 10, "")
    settle()
    assert not tab.per_row.isChecked()
