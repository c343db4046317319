"""The masked-LM and next-sentence tabs while the difference to a pinned answer is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

import model
from explorer.comparison import Shown
from explorer.tabs.masked_lm import MaskedLMTab
from explorer.tabs.next_sentence import NextSentenceTab
from explorer.widgets.pair_difference import PairDifference
from explorer.widgets.prediction_difference import PredictionDifference
from explorer.workspace import Workspace
from model.lens import masked_lm, next_sentence
from model.scenario import Scenario
from tests.explorer.tabs.conftest import EXAMPLE, Show, plain
from tests.model.checkpoints import VOCABULARY

Settle = Callable[[], None]


@pytest.fixture
def masked(show: Show, workspace: Workspace, settle: Settle) -> MaskedLMTab:
    tab = cast(MaskedLMTab, show(MaskedLMTab))
    workspace.pin()
    tab.compared.choose(Shown.DIFFERENCE)
    settle()
    return tab


@pytest.fixture
def pair(show: Show, workspace: Workspace, settle: Settle) -> NextSentenceTab:
    tab = cast(NextSentenceTab, show(NextSentenceTab))
    workspace.pin()
    tab.compared.choose(Shown.DIFFERENCE)
    settle()
    return tab


def test_the_same_answer_has_the_same_predictions(masked: MaskedLMTab) -> None:
    view = cast(PredictionDifference, masked.difference())
    assert plain(masked.answer) == "Nothing is different here: the predictions are those of the pinned answer."
    assert all(shift.before == shift.share for shift in view.shifts.shifts)


def test_unmasking_a_word_shows_how_it_rises(
    masked: MaskedLMTab, workspace: Workspace, starter: model.Bert, settle: Settle
) -> None:
    workspace.edit(lambda scenario: scenario.restore(2))
    settle()
    view = cast(PredictionDifference, masked.difference())
    line = view.shifts.shifts[0]
    assert line.label == "dog"
    for share, scenario in ((line.before, EXAMPLE), (line.share, EXAMPLE.restore(2))):
        ways = dict(masked_lm.predictions(starter, starter.trace(scenario), 2, top=VOCABULARY))
        assert share == pytest.approx(ways["dog"], rel=1e-4)
    assert plain(masked.answer).startswith("“dog” rises from ")
    assert view.picture.heading == "Position 2 · dog, pinned [MASK]"


def test_the_chosen_token_finds_its_like_in_another_text(
    masked: MaskedLMTab, workspace: Workspace, starter: model.Bert, settle: Settle
) -> None:
    workspace.set_texts("My old dog is cute", EXAMPLE.second)
    settle()
    workspace.select(token=5)  # cute, 4 in the pinned text
    settle()
    view = cast(PredictionDifference, masked.difference())
    before = dict(masked_lm.predictions(starter, starter.trace(EXAMPLE), 4, top=100))
    line = next(shift for shift in view.shifts.shifts if shift.label in before)
    assert line.before == pytest.approx(before[line.label], rel=1e-4)
    workspace.select(token=2)
    settle()
    assert plain(masked.answer) == "This old has no like in the pinned sentence: choose another token."


def test_a_view_without_a_difference_says_so_and_the_switch_leads_back(masked: MaskedLMTab, settle: Settle) -> None:
    masked.show_view(masked.corruptor)
    settle()
    assert "drawn by lot from the text" in masked.sentence
    masked.show_view(masked.predictions)
    settle()
    assert masked.sentence == ""
    masked.compared.choose(Shown.NOW)
    settle()
    assert masked.predictions.isVisible()
    assert masked.predictions.surprises.isVisible()


def test_another_vocabulary_is_a_sentence(
    masked: MaskedLMTab, workspace: Workspace, starter_folder: Path, settle: Settle
) -> None:
    workspace.open_model(starter_folder.parent / "textbook")
    settle()
    assert "which has another vocabulary" in masked.sentence


def test_swapping_the_pair_shows_both_probabilities(
    pair: NextSentenceTab, workspace: Workspace, starter: model.Bert, settle: Settle
) -> None:
    workspace.ask(Scenario(EXAMPLE.second, EXAMPLE.first))
    settle()
    view = cast(PairDifference, pair.difference())
    line = view.shifts.shifts[0]
    for share, scenario in ((line.before, EXAMPLE), (line.share, Scenario(EXAMPLE.second, EXAMPLE.first))):
        assert share == pytest.approx(next_sentence.probabilities(starter, starter.trace(scenario))[0], rel=1e-4)
    way = "rises" if line.share > line.before else "falls"
    assert plain(pair.answer).startswith(f"That B follows A {way} from ")


def test_one_sentence_alone_has_no_pair_to_compare(pair: NextSentenceTab, workspace: Workspace, settle: Settle) -> None:
    workspace.set_texts("My dog is cute", "")
    settle()
    assert pair.sentence == "There is only one sentence. Type a second one into B to compare what follows."


def test_columns_that_are_not_asked_for_keep_no_room(
    masked: MaskedLMTab, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    workspace.set_texts(" ".join(["My dog is cute."] * 16), "")
    settle()
    view = cast(PredictionDifference, masked.difference())
    job = view.surprise.job
    assert job.start.isVisible()
    below = view.layers.mapTo(view, QPoint()).y() - job.mapTo(view, QPoint()).y() - job.height()
    assert below <= 20
    qtbot.mouseClick(job.start, Qt.MouseButton.LeftButton)
    settle()
    assert view.surprise.columns.isVisible()
    assert view.surprise.columns.height() > 100
