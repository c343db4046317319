from __future__ import annotations

import re
from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.next_sentence import NextSentenceTab
from explorer.widgets.figures import rounded_percent, signed
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens import next_sentence
from model.scenario import Scenario
from tests.explorer.tabs.conftest import EXAMPLE, Show, plain

Settle = Callable[[], None]

PAIR = Scenario("My dog is cute", "he likes playing")


def test_both_labels_stand_there_in_words_with_their_probabilities(show: Show, starter: Bert) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab))
    follows, does_not = next_sentence.probabilities(starter, starter.trace(EXAMPLE))
    assert [bar.label for bar in tab.verdict.bars.bars] == ["B follows A", "B is some other sentence"]
    assert [bar.share for bar in tab.verdict.bars.bars] == pytest.approx([follows, does_not], abs=1e-6)
    assert sum(bar.share for bar in tab.verdict.bars.bars) == pytest.approx(1)


def test_the_answer_is_a_sentence(show: Show, starter: Bert) -> None:
    tab = show(NextSentenceTab)
    follows, does_not = next_sentence.probabilities(starter, starter.trace(EXAMPLE))
    assert plain(tab.answer).startswith("Yes" if follows > does_not else "No")


def test_every_number_of_the_way_is_the_verdicts(show: Show, starter: Bert) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab))
    verdict = next_sentence.verdict(starter, starter.trace(EXAMPLE))
    written = re.findall(r"−?\d+\.\d{4}", plain(tab.verdict.path.table.replace("</td>", " ")))
    numbers = (verdict.sums, verdict.bias, verdict.logits, verdict.exponentials, verdict.probabilities)
    expected = [signed(float(number[label]), 4) for label in (0, 1) for number in numbers]
    expected += [signed(float(verdict.logits.max()), 4), signed(float(verdict.exponentials.sum()), 4)]
    assert written == expected


def test_the_dimension_that_speaks_most_for_is_next_stands_first(show: Show, starter: Bert) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab))
    verdict = next_sentence.verdict(starter, starter.trace(EXAMPLE))
    evidence = (verdict.weight[0] - verdict.weight[1]) * verdict.pooled
    sheet = tab.verdict.path.picture.sheet()
    assert sheet.rows == ("pooled", "weight IsNext", "weight NotNext", "product IsNext", "product NotNext")
    assert sheet.columns[0] == str(evidence.argmax())
    assert sheet.columns[-1] == str(evidence.argmin())
    pooled, weights, products = sheet.values[0], sheet.values[1:3], sheet.values[3:5]
    np.testing.assert_allclose(products, weights * pooled, atol=1e-7)


def test_the_arrow_keys_read_the_next_dimension(show: Show, qtbot: QtBot) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab))
    first = tab.verdict.path.reading
    qtbot.keyClick(tab.verdict.path.heatmap, Qt.Key.Key_Right)
    assert tab.verdict.path.reading == first
    qtbot.keyClick(tab.verdict.path.heatmap, Qt.Key.Key_Right)
    dimension = tab.verdict.path.picture.sheet().columns[1]
    assert plain(tab.verdict.path.reading).startswith(f"Dimension {dimension}: pooled ")


def test_a_number_of_the_way_that_is_clicked_is_written_out(
    show: Show, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab))
    settle()
    with qtbot.waitSignal(workspace.inspected):
        place = tab.verdict.path.heatmap.cell_rect((1, 0)).center().toPoint()
        qtbot.mouseClick(tab.verdict.path.heatmap.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_it_says_what_the_other_way_round_would_give(show: Show, starter: Bert) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab, PAIR))
    is_next, _ = next_sentence.probabilities(starter, starter.trace(Scenario(PAIR.second, PAIR.first)))
    assert f"that A follows B: {rounded_percent(is_next)}.".replace("\N{NO-BREAK SPACE}", " ") in plain(
        tab.verdict.other_way_round
    )


def test_the_button_swaps_the_two(show: Show, workspace: Workspace, settle: Settle, qtbot: QtBot) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab, PAIR))
    qtbot.mouseClick(tab.verdict.swap, Qt.MouseButton.LeftButton)
    settle()
    assert workspace.scenario == Scenario(PAIR.second, PAIR.first)


def test_a_column_is_what_the_flip_really_changes(show: Show, starter: Bert) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab, PAIR))
    now, _ = next_sentence.probabilities(starter, starter.trace(PAIR))
    for position in (0, 7, 10):
        flipped, _ = next_sentence.probabilities(starter, starter.trace(PAIR.flip(position)))
        assert float(tab.verdict.changes.values[position]) == pytest.approx((flipped - now) * 100, abs=1e-3)


def test_a_column_that_is_clicked_chooses_its_token(show: Show, workspace: Workspace, qtbot: QtBot) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab, PAIR))
    place = tab.verdict.changes.column_rect(7).center().toPoint()
    qtbot.mouseClick(tab.verdict.changes, Qt.MouseButton.LeftButton, pos=place)
    assert workspace.clicked.token == 7
    qtbot.keyClick(tab.verdict.changes, Qt.Key.Key_Right)
    assert workspace.clicked.token == 8


def test_the_keys_stay_in_the_columns_when_a_token_is_flipped(
    show: Show, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab, PAIR))
    with qtbot.waitActive(tab):
        tab.activateWindow()
    tab.verdict.changes.setFocus()
    workspace.edit(lambda scenario: scenario.flip(7))
    settle()
    assert tab.verdict.changes.hasFocus()


def test_a_long_pair_is_flipped_only_on_demand(show: Show, settle: Settle, qtbot: QtBot) -> None:
    tab = cast(NextSentenceTab, show(NextSentenceTab, Scenario("my dog " * 20, "he likes " * 20)))
    assert not tab.verdict.changes.isVisible()
    tab.verdict.job.start.setFocus()
    qtbot.keyClick(tab.verdict.job.start, Qt.Key.Key_Space)
    settle()
    assert tab.verdict.changes.isVisible()
    assert len(tab.verdict.changes.values) == 83


def test_one_sentence_alone_asks_for_another(show: Show) -> None:
    tab = show(NextSentenceTab, Scenario("My dog is cute"))
    assert "Type a second one into B" in tab.sentence


def test_a_model_without_the_head_is_told_in_a_sentence(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bert, "has_nsp", property(lambda self: False))
    assert "has no next-sentence head" in show(NextSentenceTab).sentence
