"""Start, Stop, Resume and Open, and how a run stands in words."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.training_process import Seen
from explorer.widgets.run_control import RunControl
from model.training.history import Columns
from model.training.run import Run, Status
from tests.explorer.runs import recipe

SNAPSHOT = ((0, Path("/runs/toy/snapshots/step-000000")),)


def columns(*steps: int) -> Columns:
    found = Columns()
    for step in steps:
        found.add({"step": step, "seconds": step / 10, "tokens_per_second": 21_000.0})
    return found


def seen(state: str = "running", *, alive: bool = True, reason: str = "", **others: Any) -> Seen:
    made = Seen(Run(Path("/runs/toy")), recipe(1_000), Status(state, alive, reason), columns(1, 400), Columns())
    return dataclasses.replace(made, **others)


@pytest.fixture
def control(qtbot: QtBot, light: None) -> Iterator[RunControl]:
    """In a window, with nothing to show yet."""
    window = QWidget()
    qtbot.addWidget(window)
    control = RunControl(window)
    column = QVBoxLayout(window)
    column.addWidget(control.buttons)
    column.addWidget(control.progress)
    window.resize(500, 200)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    yield control
    window.close()


def shown(control: RunControl) -> list[str]:
    return [button.text() for button in control.buttons.findChildren(QPushButton) if button.isVisible()]


def primary(control: RunControl) -> list[str]:
    return [b.text() for b in control.buttons.findChildren(QPushButton) if b.property("role") == "primary"]


def said(control: RunControl) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", control.standing.text())).strip()


def test_without_a_run_there_is_only_start(control: RunControl) -> None:
    assert shown(control) == ["Start"]
    assert not control.progress.isVisible()


@pytest.mark.parametrize(
    ("look", "buttons", "first"),
    [
        (seen(snapshots=SNAPSHOT), ["Start", "Stop", "Open"], "Stop"),
        (seen("starting"), ["Start", "Stop"], "Stop"),
        (seen("preparing"), ["Start", "Stop"], "Stop"),
        (seen("stopped", alive=False, snapshots=SNAPSHOT), ["Start", "Resume", "Open"], "Resume"),
        (seen("failed", alive=False, saved=True), ["Start", "Resume"], "Resume"),
        (seen("failed", alive=False), ["Start", "Resume"], "Start"),  # it would fail again
        (seen("interrupted", alive=False), ["Start", "Resume"], "Resume"),
        (seen("finished", alive=False, snapshots=SNAPSHOT), ["Start", "Open"], "Start"),
        (seen("stopped", alive=False, trouble="/runs/toy is gone."), ["Start"], "Start"),
    ],
    ids=lambda value: value.status.state if isinstance(value, Seen) else "",
)
def test_only_what_can_be_done_to_the_run_is_offered_and_the_likeliest_stands_out(
    control: RunControl, look: Seen, buttons: list[str], first: str
) -> None:
    control.show_run(look)
    assert shown(control) == buttons
    assert primary(control) == [first]


@pytest.mark.parametrize("name", ["start", "stop", "resume", "open"])
def test_each_button_asks_for_what_it_says(qtbot: QtBot, control: RunControl, name: str) -> None:
    for look in (seen(snapshots=SNAPSHOT), seen("stopped", alive=False)):
        control.show_run(look)
        button = getattr(control, f"{name}_button")
        if button.isVisible():
            break
    button.setFocus()
    with qtbot.waitSignal(getattr(control, name)):
        qtbot.keyClick(button, Qt.Key.Key_Space)


def test_a_recipe_that_cannot_be_is_not_started(control: RunControl) -> None:
    control.allow_start(False)
    control.show_run(seen("finished", alive=False))
    assert not control.start_button.isEnabled()
    control.allow_start(True)
    assert control.start_button.isEnabled()


def test_a_run_that_was_asked_to_stop_is_not_asked_again(control: RunControl) -> None:
    control.show_run(seen(stopping=True))
    assert not control.stop_button.isEnabled()
    assert said(control) == "toy  is saving, and then it ends."


def test_the_keyboard_stays_at_what_can_be_done_next(control: RunControl) -> None:
    control.show_run(seen())
    control.stop_button.setFocus()
    control.show_run(seen("stopped", alive=False))
    assert control.resume_button.hasFocus()


def test_a_refresh_leaves_the_keyboard_where_it_is(control: RunControl) -> None:
    control.show_run(seen(snapshots=SNAPSHOT))
    control.open_button.setFocus()
    control.show_run(seen(snapshots=SNAPSHOT, train=columns(1, 500)))
    assert control.open_button.hasFocus()


def test_a_run_at_work_says_how_far_how_fast_and_how_long(control: RunControl) -> None:
    control.show_run(seen())
    assert said(control) == "toy : step 400 of 1,000 · 21,000 tokens/s · about 1 min left"
    assert control.bar.isVisible()
    assert control.bar.value() == 400


def test_a_line_that_lacks_the_speed_does_not_make_it_no_number(control: RunControl) -> None:
    train = columns(1)
    train.add({"step": 400, "seconds": 40.0})
    control.show_run(seen(train=train))
    assert "nan" not in said(control)


def test_before_the_first_step_the_bar_has_no_end(control: RunControl) -> None:
    control.show_run(seen("starting", train=Columns()))
    assert control.bar.maximum() == 0
    control.show_run(seen())
    assert control.bar.maximum() > 0


def test_a_run_by_time_says_its_step_alone(control: RunControl) -> None:
    timed = dataclasses.replace(recipe(), steps=0, minutes=10)
    control.show_run(seen(recipe=timed))
    assert "step 400 ·" in said(control)


def test_a_run_whose_recipe_is_damaged_still_says_its_step(control: RunControl) -> None:
    control.show_run(seen(recipe=None))
    assert said(control).startswith("toy : step 400 · ")


def test_while_a_run_is_prepared_it_says_at_what(control: RunControl) -> None:
    control.show_run(seen("preparing", reason="Reading <a.txt> & more."))
    assert said(control) == "toy  is being prepared. Reading <a.txt> & more."


def test_a_run_that_failed_says_why(control: RunControl) -> None:
    control.show_run(seen("failed", alive=False, reason="It ran out of memory.", log="Failed: it ran out of memory."))
    assert said(control).split() == ["toy", "failed", "at", "step", "400:", "It", "ran", "out", "of", "memory."]


def test_a_run_that_ended_without_a_word_shows_the_end_of_its_log(control: RunControl) -> None:
    log = "\n".join(["opening", "Traceback (most recent call last):", '  File "<stdin>"', "", "ValueError: no", "last"])
    control.show_run(seen("interrupted", alive=False, log=log))
    assert "ended at step 400 without a word" in said(control)
    assert "opening" not in said(control)
    assert 'File "<stdin>"' in said(control)
    assert "last" in said(control)


def test_a_log_of_one_endless_line_does_not_push_everything_away(control: RunControl) -> None:
    control.show_run(seen("interrupted", alive=False, log="progress " * 400))
    QApplication.processEvents()
    assert control.standing.height() < 8 * control.standing.fontMetrics().lineSpacing()


def test_a_run_that_stopped_as_asked_shows_no_log(control: RunControl) -> None:
    control.show_run(seen("stopped", alive=False, log="Stopped at step 400."))
    assert said(control) == "toy  was stopped at step 400; Resume goes on there."


def test_a_run_that_is_gone_says_so(control: RunControl) -> None:
    control.show_run(seen("interrupted", alive=False, trouble="/runs/<toy> is gone."))
    assert said(control) == "toy : /runs/<toy> is gone."


@pytest.mark.parametrize("name", ["a & <b>", "😀", "קטן"])
def test_a_name_is_shown_as_it_is(control: RunControl, name: str) -> None:
    control.show_run(seen(run=Run(Path("/runs") / name)))
    assert name in said(control)


def test_the_sentence_takes_up_the_dark_look(control: RunControl) -> None:
    control.show_run(seen())
    theme.apply("dark")
    assert theme.DARK.ink in control.standing.text()


def test_nothing_is_cut_at_twice_the_text_size(control: RunControl) -> None:
    control.show_run(seen(snapshots=SNAPSHOT))
    theme.set_text_scale(2.0)
    control.buttons.window().resize(300, 400)
    QApplication.processEvents()
    for button in control.buttons.findChildren(QPushButton):
        if button.isVisible():
            assert button.width() >= button.sizeHint().width()
            assert control.buttons.rect().contains(button.geometry())


def test_the_bar_and_the_buttons_say_what_they_are(control: RunControl) -> None:
    assert control.bar.accessibleName()
    assert all(button.toolTip() for button in control.buttons.findChildren(QPushButton))
