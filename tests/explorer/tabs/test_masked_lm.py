from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.tabs.masked_lm import MaskedLMTab
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens import masked_lm
from model.scenario import Scenario
from tests.explorer.tabs.conftest import EXAMPLE, Show, plain
from tests.model.checkpoints import VOCABULARY

Settle = Callable[[], None]

BEACH = Scenario("They went to the beach because they wanted to swim.").mask(7)
TWO = Scenario("I went to the market to buy some fruits").mask(5).mask(9)


@pytest.fixture
def tab(show: Show) -> MaskedLMTab:
    return cast(MaskedLMTab, show(MaskedLMTab))


def test_the_bars_are_the_ten_most_probable_tokens(tab: MaskedLMTab, starter: Bert) -> None:
    expected = masked_lm.predictions(starter, starter.trace(EXAMPLE), position=2, top=10)
    assert [bar.label for bar in tab.predictions.bars.bars] == [token for token, _ in expected]
    np.testing.assert_allclose(
        [bar.share for bar in tab.predictions.bars.bars], [share for _, share in expected], rtol=1e-5
    )


def test_without_a_choice_the_masked_position_is_asked_about(tab: MaskedLMTab) -> None:
    assert tab.predictions.position == 2
    assert plain(tab.answer).startswith("Position 2, masked. It was dog")


def test_without_a_mask_the_first_word_is_asked_about_and_the_tab_says_so(show: Show) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, Scenario("My dog is cute")))
    assert tab.predictions.position == 1
    assert plain(tab.answer).startswith("Position 1, where BERT reads my itself")


def test_a_mask_that_was_typed_is_asked_about(show: Show) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, Scenario("My dog [MASK] cute")))
    assert tab.predictions.position == 3
    assert plain(tab.answer).startswith("Position 3, masked in the text.")


def test_a_token_chosen_elsewhere_is_asked_about(tab: MaskedLMTab, workspace: Workspace, settle: Settle) -> None:
    workspace.select(token=7)
    settle()
    assert tab.predictions.position == 7
    assert "Position 7" in plain(tab.answer)


def test_the_original_is_marked_among_the_candidates(show: Show) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, BEACH))
    assert {bar.label: bar.note for bar in tab.predictions.bars.bars if bar.note} == {"they": "original"}


def test_a_click_on_a_candidate_puts_it_in(
    tab: MaskedLMTab, workspace: Workspace, qtbot: QtBot, settle: Settle
) -> None:
    piece = tab.predictions.bars.bars[3].label
    line = tab.predictions.bars.bar_rect(3).center().toPoint()
    qtbot.mouseClick(tab.predictions.bars, Qt.MouseButton.LeftButton, pos=line)
    settle()
    assert workspace.trace is not None
    assert workspace.trace.tokens[2] == piece
    assert f"It was dog, now {piece} stands there" in plain(tab.answer)


def test_a_candidate_is_put_in_by_keyboard(
    tab: MaskedLMTab, workspace: Workspace, qtbot: QtBot, settle: Settle
) -> None:
    piece = tab.predictions.bars.bars[1].label
    qtbot.keyClick(tab.predictions.bars, Qt.Key.Key_Down)
    qtbot.keyClick(tab.predictions.bars, Qt.Key.Key_Return)
    settle()
    assert workspace.trace is not None
    assert workspace.trace.tokens[2] == piece


def test_any_word_shows_its_place_and_probability(
    tab: MaskedLMTab, qtbot: QtBot, settle: Settle, starter: Bert
) -> None:
    qtbot.keyClicks(tab.predictions.word, "cat")
    settle()
    scores = masked_lm.log_probabilities(starter, starter.trace(EXAMPLE), 2)
    place = masked_lm.rank(scores, starter.tokenizer.id("cat"))
    assert plain(tab.predictions.score.text()).startswith(f"cat: place {place} of {VOCABULARY:,}, with ")


def test_a_word_of_pieces_says_how_it_is_scored(tab: MaskedLMTab, qtbot: QtBot, settle: Settle) -> None:
    qtbot.keyClicks(tab.predictions.word, "practicing")
    settle()
    said = plain(tab.predictions.score.text())
    assert said.startswith("practicing: pract ##icing, 2 [MASK] side by side, each piece given those before it: ")
    assert said.count(" %") == 3  # two factors and their product, the smallest ones included


def test_no_word_and_a_word_of_no_pieces_each_get_a_sentence(tab: MaskedLMTab, qtbot: QtBot, settle: Settle) -> None:
    assert "Type a word" in tab.predictions.score.text()
    tab.predictions.word.setText("\N{SNOWMAN}")
    settle()
    assert "has no pieces for it" in tab.predictions.score.text()


def test_the_surprise_of_a_masked_token_fits_its_probability(show: Show, settle: Settle) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, BEACH))
    settle()
    they = next(bar for bar in tab.predictions.bars.bars if bar.label == "they")
    assert float(tab.predictions.surprises.values[7]) == pytest.approx(-np.log(they.share), abs=1e-3)
    assert np.isnan(tab.predictions.surprises.values[[0, 12]]).all()


def test_a_long_text_is_asked_token_by_token_only_on_demand(show: Show, settle: Settle, qtbot: QtBot) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, Scenario("dog " * 80)))
    assert not tab.predictions.surprises.isVisible()
    qtbot.mouseClick(tab.predictions.job.start, Qt.MouseButton.LeftButton)
    settle()
    assert tab.predictions.surprises.isVisible()
    assert len(tab.predictions.surprises.values) == 82


