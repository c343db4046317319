"""What the predictions hang on: heads and layers off, the other direction, and the heads that matter."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.attention import AttentionTab
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens import masked_lm, next_sentence
from model.scenario import Scenario
from tests.explorer.tabs.conftest import Show, plain

Settle = Callable[[], None]

C5 = Scenario("I love you very much", "he likes playing").mask(4)
HEAD = (0, 0)
NAME = "layer 1 head 1"


@pytest.fixture
def tab(show: Show, settle: Settle) -> AttentionTab:
    tab = cast(AttentionTab, show(AttentionTab, C5))
    tab.beside.choose(1)
    settle()
    return tab


@pytest.fixture
def word(workspace: Workspace) -> str:
    """What is expected first with all heads on."""
    assert workspace.bert is not None
    return masked_lm.predictions(workspace.bert, workspace.bert.trace(C5), 4, 1)[0][0]


def likely(workspace: Workspace, scenario: Scenario, piece: str) -> float:
    """By the lens that the Masked LM tab shows."""
    bert = workspace.bert
    assert bert is not None
    return float(np.exp(masked_lm.log_probabilities(bert, bert.trace(scenario), 4)[bert.tokenizer.id(piece)]))


def percent(share: float) -> str:
    return f"{share * 100:.0f} %" if share >= 0.1 else f"{share * 100:.1f} %"


def test_with_all_on_it_says_which_head_matters_most_and_how_to_switch_one_off(
    tab: AttentionTab, workspace: Workspace, word: str
) -> None:
    changes = {
        (layer, head): np.log(likely(workspace, C5.toggle_head(layer, head), word) / likely(workspace, C5, word))
        for layer, head in np.ndindex(6, 8)
    }
    layer, head = max(changes, key=lambda head: abs(changes[head]))
    before, after = (percent(likely(workspace, asked, word)) for asked in (C5, C5.toggle_head(layer, head)))
    answer, name = plain(tab.answer), f"layer {layer + 1} head {head + 1}"
    assert answer.startswith(f"{name.capitalize()} matters most to “{word}”: without it {before} → {after}.")
    assert "X or Ctrl+click switches a head off" in answer
    assert tab.what_if.finder.list.shifts[0].label == name
    np.testing.assert_allclose(tab.what_if.finder.map.values[2, 2], changes[2, 2], atol=1e-3)


def test_a_head_off_says_what_became_of_the_prediction(
    tab: AttentionTab, workspace: Workspace, settle: Settle, qtbot: QtBot, word: str
) -> None:
    workspace.select(head=HEAD)
    qtbot.keyClick(tab.atlas, Qt.Key.Key_X)
    settle()
    bert = workspace.bert
    assert bert is not None
    off = C5.toggle_head(*HEAD)
    first, share = masked_lm.predictions(bert, bert.trace(off), 4, 1)[0]
    was, now = (percent(likely(workspace, scenario, word)) for scenario in (C5, off))
    assert plain(tab.answer).startswith(
        f"Without {NAME}, “{first}” is expected first, with {percent(share)}; “{word}” goes from {was} to {now}."
    )
    listed = {shift.label: (shift.before, shift.share) for shift in tab.what_if.effects.shifts.shifts}
    assert listed[word] == pytest.approx((likely(workspace, C5, word), likely(workspace, off, word)), rel=1e-3)
    expected = [next_sentence.probabilities(bert, bert.trace(asked))[0] for asked in (C5, off)]
    assert listed["IsNext"] == pytest.approx(tuple(expected), rel=1e-3)


def test_the_effect_is_said_beside_one_head_too(tab: AttentionTab, workspace: Workspace, settle: Settle) -> None:
    tab.beside.choose(0)
    workspace.edit(lambda scenario: scenario.toggle_head(*HEAD))
    settle()
    assert f"Without {NAME}, “" in plain(tab.answer)
    assert plain(tab.answer).startswith("Layer 1 · head 1 ")


def test_a_whole_layer_goes_off_and_all_come_on_again(
    tab: AttentionTab, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    assert tab.all_on.isHidden()
    square = tab.atlas.head_rect((2, 0))
    number = QPoint(round(square.left() / 2), round(square.center().y()))
    qtbot.mouseClick(tab.atlas, Qt.MouseButton.LeftButton, pos=number)
    settle()
    assert workspace.scenario.layers_off == {2}
    assert plain(tab.answer).startswith("Without layer 3, ")
    workspace.edit(lambda scenario: scenario.toggle_head(0, 0))
    settle()
    qtbot.mouseClick(tab.all_on, Qt.MouseButton.LeftButton)
    settle()
    assert workspace.scenario == C5
    assert tab.all_on.isHidden()
    workspace.undo()
    settle()
    assert workspace.scenario.heads_off == {(0, 0)}


def test_left_to_right_stands_against_both_ways(
    tab: AttentionTab, workspace: Workspace, settle: Settle, word: str
) -> None:
    workspace.attend("left-to-right")
    settle()
    was, now = likely(workspace, C5, word), likely(workspace, C5.attend("left-to-right"), word)
    answer = plain(tab.answer)
    assert answer.startswith("Read left-to-right, “")
    assert f"“{word}” goes from {percent(was)} to {percent(now)}." in answer
    assert was > 10 * now


def test_another_prediction_can_be_chosen(
    tab: AttentionTab, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    lines = tab.what_if.effects.shifts
    place = [shift.label for shift in lines.shifts].index("IsNext")
    qtbot.mouseClick(lines, Qt.MouseButton.LeftButton, pos=lines.bar_rect(place).center().toPoint())
    settle()
    assert "matters most to IsNext" in plain(tab.answer)
    workspace.edit(lambda scenario: scenario.toggle_head(*HEAD))
    settle()
    assert plain(tab.answer).startswith(f"Without {NAME}, IsNext ")


def test_a_listed_head_is_chosen_and_switched_off(
    tab: AttentionTab, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    heads = tab.what_if.finder.list
    qtbot.mouseClick(heads, Qt.MouseButton.LeftButton, pos=heads.bar_rect(0).center().toPoint())
    assert workspace.clicked.head == HEAD
    assert tab.atlas.head == HEAD
    qtbot.keyClick(heads, Qt.Key.Key_X)
    settle()
    assert workspace.scenario.heads_off == {HEAD}
    assert NAME not in [shift.label for shift in heads.shifts]
    assert np.isnan(tab.what_if.finder.map.values[HEAD])


def test_a_cell_of_the_map_is_a_head(tab: AttentionTab, workspace: Workspace, qtbot: QtBot) -> None:
    heads = tab.what_if.finder.map
    qtbot.mouseClick(heads.viewport(), Qt.MouseButton.LeftButton, pos=heads.cell_rect((4, 6)).center().toPoint())
    assert workspace.clicked.head == (4, 6)


def test_a_long_text_waits_for_the_button_and_can_be_cancelled(
    show: Show, settle: Settle, workspace: Workspace, qtbot: QtBot
) -> None:
    tab = cast(AttentionTab, show(AttentionTab, Scenario("the man went to the market " * 40, "it was cold " * 40)))
    tab.beside.choose(1)
    settle()
    job = tab.what_if.finder.job
    assert "Each of 48 heads" in job.hint.text()
    qtbot.mouseClick(job.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(job.cancel.isVisible)
    qtbot.mouseClick(job.cancel, Qt.MouseButton.LeftButton)
    assert job.start.isVisible()
    qtbot.mouseClick(job.start, Qt.MouseButton.LeftButton)
    settle()
    assert re.search(r"matters (most )?to “", plain(tab.answer))


def test_several_masks_are_listed_each_with_its_heading(show: Show, settle: Settle) -> None:
    tab = cast(AttentionTab, show(AttentionTab, Scenario("My dog is cute").mask(2).mask(4)))
    tab.beside.choose(1)
    settle()
    groups = [shift.group for shift in tab.what_if.effects.shifts.shifts]
    assert groups == ["Position 2, [MASK] in place of dog"] * 3 + ["Position 4, [MASK] in place of cute"] * 3


def test_a_model_without_the_heads_says_that_it_predicts_nothing(
    show: Show, settle: Settle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Bert, "has_mlm", property(lambda self: False))
    tab = cast(AttentionTab, show(AttentionTab, Scenario("my dog")))
    tab.beside.choose(1)
    settle()
    assert "predicts nothing here: it has no masked-LM head" in plain(tab.answer)
    assert not tab.what_if.finder.isVisible()
