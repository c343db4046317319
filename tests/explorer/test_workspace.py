"""The one place with state: which question is asked, which answer is shown, what is chosen."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

import model
from explorer.comparison import Shown
from explorer.workspace import Selection, Workspace
from model.scenario import Scenario
from tests.explorer.fakes import FakeBert

Open = Callable[..., None]


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeBert]:
    """What ``model.load`` finds: {name of the folder: model}; any other name is no model."""
    there = {name: FakeBert(name) for name in ("one", "two")}

    def load(path: Path) -> FakeBert:
        if path.name not in there:
            raise ValueError(f"{path.name} holds no model.")
        return there[path.name]

    monkeypatch.setitem(vars(model), "load", load)
    return there


@pytest.fixture
def bert(models: dict[str, FakeBert], workspace: Workspace, qtbot: QtBot) -> FakeBert:
    """The model "one", open, asked about "My dog"."""
    with qtbot.waitSignal(workspace.answered):
        workspace.open_model(Path("one"), Scenario("My dog"))
    return models["one"]


def answered(workspace: Workspace) -> list[str]:
    """From now on: the first text of each answer that is shown."""
    texts: list[str] = []

    def note() -> None:
        assert workspace.trace is not None
        texts.append(workspace.trace.scenario.first)

    workspace.answered.connect(note)
    return texts


def test_only_the_newest_of_questions_asked_in_haste_is_drawn(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    texts = answered(workspace)
    bert.gate.clear()
    for text in ("M", "My", "My c", "My cat"):
        workspace.set_texts(text, "")
    with qtbot.waitSignal(workspace.worker.idle):
        bert.gate.set()
    assert texts == ["My cat"]


def test_a_newer_question_replaces_those_that_still_wait(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    bert.asked.clear()
    bert.gate.clear()
    workspace.set_texts("first", "")
    qtbot.waitUntil(lambda: len(bert.asked) == 1)
    workspace.set_texts("never asked", "")
    workspace.set_texts("last", "")
    with qtbot.waitSignal(workspace.worker.idle):
        bert.gate.set()
    assert [scenario.first for scenario in bert.asked] == ["first", "last"]


def test_a_refused_question_keeps_the_former_answer_and_what_was_typed(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    former = workspace.trace
    with qtbot.waitSignal(workspace.refused) as refused:
        workspace.set_texts("", "B alone")
    assert refused.args == ["Sentence A is empty: type something there."]
    assert workspace.trace is former
    assert workspace.scenario.second == "B alone"


def test_an_edit_that_was_refused_is_not_asked_again_with_the_next_text(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(workspace.refused):
        workspace.edit(lambda scenario: scenario.mask(40))
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("My cat", "")
    assert workspace.scenario.edits == ()


def test_undo_and_redo_walk_through_the_questions(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    for change in (lambda: workspace.edit(lambda s: s.mask(1)), lambda: workspace.attend("left-to-right")):
        with qtbot.waitSignal(workspace.answered):
            change()
    masked = Scenario("My dog").mask(1)
    with qtbot.waitSignal(workspace.answered):
        workspace.undo()
    assert workspace.trace is not None
    assert workspace.trace.scenario == masked
    with qtbot.waitSignal(workspace.answered):
        workspace.undo()
    assert workspace.scenario == Scenario("My dog")
    assert not workspace.can_undo
    with qtbot.waitSignal(workspace.answered):
        workspace.redo()
    assert workspace.scenario == masked
    assert workspace.can_redo


def test_a_new_question_after_undo_ends_redo(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    for change in (lambda: workspace.edit(lambda s: s.mask(1)), workspace.undo, lambda: workspace.set_texts("New", "")):
        with qtbot.waitSignal(workspace.answered):
            change()
    assert not workspace.can_redo


def test_a_sentence_typed_without_a_pause_is_one_step_of_undo(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    for text in ("My dog i", "My dog is", "My dog is c"):
        with qtbot.waitSignal(workspace.answered):
            workspace.set_texts(text, "")
    with qtbot.waitSignal(workspace.answered):
        workspace.undo()
    assert workspace.scenario.first == "My dog"


def test_undo_of_a_refused_question_goes_to_the_last_that_was_answered(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    with qtbot.waitSignal(workspace.refused):
        workspace.set_texts("", "")
    assert workspace.can_undo
    with qtbot.waitSignal(workspace.answered):
        workspace.undo()
    assert workspace.scenario == Scenario("My dog")


def test_a_direction_that_is_the_models_own_is_no_change(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.answered):
        workspace.attend("both")
    assert workspace.scenario == Scenario("My dog")
    assert not workspace.can_undo


def test_swapping_asks_whether_a_follows_b(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    for change in (lambda: workspace.set_texts("My dog", "he plays"), workspace.swap):
        with qtbot.waitSignal(workspace.answered):
            change()
    assert (workspace.scenario.first, workspace.scenario.second) == ("he plays", "My dog")


def test_a_model_that_cannot_be_opened_leaves_everything(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    before = workspace.bert, workspace.trace, workspace.scenario
    with qtbot.waitSignal(workspace.refused) as refused:
        workspace.open_model(Path("nothing"))
    assert refused.args == ["nothing holds no model."]
    assert (workspace.bert, workspace.trace, workspace.scenario) == before


def test_when_the_first_model_cannot_be_opened_its_question_goes_to_the_next(
    workspace: Workspace, models: dict[str, FakeBert], qtbot: QtBot
) -> None:
    with qtbot.waitSignal(workspace.refused):
        workspace.open_model(Path("nothing"), Scenario("My dog").mask(2))
    assert workspace.scenario == Scenario("My dog").mask(2)
    with qtbot.waitSignal(workspace.answered):
        workspace.open_model(Path("one"))
    assert workspace.scenario == Scenario("My dog").mask(2)


def test_a_question_that_is_refused_keeps_no_model_out(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.refused):
        workspace.set_texts("", "he likes playing")
    with qtbot.waitSignal(workspace.refused) as refused:
        workspace.open_model(Path("two"))
    assert workspace.bert is not None
    assert workspace.bert.name == "two"
    assert workspace.trace is not None
    assert workspace.trace.scenario.first == "My dog"
    assert (workspace.scenario.first, workspace.scenario.second) == ("", "he likes playing")
    assert "empty" in refused.args[0]


def test_after_a_failure_that_nobody_foresaw_questions_are_still_answered(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(path: Path) -> None:
        raise RuntimeError("a bolt is loose")

    monkeypatch.setitem(vars(model), "load", break_down)
    with qtbot.captureExceptions() as raised, qtbot.waitSignal(workspace.worker.idle):
        workspace.open_model(Path("one"))
    assert [kind for kind, _, _ in raised] == [RuntimeError]
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("My cat", "")


def test_what_is_typed_while_a_model_is_being_opened_is_asked_of_it(
    workspace: Workspace, bert: FakeBert, models: dict[str, FakeBert], qtbot: QtBot
) -> None:
    two = models["two"]
    two.gate.clear()
    workspace.open_model(Path("two"))
    workspace.set_texts("My cat", "")
    texts = answered(workspace)
    with qtbot.waitSignal(workspace.worker.idle):
        two.gate.set()
    qtbot.waitUntil(lambda: texts[-1:] == ["My cat"])
    assert workspace.bert is two
    assert all(scenario.first != "My cat" for scenario in bert.asked)


def test_an_example_chosen_while_a_model_is_being_opened_keeps_its_masks(
    workspace: Workspace, bert: FakeBert, models: dict[str, FakeBert], qtbot: QtBot
) -> None:
    models["two"].gate.clear()
    workspace.open_model(Path("two"))
    workspace.ask(Scenario("The cat sleeps").mask(2))
    models["two"].gate.set()
    qtbot.waitUntil(lambda: workspace.trace is not None and bool(workspace.trace.scenario.edits))
    assert workspace.scenario == Scenario("The cat sleeps").mask(2)


def test_what_is_typed_after_an_example_wins_over_it(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    bert.gate.clear()
    workspace.ask(Scenario("The cat sleeps"), lambda _: Scenario("The cat sleeps").mask(2))
    workspace.set_texts("The newest question", "")
    texts = answered(workspace)
    with qtbot.waitSignal(workspace.worker.idle):
        bert.gate.set()
    assert texts == ["The newest question"]
    assert workspace.scenario.first == "The newest question"


def test_an_example_is_made_for_the_model_that_answers_it(
    workspace: Workspace, bert: FakeBert, models: dict[str, FakeBert], qtbot: QtBot
) -> None:
    models["two"].gate.clear()
    workspace.open_model(Path("two"))
    places = {bert: 1, models["two"]: 2}
    workspace.ask(Scenario("The cat"), lambda asked: Scenario("The cat").mask(places[asked]))  # type: ignore[index]
    models["two"].gate.set()
    qtbot.waitUntil(lambda: workspace.trace is not None and bool(workspace.trace.scenario.edits))
    assert workspace.scenario == Scenario("The cat").mask(2)


def test_an_edit_during_undo_is_one_of_what_is_on_screen(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    with qtbot.waitSignal(workspace.answered):
        workspace.ask(Scenario("is cute"))
    bert.gate.clear()
    workspace.undo()
    workspace.edit(lambda scenario: scenario.mask(2))
    with qtbot.waitSignal(workspace.worker.idle):
        bert.gate.set()
    assert workspace.scenario == Scenario("is cute").mask(2)


def test_undo_after_a_smaller_model_asks_what_that_can_be_asked(
    workspace: Workspace, bert: FakeBert, starter_folder: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    with qtbot.waitSignal(workspace.answered):
        workspace.edit(lambda scenario: scenario.toggle_head(5, 1))
    monkeypatch.setattr(FakeBert, "adopt", lambda _, scenario, former: replace(scenario, heads_off=frozenset()))
    with qtbot.waitSignal(workspace.answered):
        workspace.open_model(Path("two"))
    with qtbot.waitSignal(workspace.answered):
        workspace.undo()
    assert workspace.scenario == Scenario("My dog")


def test_a_held_token_goes_where_its_word_goes(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    workspace.select(token=2, cell=(2, 1))
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("oh look My dog", "")
    assert workspace.selection == Selection(token=4, cell=(4, 3))
    with qtbot.waitSignal(workspace.answered):
        workspace.ask(Scenario("he plays chess too"))
    assert workspace.selection == Selection()


def test_edits_do_not_go_to_a_model_with_another_vocabulary(
    workspace: Workspace, bert: FakeBert, models: dict[str, FakeBert], qtbot: QtBot
) -> None:
    models["two"].tokenizer.tokens = ("x",)
    with qtbot.waitSignal(workspace.answered):
        workspace.edit(lambda scenario: scenario.mask(1))
    with qtbot.waitSignals([workspace.answered, workspace.noticed]):
        workspace.open_model(Path("two"))
    assert workspace.scenario == Scenario("My dog")
    assert not workspace.can_undo


def test_hovering_previews_and_a_click_holds(workspace: Workspace, bert: FakeBert) -> None:
    workspace.select(token=1)
    workspace.hover(token=2)
    assert workspace.selection == Selection(token=2)
    workspace.hover()
    assert workspace.selection.token == 1
    workspace.release()
    assert workspace.selection == Selection()


def test_what_a_new_answer_does_not_have_is_let_go(workspace: Workspace, bert: FakeBert, qtbot: QtBot) -> None:
    workspace.select(token=2, head=(1, 1), cell=(2, 0))
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("Dog", "")
    assert workspace.selection == Selection(token=None, head=(1, 1), cell=None)


def test_a_lens_of_an_answer_that_was_replaced_is_not_heard_of(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    heard: list[str] = []
    bert.gate.clear()
    workspace.set_texts("My cat", "")
    workspace.examine("tab", lambda bert, trace: trace.scenario.first, heard.append, lambda error: None)
    with qtbot.waitSignal(workspace.worker.idle):
        bert.gate.set()
    assert heard == []


def test_before_the_first_answer_there_is_nothing_to_examine(workspace: Workspace) -> None:
    assert workspace.examine("tab", lambda bert, trace: 1, lambda result: None, lambda error: None) is None


# Pin and compare


def test_the_pinned_answer_survives_a_change_of_question_and_model(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    kept = workspace.trace
    workspace.pin()
    with qtbot.waitSignal(workspace.answered):
        workspace.open_model(Path("two"), Scenario("My cat"))
    assert workspace.pinned == (bert, kept)
    assert workspace.trace is not kept


def test_turning_to_the_pinned_answer_shows_it_with_its_own_model(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    kept = workspace.trace
    workspace.pin()
    with qtbot.waitSignal(workspace.answered):
        workspace.open_model(Path("two"), Scenario("My cat"))
    now = workspace.bert, workspace.trace
    with qtbot.waitSignal(workspace.answered):
        workspace.compare(Shown.PINNED)
    assert (workspace.bert, workspace.trace) == (bert, kept)
    assert workspace.open_bert is now[0]
    with qtbot.waitSignal(workspace.answered):
        workspace.compare(Shown.NOW)
    assert (workspace.bert, workspace.trace) == now


def test_what_is_asked_while_the_pinned_answer_is_seen_is_asked_of_the_open_model_and_shown(
    workspace: Workspace, bert: FakeBert, models: dict[str, FakeBert], qtbot: QtBot
) -> None:
    workspace.pin()
    with qtbot.waitSignal(workspace.answered):
        workspace.open_model(Path("two"), Scenario("My cat"))
    workspace.compare(Shown.PINNED)
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("My cow", "")
    assert workspace.shown is Shown.NOW
    assert models["two"].asked[-1].first == "My cow"
    assert workspace.bert is models["two"]


def test_an_edit_of_the_pinned_tokens_is_an_edit_of_the_pinned_question(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    workspace.pin()
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("A long walk", "")
    workspace.compare(Shown.PINNED)
    with qtbot.waitSignal(workspace.answered):
        workspace.edit(lambda scenario: scenario.mask(2))
    assert workspace.scenario == Scenario("My dog").mask(2)


def test_the_chosen_token_goes_along_from_the_present_answer_to_the_pinned_one(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    workspace.pin()
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("Is this My dog", "")
    workspace.select(token=4)
    with qtbot.waitSignal(workspace.answered):
        workspace.compare(Shown.PINNED)
    assert workspace.selection.token == 2


def test_letting_go_of_the_pinned_answer_shows_the_present_one(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    workspace.pin()
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("My cat", "")
    now = workspace.trace
    workspace.compare(Shown.PINNED)
    workspace.pin()
    assert workspace.pinned is None
    assert workspace.shown is Shown.NOW
    assert workspace.trace is now


def test_the_difference_stays_on_screen_from_question_to_question(
    workspace: Workspace, bert: FakeBert, qtbot: QtBot
) -> None:
    workspace.pin()
    workspace.compare(Shown.DIFFERENCE)
    with qtbot.waitSignal(workspace.answered):
        workspace.set_texts("My cat", "")
    assert workspace.shown is Shown.DIFFERENCE
