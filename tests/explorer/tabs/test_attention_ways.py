"""The chosen head as lines, its layer as one map, words in place of pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.attention import AttentionTab
from explorer.workspace import Workspace
from model.lens.rollout import rollout
from model.scenario import Scenario
from tests.explorer.tabs.conftest import Show, plain

Settle = Callable[[], None]


@pytest.fixture
def tab(show: Show) -> AttentionTab:
    return cast(AttentionTab, show(AttentionTab))


def test_lines_hold_half_of_each_row(tab: AttentionTab, workspace: Workspace, settle: Settle) -> None:
    workspace.select(head=(1, 3))
    tab.one.ways.face.choose(1)
    settle()
    assert tab.one.edges.isVisible()
    assert workspace.trace is not None
    weights = workspace.trace.attention[1, 3]
    for row in range(11):
        drawn = [float(weights[cell]) for cell in tab.one.edges.shown if cell[0] == row]
        assert sum(drawn) >= 0.5
        assert sum(drawn) - min(drawn) < 0.5


def test_more_of_each_row_is_more_lines(tab: AttentionTab, settle: Settle) -> None:
    tab.one.ways.face.choose(1)
    settle()
    half = tab.one.edges.lines
    tab.one.ways.slider.setValue(90)
    settle()
    assert tab.one.edges.lines > half


def test_a_chosen_token_is_left_alone_with_its_lines_until_it_is_let_go(
    tab: AttentionTab, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    tab.one.ways.face.choose(1)
    settle()
    everything = len(tab.one.edges.shown)
    place = tab.one.edges.token_rect(0, 6).center().toPoint()
    qtbot.mouseClick(tab.one.edges, Qt.MouseButton.LeftButton, pos=place)
    settle()
    assert workspace.clicked.token == 6
    assert {row for row, _ in tab.one.edges.shown} == {6}
    workspace.release()
    tab.one.edges.leaveEvent(None)  # type: ignore[arg-type]
    settle()
    assert len(tab.one.edges.shown) == everything


def test_the_picture_that_is_saved_is_the_one_in_front(tab: AttentionTab, settle: Settle) -> None:
    as_map = tab.one.picture.image()
    tab.one.ways.face.choose(1)
    settle()
    assert tab.one.picture.image() != as_map
    assert tab.one.picture.view is tab.one.edges


def test_the_mean_of_a_layer_takes_the_place_of_its_head(
    tab: AttentionTab, workspace: Workspace, settle: Settle
) -> None:
    workspace.select(head=(4, 2))
    tab.one.ways.of.setCurrentIndex(1)
    settle()
    assert workspace.trace is not None
    np.testing.assert_allclose(tab.heatmap.values, workspace.trace.attention[4].mean(axis=0), atol=1e-6)
    assert tab.one.picture.heading == "Layer 5 · mean of 8 heads"
    assert not tab.one.path.isVisible()
    assert not tab.one.steps.isEnabled()


def test_rollout_follows_the_chosen_layer(tab: AttentionTab, workspace: Workspace, settle: Settle) -> None:
    tab.one.ways.of.setCurrentIndex(3)
    workspace.select(head=(3, 0))
    settle()
    assert workspace.trace is not None
    np.testing.assert_allclose(tab.heatmap.values, rollout(workspace.trace, 3), atol=1e-6)
    assert tab.one.picture.heading == "Rollout up to layer 4"
    shares = rollout(workspace.trace, 3)
    words = [1, 2, 3, 4, 6, 7, 8, 9]
    off = {(row, column): shares[row, column] for row in words for column in words if row != column}
    assert shares.max() > max(off.values())  # a token keeps the most for itself
    assert plain(tab.reading).startswith("Strongest between two different words is ")
    assert f"with {max(off.values()):.3f}." in plain(tab.reading)
    assert plain(tab.answer) == (
        "What reaches each token through all layers up to layer 4. "
        "Each square is one head; a row looks at a column, and every row adds up to 1."
    )
    tab.one.ways.of.setCurrentIndex(0)
    settle()
    assert plain(tab.answer).startswith("Layer 4 · head 1 ")


def test_a_word_of_two_pieces_is_one_row(tab: AttentionTab, workspace: Workspace, settle: Settle) -> None:
    tab.one.ways.words.click()
    workspace.select(token=9)  # ##ing
    settle()
    assert tab.heatmap.sheet().rows[8] == "playing"
    assert tab.heatmap.cell is not None
    assert tab.heatmap.cell[0] == 8
    assert plain(tab.reading).startswith("playing looks most at ")


def test_without_cls_and_sep_the_tab_says_that_rows_add_up_to_less(
    tab: AttentionTab, workspace: Workspace, settle: Settle
) -> None:
    tab.one.ways.without.click()
    settle()
    assert tab.heatmap.values.shape == (8, 8)
    assert "[CLS] and [SEP] are left out: rows add up to less than 1." in plain(tab.reading)
    assert plain(tab.answer).endswith("Each square is one head; a row looks at a column.")
    tab.heatmap.chosen.emit(4, 6)
    assert workspace.clicked.cell == (6, 8)


def test_this_head_in_tokens_shows_how_its_weight_comes_about_again(tab: AttentionTab, settle: Settle) -> None:
    tab.one.ways.words.click()
    settle()
    tab.one.ways.words.click()
    settle()
    assert tab.one.path.isVisible()
    assert tab.heatmap.values.shape == (11, 11)
    assert plain(tab.reading).startswith("Strongest between two different words is ")


def test_of_a_long_text_the_tab_says_how_many_lines_are_drawn(show: Show, settle: Settle) -> None:
    tab = cast(AttentionTab, show(AttentionTab, Scenario("the man went to the market " * 16)))
    trace = tab.workspace.trace
    assert trace is not None
    broadest = (trace.attention**2).sum(axis=(2, 3)).argmin()
    tab.workspace.select(head=divmod(int(broadest), trace.attention.shape[1]))
    tab.one.ways.face.choose(1)
    settle()
    assert tab.one.edges.lines > 500
    assert plain(tab.reading).endswith("Drawn of each row: the strongest 6; of the token under the mouse, all.")
    tab.one.ways.face.choose(0)
    assert "Drawn of each row" not in plain(tab.reading)


def test_lines_on_paper_stay_lines(tab: AttentionTab, settle: Settle) -> None:
    tab.one.ways.face.choose(1)
    settle()
    svg = bytes(tab.one.picture.drawing().svg("Attention")).decode()
    assert "<image" not in svg
    assert ">playing<" not in svg
    assert svg.count("##ing") == 2
