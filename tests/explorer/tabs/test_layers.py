from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from explorer.tabs.layers import LayersTab
from explorer.widgets.layer_curve import Course, LayerCurve
from explorer.workspace import Workspace
from model.bert import Bert
from model.lens import masked_lm
from model.scenario import Scenario
from model.trace import Trace
from tests.explorer.tabs.conftest import Show, plain
from tests.model.checkpoints import hugging_face

Settle = Callable[[], None]

SIMILARITY, PREDICTIONS, SENSES = range(3)
PYTHONS = Scenario("He got bit by a Python.", "Python is a programming language.")


@pytest.fixture
def tab(show: Show) -> LayersTab:
    return cast(LayersTab, show(LayersTab))


@pytest.fixture
def trace(tab: LayersTab, workspace: Workspace) -> Trace:
    assert workspace.trace is not None
    return workspace.trace


@pytest.fixture
def turn(tab: LayersTab, settle: Settle) -> Callable[[int], None]:
    """Brings a view to the front and waits for what it asks."""

    def to(view: int) -> None:
        tab.switch.choose(view)
        settle()

    return to


@pytest.fixture(scope="module")
def headless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("headless")
    hugging_face(folder, "BertModel")
    return folder


@pytest.fixture(scope="module")
def left_to_right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("left-to-right")
    hugging_face(folder, "BertLMHeadModel", is_decoder=True)
    return folder


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


def numbers(text: str) -> list[float]:
    return [float(found.replace("−", "-")) for found in re.findall(r"−?\d+\.\d+", text)]


def test_each_view_has_a_question_and_an_answer(tab: LayersTab, turn: Callable[[int], None]) -> None:
    asked = []
    for view in (SIMILARITY, PREDICTIONS, SENSES):
        turn(view)
        asked.append(tab._question.text())
        assert plain(tab.answer)
    assert asked == [
        "How does meaning change on the way up?",
        "What would each layer predict?",
        "Does a word mean the same in another sentence?",
    ]


# One token on its way up


def test_the_chosen_token_is_compared_with_all_in_every_layer(
    tab: LayersTab, workspace: Workspace, trace: Trace, settle: Settle
) -> None:
    workspace.select(token=4)
    settle()
    shown = tab.similarity.heatmap.values
    assert shown.shape == (7, 11)
    assert shown[3, 8] == pytest.approx(cosine(trace.hidden[3, 4], trace.hidden[3, 8]), abs=1e-5)
    start, below = tab.similarity.curve.courses
    assert start.values[-1] == pytest.approx(cosine(trace.hidden[-1, 4], trace.hidden[0, 4]), abs=1e-5)
    assert below.values[2] == pytest.approx(cosine(trace.hidden[2, 4], trace.hidden[1, 4]), abs=1e-5)


def test_the_answer_names_the_layer_that_changes_the_token_most(
    tab: LayersTab, workspace: Workspace, trace: Trace, settle: Settle
) -> None:
    workspace.select(token=4)
    settle()
    steps = [cosine(trace.hidden[layer, 4], trace.hidden[layer - 1, 4]) for layer in range(1, 7)]
    assert plain(tab.answer).startswith(f"cute changes most in layer {int(np.argmin(steps)) + 1} (cosine")
    assert numbers(tab.answer)[0] == pytest.approx(min(steps), abs=5.1e-3)


def test_a_hidden_state_under_the_mouse_or_the_keys_is_read(
    tab: LayersTab, workspace: Workspace, trace: Trace, settle: Settle, qtbot: QtBot
) -> None:
    workspace.select(token=4)
    settle()
    heatmap = tab.similarity.heatmap
    qtbot.mouseClick(heatmap.viewport(), Qt.MouseButton.LeftButton, pos=heatmap.cell_rect((2, 8)).center().toPoint())
    text = plain(tab.similarity.reading)
    assert text.startswith("cute and play, layer 2: cosine")
    assert numbers(text)[0] == pytest.approx(cosine(trace.hidden[2, 4], trace.hidden[2, 8]), abs=5.1e-3)
    qtbot.keyClick(tab.similarity.curve, Qt.Key.Key_Right)
    assert plain(tab.similarity.reading).startswith("cute and play, layer 3:")
    assert workspace.clicked.token == 4


# The logit lens


def test_the_best_piece_of_every_layer_is_written_into_its_cell(
    tab: LayersTab, trace: Trace, starter: Bert, turn: Callable[[int], None]
) -> None:
    turn(PREDICTIONS)
    sheet = tab.predictions.words.sheet()
    assert sheet.values.shape == (7, 11)
    for position in (1, 2, 8):
        ((piece, share),) = masked_lm.predictions(starter, trace, position, top=1)
        written, number = sheet.values[6, position].split()
        assert (written, float(number)) == (piece, pytest.approx(share, abs=1e-4))


