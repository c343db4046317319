"""What every tab shows between two answers: nothing between one and itself, and why where nothing can be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from explorer.comparison import Shown
from explorer.tabs.attention import AttentionTab
from explorer.tabs.embeddings import EmbeddingsTab
from explorer.tabs.layers import LayersTab
from explorer.tabs.masked_lm import MaskedLMTab
from explorer.tabs.next_sentence import NextSentenceTab
from explorer.tabs.tokens import TokensTab
from explorer.widgets.page import Page
from explorer.widgets.picture import Picture
from explorer.widgets.senses_difference import SensesDifference
from explorer.widgets.shifts import Shifts
from explorer.widgets.switched_page import SwitchedPage
from explorer.widgets.view import View
from explorer.workspace import Workspace
from model.scenario import Scenario
from tests.explorer.runs import made_up
from tests.explorer.tabs.conftest import EXAMPLE, plain

Settle = Callable[[], None]

TABS = (TokensTab, EmbeddingsTab, AttentionTab, LayersTab, MaskedLMTab, NextSentenceTab)
TEXT = Scenario("my dog is cute", "he likes playing")

SAME_FOR_ALL = ("Corruptor", "PositionMap")  # views that say why an answer has no difference to another of its model


@pytest.fixture
def shown(qtbot: QtBot, workspace: Workspace, settle: Settle) -> Callable[..., Page]:
    """A tab of a class, seen; one answer is pinned and the next one asked for, the difference on screen."""

    def make(kind: type[Page], pinned: tuple[Path, Scenario], now: tuple[Path, Scenario]) -> Page:
        page = kind(workspace)
        qtbot.addWidget(page)
        page.resize(1110, 640)
        page.show()
        workspace.open_model(*pinned)
        settle()
        workspace.pin()
        if now[0] != pinned[0]:
            workspace.open_model(*now)
        elif now[1] != pinned[1]:
            workspace.ask(now[1])
        settle()
        workspace.compare(Shown.DIFFERENCE)
        settle()
        return page

    return make


def differences(page: Page, settle: Settle) -> Iterator[tuple[str, View | None]]:
    """The name of each view of a page, and its difference while that is on screen."""
    if not isinstance(page, SwitchedPage):
        yield type(page).__name__, page.difference()
        return
    for view in page.views:
        page.show_view(view)
        settle()
        yield type(view).__name__, page.difference()


def pictures(view: View) -> list[Picture]:
    return [picture for picture in view.findChildren(Picture) if picture.isVisible()]


def numbers(picture: Picture) -> Any:
    """What is drawn, less what is drawn beside it where both answers are drawn."""
    values = picture.sheet().values
    if isinstance(picture.view, Shifts):
        return (values[:, 1] - values[:, 0]).astype(float)
    if picture.file == "layers-words-difference":
        return values[:, 0] - values[:, 1]
    if picture.file == "tokens-difference":
        return values[:, 5:10] != values[:, :5]
    return picture.view.values if hasattr(picture.view, "values") else values.astype(float)


@pytest.mark.parametrize("kind", TABS)
def test_an_answer_and_itself_differ_nowhere(
    shown: Callable[..., Page], settle: Settle, starter_folder: Path, kind: type[Page]
) -> None:
    page = shown(kind, (starter_folder, EXAMPLE), (starter_folder, EXAMPLE))
    for name, view in differences(page, settle):
        if view is None or view.sentence:
            assert name in SAME_FOR_ALL
            assert page.sentence
            continue
        assert page.sentence == ""
        assert pictures(view)
        if isinstance(view, SensesDifference):
            hidden = view.curve.sheet().values[:, 0]
            np.testing.assert_allclose(hidden, 1, atol=1e-6)
            continue
        for picture in pictures(view):
            assert not np.nan_to_num(numbers(picture)).any(), (name, picture.file)
        if name != "TokenContributions":
            assert plain(page.answer).startswith("Nothing is different"), name


def test_each_view_asks_its_own_question_in_the_difference_too(
    shown: Callable[..., Page], settle: Settle, starter_folder: Path
) -> None:
    page = shown(NextSentenceTab, (starter_folder, EXAMPLE), (starter_folder, EXAMPLE))
    asked = [page.asked for _ in differences(page, settle)]
    assert asked == ["Does B follow A?", "Which sentence follows which?", "Which tokens say that B follows A?"]
    assert isinstance(page, SwitchedPage)
    page.show_view(page.views[0])
    settle()
    assert page.asked == "Does B follow A?"


@pytest.mark.parametrize("kind", TABS)
def test_two_snapshots_of_a_run_differ_in_every_view(
    shown: Callable[..., Page], settle: Settle, tmp_path: Path, kind: type[Page]
) -> None:
    run = made_up(tmp_path, "toy", (0, 250))
    page = shown(kind, (run.snapshot_path(0), TEXT), (run.snapshot_path(250), TEXT))
    for name, view in differences(page, settle):
        if name in ("Corruptor", "LayerSenses"):
            assert page.sentence
        elif kind is TokensTab:
            assert "the same tokens at the same places" in plain(page.answer)
        else:
            assert view is not None
            assert page.sentence == "", name
            assert pictures(view), name
            for picture in pictures(view):
                assert np.nan_to_num(numbers(picture)).any(), (name, picture.file)
            assert "Nothing is different" not in plain(page.answer), name


@pytest.mark.parametrize("kind", TABS)
def test_models_that_learnt_apart_are_compared_but_for_their_vectors(
    shown: Callable[..., Page], settle: Settle, tmp_path: Path, kind: type[Page]
) -> None:
    one, two = made_up(tmp_path, "one", (0,)), made_up(tmp_path, "two", (0, 1))  # the second is of other weights
    page = shown(kind, (one.snapshot_path(0), TEXT), (two.snapshot_path(1), TEXT))
    for name, _ in differences(page, settle):
        if name in ("Addition", "LayerSimilarity"):
            assert page.sentence.startswith("two @ step 1 and one @ step 0 learnt apart")
        elif name == "LayerSenses":
            assert page.sentence == (
                "two @ step 1 and one @ step 0 are two models, and a word's two uses can only be told apart by one. "
                "Choose Now or Pinned, or pin an answer of this model."
            )
        elif name != "Corruptor":
            assert page.sentence == "", name


def test_two_vocabularies_leave_what_does_not_ask_for_one(
    shown: Callable[..., Page], settle: Settle, starter_folder: Path
) -> None:
    textbook = starter_folder.parent / "textbook"
    said = {}
    for kind in TABS:
        page = shown(kind, (textbook, TEXT), (starter_folder, TEXT))
        said |= {name: page.sentence for name, _ in differences(page, settle)}
        page.workspace.pin()
        page.close()
    for name in ("LayerPredictions", "Predictions", "TokenContributions"):
        assert "which has another vocabulary" in said[name]
    for name in ("AttentionTab", "SegmentFlip"):
        assert "there is no difference to show" in said[name]
    for name in ("TokensTab", "TokenCosines", "PositionMap", "PairVerdict", "ParagraphGrid", "PairContributions"):
        assert said[name] == ""
