"""The attention tab while the difference to a pinned answer is asked for."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from explorer.comparison import Shown
from explorer.tabs.attention import AttentionTab
from explorer.widgets.atlas import RESOLUTION
from explorer.widgets.attention_difference import AttentionDifference, changes
from explorer.widgets.figures import rounded_percent
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens import difference
from model.scenario import Scenario
from tests.explorer.tabs.conftest import EXAMPLE, Show, plain

Settle = Callable[[], None]


def bold(rich: str) -> list[str]:
    """What of a rich text the eye finds first."""
    return [plain(part) for part in re.findall(r"<b.*?</b>", rich)]


@pytest.fixture
def tab(show: Show, workspace: Workspace, settle: Settle) -> AttentionTab:
    """On the example, which is pinned; the difference is chosen."""
    tab = cast(AttentionTab, show(AttentionTab))
    workspace.pin()
    tab.compared.choose(Shown.DIFFERENCE)
    settle()
    return tab


@pytest.fixture
def view(tab: AttentionTab) -> AttentionDifference:
    return tab.difference()


def test_an_answer_compared_with_itself_has_no_difference(tab: AttentionTab, view: AttentionDifference) -> None:
    assert plain(tab.answer) == "Nothing is different: every head looks as it did in the pinned answer."
    assert not view.heatmap.values.any()
    assert not view.heads.sheet().values.any()


def test_unmasking_a_word_shows_by_how_much_each_weight_changed(
    tab: AttentionTab, view: AttentionDifference, workspace: Workspace, settle: Settle
) -> None:
    assert workspace.trace is not None
    masked = workspace.trace.attention
    workspace.edit(lambda scenario: scenario.restore(2))
    settle()
    workspace.select(head=(1, 3), cell=(3, 2), token=3)
    settle()
    np.testing.assert_array_equal(view.heatmap.values, workspace.trace.attention[1, 3] - masked[1, 3])
    moved = np.abs(workspace.trace.attention - masked).sum(axis=(2, 3)) / 22  # half, of 11 rows
    np.testing.assert_allclose(view.heads.sheet().values[:, 0], moved.ravel(), atol=1e-6)
    now, then = workspace.trace.attention[1, 3, 3, 2], masked[1, 3, 3, 2]
    assert plain(view.reading).startswith(
        f"is looks at dog with {now:.3f} now and with {then:.3f} in the pinned answer: "
    )


def test_what_masking_a_word_changed_in_layer_4_is_told(
    tab: AttentionTab, view: AttentionDifference, workspace: Workspace, settle: Settle
) -> None:
    assert workspace.trace is not None
    masked = workspace.trace.attention
    workspace.edit(lambda scenario: scenario.restore(2))
    workspace.select(head=(3, 1))
    settle()
    change = np.abs(workspace.trace.attention - masked)[3]
    moved = change.sum(axis=(1, 2)) / 22  # half, of 11 rows
    rows = change[moved.argmax()].sum(axis=1) / 2
    most, mean, row = (
        rounded_percent(float(share)).replace("\N{NO-BREAK SPACE}", " ")
        for share in (moved.max(), moved.mean(), rows.max())
    )
    said = f"In layer 4 head {moved.argmax() + 1} changed most: {most} of its attention goes elsewhere."
    assert bold(tab.answer)[0] == said
    token = workspace.trace.tokens[rows.argmax()]
    said = f"In its row of {token} it is {row}. The heads of its layer have {mean} on average. Of all heads layer "
    assert said in plain(tab.answer)


def test_until_a_head_is_chosen_the_one_that_changed_most_is_shown(
    tab: AttentionTab, view: AttentionDifference, workspace: Workspace, settle: Settle
) -> None:
    assert workspace.trace is not None
    masked = workspace.trace.attention
    workspace.edit(lambda scenario: scenario.restore(2))
    settle()
    change = workspace.trace.attention - masked
    moved = np.abs(change).sum(axis=(2, 3))
    most = np.unravel_index(int(moved.argmax()), moved.shape)
    assert view.heads.atlas.head == most
    np.testing.assert_array_equal(view.heatmap.values, change[most])
    name = f"Layer {most[0] + 1} · head {most[1] + 1}"
    assert view.chosen.heading == name
    assert bold(tab.answer)[0].startswith(f"{name} changed most of all: ")
    assert "Of all heads" not in plain(tab.answer)
    workspace.select(head=(0, 0))
    settle()
    np.testing.assert_array_equal(view.heatmap.values, change[0, 0])


def test_a_word_that_is_masked_in_either_answer_is_written_beside_a_long_map(
    tab: AttentionTab, view: AttentionDifference, workspace: Workspace, settle: Settle
) -> None:
    text = Scenario("the dog likes the man and " * 12)
    for pinned, now in ((text, text.mask(38)), (text.mask(38), text)):
        workspace.keep(None)
        workspace.ask(pinned)
        settle()
        workspace.pin()
        workspace.compare(Shown.DIFFERENCE)
        workspace.ask(now)
        settle()
        for axis in (view.heatmap._rows, view.heatmap._columns):
            assert axis.sought == {38}


def test_a_cell_that_is_clicked_is_one_of_the_head_that_is_seen(
    tab: AttentionTab, view: AttentionDifference, workspace: Workspace, settle: Settle
) -> None:
    workspace.edit(lambda scenario: scenario.restore(2))
    settle()
    seen = view.heads.atlas.head
    view.heatmap.chosen.emit(3, 2)
    settle()
    assert workspace.clicked.head == seen
    tab.compared.choose(Shown.NOW)
    settle()
    assert tab.atlas.head == seen


def test_a_layer_below_what_was_switched_off_says_that_it_is_the_same(
    tab: AttentionTab, view: AttentionDifference, workspace: Workspace, settle: Settle
) -> None:
    workspace.edit(lambda scenario: scenario.toggle_head(2, 6))
    workspace.select(head=(0, 0))
    settle()
    assert not view.heatmap.values.any()
    assert bold(tab.answer) == ["Nothing is different in layer 1."]
    assert "Of all heads layer " in plain(tab.answer)
    workspace.select(head=None)
    settle()
    assert view.heatmap.values.any()


def test_a_word_that_is_new_stays_blank_and_says_so(
    tab: AttentionTab, view: AttentionDifference, workspace: Workspace, settle: Settle
) -> None:
    workspace.set_texts("My old dog is cute", EXAMPLE.second)
    settle()
    workspace.select(cell=(2, 4), token=2)
    settle()
    assert np.isnan(view.heatmap.values[2]).all()
    assert plain(tab.answer).endswith("Tokens without their like in the pinned sentence are struck out: 1 of 12.")
    assert plain(view.reading) == "old → is: the pinned text has no old there."


def test_a_head_can_be_switched_off_in_the_difference(
    tab: AttentionTab, view: AttentionDifference, workspace: Workspace, settle: Settle
) -> None:
    view.heads.atlas.toggled.emit(0, 2)
    settle()
    assert workspace.scenario.heads_off == {(0, 2)}
    first, later = view.heads.sheet().values[:8], view.heads.sheet().values[8:]
    assert not first.any()  # the first layer reads what it read before
    assert later.all()
    assert tab.all_on.isVisible()
    tab.all_on.click()
    settle()
    assert workspace.scenario.heads_off == frozenset()
    assert tab.all_on.isHidden()


@pytest.mark.parametrize(
    "scenario",
    [EXAMPLE, EXAMPLE.restore(2), Scenario("My old dog is cute", EXAMPLE.second), Scenario("he " * 150, "dog " * 60)],
    ids=["same", "unmasked", "longer", "another"],
)
def test_all_heads_show_the_strongest_change_of_each_block(starter: Bert, scenario: Scenario) -> None:
    after, before = starter.trace(scenario), starter.trace(EXAMPLE)
    found = changes(after, before)
    size = len(after.tokens)
    step = -(-size // RESOLUTION)
    for head in ((0, 0), (3, 5), (5, 7)):
        whole = np.nan_to_num(difference.attention(after, before, found.matching, head))
        for row, column in np.ndindex(*found.maps.shape[2:]):
            block = whole[row * step : (row + 1) * step, column * step : (column + 1) * step].ravel()
            strongest = block[np.abs(block).argmax()] / (found.limit or 1)
            assert found.maps[head][row, column] == pytest.approx(strongest, rel=1e-6)
    assert (np.abs(found.maps) > 1).mean() < 0.0022
    assert found.maps.any() == (scenario != EXAMPLE)


def test_another_size_is_a_sentence_in_the_tab_and_now_shows_the_picture_again(
    tab: AttentionTab, workspace: Workspace, starter_folder: Path, settle: Settle
) -> None:
    workspace.open_model(starter_folder.parent / "textbook")
    settle()
    assert "there is no difference to show" in tab.sentence
    tab.compared.choose(Shown.NOW)
    settle()
    assert tab.sentence == ""
    assert tab.heatmap.isVisible()
    assert tab.scale.isVisible()