def test_the_masked_token_is_asked_about_first_and_any_other_when_chosen(
    tab: LayersTab, workspace: Workspace, settle: Settle, turn: Callable[[int], None]
) -> None:
    turn(PREDICTIONS)
    assert plain(tab.answer).startswith("Where [MASK] stands,")
    assert tab.predictions.words.cell == (6, 2)
    workspace.select(token=8)
    settle()
    assert plain(tab.answer).startswith("Where play stands,")
    assert tab.predictions.words.cell == (6, 8)


def test_a_word_that_is_typed_is_followed_through_the_layers(
    tab: LayersTab, trace: Trace, starter: Bert, settle: Settle, turn: Callable[[int], None], qtbot: QtBot
) -> None:
    turn(PREDICTIONS)
    qtbot.keyClicks(tab.predictions.word, "House")
    settle()
    course = tab.predictions.curve.courses[0]
    expected = np.exp(masked_lm.log_probabilities(starter, trace, 2))[starter.tokenizer.id("house")]
    assert course.name == "house"
    assert course.values[-1] == pytest.approx(expected, rel=1e-4)
    assert plain(tab.predictions.score.text()).startswith("house: ")


def test_a_word_of_several_pieces_says_which_one_is_followed(
    tab: LayersTab, settle: Settle, turn: Callable[[int], None]
) -> None:
    turn(PREDICTIONS)
    tab.predictions.word.setText("playing")
    settle()
    assert plain(tab.predictions.score.text()).startswith("The word is play ##ing;")


def test_a_word_that_cannot_be_written_is_a_sentence_and_the_others_stay(
    tab: LayersTab, settle: Settle, turn: Callable[[int], None]
) -> None:
    turn(PREDICTIONS)
    before = len(tab.predictions.curve.courses)
    tab.predictions.word.setText("\N{SNOWMAN}")
    settle()
    assert "has no pieces for it" in tab.predictions.score.text()
    assert len(tab.predictions.curve.courses) == before


def test_a_model_without_the_head_says_so(
    tab: LayersTab, workspace: Workspace, settle: Settle, turn: Callable[[int], None], headless: Path
) -> None:
    turn(PREDICTIONS)
    workspace.open_model(headless)
    settle()
    assert "has no masked-LM head" in plain(tab.answer)
    assert not tab.predictions.words.isVisible()
    turn(SENSES)
    assert "python" in plain(tab.answer)


def test_a_left_to_right_model_says_what_each_layer_expects_next(
    tab: LayersTab, workspace: Workspace, settle: Settle, turn: Callable[[int], None], left_to_right: Path
) -> None:
    turn(PREDICTIONS)
    workspace.open_model(left_to_right, Scenario("this is a beautiful"))
    settle()
    assert tab._question.text() == "What would each layer say comes next?"
    assert plain(tab.answer).startswith("After beautiful,")


