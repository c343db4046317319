"""The handle: tokens chosen and changed by mouse and by keyboard."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.comparison import Shown
from explorer.widgets.token_chips import TokenChips
from explorer.window import Window
from model.scenario import Edit, Scenario
from tests.explorer.conftest import PAIR, Answered

MY, DOG, HE, PLAY = 1, 2, 6, 8


@pytest.fixture
def chips(window: Window) -> TokenChips:
    """The chips, with the keys."""
    window.strip.focus_token()
    return window.strip.chips


def middle(chips: TokenChips, position: int) -> QPoint:
    return chips.place(position).center()


def click(qtbot: QtBot, chips: TokenChips, position: int) -> None:
    qtbot.mouseClick(chips.viewport(), Qt.MouseButton.LeftButton, pos=middle(chips, position))


def test_the_chapters_pair_has_its_eleven_tokens(window: Window) -> None:
    assert window.workspace.trace is not None
    assert " ".join(window.workspace.trace.tokens) == "[CLS] my dog is cute [SEP] he likes play ##ing [SEP]"
    assert window.strip.count.text().startswith("11 of 512 tokens · ")
    assert window.strip.note.isHidden()


def test_hovering_previews_a_token_and_leaving_ends_it(chips: TokenChips, qtbot: QtBot) -> None:
    qtbot.mouseMove(chips.viewport(), middle(chips, DOG))
    assert chips.workspace.selection.token == DOG
    qtbot.mouseMove(chips.viewport(), QPoint(chips.viewport().width() - 2, 2))
    assert chips.workspace.selection.token is None


def test_a_click_holds_a_token_and_escape_lets_go(chips: TokenChips, qtbot: QtBot) -> None:
    click(qtbot, chips, DOG)
    qtbot.mouseMove(chips.viewport(), QPoint(chips.viewport().width() - 2, 2))
    assert chips.workspace.selection.token == DOG
    qtbot.keyClick(chips, Qt.Key.Key_Escape)
    assert chips.workspace.selection.token is None


def test_arrows_home_and_end_move(chips: TokenChips, qtbot: QtBot) -> None:
    keys = Qt.Key
    for key, expected in (
        (keys.Key_Right, 0),
        (keys.Key_Right, 1),
        (keys.Key_Right, 2),
        (keys.Key_Left, 1),
        (keys.Key_End, 10),
        (keys.Key_Right, 10),
        (keys.Key_Home, 0),
        (keys.Key_Left, 0),
    ):
        qtbot.keyClick(chips, key)
        assert chips.workspace.selection.token == expected


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (Qt.Key.Key_M, PAIR.mask(DOG)),
        (Qt.Key.Key_K, PAIR.keep(DOG)),
        (Qt.Key.Key_S, PAIR.flip(DOG)),
    ],
)
def test_one_key_changes_the_chosen_token(
    chips: TokenChips, qtbot: QtBot, answered: Answered, key: Qt.Key, expected: Scenario
) -> None:
    click(qtbot, chips, DOG)
    answered(lambda: qtbot.keyClick(chips, key))
    assert chips.workspace.scenario == expected


@pytest.mark.parametrize("key", [Qt.Key.Key_Backspace, Qt.Key.Key_Delete])
def test_backspace_and_delete_restore_the_token(
    chips: TokenChips, qtbot: QtBot, answered: Answered, key: Qt.Key
) -> None:
    click(qtbot, chips, DOG)
    answered(lambda: qtbot.keyClick(chips, Qt.Key.Key_M))
    answered(lambda: qtbot.keyClick(chips, key))
    assert chips.workspace.scenario == PAIR


def test_the_letter_keys_type_while_a_sentence_is_edited(window: Window, qtbot: QtBot) -> None:
    window.workspace.select(token=DOG)
    window.bar.focus_sentence()
    for key in (Qt.Key.Key_M, Qt.Key.Key_R, Qt.Key.Key_S, Qt.Key.Key_Backspace):
        qtbot.keyClick(window.bar.first, key)
    assert window.bar.first.text() == "mr"
    assert not window.workspace.scenario.is_edited


def test_r_puts_a_piece_of_the_vocabulary_there(
    window: Window, chips: TokenChips, qtbot: QtBot, answered: Answered
) -> None:
    click(qtbot, chips, HE)
    qtbot.keyClick(chips, Qt.Key.Key_R)
    editor = window.strip.editor
    assert editor is not None
    qtbot.keyClicks(editor, "King")  # the starter's vocabulary is lower case
    answered(lambda: qtbot.keyClick(editor, Qt.Key.Key_Return))
    assert chips.workspace.scenario == PAIR.replace(HE, "king")
    assert window.strip.editor is None


def test_a_word_outside_the_vocabulary_is_refused_in_a_sentence_and_stays(
    window: Window, chips: TokenChips, qtbot: QtBot
) -> None:
    click(qtbot, chips, HE)
    qtbot.keyClick(chips, Qt.Key.Key_R)
    editor = window.strip.editor
    assert editor is not None
    qtbot.keyClicks(editor, "xyzzy")
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    assert "“xyzzy” is no piece of this model's vocabulary" in window.strip.note.text()
    assert editor.text() == "xyzzy"
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert window.strip.editor is None
    assert window.strip.note.isHidden()
    assert chips.workspace.scenario == PAIR


def test_the_editor_offers_pieces_that_begin_as_typed(window: Window, chips: TokenChips, qtbot: QtBot) -> None:
    click(qtbot, chips, HE)
    qtbot.keyClick(chips, Qt.Key.Key_R)
    assert window.strip.editor is not None
    completer = window.strip.editor.completer()
    completer.setCompletionPrefix("Kin")
    offered = {completer.completionModel().index(row, 0).data() for row in range(completer.completionCount())}
    assert "king" in offered
    assert all(piece.lower().startswith("kin") for piece in offered)


def test_edits_follow_their_tokens_when_the_text_changes(window: Window, answered: Answered) -> None:
    answered(lambda: window.workspace.edit(lambda scenario: scenario.mask(DOG).flip(PLAY)))
    answered(lambda: window.workspace.set_texts("My big dog is cute", "he likes playing"))
    scenario = window.workspace.scenario
    assert scenario.edits == (Edit(DOG + 1, "mask"),)
    assert scenario.flips == {PLAY + 1}


def test_an_edit_whose_token_is_gone_is_dropped_and_the_strip_says_so(window: Window, answered: Answered) -> None:
    answered(lambda: window.workspace.edit(lambda scenario: scenario.mask(DOG)))
    answered(lambda: window.workspace.set_texts("My cat is cute", "he likes playing"))
    assert window.workspace.scenario.edits == ()
    assert window.strip.note.text() == "Edits that went with their tokens: 1."
    answered(lambda: window.workspace.set_texts("My cat is sweet", "he likes playing"))
    assert window.strip.note.isHidden()


def test_the_strip_says_which_tokens_do_not_fit(window: Window, answered: Answered) -> None:
    answered(lambda: window.workspace.set_texts("dog " * 520 + "cat", ""))
    note = window.strip.note.text()
    assert note.startswith("The model reads 512 of 523 tokens. Cut from A (11): “dog dog")
    assert window.strip.count.text().startswith("512 of 512 tokens")


def test_512_tokens_take_two_rows_and_scroll_to_the_chosen_one(window: Window, answered: Answered) -> None:
    chips = window.strip.chips
    one_row = chips.height()
    answered(lambda: window.workspace.set_texts("dog " * 520, ""))
    assert one_row < chips.height() <= 2 * one_row
    window.workspace.select(token=500)
    assert chips.viewport().rect().contains(chips.place(500))


def test_a_pair_that_fits_shows_no_scroll_bar(chips: TokenChips) -> None:
    assert not chips.verticalScrollBar().isVisible()
    assert not chips.horizontalScrollBar().isVisible()


def test_down_goes_to_the_token_below(window: Window, chips: TokenChips, qtbot: QtBot, answered: Answered) -> None:
    answered(lambda: window.workspace.set_texts("dog " * 100, ""))
    chips.hold(3)
    qtbot.keyClick(chips, Qt.Key.Key_Down)
    below = chips.workspace.selection.token
    assert below is not None
    assert below > 10
    assert abs(chips.place(below).center().x() - chips.place(3).center().x()) < 30
    qtbot.keyClick(chips, Qt.Key.Key_Up)
    assert chips.workspace.selection.token == 3


def test_a_screen_reader_hears_everything_that_a_chip_shows(
    chips: TokenChips, qtbot: QtBot, answered: Answered
) -> None:
    answered(lambda: chips.workspace.edit(lambda scenario: scenario.replace(HE, "king").flip(HE)))
    chips.hold(HE)
    assert chips.workspace.trace is not None
    king = chips.workspace.trace.input_ids[HE]
    assert chips.accessibleName() == (
        f"king, token 6 of 11, id {king}, segment A; replaced, was he; its segment was flipped"
    )


@pytest.mark.parametrize(("kind", "colour"), [("mask", "masked"), ("keep", "kept")])
def test_an_edited_chip_has_the_colour_of_its_edit(
    chips: TokenChips, answered: Answered, kind: str, colour: str
) -> None:
    answered(lambda: chips.workspace.edit(lambda scenario: getattr(scenario, kind)(DOG)))
    place = chips.place(DOG)
    picture = chips.viewport().grab().toImage()
    tint = QColor(theme.mixed(getattr(theme.palette(), colour), theme.palette().paper, 0.7))
    assert picture.pixelColor(place.left() + 4, place.bottom() - 4) == tint


def test_the_band_over_a_chip_has_its_segments_colour(chips: TokenChips) -> None:
    picture = chips.viewport().grab().toImage()
    colours = theme.palette()
    for position, colour in ((MY, colours.segment_a), (HE, colours.segment_b), (0, colours.special)):
        place = chips.place(position)
        drawn = picture.pixelColor(place.center().x(), place.top() + 1)
        wanted = QColor(colour)
        assert np.allclose(drawn.getRgb()[:3], wanted.getRgb()[:3], atol=2)


def test_positions_that_were_never_trained_are_marked_and_said(window: Window, answered: Answered) -> None:
    workspace = window.workspace
    assert workspace.bert is not None
    workspace.bert.trained_length = 9
    answered(lambda: workspace.edit(lambda scenario: scenario.mask(DOG)))
    assert "never saw a token at position 9 or later" in window.strip.note.text()
    assert "never trained" in window.strip.chips.describe(9)
    assert "never trained" not in window.strip.chips.describe(8)


def test_the_context_menu_says_the_same_as_the_token_menu(window: Window) -> None:
    assert window.strip.chips.actions() == window.actions_table.of("token")


def test_menu_entries_are_off_while_no_token_is_chosen(window: Window, qtbot: QtBot) -> None:
    window.bar.focus_sentence()
    mask, restore = window.actions_table["mask"], window.actions_table["restore"]
    assert not mask.isEnabled()
    window.workspace.select(token=DOG)
    assert mask.isEnabled()
    assert not restore.isEnabled()


def test_the_number_of_tokens_has_its_room_at_every_text_size(window: Window) -> None:
    count = window.strip.count
    for steps in (1, 0):
        window.scale_text(steps)
        QApplication.processEvents()
        needed = count.fontMetrics().size(Qt.TextFlag.TextSingleLine, count.text())
        assert count.width() >= needed.width()
        assert count.height() >= needed.height()


def test_an_edit_of_the_pinned_answer_can_be_taken_back_while_it_is_seen(
    window: Window, qtbot: QtBot, answered: Answered
) -> None:
    workspace = window.workspace
    answered(lambda: workspace.edit(lambda scenario: scenario.mask(2)))
    workspace.pin()
    answered(lambda: workspace.edit(lambda scenario: scenario.restore(2)))
    workspace.select(token=2)
    assert not window.strip.is_changed
    answered(lambda: workspace.compare(Shown.PINNED))
    assert window.strip.is_changed
