from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.tokens import TokensTab
from explorer.widgets import input_table as rows
from explorer.workspace import Workspace
from model.scenario import Scenario
from tests.explorer.tabs.conftest import Show

Settle = Callable[[], None]

PAIR = Scenario("My dog is cute", "he likes playing").mask(2).replace(6, "king").keep(8)


@pytest.fixture
def tab(show: Show) -> TokensTab:
    return cast(TokensTab, show(TokensTab, PAIR))


def labels(tab: TokensTab) -> list[str]:
    model = tab.table.rows
    return [model.index(rows.LABEL, column).data() for column in range(model.columnCount())]


def test_the_label_row_asks_both_tasks(tab: TokensTab) -> None:
    assert labels(tab) == ["IsNext", "–", "dog", "–", "–", "–", "he", "–", "play", "–", "–"]


def test_the_cls_cell_becomes_not_next(tab: TokensTab, qtbot: QtBot) -> None:
    qtbot.keyClick(tab.follows, Qt.Key.Key_Space)
    assert labels(tab)[0] == "NotNext"


def test_a_source_is_followed_by_its_output(tab: TokensTab, qtbot: QtBot) -> None:
    qtbot.mouseClick(tab.packing.button(1), Qt.MouseButton.LeftButton)
    tab.length.slider.setValue(13)
    assert labels(tab) == [*["[PAD]"] * 6, "he", "likes", "play", "##ing", "[SEP]", "[PAD]", "[PAD]"]
    assert tab.table.rows.names[rows.LABEL] == "output"
    assert not tab.follows.isVisible()
    model = tab.table.rows
    assert [model.index(rows.SEGMENT, column).data()[-1] for column in range(13)] == list("0000001111100")
    assert [model.index(rows.MASK, column).data() for column in range(13)] == list("1111111111100")


def test_a_source_alone_asks_for_an_output(tab: TokensTab, workspace: Workspace, settle: Settle) -> None:
    tab.packing.choose(1)
    workspace.set_texts("My dog is cute", "")
    settle()
    assert set(labels(tab)) == {"[PAD]"}
    assert "type its output into B" in tab.labels.text()


def test_a_left_to_right_model_is_asked_for_the_token_behind_each(
    tab: TokensTab, workspace: Workspace, starter_folder: Path, settle: Settle
) -> None:
    workspace.open_model(starter_folder.parent / "left-to-right", Scenario("my dog is"))
    settle()
    assert labels(tab) == ["my", "dog", "is", "[SEP]", "–"]
    assert not tab.follows.isVisible()
