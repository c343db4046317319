from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.next_sentence import NextSentenceTab
from explorer.widgets.paragraph_grid import EXAMPLE, ParagraphGrid
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens import next_sentence, paragraph
from model.scenario import Scenario
from tests.explorer.tabs.conftest import Show, plain

Settle = Callable[[], None]

WHO = ("man", "boy", "girl", "dog", "cat", "king", "bird", "cow")
LONG = " ".join(f"The {word} went to the store to buy milk." for word in WHO)
MANY = f"{LONG} {LONG.replace('milk', 'bread')}"


@pytest.fixture
def tab(show: Show, settle: Settle) -> NextSentenceTab:
    tab = cast(NextSentenceTab, show(NextSentenceTab, Scenario("My dog is cute")))
    tab.show_view(tab.paragraph)
    settle()
    return tab


@pytest.fixture
def grid(tab: NextSentenceTab) -> ParagraphGrid:
    return tab.paragraph


def test_a_short_paragraph_is_asked_at_once_and_answered_in_words(
    tab: NextSentenceTab, grid: ParagraphGrid, starter: Bert
) -> None:
    sentences = paragraph.split(EXAMPLE)
    follows = [
        next_sentence.probabilities(starter, starter.trace(Scenario(*sentences[place : place + 2])))[0] > 0.5
        for place in range(4)
    ]
    assert plain(tab.answer).startswith(f"{sum(follows)} of 4 sentences are said to follow")


def test_a_cell_is_what_the_pair_alone_is_given(grid: ParagraphGrid, starter: Bert) -> None:
    sentences = paragraph.split(EXAMPLE)
    alone, _ = next_sentence.probabilities(starter, starter.trace(Scenario(sentences[3], sentences[1])))
    assert float(grid.heatmap.values[3, 1]) == pytest.approx(alone, abs=1e-5)
    assert np.isnan(grid.heatmap.values.diagonal()).all()


def test_a_click_puts_the_pair_into_the_sentence_bar(
    tab: NextSentenceTab, grid: ParagraphGrid, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    place = grid.heatmap.cell_rect((3, 1)).center().toPoint()
    qtbot.mouseClick(grid.heatmap.viewport(), Qt.MouseButton.LeftButton, pos=place)
    settle()
    sentences = paragraph.split(EXAMPLE)
    assert workspace.scenario == Scenario(sentences[3], sentences[1])
    assert tab.view is grid
    assert grid.found is not None, "the pairs are not asked anew"
    assert grid.heatmap.cell == (3, 1)


def test_the_arrow_keys_read_a_pair_and_the_button_asks_it(
    grid: ParagraphGrid, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    qtbot.keyClick(grid.heatmap, Qt.Key.Key_Right)
    assert grid.heatmap.cell == (0, 2)
    assert plain(grid.reading).startswith("1 as A, 3 as B")
    assert workspace.scenario == Scenario("My dog is cute")
    qtbot.keyClick(grid.put_in, Qt.Key.Key_Space)
    settle()
    sentences = paragraph.split(EXAMPLE)
    assert workspace.scenario == Scenario(sentences[0], sentences[2])


def test_no_sentence_is_asked_about_itself(grid: ParagraphGrid, qtbot: QtBot) -> None:
    qtbot.keyClick(grid.heatmap, Qt.Key.Key_Left)
    assert grid.heatmap.cell == (0, 0)
    assert not grid.put_in.isEnabled()
    assert plain(grid.reading) == "No sentence is asked whether it follows itself."


def test_another_text_is_asked_after_a_pause(grid: ParagraphGrid, qtbot: QtBot) -> None:
    grid.text.setPlainText("My dog is cute. He likes playing. I love him.")
    qtbot.waitUntil(lambda: grid.found is not None and len(grid.found.sentences) == 3, timeout=10_000)
    assert plain(grid.count.text()).startswith("3 sentences, 6 pairs")


def test_a_long_one_waits_for_its_button_and_cancels_at_once(grid: ParagraphGrid, qtbot: QtBot) -> None:
    grid.text.setPlainText(MANY)
    qtbot.waitUntil(grid.job.start.isVisible)
    assert not grid.heatmap.isVisible()
    worker = grid.workspace.worker
    qtbot.mouseClick(grid.job.start, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: grid.job.bar.value() > 0)
    began = time.perf_counter()
    qtbot.mouseClick(grid.job.cancel, Qt.MouseButton.LeftButton)
    assert grid.job.start.isVisible()
    assert time.perf_counter() - began < 0.2
    qtbot.waitUntil(lambda: worker.is_idle)
    assert grid.found is None


def test_a_question_while_the_pairs_are_asked_is_answered_first_and_they_go_on(
    grid: ParagraphGrid, workspace: Workspace, settle: Settle, qtbot: QtBot
) -> None:
    grid.text.setPlainText(MANY)
    qtbot.waitUntil(grid.job.start.isVisible)
    grid.job.start.click()
    qtbot.waitUntil(lambda: grid.job.bar.value() > 0)
    with qtbot.waitSignal(workspace.answered, timeout=5_000):
        workspace.set_texts("My cat is cute", "")
    assert grid.found is None
    settle()
    assert grid.found is not None
    assert len(grid.found.sentences) == 16


def test_one_sentence_alone_says_what_is_missing(grid: ParagraphGrid, settle: Settle, qtbot: QtBot) -> None:
    grid.text.setPlainText("Alone.")
    qtbot.waitUntil(grid.job.start.isVisible)
    grid.job.start.click()
    settle()
    assert "2 to 100 sentences" in grid.job.hint.text()


def test_a_model_without_the_head_is_told_in_a_sentence(
    tab: NextSentenceTab, workspace: Workspace, starter_folder: Path, settle: Settle
) -> None:
    workspace.open_model(starter_folder.parent / "left-to-right", Scenario("my dog"))
    settle()
    assert "has no next-sentence head" in tab.sentence
