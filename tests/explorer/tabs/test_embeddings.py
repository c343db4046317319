from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.tabs.embeddings import EmbeddingsTab
from explorer.workspace import Workspace
from model.bert import Bert
from model.scenario import Scenario
from model.trace import Trace
from tests.explorer.tabs.conftest import Show, plain
from tests.model.checkpoints import hugging_face

Settle = Callable[[], None]

ADDITION, COSINES, POSITIONS, FLIP = range(4)


@pytest.fixture
def tab(show: Show) -> EmbeddingsTab:
    return cast(EmbeddingsTab, show(EmbeddingsTab))


@pytest.fixture
def trace(tab: EmbeddingsTab, workspace: Workspace) -> Trace:
    assert workspace.trace is not None
    return workspace.trace


@pytest.fixture
def turn(tab: EmbeddingsTab, settle: Settle) -> Callable[[int], None]:
    """Brings a view to the front and waits for what it asks."""

    def to(view: int) -> None:
        tab.switch.choose(view)
        settle()

    return to


@pytest.fixture(scope="module")  # so that the thread of transformers' progress bar is none that a test leaves
def one_segment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one-segment")
    hugging_face(folder, "BertForMaskedLM", type_vocab_size=1)
    return folder


@pytest.fixture(scope="module")
def left_to_right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("left-to-right")
    hugging_face(folder, "BertLMHeadModel", is_decoder=True)
    return folder


