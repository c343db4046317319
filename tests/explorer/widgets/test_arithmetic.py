"""The dock in which a clicked number is written out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

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
    return window.arithmetic_panel


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
    dock.table.clicked.emit(dock.operands.index(dock.operands.marked(), 1))
    score = Place(Stage.SCORE, 1, 0, 2, 1)
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
    answered(lambda: window.workspace.set_texts("is my dog cute", "he likes playing"))
    qtbot.waitUntil(lambda: dock.step is not None and dock.step.value != before, timeout=10_000)
    assert "token + segment + position of my" in dock.heading.text()


def test_the_number_stays_with_its_tokens_when_the_text_changes(
    window: Window, dock: Arithmetic, qtbot: QtBot, answered: Callable[[Callable[[], object]], None]
) -> None:
    window.workspace.inspect(Place(Stage.ATTENTION, 1, 0, 8, 7))  # play looks at likes
    shows(dock, qtbot, Place(Stage.ATTENTION, 1, 0, 8, 7))
    assert "play looks at likes" in dock.heading.text()
    answered(lambda: window.workspace.set_texts("my little dog is cute", "he likes playing"))
    qtbot.waitUntil(lambda: dock.step is not None and dock.step.place.row != 8, timeout=10_000)
    assert "play looks at likes" in dock.heading.text()


def test_another_model_is_not_asked_for_a_number_of_the_former(
    window: Window, dock: Arithmetic, qtbot: QtBot, starter_folder: Path
) -> None:
    window.workspace.inspect_piece(2, "dog")
    qtbot.waitUntil(lambda: dock.step is not None, timeout=10_000)
    window.open_model(starter_folder)
    qtbot.waitUntil(lambda: "Click another number" in dock.hint.text(), timeout=20_000)
    assert dock.step is None


def test_backspace_at_the_end_of_the_way_goes_back_and_leaves_the_sentence_alone(
    window: Window, dock: Arithmetic, qtbot: QtBot
) -> None:
    window.workspace.inspect(Place(Stage.QUERY, 0, 0, 2, 1))
    shows(dock, qtbot, Place(Stage.QUERY, 0, 0, 2, 1))
    dock.take_keys()
    qtbot.keyClick(dock.table, Qt.Key.Key_Return)  # on the bias, which was learnt
    qtbot.waitUntil(lambda: dock.step is not None and dock.step.operation is Operation.LEARNT, timeout=10_000)
    focused = window.focusWidget()
    assert focused is not None
    assert dock.isAncestorOf(focused) or focused is dock
    qtbot.keyClick(focused, Qt.Key.Key_Backspace)
    shows(dock, qtbot, Place(Stage.QUERY, 0, 0, 2, 1))
    assert window.workspace.scenario.first == "my dog is cute"


def test_the_row_of_the_whole_matrix_that_is_multiplied_is_in_sight(
    window: Window, dock: Arithmetic, qtbot: QtBot
) -> None:
    place = Place(Stage.INNER, 1, row=2, column=20)
    window.workspace.inspect(place)
    shows(dock, qtbot, place)
    rect = lambda: dock.matrix.visualRect(dock.matrix.model().index(20, 0))  # noqa: E731
    qtbot.waitUntil(lambda: dock.matrix.viewport().rect().contains(rect()), timeout=5_000)
    assert dock.matrix.selectionModel().isRowSelected(20)


def test_a_softmax_over_a_vocabulary_is_written_out_without_a_halt(
    window: Window, dock: Arithmetic, qtbot: QtBot, starter_folder: Path
) -> None:
    with qtbot.waitSignal(window.workspace.answered, timeout=20_000):
        window.open_model(starter_folder)
    written: list[int] = []
    dock.operands.modelReset.connect(lambda: written.append(dock.operands.rowCount()))
    window.workspace.inspect_piece(2, "dog")
    qtbot.waitUntil(lambda: dock.step is not None, timeout=20_000)
    assert written[-1] == len(window.workspace.bert.tokenizer.tokens)  # type: ignore[union-attr]
    assert "Σ exp(" in dock.formula.text()
    assert dock.operands.data(dock.operands.index(dock.operands.marked(), 0)) == "dog"


def test_a_number_that_is_no_longer_there_is_said(
    window: Window, dock: Arithmetic, qtbot: QtBot, answered: Callable[[Callable[[], object]], None]
) -> None:
    place = Place(Stage.HIDDEN, 1, row=10, column=0)
    window.workspace.inspect(place)
    shows(dock, qtbot, place)
    answered(lambda: window.workspace.set_texts("cute", ""))
    qtbot.waitUntil(lambda: "is not in this answer" in dock.hint.text(), timeout=10_000)


def test_hidden_it_asks_nothing(window: Window, dock: Arithmetic, qtbot: QtBot) -> None:
    window.show_arithmetic()
    window.workspace.inspect(Place(Stage.HIDDEN, 1))
    qtbot.wait(100)
    assert dock.step is None
    window.show_arithmetic()
    shows(dock, qtbot, Place(Stage.HIDDEN, 1))
