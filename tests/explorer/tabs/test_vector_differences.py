"""The embeddings and layers tabs while the difference to a pinned answer is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

from explorer.comparison import Shown
from explorer.tabs.embeddings import EmbeddingsTab
from explorer.tabs.layers import LayersTab
from explorer.widgets.addition_difference import AdditionDifference
from explorer.widgets.layer_difference import LayerDifference
from explorer.widgets.legend import Legend
from explorer.widgets.senses_difference import SensesDifference
from explorer.widgets.switched_page import SwitchedPage
from explorer.workspace import Workspace
from model.scenario import Scenario
from model.trace import Floats
from tests.explorer.tabs.conftest import EXAMPLE, Show, plain

Settle = Callable[[], None]


@pytest.fixture
def compared(show: Show, workspace: Workspace, settle: Settle) -> Callable[[type[SwitchedPage]], SwitchedPage]:
    """A tab on the example, which is pinned; the difference is chosen."""

    def make(kind: type[SwitchedPage]) -> SwitchedPage:
        tab = cast(SwitchedPage, show(kind))
        workspace.pin()
        tab.compared.choose(Shown.DIFFERENCE)
        settle()
        return tab

    return make


def cosines(here: Floats, there: Floats) -> float:
    one, other = here.astype(float), there.astype(float)
    return float(one @ other / np.sqrt((one @ one) * (other @ other)))


Compared = Callable[[type[SwitchedPage]], SwitchedPage]


def test_the_same_question_starts_and_ends_as_the_same_vectors(compared: Compared, workspace: Workspace) -> None:
    tab = compared(EmbeddingsTab)
    view = cast(AdditionDifference, tab.difference())
    assert plain(tab.answer) == "Nothing is different: every token starts as it does in the pinned answer."
    assert not any(heatmap.values.any() for heatmap in view.maps)


def test_a_mask_is_another_token_vector_and_nothing_else(
    compared: Compared, workspace: Workspace, settle: Settle
) -> None:
    tab = compared(EmbeddingsTab)
    before = workspace.trace
    workspace.edit(lambda scenario: scenario.restore(2))
    settle()
    after = workspace.trace
    assert before is not None
    assert after is not None
    view = cast(AdditionDifference, tab.difference())
    assert plain(tab.answer) == (
        "Tokens in common: 11. With another token vector: 1; with another segment vector: 0; with another position "
        "vector: 0."
    )
    assert plain(view.reading).startswith("dog, dimension 0: token ")
    assert view.picture.view.cell == (10, 0)  # the first of the five rows of dog
    token, segment, position, total, _ = (heatmap.values for heatmap in view.maps)
    np.testing.assert_array_equal(token, after.embeddings.token - before.embeddings.token)
    np.testing.assert_allclose(token + segment + position, total, atol=1e-6)
    assert view.picture.sheet().values.shape == (55, 256)


def test_the_colours_of_one_masked_word_among_many_fit_its_numbers(
    show: Show, workspace: Workspace, settle: Settle
) -> None:
    tab = cast(EmbeddingsTab, show(EmbeddingsTab, Scenario("the man went to the market " * 30)))
    workspace.pin()
    pinned = workspace.trace
    workspace.edit(lambda scenario: scenario.mask(5))
    workspace.compare(Shown.DIFFERENCE)
    settle()
    trace, view = workspace.trace, cast(AdditionDifference, tab.difference())
    assert trace is not None
    assert pinned is not None
    ends = [float(legend.ends()[1]) for legend in view.picture.findChildren(Legend)]
    for end, part in zip(ends, ("sum", "output"), strict=True):
        row = np.sort(np.abs(getattr(trace.embeddings, part)[5] - getattr(pinned.embeddings, part)[5]))
        assert row[-3] - 0.005 <= end <= row[-1] + 0.005  # 0.995 of 256 lie within


def test_a_new_word_has_blank_vectors_and_a_dash_for_its_numbers(
    compared: Compared, workspace: Workspace, settle: Settle
) -> None:
    tab = compared(EmbeddingsTab)
    workspace.set_texts("My old dog is cute", EXAMPLE.second)
    settle()
    workspace.select(token=2)
    settle()
    view = cast(AdditionDifference, tab.difference())
    assert np.isnan(view.maps[0].values[2]).all()
    assert plain(view.reading) == "old, dimension 0: token – + segment – + position – = –; LayerNorm –"
    workspace.release()
    assert float(plain(view.reading).split(" = ")[1].split(";")[0].replace("−", "-")) != 0  # one that moved on


def test_a_token_turns_by_one_less_its_cosine_layer_by_layer(
    compared: Compared, workspace: Workspace, settle: Settle
) -> None:
    tab = compared(LayersTab)
    assert plain(tab.answer) == "Nothing is different: every token is in every layer what it was."
    before = workspace.trace
    workspace.attend("left-to-right")
    settle()
    after = workspace.trace
    assert before is not None
    assert after is not None
    view = cast(LayerDifference, tab.difference())
    cosine = cosines(after.hidden[3, 4], before.hidden[3, 4])
    assert view.heatmap.values[3, 4] == pytest.approx(1 - cosine, abs=1e-6)
    assert not view.heatmap.values[0].any()  # the input is the same, whichever way attention goes
    assert "has turned most" in plain(tab.answer)
    view.heatmap.chosen.emit(3, 4)
    mean = np.mean([cosines(*pair) for pair in zip(after.hidden[3], before.hidden[3], strict=True)])
    assert plain(view.reading) == (
        f"cute, layer 3: cosine {cosine:.2f} with itself in the pinned answer; over all tokens {mean:.2f} on average."
    )
    assert workspace.selection.token == 4


def test_a_clicked_cell_is_let_go_with_its_token_and_with_the_next_answer(
    compared: Compared, workspace: Workspace, settle: Settle
) -> None:
    tab = compared(LayersTab)
    workspace.attend("left-to-right")
    settle()
    view = cast(LayerDifference, tab.difference())
    most = plain(view.reading)
    view.heatmap.chosen.emit(3, 4)
    assert plain(view.reading).startswith("cute, layer 3: ")
    workspace.release()
    assert plain(view.reading) == most
    view.heatmap.chosen.emit(3, 4)
    workspace.edit(lambda scenario: scenario.mask(7))
    settle()
    assert workspace.selection.token == 4
    assert view.heatmap.cell == (int(view.heatmap.values[:, 4].argmax()), 4)
    assert view.heatmap.cell != (3, 4)


def test_one_word_in_the_present_and_the_pinned_sentence_starts_as_one_row_of_the_table(
    compared: Compared, workspace: Workspace, settle: Settle
) -> None:
    tab = cast(LayersTab, compared(LayersTab))
    pinned = workspace.trace
    workspace.set_texts("He saw a dog", "")
    settle()
    tab.show_view(tab.senses)
    settle()
    workspace.select(token=4)
    settle()
    trace, view = workspace.trace, cast(SensesDifference, tab.difference())
    assert trace is not None
    assert pinned is not None
    assert view.curved.heading == "dog and dog"
    assert view.head.isHidden()
    values = view.curve.sheet().values[:, 0]
    here, there = trace.hidden[6, 4].astype(float), pinned.hidden[6, 2].astype(float)
    assert values[-1] == pytest.approx(here @ there / np.sqrt((here @ here) * (there @ there)), abs=1e-5)
    assert values[0] == pytest.approx(1.0, abs=1e-6)
    workspace.set_texts("Nothing in common", "")
    settle()
    assert plain(tab.answer) == "The two answers share no word: ask about a text that has a word of the pinned one."


def test_what_a_mask_turns_further_up_is_told_beside_the_mask(
    compared: Compared, workspace: Workspace, settle: Settle
) -> None:
    tab = compared(LayersTab)
    before = workspace.trace
    workspace.edit(lambda scenario: scenario.restore(2))
    settle()
    after = workspace.trace
    assert before is not None
    assert after is not None
    ways = {
        (height, token): cosines(after.hidden[height, token], before.hidden[height, token])
        for height in range(7)
        for token in range(11)
    }
    height, token = min(ways, key=lambda cell: ways[cell])
    assert token == 2
    where = f"at layer {height}" if height else "at the input"
    assert plain(tab.answer).startswith(
        f"dog has turned most: its cosine with itself in the pinned answer is {ways[height, token]:.2f} {where}."
    )
    height, token = min((cell for cell in ways if cell[1] != 2), key=lambda cell: ways[cell])
    said = (
        f"Of those that go in unchanged {after.tokens[token]} turns most: {ways[height, token]:.2f} at layer {height}."
    )
    assert said in plain(tab.answer)


def test_a_word_that_goes_in_as_another_leaves_the_layers_above_their_colours(
    compared: Compared, workspace: Workspace, settle: Settle
) -> None:
    tab = compared(LayersTab)
    workspace.edit(lambda scenario: scenario.restore(2))
    settle()
    view = cast(LayerDifference, tab.difference())
    values = view.heatmap.values
    assert values[0, 2] == values[0].max() > 0.2
    assert view._legend.ends()[1] == f"{values[1:].max():.2g}"


def test_a_long_text_that_hardly_turns_on_average_says_nothing_of_it(
    compared: Compared, workspace: Workspace, settle: Settle
) -> None:
    tab = compared(LayersTab)
    text = Scenario("the dog likes the man and " * 20, "he plays with the cat and " * 20)
    for asked in (text, text.mask(38)):
        workspace.keep(workspace.now, Shown.DIFFERENCE)
        workspace.ask(asked)
        settle()
    assert "has turned most: " in plain(tab.answer)
    assert "On average" not in plain(tab.answer)


def test_vectors_of_two_models_are_a_sentence(
    compared: Compared, workspace: Workspace, starter_folder: Path, settle: Settle
) -> None:
    tab = compared(LayersTab)
    workspace.open_model(starter_folder.parent / "textbook")
    settle()
    assert tab.sentence == (
        "textbook and starter learnt apart: what a dimension means in one, it does not mean in the other, so their "
        "vectors cannot be compared. Pin an answer of this model."
    )
