"""The chapter's sentences, each on the model that is shipped."""

from pathlib import Path

import pytest
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

from explorer import examples
from explorer.window import Window
from model.bert import Bert
from model.scenario import Scenario
from tests.explorer.conftest import PAIR, Answered

ALL = [example for group in examples.load() for example in group.examples]


@pytest.mark.parametrize("example", ALL, ids=lambda example: example.title)
def test_each_opens_on_the_starter(starter: Bert, example: examples.Example) -> None:
    scenario = example.asked_of(starter)
    trace = starter.trace(scenario)
    assert len(scenario.edits) == len(example.mask) + len(example.replace) + len(example.keep)
    blanks = f"{example.first} {example.second}".count("[MASK]") + len(example.mask)
    assert trace.tokens.count("[MASK]") == blanks
    assert starter.tokenizer.unk_token not in trace.tokens


def test_edits_go_to_the_words_that_they_name(starter: Bert) -> None:
    titles = {example.title: example.asked_of(starter) for example in ALL}
    assert titles["dog masked, he replaced, play kept"] == PAIR.mask(2).replace(6, "king").keep(8)
    assert starter.trace(titles["play kept"]).tokens[8] == "play"


def test_a_word_that_the_model_does_not_read_is_named(starter: Bert) -> None:
    example = examples.Example("a title", "C1", "My dog", mask=("cat",))
    with pytest.raises(ValueError, match="“a title” has no word “cat”"):
        example.asked_of(starter)


def test_an_example_of_the_menu_is_asked_with_its_edits(window: Window, answered: Answered) -> None:
    example = next(example for example in ALL if example.title == "dog masked")
    answered(lambda: window.bar.ask_example(example))
    assert window.workspace.scenario == PAIR.mask(2)


def test_before_a_model_is_open_an_example_puts_its_sentences_into_the_bar(empty_window: Window) -> None:
    empty_window.bar.ask_example(next(example for example in ALL if example.title == "dog masked"))
    assert empty_window.workspace.scenario == Scenario("My dog is cute", "he likes playing")
    assert empty_window.bar.first.text() == "My dog is cute"


def test_its_masks_are_there_once_a_model_is(empty_window: Window, starter_folder: Path, qtbot: QtBot) -> None:
    workspace = empty_window.workspace
    empty_window.bar.ask_example(next(example for example in ALL if example.title == "dog masked"))
    workspace.open_model(starter_folder)
    qtbot.waitUntil(lambda: workspace.trace is not None, timeout=30_000)
    assert workspace.trace is not None
    assert workspace.trace.tokens[2] == "[MASK]"


def test_the_menu_has_every_example_grouped_by_idea(window: Window) -> None:
    # Not QAction.menu(): PySide deletes the menu together with that wrapper.
    submenus = window.bar.examples.menu().findChildren(QMenu)
    assert [menu.title() for menu in submenus] == ["Recent", *(group.title for group in examples.load())]
    assert sum(len(menu.actions()) for menu in submenus) == len(ALL)
