from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import cast, get_args

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.tabs.attention import AttentionTab
from explorer.workspace import Workspace
from model.lens import attention
from model.scenario import Scenario
from tests.explorer.paints import Paints
from tests.explorer.tabs.conftest import Show, plain

Settle = Callable[[], None]


@pytest.fixture
def tab(show: Show) -> AttentionTab:
    return cast(AttentionTab, show(AttentionTab))


def test_the_map_shows_the_attention_of_the_chosen_head(tab: AttentionTab, workspace: Workspace) -> None:
    workspace.select(head=(2, 4))
    assert workspace.trace is not None
    np.testing.assert_array_equal(tab.heatmap.values, workspace.trace.attention[2, 4])


def test_a_new_answer_is_painted_once_with_all_that_belongs_to_it(
    tab: AttentionTab, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    qtbot.wait(50)
    paints = [Paints(tab.atlas), Paints(tab.heatmap.viewport())]
    workspace.set_texts("My cat is cute", "He likes playing")
    settle()
    qtbot.waitUntil(lambda: all(paint.number for paint in paints))
    qtbot.wait(150)
    assert [paint.number for paint in paints] == [1, 1]


def test_maps_are_painted_again_where_the_next_question_is_refused(
    tab: AttentionTab, workspace: Workspace, settle: Settle
) -> None:
    workspace.set_texts("My cat is cute", "He likes playing")
    workspace.set_texts("", "He likes playing")
    settle()
    assert tab.heatmap.updatesEnabled()
    assert tab.atlas.isVisible()
    assert tab.atlas.updatesEnabled()


def test_the_number_table_is_the_twin_of_the_map(tab: AttentionTab, workspace: Workspace) -> None:
    workspace.select(head=(1, 3))
    assert workspace.trace is not None
    tab.one.picture.show_numbers(True)
    assert tab.one.picture.table is not None
    numbers = tab.one.picture.table.numbers
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
    assert workspace.trace is not None
    weights = workspace.trace.attention[0, 0, 6]
    seen = int(weights.argmax())
    cell = tab.heatmap.cell_rect((6, seen)).center().toPoint()
    qtbot.mouseClick(tab.heatmap.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert workspace.clicked.cell == (6, seen)
    assert workspace.clicked.token == 6
    assert plain(tab.reading) == f"he looks at {workspace.trace.tokens[seen]} with {weights[seen]:.3f}."


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
    tab.scale.choose(1)
    settle()
    assert tab.heatmap.grab().toImage() != before
    np.testing.assert_array_equal(tab.heatmap.values, workspace.trace.attention[0, 0])


def test_the_tab_says_that_rows_add_up_to_one(tab: AttentionTab) -> None:
    assert "a row looks at a column, and every row adds up to 1" in tab.answer


def test_a_head_that_looks_at_the_token_before_is_called_so(tab: AttentionTab, workspace: Workspace) -> None:
    assert workspace.trace is not None
    previous = np.diagonal(workspace.trace.attention, offset=-1, axis1=2, axis2=3).mean(axis=-1)  # (L, H)
    layer, head = np.unravel_index(int(previous.argmax()), previous.shape)
    assert previous.max() >= attention.NAMED_FROM
    workspace.select(head=(int(layer), int(head)))
    assert "looks at the token before" in tab.answer


def test_the_sentence_below_writes_out_how_the_weight_comes_about(
    tab: AttentionTab, workspace: Workspace, settle: Settle
) -> None:
    trace = workspace.trace
    assert trace is not None
    workspace.select(head=(2, 4), cell=(6, 4), token=6)
    settle()
    query, keys = trace.query[2, 4, 6].astype(float), trace.key[2, 4].astype(float)
    scores = [sum(q * k for q, k in zip(query, key, strict=True)) / math.sqrt(32) for key in keys]
    exponentials = [math.exp(score - max(scores)) for score in scores]
    dot, score = scores[4] * math.sqrt(32), scores[4]
    said = plain(tab.one.path.sentence).replace("−", "-")
    assert said.startswith(f"Query of he · key of cute = {dot:.3f}; ÷ √32 = {score:.3f}, the score.")
    assert f"÷ {sum(exponentials):.3f}, the row’s sum, = " in said
    assert float(said.split("= ")[-1].rstrip(".")) == pytest.approx(exponentials[4] / sum(exponentials), abs=6e-4)
    assert said.split("= ")[-1] == plain(tab.reading).split("with ")[-1]  # the number in the map


def test_the_bars_below_are_those_of_the_trace(tab: AttentionTab, workspace: Workspace, settle: Settle) -> None:
    trace = workspace.trace
    assert trace is not None
    workspace.select(head=(1, 3), cell=(7, 2), token=7)
    settle()
    query, key, product = (lane.values for lane in tab.one.path.products.lanes)
    np.testing.assert_array_equal(query, trace.query[1, 3, 7])
    np.testing.assert_array_equal(key, trace.key[1, 3, 2])
    np.testing.assert_allclose(product, query.astype(float) * key)
    scores, weights = (lane.values for lane in tab.one.path.softmax.lanes)
    np.testing.assert_allclose(scores, trace.scores(1, 3)[7], atol=1e-5)
    np.testing.assert_array_equal(weights, trace.attention[1, 3, 7])


def test_with_nothing_chosen_the_strongest_weight_between_words_is_shown(
    tab: AttentionTab, workspace: Workspace
) -> None:
    assert workspace.trace is not None
    weights, words = workspace.trace.attention[0, 0], [1, 2, 3, 4, 6, 7, 8, 9]
    best = max(((row, column) for row in words for column in words if row != column), key=lambda cell: weights[cell])
    assert tab.heatmap.cell == best
    assert plain(tab.reading).startswith("Strongest between two different words is ")
    assert workspace.selection.cell is None  # nobody has chosen it


def test_a_chosen_token_shows_whom_it_looks_at_most(tab: AttentionTab, workspace: Workspace, settle: Settle) -> None:
    assert workspace.trace is not None
    workspace.select(cell=(6, 4), token=6)
    workspace.select(token=7)  # in the strip: the cell of another row is not what is asked about
    settle()
    assert tab.heatmap.cell == (7, int(workspace.trace.attention[0, 0, 7].argmax()))
    assert plain(tab.reading).startswith("likes looks most at ")


def test_a_click_on_a_bar_of_the_softmax_goes_to_that_cell(
    tab: AttentionTab, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    workspace.select(cell=(6, 4), token=6)
    settle()
    bar = tab.one.path.softmax.column_rect(1).center().toPoint()
    qtbot.mouseClick(tab.one.path.softmax, Qt.MouseButton.LeftButton, pos=bar)
    assert workspace.clicked.cell == (6, 1)


def test_reading_left_to_right_what_comes_later_is_hidden(show: Show, workspace: Workspace, settle: Settle) -> None:
    tab = cast(AttentionTab, show(AttentionTab, Scenario("I love you very much").attend("left-to-right")))
    workspace.select(cell=(2, 4), token=2)
    settle()
    assert "love does not see what comes later: score −∞, weight 0.000" in plain(tab.one.path.sentence)
    assert tab.one.path.softmax.accessibleDescription() == "very: score −∞, softmax 0.000"


def test_the_heads_are_sorted_by_what_they_do(tab: AttentionTab, workspace: Workspace) -> None:
    assert workspace.trace is not None
    tab.heads.sort.setCurrentIndex(tab.heads.sort.findData("previous"))
    shares = {
        (layer, head): float(np.diagonal(workspace.trace.attention[layer, head], offset=-1).mean())
        for layer, head in np.ndindex(6, 8)
    }
    expected = sorted(shares, key=lambda head: -shares[head])
    assert tab.atlas.order == expected
    first = expected[0]
    assert tab.atlas.words(first) == f"{first[0] + 1}·{first[1] + 1}  {shares[first] * 100:.0f}\N{NO-BREAK SPACE}%"
    picture = tab.picture()
    assert picture is not None
    assert picture.sheet().rows[0] == f"layer {first[0] + 1} head {first[1] + 1}"


def test_the_table_of_heads_names_their_patterns_and_chooses(
    tab: AttentionTab, workspace: Workspace, qtbot: QtBot
) -> None:
    picture = tab.picture()
    assert picture is not None
    picture.show_numbers(True)
    assert picture.table is not None
    numbers = picture.table.numbers
    assert numbers.index(8, 0).data() in get_args(attention.Pattern)
    picture.table.chosen.emit(9, 3)
    assert workspace.clicked.head == (1, 1)
    assert (picture.table.currentIndex().row(), picture.table.currentIndex().column()) == (9, 3)


def test_without_a_pair_nothing_is_sorted_by_looking_across(show: Show) -> None:
    tab = cast(AttentionTab, show(AttentionTab, Scenario("one sentence")))
    sort = tab.heads.sort
    enabled = {
        sort.itemData(place): bool(sort.model().flags(sort.model().index(place, 0)) & Qt.ItemFlag.ItemIsEnabled)
        for place in range(sort.count())
    }
    assert not enabled["a_to_b"]
    assert not enabled["b_to_a"]
    assert enabled["previous"]


def test_the_steps_make_room_for_the_map(tab: AttentionTab, qtbot: QtBot) -> None:
    before = tab.heatmap.height()
    tab.one.steps.click()
    assert not tab.one.path.isVisible()
    qtbot.waitUntil(lambda: tab.heatmap.height() > before)


@pytest.fixture
def large_text(qapp: object) -> Iterator[Callable[[], None]]:
    """Makes text as large as it gets, until the test ends."""
    theme.apply("light")
    yield lambda: theme.set_text_scale(2.0)
    theme.set_text_scale(1.0)


def test_with_large_text_the_map_stands_below_the_atlas(
    large_text: Callable[[], None], tab: AttentionTab, qtbot: QtBot
) -> None:
    def corner() -> QPoint:
        return tab.one.picture.mapTo(tab, QPoint())

    beside = corner()
    assert beside.x() > tab.width() // 3
    large_text()
    qtbot.waitUntil(lambda: corner().x() < 40 and corner().y() > beside.y() + tab.heads.height())


def test_the_rows_of_a_long_text_are_seen_until_the_user_wants_one_scale(
    show: Show, settle: Settle, workspace: Workspace
) -> None:
    tab = cast(AttentionTab, show(AttentionTab, Scenario("the man went to the market to buy fruits " * 10)))
    assert tab.scale.current == 1
    workspace.set_texts("My dog is cute", "")
    settle()
    assert tab.scale.current == 0
    tab.scale.choose(1)
    tab.scale.choose(0)
    workspace.set_texts("the man went to the market to buy fruits " * 10, "")
    settle()
    assert tab.scale.current == 0
