"""The dock in which a clicked number is written out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.widgets.arithmetic import Arithmetic
from explorer.widgets.picture import Picture, Twinned
from explorer.widgets.switched_page import SwitchedPage
from explorer.window import Window
from model.lens.arithmetic import explain
from model.lens.steps import Operation, Place, Stage
from model.scenario import Scenario
from tests.explorer.runs import TEXTBOOK

PAIR = Scenario("my dog is cute", "he likes playing").mask(2)
_CLICKS = 25  # in each picture


@pytest.fixture
def dock(window: Window, qtbot: QtBot) -> Arithmetic:
    """Open, on the textbook model."""
    with qtbot.waitSignal(window.workspace.answered, timeout=20_000):
        window.workspace.open_model(TEXTBOOK, PAIR)
    window.show_arithmetic()
    dock = window.arithmetic.widget()
    assert isinstance(dock, Arithmetic)
    return dock


def shows(dock: Arithmetic, qtbot: QtBot, place: Place) -> None:
    qtbot.waitUntil(lambda: dock.step is not None and dock.step.place == place, timeout=10_000)


def test_a_click_in_any_tab_writes_out_the_number_that_stands_there(
    window: Window, dock: Arithmetic, qtbot: QtBot
) -> None:
    random, clicks, stages = np.random.default_rng(0), 0, set()
    asked: list[Place] = []
    window.workspace.inspected.connect(asked.append)
    for page in window.pages.values():
        window.tabs.setCurrentWidget(page)
        for turn in range(len(page.views) if isinstance(page, SwitchedPage) else 1):
            if isinstance(page, SwitchedPage):
                page.switch.choose(turn)
            qtbot.waitUntil(lambda: window.workspace.worker.is_settled, timeout=20_000)
            qtbot.wait(50)
            for picture in page.findChildren(Picture):
                view = picture.view
                if not isinstance(view, Twinned) or not picture.isVisible() or not picture.sheet().values.size:
                    continue
                rows, columns = picture.sheet().values.shape
                for _ in range(_CLICKS):
                    asked.clear()
                    row, column = int(random.integers(rows)), int(random.integers(columns))
                    view.chosen.emit(row, column)
                    if not asked:
                        continue
                    shows(dock, qtbot, asked[-1])
                    assert dock.step is not None
                    clicks, stages = clicks + 1, stages | {asked[-1].stage}
                    expected = float(str(picture.sheet().values[row, column]).split()[-1])  # "store 0.9409"
                    if asked[-1].stage not in (Stage.SCORE, Stage.NSP_LOGIT):  # there a product of it was clicked
                        assert dock.step.value == pytest.approx(expected, abs=2e-4), (picture.name, row, column)
                    assert dock.step.recomputed() == pytest.approx(dock.step.value, abs=1e-4)
    assert clicks >= 200
    assert {Stage.TOKEN, Stage.EMBEDDED_SUM, Stage.TOKEN_COSINE, Stage.ATTENTION, Stage.QUERY} <= stages
    assert {Stage.COSINE, Stage.MLM} <= stages


def test_an_operand_leads_on_and_back(window: Window, dock: Arithmetic, qtbot: QtBot) -> None:
    root = Place(Stage.ATTENTION, 1, 0, 2, 1)
    window.workspace.inspect(root)
    shows(dock, qtbot, root)
    assert "[MASK] looks at my, layer 2 head 1" in dock.heading.text()
    assert dock.formula.text().startswith("softmax: exp(")
    assert not dock.back.isEnabled()
    dock.table.clicked.emit(dock.operands.index(0, 1))
    score = Place(Stage.SCORE, 1, 0, 2, 1)  # the marked one stands first
    shows(dock, qtbot, score)
    dock.table.setFocus()
    qtbot.keyClick(dock.table, Qt.Key.Key_Backspace)
    shows(dock, qtbot, root)


def test_the_way_ends_at_a_learnt_number(window: Window, dock: Arithmetic, qtbot: QtBot) -> None:
    bert, trace = window.workspace.bert, window.workspace.trace
    assert bert is not None
    assert trace is not None
    place = Place(Stage.HIDDEN, 2, row=2, column=3)
    window.workspace.inspect(place)
    shows(dock, qtbot, place)
    steps = 0
    while dock.step is not None and dock.step.operation is not Operation.LEARNT:
        term = dock.step.terms[-1]
        following = term.at(min(dock.step.index, len(term.values) - 1))
        assert explain(bert, trace, following).value == pytest.approx(float(term.values[0]), abs=1e-4)
        dock.go_on(following)
        shows(dock, qtbot, following)
        steps += 1
    assert steps >= 1
    assert "Here the way ends" in dock.hint.text()


def test_another_answer_writes_out_the_same_number_anew(
    window: Window, dock: Arithmetic, qtbot: QtBot, answered: Callable[[Callable[[], object]], None]
) -> None:
    place = Place(Stage.EMBEDDED_SUM, row=1, column=0)
    window.workspace.inspect(place)
    shows(dock, qtbot, place)
    assert dock.step is not None
    before = dock.step.value
    answered(lambda: window.workspace.set_texts("he is cute", "he likes playing"))
    qtbot.waitUntil(lambda: dock.step is not None and dock.step.value != before, timeout=10_000)
    assert "token + segment + position of he" in dock.heading.text()


def test_a_number_that_is_no_longer_there_is_said(
    window: Window, dock: Arithmetic, qtbot: QtBot, answered: Callable[[Callable[[], object]], None]
) -> None:
    place = Place(Stage.HIDDEN, 1, row=10, column=0)
    window.workspace.inspect(place)
    shows(dock, qtbot, place)
    answered(lambda: window.workspace.set_texts("cute", ""))
    qtbot.waitUntil(lambda: "computes no such number here" in dock.hint.text(), timeout=10_000)


def test_hidden_it_asks_nothing(window: Window, dock: Arithmetic, qtbot: QtBot) -> None:
    window.show_arithmetic()
    window.workspace.inspect(Place(Stage.HIDDEN, 1))
    qtbot.wait(100)
    assert dock.step is None
    window.show_arithmetic()
    shows(dock, qtbot, Place(Stage.HIDDEN, 1))