def cosines(vectors: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """Every row with every row, in double precision."""
    a = vectors.astype(np.float64)
    b = a if others is None else others.astype(np.float64)
    return (a @ b.T) / np.sqrt(np.outer((a * a).sum(-1), (b * b).sum(-1)))


def number(text: str) -> float:
    return float(text.replace("−", "-"))


# The views


def test_arrow_keys_go_from_view_to_view(tab: EmbeddingsTab, qtbot: QtBot, settle: Settle) -> None:
    questions = [tab._question.text()]
    for place in range(3):
        qtbot.keyClick(tab.switch.button(place), Qt.Key.Key_Right)
        settle()
        questions.append(tab._question.text())
    assert questions == [
        "What does each token start as?",
        "Which tokens are alike?",
        "How does a token know where it stands?",
        "What does a token's segment change?",
    ]


def test_a_click_shows_another_view_with_its_own_answer(tab: EmbeddingsTab, qtbot: QtBot, settle: Settle) -> None:
    qtbot.mouseClick(tab.switch.button(COSINES), Qt.MouseButton.LeftButton)
    settle()
    assert tab.cosines.isVisible()
    assert plain(tab.answer).startswith("Most alike are")


def test_another_question_renews_the_view_in_front(
    tab: EmbeddingsTab, workspace: Workspace, turn: Callable[[int], None], settle: Settle
) -> None:
    turn(COSINES)
    workspace.set_texts("cats sleep", "")
    settle()
    assert tab.cosines.heatmap.values.shape == (4, 4)
    turn(ADDITION)
    assert tab.addition.maps[0].values.shape == (4, 256)


# The addition


def test_three_addends_their_sum_and_its_layernorm_are_shown(tab: EmbeddingsTab, trace: Trace) -> None:
    parts = trace.embeddings
    shown = [heatmap.values for heatmap in tab.addition.maps]
    for picture, values in zip(
        shown, (parts.token, parts.segment, parts.position, parts.sum, parts.output), strict=True
    ):
        np.testing.assert_array_equal(picture, values)
    np.testing.assert_allclose(shown[0] + shown[1] + shown[2], shown[3], rtol=0, atol=1e-6)


def test_a_click_in_one_picture_marks_the_same_cell_in_all(
    tab: EmbeddingsTab, workspace: Workspace, qtbot: QtBot
) -> None:
    maps = tab.addition.maps
    cell = maps[1].cell_rect((8, 100)).center().toPoint()
    qtbot.mouseClick(maps[1].viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert workspace.clicked.token == 8
    assert [heatmap.cell for heatmap in maps] == [(8, 100)] * 5


def test_the_chosen_cell_is_written_out_as_an_addition(
    tab: EmbeddingsTab, workspace: Workspace, trace: Trace, qtbot: QtBot
) -> None:
    workspace.select(token=8)
    for _ in range(3):
        qtbot.keyClick(tab.addition.maps[0], Qt.Key.Key_Right)
    parts = trace.embeddings
    text = plain(tab.addition.reading)
    assert text.startswith("play, dimension 3:")
    numbers = [number(found) for found in re.findall(r"−?\d\.\d+", text)]
    expected = [values[8, 3] for values in (parts.token, parts.segment, parts.position, parts.sum, parts.output)]
    np.testing.assert_allclose(numbers, expected, atol=5.1e-5)


def test_a_token_chosen_elsewhere_is_marked_here(tab: EmbeddingsTab, workspace: Workspace) -> None:
    workspace.select(token=4)
    assert all(heatmap.cell is not None and heatmap.cell[0] == 4 for heatmap in tab.addition.maps)


def test_zooming_one_picture_zooms_all(tab: EmbeddingsTab, qtbot: QtBot) -> None:
    maps = tab.addition.maps
    whole = maps[4].cell_rect((0, 0)).width()
    qtbot.keyClick(maps[0], Qt.Key.Key_Plus)
    assert maps[4].cell_rect((0, 0)).width() == pytest.approx(1.25 * whole)


def test_the_numbers_add_up_down_each_column(tab: EmbeddingsTab, trace: Trace) -> None:
    sheet = tab.addition.picture.sheet()
    assert sheet.values.shape == (5 * 11, 256)
    assert list(sheet.rows[40:45]) == [
        "play token",
        "play + segment",
        "play + position",
        "play = sum",
        "play LayerNorm",
    ]
    np.testing.assert_allclose(sheet.values[40:43].sum(axis=0), sheet.values[43], atol=1e-6)
    np.testing.assert_array_equal(sheet.values[44], trace.embeddings.output[8])


def test_a_cell_of_the_number_table_chooses_its_token(tab: EmbeddingsTab, workspace: Workspace, qtbot: QtBot) -> None:
    workspace.select(token=2)
    picture = tab.addition.picture
    picture.show_numbers(True)
    assert picture.table is not None
    for key in (Qt.Key.Key_Down,) * 5 + (Qt.Key.Key_Right,) * 2:
        qtbot.keyClick(picture.table, key)
    assert workspace.clicked.token == 3
    assert plain(tab.addition.reading).startswith("is, dimension 2:")


def test_the_number_table_follows_the_token(tab: EmbeddingsTab, workspace: Workspace, qtbot: QtBot) -> None:
    qtbot.keyClick(tab.addition.maps[3], Qt.Key.Key_Right)  # in the sum
    tab.addition.picture.show_numbers(True)
    workspace.select(token=6)
    table = tab.addition.picture.table
    assert table is not None
    assert (table.currentIndex().row(), table.currentIndex().column()) == (6 * 5 + 3, 1)


# The cosines


def test_cosines_are_shown_before_and_after(
    tab: EmbeddingsTab, trace: Trace, turn: Callable[[int], None], qtbot: QtBot
) -> None:
    turn(COSINES)
    shown = [tab.cosines.heatmap.values]
    tab.cosines.stage.button(0).setFocus()
    for place in range(2):
        qtbot.keyClick(tab.cosines.stage.button(place), Qt.Key.Key_Right)
        shown.append(tab.cosines.heatmap.values)
    for values, vectors in zip(shown, (trace.embeddings.token, trace.embeddings.output, trace.hidden[-1]), strict=True):
        np.testing.assert_allclose(values, cosines(vectors), atol=1e-5)


def test_a_pair_is_read_at_all_three_heights(
    tab: EmbeddingsTab, workspace: Workspace, trace: Trace, turn: Callable[[int], None], qtbot: QtBot
) -> None:
    turn(COSINES)
    heatmap = tab.cosines.heatmap
    cell = heatmap.cell_rect((8, 9)).center().toPoint()
    qtbot.mouseClick(heatmap.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert (workspace.clicked.token, workspace.clicked.cell) == (8, (8, 9))
    text = plain(tab.cosines.reading)
    assert text.startswith("play and ##ing: cosine")
    numbers = [number(found) for found in re.findall(r"−?\d\.\d\d", text)]
    vectors = (trace.embeddings.token, trace.embeddings.output, trace.hidden[-1])
    np.testing.assert_allclose(numbers, [cosines(rows)[8, 9] for rows in vectors], atol=5.1e-3)


def test_a_chosen_token_is_paired_with_what_is_most_like_it(
    tab: EmbeddingsTab, workspace: Workspace, trace: Trace, turn: Callable[[int], None]
) -> None:
    turn(COSINES)
    workspace.select(token=9)
    like = cosines(trace.embeddings.token)[9]
    like[9] = -2
    assert tab.cosines.heatmap.cell == (9, like.argmax())


def test_the_answer_names_the_closest_pair(tab: EmbeddingsTab, trace: Trace, turn: Callable[[int], None]) -> None:
    turn(COSINES)
    words = [place for place, text in enumerate(trace.inputs.texts) if text is not None]
    for vectors, closest in zip(
        (trace.embeddings.token, trace.embeddings.output, trace.hidden[-1]),
        re.findall(r"(\S+) and (\S+) \((−?\d\.\d\d)\)", plain(tab.answer)),
        strict=True,
    ):
        value, i, j = max((cosines(vectors)[i, j], i, j) for i in words for j in words if i < j)
        assert closest[:2] == (trace.tokens[i], trace.tokens[j])
        assert number(closest[2]) == pytest.approx(value, abs=5.1e-3)


def test_the_nearest_of_the_vocabulary_are_those_of_the_chosen_token(
    tab: EmbeddingsTab, workspace: Workspace, starter: Bert, turn: Callable[[int], None], settle: Settle
) -> None:
    turn(COSINES)
    workspace.select(token=8)
    settle()
    table = starter.network.bert.embeddings.word_embeddings.weight.detach().numpy()
    play = starter.tokenizer.tokens.index("play")
    like = cosines(table[play : play + 1], table)[0]
    like[play] = -2
    best = np.argsort(-like)[:10]
    assert tab.cosines.beside.heading == "Nearest to play in the vocabulary"
    bars = tab.cosines.neighbours.bars
    assert [bar.label for bar in bars] == [starter.tokenizer.tokens[entry] for entry in best]
    np.testing.assert_allclose([bar.share for bar in bars], like[best], atol=1e-5)
    assert tab.cosines.neighbours.accessibleDescription() == f"{bars[0].label} {like[best[0]]:.2f}"


# The positions


def test_the_position_table_is_compared_with_itself(
    tab: EmbeddingsTab, starter: Bert, turn: Callable[[int], None]
) -> None:
    turn(POSITIONS)
    table = starter.network.bert.embeddings.position_embeddings.weight.detach().numpy()
    np.testing.assert_allclose(tab.positions.heatmap.values, cosines(table), atol=1e-5)
    assert tab.positions.heatmap.sheet().rows[511] == "511"


def test_the_answer_says_how_alike_close_positions_are(
    tab: EmbeddingsTab, starter: Bert, workspace: Workspace, turn: Callable[[int], None]
) -> None:
    assert workspace.bert is not None
    count = workspace.bert.trained_length = 128
    turn(POSITIONS)
    table = cosines(starter.network.bert.embeddings.position_embeddings.weight.detach().numpy()[:count])
    near, far = (sum(table[i, i + apart] for i in range(count - apart)) / (count - apart) for apart in (1, 50))
    numbers = re.findall(r"−?\d\.\d\d", plain(tab.answer))
    np.testing.assert_allclose([number(found) for found in numbers], [near, far], atol=5.1e-3)
    bars = tab.positions.distances.bars
    shares = {bar.label: bar.share for bar in bars}
    np.testing.assert_allclose([shares["1 apart"], shares["50 apart"]], [near, far], atol=1e-5)


def test_a_line_and_words_mark_what_was_trained(
    tab: EmbeddingsTab, workspace: Workspace, turn: Callable[[int], None]
) -> None:
    assert workspace.bert is not None
    count = workspace.bert.trained_length = 128
    turn(POSITIONS)
    heatmap = tab.positions.heatmap
    assert f"the {count} positions that this model was trained on" in plain(tab.positions.remark)
    corner = heatmap.cell_rect((count, count)).topLeft()
    middle = heatmap.cell_rect((count // 2, count // 2)).center()
    assert ink_near(heatmap, corner.x(), middle.y())
    assert ink_near(heatmap, middle.x(), corner.y())
    tab.positions.only_trained.click()
    assert heatmap.values.shape == (count, count)


def test_a_position_is_read_with_the_token_that_stands_there(
    tab: EmbeddingsTab, workspace: Workspace, turn: Callable[[int], None], qtbot: QtBot
) -> None:
    turn(POSITIONS)
    workspace.select(token=7)
    assert plain(tab.positions.reading).startswith("Position 7 (likes) and position 8 (play), 1 apart: cosine")
    for _ in range(4):
        qtbot.keyClick(tab.positions.heatmap, Qt.Key.Key_Down)
    assert plain(tab.positions.reading).startswith("Position 11 and position 8 (play), 3 apart: cosine")
    workspace.select(token=2)
    assert plain(tab.positions.reading).startswith("Position 2 ([MASK]) and position 3 (is)")


# The flip


def test_the_answer_says_how_far_a_flip_moves_the_token(
    tab: EmbeddingsTab, workspace: Workspace, trace: Trace, starter: Bert, turn: Callable[[int], None], settle: Settle
) -> None:
    turn(FLIP)
    workspace.select(token=4)
    settle()
    other = starter.trace(trace.scenario.flip(4))
    moved = np.linalg.norm(other.embeddings.sum[4] - trace.embeddings.sum[4])
    before, after = trace.hidden[-1], other.hidden[-1]
    last = np.diagonal(cosines(before, after)).copy()
    own, last[4] = last[4], 2
    text = plain(tab.answer)
    assert text.startswith(f"Flipping cute from A to B moves its sum by {moved:.2f}")
    assert f"After the last layer its cosine is {own:.3f}" in text
    assert f"of the others {trace.tokens[last.argmin()]} changes most ({last.min():.3f})" in text


def test_the_change_of_every_hidden_state_is_shown(
    tab: EmbeddingsTab, workspace: Workspace, trace: Trace, starter: Bert, turn: Callable[[int], None], qtbot: QtBot
) -> None:
    turn(FLIP)
    other = starter.trace(trace.scenario.flip(1))
    expected = [np.diagonal(cosines(a, b)) for a, b in zip(trace.hidden, other.hidden, strict=True)]
    np.testing.assert_allclose(tab.flip.changes.values, 1 - np.array(expected), atol=1e-5)
    for key in (Qt.Key.Key_Up, Qt.Key.Key_Right):
        qtbot.keyClick(tab.flip.changes, key)
    assert plain(tab.flip.reading) == f"[MASK], after layer 5: cosine {expected[5][2]:.3f} with its former self."


def test_the_two_segment_vectors_and_their_difference_are_shown(
    tab: EmbeddingsTab, starter: Bert, turn: Callable[[int], None]
) -> None:
    turn(FLIP)
    first, second = starter.network.bert.embeddings.token_type_embeddings.weight.detach().numpy()
    np.testing.assert_allclose(tab.flip.vectors.values, [first, second, second - first], atol=1e-6)


def test_the_button_flips_the_segment_and_flips_it_back(
    tab: EmbeddingsTab, workspace: Workspace, turn: Callable[[int], None], qtbot: QtBot, settle: Settle
) -> None:
    turn(FLIP)
    workspace.select(token=3)
    settle()
    qtbot.mouseClick(tab.flip.button, Qt.MouseButton.LeftButton)
    settle()
    assert workspace.scenario.flips == {3}
    assert "Flipping is from B to A" in plain(tab.answer)
    qtbot.keyClick(tab.flip.button, Qt.Key.Key_Space)
    settle()
    assert workspace.scenario.flips == frozenset()


def test_a_model_with_one_segment_says_so(
    tab: EmbeddingsTab, workspace: Workspace, turn: Callable[[int], None], settle: Settle, one_segment: Path
) -> None:
    turn(FLIP)
    workspace.open_model(one_segment, Scenario("My dog is cute"))
    settle()
    assert "has one segment only" in plain(tab.answer)
    assert not tab.flip.button.isVisible()


def test_a_left_to_right_model_says_that_it_never_learnt_b(
    tab: EmbeddingsTab, workspace: Workspace, turn: Callable[[int], None], settle: Settle, left_to_right: Path
) -> None:
    turn(FLIP)
    workspace.open_model(left_to_right, Scenario("My dog is cute"))
    settle()
    assert "it never learnt what B says" in plain(tab.answer)


def ink_near(widget: QWidget, x: float, y: float) -> bool:
    """Whether a line in the colour of text passes within a pixel of a place."""
    image, ink = widget.grab().toImage(), QColor(theme.palette().ink)
    places = [(round(x) + across, round(y) + down) for across in (-1, 0, 1) for down in (-1, 0, 1)]
    return any(image.pixelColor(*place) == ink for place in places)
