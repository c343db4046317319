"""The numbers of the differences that stand beside those of the first view of each tab."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest

import model
from explorer.comparison import Shown
from explorer.tabs.attention import AttentionTab
from explorer.tabs.embeddings import EmbeddingsTab
from explorer.tabs.layers import LayersTab
from explorer.tabs.masked_lm import MaskedLMTab
from explorer.tabs.next_sentence import NextSentenceTab
from explorer.tabs.tokens import TokensTab
from explorer.widgets.contributions_difference import ContributionsDifference
from explorer.widgets.cosines_difference import CosinesDifference
from explorer.widgets.flip_difference import FlipDifference
from explorer.widgets.lens_difference import LensDifference
from explorer.widgets.page import Page
from explorer.widgets.pair_difference import PairDifference, told
from explorer.widgets.paragraph_difference import ParagraphDifference
from explorer.widgets.position_difference import PositionDifference
from explorer.widgets.prediction_difference import PredictionDifference
from explorer.widgets.switched_page import SwitchedPage
from explorer.widgets.token_difference import TokenDifference
from explorer.workspace import Workspace
from model.lens import attributions, layers, masked_lm, next_sentence, paragraph
from model.lens.passes import result
from model.scenario import Scenario
from model.trace import Floats
from tests.explorer.runs import made_up
from tests.explorer.tabs.conftest import EXAMPLE, Show, plain
from tests.model.checkpoints import VOCABULARY

Settle = Callable[[], None]
Compared = Callable[..., Page]

MASKED, PLAIN = EXAMPLE, EXAMPLE.restore(2)
OLDER = Scenario("My old dog is cute", EXAMPLE.second)
LIKES = [0, 1, *range(3, 12)]  # where the tokens of PLAIN stand in OLDER


@pytest.fixture
def compared(show: Show, workspace: Workspace, settle: Settle) -> Compared:
    """A tab while ``now`` is compared with ``pinned``, with a view of it in front."""

    def make(kind: type[Page], pinned: Scenario, now: Scenario, view: str = "") -> Page:
        tab = show(kind, pinned)
        workspace.pin()
        workspace.compare(Shown.DIFFERENCE)
        if view:
            assert isinstance(tab, SwitchedPage)
            tab.show_view(getattr(tab, view))
        workspace.ask(now)
        settle()
        return tab

    return make


def cosine(one: Floats, other: Floats) -> float:
    here, there = one.astype(float), other.astype(float)
    return float(here @ there / np.sqrt((here @ here) * (there @ there)))


def test_each_token_stands_beside_its_like(compared: Compared, settle: Settle) -> None:
    tab = compared(TokensTab, PLAIN, OLDER.mask(3))
    view = cast(TokenDifference, tab.difference())
    sheet = view.table.rows.sheet()
    assert sheet.values[2].tolist() == ["", "", "", "", "", "2", "old", str(sheet.values[2, 7]), "A", "–", "only now"]
    assert sheet.values[3, [0, 1, 4, 5, 6, 9, 10]].tolist() == [
        "2", "dog", "–", "3", "[MASK]", "dog", "another place, another token, another label",
    ]  # fmt: skip
    assert plain(tab.answer).startswith(
        "2 of 12 tokens are read alike. old is new. Where dog stood, [MASK] stands now."
    )
    view.only.click()
    assert view.table.rows.rowCount() == 10


def test_a_word_that_is_gone_stands_before_the_one_that_followed_it(compared: Compared, workspace: Workspace) -> None:
    tab = compared(TokensTab, OLDER, PLAIN)
    view = cast(TokenDifference, tab.difference())
    rows = view.table.rows
    assert [rows.token(row, 0) for row in rows.rows[:5]] == ["[CLS]", "my", "old", "dog", "is"]
    assert [rows.token(row, 1) for row in rows.rows[:5]] == ["[CLS]", "my", "", "dog", "is"]
    view.table.clicked.emit(rows.index(3, 0))
    assert workspace.selection.token == 2


def test_cosines_are_less_those_of_the_likes(compared: Compared, starter: model.Bert, settle: Settle) -> None:
    tab = cast(EmbeddingsTab, compared(EmbeddingsTab, PLAIN, OLDER, "cosines"))
    view = cast(CosinesDifference, tab.difference())
    now, then = (starter.trace(scenario).hidden[-1] for scenario in (OLDER, PLAIN))
    change = cosine(now[3], now[5]) - cosine(then[2], then[4])  # dog and cute
    assert view.heatmap.values[3, 5] == pytest.approx(change, abs=1e-5)
    assert np.isnan(view.heatmap.values[2]).all()
    view.heatmap.chosen.emit(3, 5)
    settle()
    before, after = (f"{cosine(*pair):.2f}" for pair in ((then[2], then[4]), (now[3], now[5])))
    assert plain(view.reading) == f"dog and cute: cosine {before} in the pinned answer and {after} now."
    assert plain(view.neighbours).startswith("Nearest to dog in the vocabulary, in both answers: ")
    view.stage.choose(0)
    assert not np.nan_to_num(view.heatmap.values).any()  # the rows of the table are the same


def test_position_tables_of_two_snapshots_are_subtracted(
    show: Show, workspace: Workspace, settle: Settle, tmp_path: Path
) -> None:
    tab = cast(EmbeddingsTab, show(EmbeddingsTab))
    run = made_up(tmp_path, "toy", (0, 250))
    tables = []
    for step in (0, 250):
        workspace.open_model(run.snapshot_path(step), Scenario("my dog is cute"))
        settle()
        assert workspace.bert is not None
        tables.append(workspace.bert.position_embeddings())
        if not step:
            workspace.pin()
    workspace.compare(Shown.DIFFERENCE)
    tab.show_view(tab.positions)
    settle()
    view = cast(PositionDifference, tab.difference())
    change = cosine(tables[1][3], tables[1][9]) - cosine(tables[0][3], tables[0][9])
    assert view.heatmap.values[3, 9] == pytest.approx(change, abs=1e-5)


def test_what_a_flip_moves_is_less_what_it_moved(compared: Compared, starter: model.Bert) -> None:
    tab = cast(EmbeddingsTab, compared(EmbeddingsTab, PLAIN, MASKED, "flip"))
    view = cast(FlipDifference, tab.difference())
    moved = []
    for scenario in (MASKED, PLAIN):
        before, after = starter.trace(scenario), starter.trace(scenario.flip(2))
        moved.append(1 - cosine(before.hidden[5, 4], after.hidden[5, 4]))
    assert view.heatmap.values[5, 4] == pytest.approx(moved[0] - moved[1], abs=1e-5)
    assert view.map.heading == "What flipping [MASK] changes"
    change = view.heatmap.values
    most = float(change.flat[np.abs(change).argmax()])
    assert f"{'farther' if most > 0 else 'less far'} at " in plain(tab.answer)
    assert f"than in the pinned answer, by {abs(most):.3f} (1 − cosine)." in plain(tab.answer)


def test_new_first_guesses_are_written_into_the_layers(
    compared: Compared, workspace: Workspace, starter: model.Bert, settle: Settle
) -> None:
    tab = cast(LayersTab, compared(LayersTab, PLAIN, MASKED, "predictions"))
    view = cast(LensDifference, tab.difference())
    now, then = (layers.probabilities(starter, starter.trace(scenario), 2) for scenario in (MASKED, PLAIN))
    assert view.heatmap.values[6, 2] == pytest.approx(np.abs(now[6] - then[6]).sum() / 2, abs=1e-4)
    first, former = (starter.tokenizer.tokens[int(shares[6].argmax())] for shares in (now, then))
    assert view.picture.sheet().values[6, 2].startswith(first)
    view.heatmap.chosen.emit(6, 2)
    settle()
    assert plain(view.reading).startswith(
        f"[MASK], layer 6: {first} comes first now, {former} did in the pinned answer"
    )
    entry = starter.tokenizer.id(first)
    np.testing.assert_allclose(view.paths.sheet().values, np.stack([now[:, entry], then[:, entry]], axis=1), atol=1e-5)


def test_candidates_by_layer_and_surprise_stand_beside_the_predictions(compared: Compared, starter: model.Bert) -> None:
    tab = compared(MaskedLMTab, PLAIN, MASKED)
    view = cast(PredictionDifference, tab.difference())
    now, then = (starter.trace(scenario) for scenario in (MASKED, PLAIN))
    shares = [layers.probabilities(starter, trace, 2)[4] for trace in (now, then)]
    cell = view.layers.map.sheet().values[4, 0].split()[0]
    entry = starter.tokenizer.id(cell)
    assert abs(shares[0] - shares[1]).argmax() == entry
    assert view.layers.heatmap.values[4, 0] == pytest.approx((shares[0][entry] - shares[1][entry]) * 100, abs=1e-3)
    alone = [-np.log(dict(masked_lm.predictions(starter, starter.trace(scenario.mask(4)), 4, VOCABULARY))["cute"])
             for scenario in (MASKED, PLAIN)]  # fmt: skip
    assert view.surprise.columns.values[4] == pytest.approx(alone[0] - alone[1], abs=1e-3)
    view.surprise.mark(4)
    assert plain(view.surprise.reading).startswith(f"cute: {alone[1]:.1f} in the pinned answer and {alone[0]:.1f} now")


def test_contributions_to_a_word_are_less_those_in_the_pinned_answer(
    compared: Compared, starter: model.Bert, workspace: Workspace, settle: Settle
) -> None:
    tab = cast(MaskedLMTab, compared(MaskedLMTab, PLAIN.mask(2), OLDER.mask(3), "contributions"))
    view = cast(ContributionsDifference, tab.difference())
    now, then = starter.trace(OLDER.mask(3)), starter.trace(PLAIN.mask(2))
    piece = masked_lm.predictions(starter, now, 3, top=1)[0][0]
    parts = [
        result(attributions.token(starter, trace, place, piece)).by_token for trace, place in ((now, 3), (then, 2))
    ]
    np.testing.assert_allclose(view.changes.columns.values[LIKES], parts[0][LIKES] - parts[1], atol=1e-4)
    assert np.isnan(view.changes.columns.values[2])
    change = parts[0][LIKES] - parts[1]
    most = int(np.abs(change).argmax())
    was, is_now = (f"{float(part):.2f}".replace("-", "−") for part in (parts[1][most], parts[0][LIKES][most]))
    said = f"What {now.inputs.originals[LIKES[most]]} contributes changed most: it was {was} and is {is_now} now. "
    assert plain(tab.answer).startswith(f"{said}{piece} is expected first there now, with ")
    workspace.select(token=2)
    settle()
    assert plain(tab.answer) == "This old has no like in the pinned sentence: choose another token."


@pytest.mark.parametrize(
    ("kind", "view"), [(MaskedLMTab, "predictions"), (MaskedLMTab, "contributions"), (EmbeddingsTab, "flip")]
)
@pytest.mark.parametrize("now", [Scenario("Her dog is cute"), Scenario("Her dog is cute").mask(1)])
def test_a_text_that_begins_otherwise_is_compared_at_the_first_word_of_both(
    compared: Compared, kind: type[Page], view: str, now: Scenario
) -> None:
    tab = compared(kind, Scenario("My dog is cute"), now, view)
    shown = tab.difference()
    assert shown is not None
    assert "choose another token" not in plain(tab.answer)
    if isinstance(shown, PredictionDifference):
        assert shown.picture.heading == "Position 2 · dog"
    elif isinstance(shown, ContributionsDifference):
        assert shown.changes.heading.endswith(" at position 2, now less pinned")
    else:
        assert cast(FlipDifference, shown).map.heading == "What flipping dog changes"


def test_a_model_that_reads_on_is_compared_at_the_last_word_of_both(
    show: Show, workspace: Workspace, settle: Settle, starter_folder: Path
) -> None:
    tab = cast(MaskedLMTab, show(MaskedLMTab))
    folder = starter_folder.parent / "left-to-right"
    workspace.open_model(folder, Scenario("this is a beautiful day"))
    settle()
    workspace.pin()
    workspace.compare(Shown.DIFFERENCE)
    workspace.open_model(folder, Scenario("this is a beautiful house"))
    settle()
    assert cast(PredictionDifference, tab.difference()).picture.heading == "Position 4 · beautiful"


def test_what_flips_and_tokens_say_of_a_pair_is_less_what_they_said(compared: Compared, starter: model.Bert) -> None:
    tab = cast(NextSentenceTab, compared(NextSentenceTab, PLAIN, MASKED))
    view = cast(PairDifference, tab.difference())
    changes = []
    for scenario in (MASKED, PLAIN):
        ways = [
            next_sentence.probabilities(starter, starter.trace(asked))[0] for asked in (scenario, scenario.flip(10))
        ]
        changes.append((ways[1] - ways[0]) * 100)
    assert view.flips.columns.values[10] == pytest.approx(changes[0] - changes[1], abs=1e-2)
    assert view.flips.columns.sheet().rows[2] == "[MASK]"


def test_a_verdict_that_is_hardly_another_is_not_called_the_same() -> None:
    assert plain(told((0.62312, 0.37688), (0.62301, 0.37699))) == (
        "Hardly anything is different: that B follows A has 62.3 % now and 62.3 % in the pinned answer."
    )
    assert plain(told((0.62312, 0.37688), (0.62312, 0.37688))).startswith("Nothing is different: ")


def test_the_token_that_says_something_else_of_a_pair_is_named(compared: Compared, starter: model.Bert) -> None:
    tab = cast(NextSentenceTab, compared(NextSentenceTab, PLAIN, MASKED, "contributions"))
    now, then = (
        result(attributions.next_sentence(starter, starter.trace(asked))).by_token for asked in (MASKED, PLAIN)
    )
    token = starter.trace(MASKED).tokens[int(np.abs(now - then).argmax())]
    assert plain(tab.answer).startswith(f"What {token} contributes changed most: it was ")
    assert "That B follows A had " in plain(tab.answer)


def test_the_paragraph_is_asked_with_the_heads_of_either_answer(compared: Compared, starter: model.Bert) -> None:
    off = PLAIN.toggle_head(3, 2)
    tab = cast(NextSentenceTab, compared(NextSentenceTab, PLAIN, off, "paragraph"))
    view = cast(ParagraphDifference, tab.difference())
    sentences = paragraph.split(tab.paragraph.text.toPlainText())
    asked = Scenario(sentences[0], sentences[4])
    ways = [next_sentence.probabilities(starter, starter.trace(pair))[0] for pair in (asked.toggle_head(3, 2), asked)]
    assert view.heatmap.values[0, 4] == pytest.approx(ways[0] - ways[1], abs=1e-4)


def test_edits_of_the_question_are_not_in_the_paragraph(compared: Compared) -> None:
    tab = compared(NextSentenceTab, PLAIN, MASKED, "paragraph")
    assert plain(tab.answer) == "Nothing is different: your edits are not in this paragraph, and all else is alike."


def test_a_head_that_is_off_changes_nothing_below_the_next_layer(compared: Compared) -> None:
    tab = cast(LayersTab, compared(LayersTab, PLAIN, PLAIN.toggle_head(3, 2)))
    values = cast(LensDifference, tab.difference()).heatmap.values
    assert not values[:4].any()
    assert values[4].any()


def test_a_layer_that_is_off_leaves_the_ones_below_as_they_were(compared: Compared) -> None:
    tab = cast(LayersTab, compared(LayersTab, PLAIN, PLAIN.toggle_layer(3), "predictions"))
    values = cast(LensDifference, tab.difference()).heatmap.values
    assert not values[:4].any()
    assert values[4].all()


def test_left_to_right_shows_where_no_token_is_looked_at_any_more(
    show: Show, workspace: Workspace, starter: model.Bert, settle: Settle
) -> None:
    tab = cast(AttentionTab, show(AttentionTab, PLAIN))
    workspace.pin()
    workspace.compare(Shown.DIFFERENCE)
    workspace.attend("left-to-right")
    workspace.select(head=(1, 3))
    settle()
    later = np.triu_indices(11, k=1)
    found = tab.difference().heatmap.values
    np.testing.assert_array_equal(found[later], -starter.trace(PLAIN).attention[1, 3][later])
