from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.masked_lm import MaskedLMTab
from explorer.tabs.next_sentence import NextSentenceTab
from explorer.widgets.pair_contributions import PairContributions
from explorer.widgets.token_contributions import TokenContributions
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens import masked_lm, next_sentence
from model.scenario import Scenario
from tests.explorer.tabs.conftest import EXAMPLE, Show, plain

Settle = Callable[[], None]

PAIR = Scenario("My dog is cute", "he likes playing")


@pytest.fixture
def pair(show: Show, settle: Settle) -> PairContributions:
    tab = cast(NextSentenceTab, show(NextSentenceTab, PAIR))
    tab.show_view(tab.contributions)
    settle()
    return tab.contributions


@pytest.fixture
def word(show: Show, settle: Settle) -> TokenContributions:
    tab = cast(MaskedLMTab, show(MaskedLMTab, EXAMPLE))
    tab.show_view(tab.contributions)
    settle()
    return tab.contributions


def test_the_columns_are_the_change_of_the_log_odds(pair: PairContributions, starter: Bert) -> None:
    blank = PAIR
    for position in (1, 2, 3, 4, 6, 7, 8, 9):
        blank = blank.mask(position)
    odds = []
    for asked in (blank, PAIR):
        is_next, not_next = next_sentence.probabilities(starter, starter.trace(asked))
        odds.append(np.log(is_next / not_next))
    assert float(pair.columns.values.sum()) == pytest.approx(odds[1] - odds[0], rel=0.01)


def test_the_answer_names_the_strongest_token_for_and_against(pair: PairContributions) -> None:
    values = pair.columns.values
    tokens = pair.columns.sheet().rows
    said = plain(pair.answer)
    assert said.startswith(f"{tokens[int(values.argmax())]} (+{values.max():.2f}) says most for it")
    assert f"{tokens[int(values.argmin())]} (−{-values.min():.2f}) most against it" in said


def test_a_column_that_is_clicked_chooses_its_token(
    pair: PairContributions, workspace: Workspace, qtbot: QtBot
) -> None:
    place = pair.columns.column_rect(7).center().toPoint()
    qtbot.mouseClick(pair.columns, Qt.MouseButton.LeftButton, pos=place)
    assert workspace.clicked.token == 7


def test_one_sentence_alone_asks_for_another(pair: PairContributions, workspace: Workspace, settle: Settle) -> None:
    workspace.set_texts("My dog is cute", "")
    settle()
    assert "Type a second one into B" in cast(NextSentenceTab, pair.page).sentence


def test_a_long_pair_is_worked_out_only_on_demand(
    pair: PairContributions, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    workspace.set_texts("my dog " * 20, "he likes " * 20)
    settle()
    assert not pair.columns.isVisible()
    assert pair.sum == ""
    qtbot.keyClick(pair.job.start, Qt.Key.Key_Space)
    settle()
    assert len(pair.columns.values) == 83
    assert "83 tokens" not in plain(pair.answer)


def test_the_word_expected_first_is_explained(word: TokenContributions, starter: Bert) -> None:
    trace = starter.trace(EXAMPLE)
    best = masked_lm.predictions(starter, trace, 2)
    assert word.word.currentText() == best[0][0]
    assert word.found is not None
    assert np.exp(word.found.after) == pytest.approx(best[0][1], rel=1e-3)
    assert float(word.columns.values[2]) == 0.0
    assert {word.word.itemText(place) for place in range(word.word.count())} >= {"dog"}


def test_another_word_can_be_chosen_by_key(word: TokenContributions, settle: Settle, qtbot: QtBot) -> None:
    before = word.columns.values.copy()
    word.word.setFocus()
    qtbot.keyClick(word.word, Qt.Key.Key_Down)
    settle()
    assert word.picture.heading == f"Contributions to {word.word.itemText(1)} at position 2"
    assert not np.allclose(before, word.columns.values)


def test_another_position_is_explained_where_it_is_clicked_not_where_it_is_hovered(
    word: TokenContributions, workspace: Workspace, settle: Settle
) -> None:
    workspace.hover(token=4)
    settle()
    assert word.position == 2
    workspace.select(token=4)
    settle()
    assert word.position == 4
    assert word.picture.heading.endswith("at position 4")


def test_another_look_asks_nothing_anew(word: TokenContributions, workspace: Workspace) -> None:
    found = word.found
    word.page._renew()
    assert word.found is found
    assert workspace.worker.is_idle


def test_models_without_the_heads_say_so(show: Show, settle: Settle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bert, "has_mlm", property(lambda self: False))
    monkeypatch.setattr(Bert, "has_nsp", property(lambda self: False))
    tab = cast(MaskedLMTab, show(MaskedLMTab))
    tab.show_view(tab.contributions)
    settle()
    assert "has no masked-LM head" in tab.sentence
