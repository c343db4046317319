"""What is typed, and what becomes of it."""

import time

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from explorer.window import Window
from model.scenario import Scenario
from tests.explorer.conftest import PAIR, Answered


def pasted(window: Window, qtbot: QtBot, text: str) -> None:
    """Puts ``text`` in the place of sentence A."""
    QGuiApplication.clipboard().setText(text)
    window.bar.focus_sentence()
    qtbot.keyClick(window.bar.first, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def test_a_pause_in_typing_asks_the_question(window: Window, qtbot: QtBot, answered: Answered) -> None:
    window.bar.focus_sentence()
    answered(lambda: qtbot.keyClicks(window.bar.first, "The cat sleeps"))
    assert window.workspace.scenario == Scenario("The cat sleeps", "he likes playing")


def test_while_a_key_follows_a_key_nothing_is_asked(window: Window, qtbot: QtBot) -> None:
    asked: list[str] = []
    window.workspace.asked.connect(lambda: asked.append(window.workspace.scenario.first))
    window.bar.focus_sentence()
    qtbot.keyClicks(window.bar.first, "cat")
    assert asked == []
    qtbot.waitUntil(lambda: asked == ["cat"])


def test_return_asks_at_once(window: Window, qtbot: QtBot) -> None:
    window.bar.focus_sentence()
    qtbot.keyClicks(window.bar.first, "cat")
    qtbot.keyClick(window.bar.first, Qt.Key.Key_Return)
    assert window.workspace.scenario.first == "cat"


def test_what_is_being_typed_is_not_overwritten_by_an_answer_to_something_else(
    window: Window, qtbot: QtBot, answered: Answered
) -> None:
    window.bar.focus_sentence()
    qtbot.keyClicks(window.bar.first, "cat")
    answered(lambda: window.workspace.edit(lambda scenario: scenario.mask(1)))
    assert window.bar.first.text() == "cat"
    qtbot.waitUntil(lambda: window.workspace.scenario.first == "cat")


def test_an_empty_sentence_is_refused_under_the_bar_until_the_next_answer(
    window: Window, qtbot: QtBot, answered: Answered
) -> None:
    note = window.bar.notes["refused"]
    window.bar.focus_sentence()
    with qtbot.waitSignal(window.workspace.refused):
        qtbot.keyClick(window.bar.first, Qt.Key.Key_Backspace)
    assert note.isVisible()
    assert note.text() == "Sentence A is empty, so B has nothing to follow: type A, or swap the two."
    assert window.bar.second.text() == "he likes playing"
    answered(lambda: qtbot.keyClicks(window.bar.first, "cat"))
    assert not note.isVisible()


def test_ctrl_z_in_a_sentence_undoes_the_question_and_not_the_text(
    window: Window, qtbot: QtBot, answered: Answered
) -> None:
    answered(lambda: window.workspace.edit(lambda scenario: scenario.mask(2)))
    window.bar.focus_sentence()
    answered(lambda: qtbot.keyClick(window.bar.first, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier))
    assert window.workspace.scenario == PAIR
    redo = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    answered(lambda: qtbot.keyClick(window.bar.first, Qt.Key.Key_Z, redo))
    assert window.workspace.scenario == PAIR.mask(2)


def test_ctrl_z_right_after_a_keystroke_takes_back_what_was_typed(
    window: Window, qtbot: QtBot, answered: Answered
) -> None:
    window.bar.focus_sentence()
    qtbot.keyClicks(window.bar.first, "cat")
    answered(lambda: qtbot.keyClick(window.bar.first, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier))
    assert window.bar.first.text() == "My dog is cute"
    assert window.workspace.scenario == PAIR


def test_pasted_lines_become_one(window: Window, qtbot: QtBot, answered: Answered) -> None:
    answered(lambda: pasted(window, qtbot, "My cat\nis\u2028cute"))
    assert window.bar.first.text() == "My cat is cute"


def test_a_megabyte_is_cut_quickly_and_with_a_sentence(window: Window, qtbot: QtBot, answered: Answered) -> None:
    started = time.perf_counter()
    pasted(window, qtbot, "dog " * 262_144)
    assert time.perf_counter() - started < 1
    assert len(window.bar.first.text()) == 20_000
    qtbot.waitUntil(window.bar.notes["shortened"].isVisible)
    assert "the first 20,000 characters were taken" in window.bar.notes["shortened"].text()
    answered(window.bar.commit)
    window.bar.focus_sentence()
    answered(lambda: qtbot.keyClicks(window.bar.first, "cat"))
    assert not window.bar.notes["shortened"].isVisible()


@pytest.mark.parametrize("text", ["My \x00 dog", "שלום dog مرحبا", "a\u202eb dog", "dog 😀" * 4, "dog \ufffe\uffff"])
def test_strange_text_is_survived(window: Window, qtbot: QtBot, answered: Answered, text: str) -> None:
    answered(lambda: pasted(window, qtbot, text))
    assert window.bar.first.text() == text
    window.grab()


def test_half_a_character_from_a_session_is_survived(window: Window, qtbot: QtBot) -> None:
    """A lone surrogate cannot be typed, but a file can hold one."""
    with qtbot.waitSignals([window.workspace.worker.idle], timeout=10_000):
        window.workspace.ask(Scenario("My \ud800 dog"))
    window.grab()


def test_swap_asks_whether_a_follows_b(window: Window, qtbot: QtBot, answered: Answered) -> None:
    answered(lambda: qtbot.mouseClick(window.bar.swap, Qt.MouseButton.LeftButton))
    assert (window.bar.first.text(), window.bar.second.text()) == ("he likes playing", "My dog is cute")


def test_left_to_right_says_that_the_model_never_learnt_so(window: Window, answered: Answered) -> None:
    answered(window.bar.left_to_right.click)
    assert window.workspace.trace is not None
    assert window.workspace.trace.direction == "left-to-right"
    assert window.bar.notes["way"].text() == "starter was trained both ways: it never learnt to read left-to-right."
    answered(window.bar.both.click)
    assert window.workspace.scenario == PAIR
    assert not window.bar.notes["way"].isVisible()
    assert window.bar.both.isChecked()


def test_undo_brings_back_the_direction_that_the_bar_shows(window: Window, answered: Answered) -> None:
    answered(window.bar.left_to_right.click)
    answered(window.actions_table["undo"].trigger)
    assert window.bar.both.isChecked()


def test_ctrl_p_pins_the_answer_and_says_what_is_pinned_and_again_lets_go(
    window: Window, qtbot: QtBot, answered: Answered
) -> None:
    answered(lambda: window.workspace.edit(lambda scenario: scenario.mask(2)))
    qtbot.keyClick(window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier)
    pin = window.bar.pin
    assert pin.pinned.text() == "Pinned: My dog is cute — he likes playing · 2 dog → [MASK] · starter"
    assert pin.button.text() == "⚲ Let go"
    qtbot.mouseClick(pin.button, Qt.MouseButton.LeftButton)
    assert pin.pinned.text() == ""
    assert pin.button.text() == "⚲ Pin"