def test_cancelling_leaves_the_picture_as_it_was(
    show: Show, settle: Settle, qtbot: QtBot, workspace: Workspace
) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, Scenario("dog " * 500)))
    qtbot.mouseClick(tab.predictions.job.start, Qt.MouseButton.LeftButton)
    qtbot.keyClick(tab.predictions.job.cancel, Qt.Key.Key_Space)
    settle()
    assert not tab.predictions.surprises.isVisible()
    assert tab.predictions.job.start.isVisible()


def test_another_look_keeps_what_was_asked_token_by_token(show: Show, settle: Settle, qtbot: QtBot) -> None:
    theme.apply("light")
    tab = cast(MaskedLMTab, show(MaskedLMTab, Scenario("dog " * 80)))
    qtbot.mouseClick(tab.predictions.job.start, Qt.MouseButton.LeftButton)
    settle()
    theme.apply("dark")
    settle()
    theme.apply("light")
    settle()
    assert tab.predictions.surprises.isVisible()
    assert len(tab.predictions.surprises.values) == 82


def test_two_masks_are_listed_side_by_side(show: Show, starter: Bert) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, TWO))
    assert tab.predictions.asked == (5, 9)
    trace = starter.trace(TWO)
    for candidates, position in zip(tab.predictions.lists, (5, 9), strict=False):
        best, _ = masked_lm.predictions(starter, trace, position)[0]
        assert candidates.isVisible()
        assert candidates.bars.bars[0].label == best
    assert [candidates.heading for candidates in tab.predictions.lists[:2]] == [
        "Position 5 · market",
        "Position 9 · fruits",
    ]
    assert not tab.predictions.lists[2].isVisible()
    assert "by itself" in tab.answer


def test_one_mask_has_one_list_and_no_word_about_others(tab: MaskedLMTab) -> None:
    assert [candidates.isVisible() for candidates in tab.predictions.lists] == [True, False, False]
    assert "by itself" not in tab.answer


def test_of_many_masks_those_nearest_the_chosen_are_listed(show: Show, workspace: Workspace, settle: Settle) -> None:
    many = Scenario("I went to the market to buy some fruits")
    for position in (1, 4, 7, 9):
        many = many.mask(position)
    tab = cast(MaskedLMTab, show(MaskedLMTab, many))
    tab.resize(1408, 700)
    settle()
    assert tab.predictions.asked == (1, 4, 7)
    workspace.select(token=9)
    settle()
    assert tab.predictions.asked == (4, 7, 9)


def test_a_narrow_window_lists_fewer_and_keeps_the_chosen(show: Show, workspace: Workspace, settle: Settle) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, TWO.mask(1)))
    workspace.select(token=9)
    tab.resize(992, 500)
    settle()
    assert tab.predictions.asked == (5, 9)


def test_a_token_that_is_not_masked_stands_beside_the_nearest_mask(
    show: Show, workspace: Workspace, settle: Settle
) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, TWO))
    workspace.select(token=8)
    settle()
    assert tab.predictions.asked == (8, 9)
    assert [candidates.is_chosen for candidates in tab.predictions.lists] == [True, False, False]


def test_a_heading_that_is_clicked_chooses_its_list(
    show: Show, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, TWO))
    qtbot.mouseClick(tab.predictions.lists[1], Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    settle()
    assert workspace.selection.token == tab.predictions.position == 9
    assert [candidates.is_chosen for candidates in tab.predictions.lists] == [False, True, False]


def test_a_candidate_goes_where_its_list_says(show: Show, workspace: Workspace, settle: Settle, qtbot: QtBot) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab, TWO))
    second = tab.predictions.lists[1].bars
    piece = second.bars[4].label
    qtbot.mouseClick(second, Qt.MouseButton.LeftButton, pos=second.bar_rect(4).center().toPoint())
    settle()
    assert workspace.trace is not None
    assert (workspace.trace.tokens[5], workspace.trace.tokens[9]) == ("[MASK]", piece)
    assert tab.predictions.position == 9


def test_a_model_without_the_head_is_told_in_a_sentence(show: Show, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bert, "has_mlm", property(lambda self: False))
    tab = cast(MaskedLMTab, show(MaskedLMTab))
    assert "has no masked-LM head" in tab.sentence


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("This is a beautiful", "After position 4, beautiful. "),
        ("I love you [MASK] much", "After position 3, you. "),
    ],
    ids=["how the text goes on", "what belongs into the blank"],
)
def test_a_left_to_right_model_is_asked_where_it_says_what_is_missing(
    show: Show, workspace: Workspace, starter_folder: Path, settle: Settle, text: str, answer: str
) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab))
    workspace.open_model(starter_folder.parent / "left-to-right", Scenario(text))
    settle()
    assert plain(tab.answer).startswith(answer)


def test_the_candidates_of_every_layer_stand_below_and_follow_the_position(
    tab: MaskedLMTab, workspace: Workspace, starter: Bert, settle: Settle, qtbot: QtBot
) -> None:
    assert tab.predictions.layers.words.values.shape == (7, 5)
    workspace.select(token=8)
    settle()
    best = masked_lm.predictions(starter, starter.trace(EXAMPLE), position=8, top=5)
    sheet = tab.predictions.layers.words.sheet()
    assert [cell.split()[0] for cell in sheet.values[6]] == [piece for piece, _ in best]
    assert plain(tab.predictions.layers.reading).startswith(f"layer 6: {best[0][0]} in place 1")
    qtbot.keyClick(tab.predictions.layers.words, Qt.Key.Key_Right)
    assert plain(tab.predictions.layers.reading).startswith(f"layer 6: {best[1][0]} in place 2")
