"""The length slider of the Tokens tab: what fills an input up to the length of its batch (C11)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.tokens import TokensTab
from explorer.widgets import input_table as rows
from explorer.workspace import Workspace
from model.scenario import Scenario
from tests.explorer.tabs.conftest import Show, plain
from tests.explorer.tabs.test_tokens import row


@pytest.fixture
def tab(show: Show) -> TokensTab:
    return cast(TokensTab, show(TokensTab))


@pytest.fixture(scope="module")  # so that the thread of transformers' progress bar is none that a test leaves
def theirs(starter_folder: Path) -> Any:
    import torch
    from transformers import BertModel

    return BertModel.from_pretrained(starter_folder, dtype=torch.float32).eval()


def test_the_end_key_fills_the_input_with_padding(tab: TokensTab, starter_folder: Path, qtbot: QtBot) -> None:
    vocabulary = (starter_folder / "vocab.txt").read_text(encoding="utf-8").splitlines()
    qtbot.keyClick(tab.length.slider, Qt.Key.Key_End)
    assert row(tab, rows.TOKEN)[11:] == ["[PAD]"] * 501
    assert row(tab, rows.ID)[11:] == [str(vocabulary.index("[PAD]"))] * 501
    assert row(tab, rows.SEGMENT)[11:] == ["0"] * 501
    assert row(tab, rows.POSITION) == [str(position) for position in range(512)]
    assert row(tab, rows.MASK) == ["1"] * 11 + ["0"] * 501
    assert row(tab, rows.LABEL)[11:] == ["–"] * 501


def test_the_number_beside_the_slider_sets_the_length(tab: TokensTab, qtbot: QtBot) -> None:
    tab.length.number.selectAll()
    qtbot.keyClicks(tab.length.number, "20\r")
    assert (tab.length.slider.value(), len(row(tab, rows.TOKEN))) == (20, 20)


def test_the_slider_and_its_number_say_what_they_are(tab: TokensTab) -> None:
    assert tab.length.slider.accessibleName() == tab.length.number.accessibleName() == "Length of the input in tokens"


def test_padding_asks_the_model_nothing(tab: TokensTab, workspace: Workspace) -> None:
    tab.length.slider.setValue(100)
    assert workspace.worker.is_idle


def test_the_tab_says_what_padding_is_for(tab: TokensTab) -> None:
    assert "Lengthen this one, up to 512" in plain(tab.padding.text())
    tab.length.slider.setValue(12)
    assert plain(tab.padding.text()) == (
        "[PAD] only fills a batch: mask 0 keeps every token from looking at it, so the answer is the same."
    )


def test_padding_does_not_change_the_answer_as_the_tab_says(tab: TokensTab, workspace: Workspace, theirs: Any) -> None:
    import torch

    tab.length.slider.setValue(20)
    inputs = {
        name: torch.tensor([[int(text.split()[-1]) for text in row(tab, number)]])
        for name, number in (("input_ids", rows.ID), ("token_type_ids", rows.SEGMENT), ("attention_mask", rows.MASK))
    }
    with torch.no_grad():
        padded = theirs(**inputs).last_hidden_state[0, :11].numpy()
    assert workspace.trace is not None
    np.testing.assert_allclose(workspace.trace.hidden[-1], padded, rtol=0, atol=1e-5 * np.abs(padded).max())


def test_an_input_of_full_length_has_no_room_for_padding(show: Show) -> None:
    tab = cast(TokensTab, show(TokensTab, Scenario("dog " * 515)))
    assert not tab.length.slider.isEnabled()
    assert "there is no room for [PAD]" in plain(tab.padding.text())


def test_the_length_stays_when_the_text_changes(tab: TokensTab, workspace: Workspace, qtbot: QtBot) -> None:
    tab.length.slider.setValue(30)
    with qtbot.waitSignal(workspace.answered, timeout=10_000):
        workspace.set_texts("My dog", "")
    assert row(tab, rows.TOKEN) == ["[CLS]", "my", "[MASK]", "[SEP]"] + ["[PAD]"] * 26


def test_without_padding_the_length_follows_the_text(tab: TokensTab, workspace: Workspace, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.answered, timeout=10_000):
        workspace.set_texts("My dog", "")
    assert row(tab, rows.TOKEN) == ["[CLS]", "my", "[MASK]", "[SEP]"]


def test_padding_cannot_be_chosen(tab: TokensTab, workspace: Workspace, qtbot: QtBot) -> None:
    tab.length.slider.setValue(12)
    qtbot.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=centre(tab, rows.TOKEN, 10))
    qtbot.keyClick(tab.table, Qt.Key.Key_Right)
    assert tab.table.currentIndex().column() == 11
    assert workspace.clicked.token == 10


def test_padding_that_goes_chooses_nothing(tab: TokensTab, workspace: Workspace, qtbot: QtBot) -> None:
    tab.length.slider.setValue(12)
    qtbot.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=centre(tab, rows.TOKEN, 3))
    tab.table.setCurrentIndex(tab.table.rows.index(rows.TOKEN, 11))
    tab.length.slider.setValue(11)
    assert workspace.clicked.token == 3


def test_a_screen_reader_hears_which_row_a_padding_cell_is_in(tab: TokensTab) -> None:
    tab.length.slider.setValue(12)
    assert tab.table.rows.index(rows.MASK, 11).data(Qt.ItemDataRole.AccessibleTextRole) == "mask: 0"


def test_the_table_leaves_the_window_as_csv(tab: TokensTab) -> None:
    tab.length.slider.setValue(12)
    lines = tab._input.sheet().csv().splitlines()
    assert lines[0] == "," + ",".join(map(str, range(12)))
    assert lines[1] == "typed,,My,dog,is,cute,,He,likes,playing,playing,,"
    assert lines[5] == "token,[CLS],my,[MASK],is,cute,[SEP],he,likes,play,##ing,[SEP],[PAD]"


def centre(tab: TokensTab, number: int, column: int) -> QPoint:
    tab.table.scrollTo(tab.table.rows.index(number, column))
    return tab.table.visualRect(tab.table.rows.index(number, column)).center()
