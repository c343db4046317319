from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.masked_lm import MaskedLMTab
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens import masked_lm
from model.scenario import Scenario
from tests.explorer.tabs.conftest import EXAMPLE, Show, plain

Settle = Callable[[], None]


@pytest.fixture
def tab(show: Show) -> MaskedLMTab:
    return cast(MaskedLMTab, show(MaskedLMTab))


def test_the_bars_are_the_ten_most_probable_tokens(tab: MaskedLMTab, starter: Bert) -> None:
    expected = masked_lm.predictions(starter, starter.trace(EXAMPLE), position=2, top=10)
    assert [bar.label for bar in tab.bars.bars] == [token for token, _ in expected]
    np.testing.assert_allclose([bar.share for bar in tab.bars.bars], [share for _, share in expected], rtol=1e-5)


def test_without_a_choice_the_masked_position_is_asked_about(tab: MaskedLMTab) -> None:
    assert tab.position == 2
    assert plain(tab.answer).startswith("Position 2, masked. It was dog")


def test_without_a_mask_the_first_word_is_asked_about_and_the_tab_says_so(show: Show) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, Scenario("My dog is cute")))
    assert tab.position == 1
    assert plain(tab.answer).startswith("Position 1, where BERT reads my itself")


def test_a_mask_that_was_typed_is_asked_about(show: Show) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, Scenario("My dog [MASK] cute")))
    assert tab.position == 3
    assert plain(tab.answer).startswith("Position 3, masked in the text.")


def test_a_token_chosen_elsewhere_is_asked_about(tab: MaskedLMTab, workspace: Workspace, settle: Settle) -> None:
    workspace.select(token=7)
    settle()
    assert tab.position == 7
    assert "Position 7" in plain(tab.answer)


def test_the_original_is_marked_among_the_candidates(tab: MaskedLMTab) -> None:
    assert {bar.label: bar.note for bar in tab.bars.bars if bar.note} == {"dog": "original"}


def test_a_click_on_a_candidate_puts_it_in(
    tab: MaskedLMTab, workspace: Workspace, qtbot: QtBot, settle: Settle
) -> None:
    piece = tab.bars.bars[3].label
    line = tab.bars.bar_rect(3).center().toPoint()
    qtbot.mouseClick(tab.bars, Qt.MouseButton.LeftButton, pos=line)
    settle()
    assert workspace.trace is not None
    assert workspace.trace.tokens[2] == piece
    assert f"It was dog, now {piece} stands there" in plain(tab.answer)


def test_a_candidate_is_put_in_by_keyboard(
    tab: MaskedLMTab, workspace: Workspace, qtbot: QtBot, settle: Settle
) -> None:
    piece = tab.bars.bars[1].label
    qtbot.keyClick(tab.bars, Qt.Key.Key_Down)
    qtbot.keyClick(tab.bars, Qt.Key.Key_Return)
    settle()
    assert workspace.trace is not None
    assert workspace.trace.tokens[2] == piece


def test_any_word_shows_its_place_and_probability(
    tab: MaskedLMTab, qtbot: QtBot, settle: Settle, starter: Bert
) -> None:
    qtbot.keyClicks(tab.word, "cat")
    settle()
    scores = masked_lm.log_probabilities(starter, starter.trace(EXAMPLE), 2)
    place = masked_lm.rank(scores, starter.tokenizer.id("cat"))
    assert plain(tab.score.text()).startswith(f"cat: place {place}, ")


def test_the_surprise_of_a_masked_token_fits_its_probability(tab: MaskedLMTab) -> None:
    dog = next(bar for bar in tab.bars.bars if bar.label == "dog")
    assert float(tab.surprises.values[2]) == pytest.approx(-np.log(dog.share), abs=1e-3)
    assert np.isnan(tab.surprises.values[[0, 5, 10]]).all()


def test_a_long_text_is_asked_token_by_token_only_on_demand(show: Show, settle: Settle, qtbot: QtBot) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, Scenario("dog " * 80)))
    assert len(tab.surprises.values) == 0
    qtbot.mouseClick(tab.start, Qt.MouseButton.LeftButton)
    settle()
    assert len(tab.surprises.values) == 82


def test_a_model_without_the_head_is_told_in_a_sentence(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bert, "has_mlm", property(lambda self: False))
    tab = cast(MaskedLMTab, show(MaskedLMTab))
    assert "has no masked-LM head" in tab.sentence