def test_a_long_text_is_asked_only_when_told_to(
    tab: LayersTab,
    workspace: Workspace,
    settle: Settle,
    turn: Callable[[int], None],
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("explorer.widgets.layer_predictions.AT_ONCE", 0)
    turn(PREDICTIONS)
    workspace.set_texts("my cat is", "")
    settle()
    assert tab.predictions.words.values.size == 0
    assert "35 hidden states" in tab.predictions.job.hint.text()
    qtbot.mouseClick(tab.predictions.job.start, Qt.MouseButton.LeftButton)
    settle()
    assert tab.predictions.words.values.shape == (7, 5)


# Text and context


@pytest.fixture
def pythons(tab: LayersTab, workspace: Workspace, settle: Settle, turn: Callable[[int], None]) -> LayersTab:
    workspace.ask(PYTHONS)
    settle()
    turn(SENSES)
    return tab


def test_the_two_pythons_part_at_a_layer_that_is_named(pythons: LayersTab, starter: Bert) -> None:
    first, second = (starter.trace(Scenario(text)) for text in (PYTHONS.first, PYTHONS.second))
    expected = [cosine(a[6], b[1]) for a, b in zip(first.hidden, second.hidden, strict=True)]
    shown = pythons.senses.curve.courses[0].values
    assert shown[0] == pytest.approx(1, abs=1e-6)
    np.testing.assert_allclose(shown[1:], expected, atol=1e-5)
    layer = int(np.argmin(np.diff(expected))) + 1
    assert plain(pythons.answer).startswith(f"The two python part at layer {layer}:")
    sheet = pythons.senses.curved.sheet()
    assert sheet.rows[:3] == ("token", "input", "layer 1")


def test_both_words_attention_is_that_of_the_marked_layer(pythons: LayersTab, starter: Bert, qtbot: QtBot) -> None:
    second = starter.trace(Scenario(PYTHONS.second))
    shown = pythons.senses.looks[1]
    np.testing.assert_allclose(shown.values, second.attention[5, :, 1].mean(axis=0), atol=1e-6)
    qtbot.keyClick(pythons.senses.curve, Qt.Key.Key_Left)
    np.testing.assert_allclose(shown.values, second.attention[4, :, 1].mean(axis=0), atol=1e-6)
    assert plain(pythons.senses.reading).startswith("After layer 5: cosine")


def test_another_word_of_both_is_compared_when_chosen(pythons: LayersTab, workspace: Workspace, settle: Settle) -> None:
    workspace.select(token=5)  # a, in the first sentence
    settle()
    assert "The two a part" in plain(pythons.answer) or "the two a apart" in plain(pythons.answer)
    workspace.select(token=9)  # python, in the second one
    settle()
    assert "The two python part" in plain(pythons.answer)
    assert pythons.senses.second.placeholderText() == PYTHONS.first


def test_a_word_that_one_sentence_lacks_gives_way_to_one_that_both_have(
    pythons: LayersTab, workspace: Workspace, settle: Settle
) -> None:
    workspace.select(token=3)
    settle()
    assert plain(pythons.answer).startswith("bit stands in one of the sentences only, so this is python.")


def test_a_second_sentence_can_be_typed(
    tab: LayersTab, workspace: Workspace, settle: Settle, turn: Callable[[int], None]
) -> None:
    workspace.select(token=4)
    turn(SENSES)
    assert "share no word" in plain(tab.answer)
    tab.senses.second.setText("What a cute cat!")
    settle()
    assert tab.senses.curve.courses[0].name == "both cute"
    tab.senses.second.setText("Nothing of it")
    settle()
    assert plain(tab.answer).startswith("The two sentences share no word")
    assert not tab.senses.curve.isVisible()
    tab.senses.second.clear()
    settle()
    assert tab.senses.curve.isVisible()


def test_the_lectures_example_is_one_click_away(
    tab: LayersTab, workspace: Workspace, settle: Settle, turn: Callable[[int], None], qtbot: QtBot
) -> None:
    turn(SENSES)
    qtbot.mouseClick(tab.senses.example, Qt.MouseButton.LeftButton)
    settle()
    assert (workspace.scenario.first, workspace.scenario.second) == (PYTHONS.first, PYTHONS.second)
    assert plain(tab.answer).startswith("The two python part at layer")


def test_two_unknown_words_are_not_one(
    tab: LayersTab, workspace: Workspace, settle: Settle, turn: Callable[[int], None]
) -> None:
    workspace.open_model(Path("resources/models/textbook"), Scenario("the zebra", "my okapi"))
    settle()
    turn(SENSES)
    assert plain(tab.answer).startswith("The two sentences share no word")


def test_heads_that_are_off_stay_off_in_both_sentences(
    pythons: LayersTab, workspace: Workspace, settle: Settle
) -> None:
    before = pythons.senses.curve.courses[0].values
    workspace.edit(lambda scenario: scenario.toggle_layer(5))
    settle()
    after = pythons.senses.curve.courses[0].values
    assert after[-1] == after[-2]
    assert after[-1] != before[-1]


# The curve


@pytest.fixture
def curve(qtbot: QtBot) -> LayerCurve:
    curve = LayerCurve("{:.2f}".format)
    qtbot.addWidget(curve)
    curve.resize(500, 220)
    values = np.array([0.2, 0.4, 0.6, 0.8], np.float32)
    curve.show_courses(
        ("input", "layer 1", "layer 2", "layer 3"), (Course("up", values), Course("down", 1 - values)), 0, 1
    )
    curve.show()
    return curve


def test_a_click_on_a_point_tells_its_height(curve: LayerCurve, qtbot: QtBot) -> None:
    with qtbot.waitSignal(curve.chosen) as told:
        qtbot.mouseClick(curve, Qt.MouseButton.LeftButton, pos=curve.point(2).toPoint() + QPoint(3, 0))
    assert told.args == [2, 0]


def test_the_marked_height_is_told_to_a_screen_reader(curve: LayerCurve) -> None:
    curve.mark((1, 0))
    assert curve.accessibleDescription() == "layer 1: up 0.40, down 0.60"


def test_a_mark_beyond_the_last_layer_of_another_model_goes_to_its_last(curve: LayerCurve) -> None:
    curve.mark((3, 1))
    curve.show_courses(("input", "layer 1"), (Course("up", np.zeros(2, np.float32)),), 0, 1)
    assert curve.cell == (1, 0)
