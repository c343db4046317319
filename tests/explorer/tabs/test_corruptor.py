from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.masked_lm import MaskedLMTab
from explorer.widgets.corruptor import Corruptor
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens import masked_lm
from model.scenario import Scenario
from model.training.corruptor import Rates
from tests.explorer.tabs.conftest import Show, plain
from tests.model.checkpoints import VOCABULARY

Settle = Callable[[], None]

TEXT = Scenario("The man went to the store to buy some milk", "he likes playing")


@pytest.fixture
def tab(show: Show) -> MaskedLMTab:
    tab = cast(MaskedLMTab, show(MaskedLMTab, TEXT))
    tab.show_view(tab.corruptor)
    return tab


@pytest.fixture
def corruptor(tab: MaskedLMTab) -> Corruptor:
    return tab.corruptor


def test_it_says_at_once_what_would_be_hidden(tab: MaskedLMTab, corruptor: Corruptor) -> None:
    assert corruptor.roll is not None
    counts = corruptor.roll.counts
    assert plain(tab.answer).startswith(f"{counts.chosen} of 14 words are chosen: {counts.masked} masked")


def test_each_roll_is_another_and_is_counted(corruptor: Corruptor, qtbot: QtBot) -> None:
    seen = set()
    for _ in range(20):
        qtbot.keyClick(corruptor.again, Qt.Key.Key_Space)
        assert corruptor.roll is not None
        seen.add(corruptor.roll.edits)
    assert len(seen) > 10
    assert corruptor.counts.rolls == 21
    assert corruptor.counts.words == 21 * 14


def test_a_hundred_rolls_bring_the_counts_near_the_rates(corruptor: Corruptor, qtbot: QtBot) -> None:
    qtbot.mouseClick(corruptor.many, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: corruptor.counts.rolls == 101, timeout=20_000)
    assert corruptor.many.text() == "Roll 100 times"
    sheet = corruptor.sheet()
    assert list(sheet.rows) == ["chosen", "masked", "replaced", "kept", "no loss"]
    numbers = np.asarray(sheet.values, dtype=np.float64)
    np.testing.assert_allclose(numbers[:, 5], [0.15, 0.12, 0.015, 0.015, 0.85])
    np.testing.assert_allclose(numbers[:, 4], numbers[:, 5], atol=0.03)
    np.testing.assert_allclose(numbers[1:4, 3], [0.8, 0.1, 0.1])


def test_rolling_stops_when_it_is_told_to_and_when_one_looks_elsewhere(
    tab: MaskedLMTab, corruptor: Corruptor, qtbot: QtBot
) -> None:
    for stop in (corruptor.many.click, lambda: tab.show_view(tab.predictions)):
        corruptor.many.click()
        qtbot.waitUntil(lambda: corruptor.many.text() == "Stop")
        stop()
        rolls = corruptor.counts.rolls
        qtbot.wait(120)
        assert corruptor.counts.rolls == rolls


def test_where_one_share_moves_the_others_make_room_and_the_count_begins_anew(
    corruptor: Corruptor, qtbot: QtBot
) -> None:
    rates = corruptor.rates
    rates.sliders["masked"].setFocus()
    qtbot.keyClick(rates.sliders["masked"], Qt.Key.Key_Home)
    assert rates.value == Rates(15, 0, 50, 50)
    assert {name: number.value() for name, number in rates.numbers.items()} == {
        "chosen": 15,
        "masked": 0,
        "replaced": 50,
        "kept": 50,
    }
    assert corruptor.counts.rolls == 1
    assert corruptor.counts.masked == 0
    rates.numbers["chosen"].setValue(100)
    assert corruptor.counts.chosen == corruptor.counts.words == 14
    rates.reset.click()
    assert rates.value == Rates()


def test_the_draw_is_put_into_the_question_and_answered(
    tab: MaskedLMTab, corruptor: Corruptor, workspace: Workspace, starter: Bert, settle: Settle, qtbot: QtBot
) -> None:
    corruptor.rates.sliders["masked"].setValue(0)
    corruptor.rates.sliders["kept"].setValue(0)
    while corruptor.roll is None or not corruptor.roll.edits:
        corruptor.again.click()
    edits = corruptor.roll.edits
    qtbot.keyClick(corruptor.use, Qt.Key.Key_Space)
    settle()
    assert workspace.scenario.edits == edits
    assert tab.view is tab.predictions
    trace = starter.trace(workspace.scenario)
    assert set(tab.predictions.asked) <= {edit.position for edit in edits}
    position = tab.predictions.position
    assert position is not None
    share = dict(masked_lm.predictions(starter, trace, position, VOCABULARY))[trace.tokens[position]]
    stands = plain(tab.answer).split(f"{trace.tokens[position]}, which stands there, has ")[1].split(" ")[0:2]
    assert float(stands[0 if stands[0] != "≤" else 1]) == pytest.approx(100 * share, abs=0.5)


def test_another_text_is_counted_anew(corruptor: Corruptor, workspace: Workspace, settle: Settle) -> None:
    corruptor.again.click()
    workspace.set_texts("My dog is cute", "")
    settle()
    assert (corruptor.counts.rolls, corruptor.counts.words) == (1, 4)


def test_an_edit_does_not_lose_the_count(corruptor: Corruptor, workspace: Workspace, settle: Settle) -> None:
    for _ in range(5):
        corruptor.again.click()
    workspace.edit(lambda scenario: scenario.mask(2))
    settle()
    assert corruptor.counts.rolls == 6


def test_a_left_to_right_model_hides_nothing_and_says_so(
    tab: MaskedLMTab, workspace: Workspace, starter_folder: Path, settle: Settle
) -> None:
    workspace.open_model(starter_folder.parent / "left-to-right", Scenario("my dog"))
    settle()
    assert "trained left-to-right" in tab.sentence
    tab.show_view(tab.predictions)
    assert tab.sentence == ""
    tab.show_view(tab.corruptor)
    assert "trained left-to-right" in tab.sentence
