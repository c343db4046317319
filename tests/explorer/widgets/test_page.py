from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.comparison import Shown
from explorer.widgets.page import Page
from explorer.workspace import Selection, Workspace
from model.scenario import Scenario
from tests.explorer.fakes import FakeBert


class Plain(Page):
    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace)
        self.drawn: list[Any] = []
        self.marked: list[Selection] = []

    @property
    def title(self) -> str:
        return "Plain"

    @property
    def question(self) -> str:
        return "What is it?"

    def draw(self, bert: Any, trace: Any) -> None:
        self.drawn.append(trace)

    def mark(self, selection: Selection) -> None:
        self.marked.append(selection)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> FakeBert:
    import model

    fake = FakeBert()
    monkeypatch.setattr(model, "load", lambda path: fake, raising=False)
    return fake


@pytest.fixture
def page(qtbot: QtBot, workspace: Workspace, fake: FakeBert) -> Plain:
    page = Plain(workspace)
    qtbot.addWidget(page)
    page.resize(400, 300)
    return page


def open_model(workspace: Workspace, qtbot: QtBot, text: str = "a b") -> None:
    with qtbot.waitSignal(workspace.answered):
        workspace.open_model(Path("fake"), Scenario(text))


def test_before_the_first_answer_the_page_says_what_is_going_on(page: Plain) -> None:
    page.show()
    assert page.sentence == "The model is being opened …"


def test_an_answer_is_drawn_once_while_the_page_is_seen(page: Plain, workspace: Workspace, qtbot: QtBot) -> None:
    page.show()
    open_model(workspace, qtbot)
    assert page.drawn == [workspace.trace]
    assert page.sentence == ""


def test_a_hidden_page_draws_nothing_until_it_is_shown(page: Plain, workspace: Workspace, qtbot: QtBot) -> None:
    open_model(workspace, qtbot)
    workspace.select(token=1)
    assert page.drawn == []
    page.show()
    assert page.drawn == [workspace.trace]
    assert page.marked[-1].token == 1


def test_coming_back_to_a_page_draws_nothing_anew(page: Plain, workspace: Workspace, qtbot: QtBot) -> None:
    page.show()
    open_model(workspace, qtbot)
    page.hide()
    workspace.select(token=1)
    page.show()
    assert len(page.drawn) == 1
    assert page.marked[-1].token == 1


def test_the_old_picture_stays_and_dims_while_an_answer_takes_long(
    page: Plain, workspace: Workspace, fake: FakeBert, qtbot: QtBot
) -> None:
    page.show()
    open_model(workspace, qtbot)
    fake.gate.clear()
    workspace.set_texts("a c", "")
    assert not page.dimmed
    qtbot.waitUntil(lambda: page.dimmed)
    assert page.sentence == ""
    with qtbot.waitSignal(workspace.answered):
        fake.gate.set()
    assert not page.dimmed


def test_a_lens_that_cannot_answer_is_a_sentence_in_the_page(page: Plain, workspace: Workspace, qtbot: QtBot) -> None:
    page.show()
    open_model(workspace, qtbot)

    def refuse(_: Any, __: Any) -> None:
        raise ValueError("This model has no such head.")

    page.examine("refused", refuse, lambda _: None)
    qtbot.waitUntil(lambda: page.sentence == "This model has no such head.")


def test_what_an_older_answer_says_is_never_drawn(
    page: Plain, workspace: Workspace, fake: FakeBert, qtbot: QtBot
) -> None:
    page.show()
    open_model(workspace, qtbot)
    told: list[Any] = []
    fake.gate.clear()
    workspace.set_texts("a c", "")
    page.examine("old", lambda _, trace: trace, told.append)  # waits behind the question, for the answer on screen
    with qtbot.waitSignal(workspace.answered):
        fake.gate.set()
    page.examine("new", lambda _, trace: trace, told.append)
    qtbot.waitUntil(lambda: bool(told))
    assert told == [workspace.trace]


def test_another_look_draws_again(page: Plain, workspace: Workspace, qtbot: QtBot) -> None:
    page.show()
    theme.apply("light")
    open_model(workspace, qtbot)
    drawn = len(page.drawn)
    theme.apply("dark")
    assert len(page.drawn) == drawn + 1
    theme.apply("light")


def test_another_text_size_draws_again(page: Plain, workspace: Workspace, qtbot: QtBot) -> None:
    page.show()
    theme.apply("light")
    open_model(workspace, qtbot)
    drawn = len(page.drawn)
    theme.set_text_scale(1.5)
    assert len(page.drawn) == drawn + 1
    theme.set_text_scale(1.0)


def test_now_pinned_and_difference_are_offered_while_an_answer_is_pinned(
    page: Plain, workspace: Workspace, qtbot: QtBot
) -> None:
    page.show()
    open_model(workspace, qtbot)
    assert page.compared.isHidden()
    workspace.pin()
    assert page.compared.isVisible()
    workspace.pin()
    assert page.compared.isHidden()


def test_the_switch_draws_the_pinned_answer(page: Plain, workspace: Workspace, qtbot: QtBot) -> None:
    page.show()
    open_model(workspace, qtbot)
    kept = workspace.trace
    workspace.pin()
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("a b b", "")
    page.compared.choose(Shown.PINNED)
    assert page.drawn[-1] is kept


def test_a_page_without_a_difference_says_what_to_do_instead(page: Plain, workspace: Workspace, qtbot: QtBot) -> None:
    page.show()
    open_model(workspace, qtbot)
    workspace.pin()
    drawn, marked = len(page.drawn), len(page.marked)
    page.compared.choose(Shown.DIFFERENCE)
    workspace.select(token=1)
    assert page.sentence == (
        "There is no difference to show here: turn between Now and Pinned, and compare the two by eye."
    )
    assert (len(page.drawn), len(page.marked)) == (drawn, marked)
    page.compared.choose(Shown.NOW)
    assert page.sentence == ""
    assert page.drawn[-1] is workspace.trace
