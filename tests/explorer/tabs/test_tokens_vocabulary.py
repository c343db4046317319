"""The vocabulary beside the input table: found, sorted, and put into the sentence (C8)."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.tabs.tokens import TokensTab
from explorer.widgets import input_table
from explorer.window import Window
from explorer.workspace import Workspace
from model.lookup import ID, KIND, PIECE
from tests.explorer.tabs.conftest import Show, plain
from tests.model.checkpoints import VOCABULARY


@pytest.fixture
def words(starter_folder: Path) -> list[str]:
    """The vocabulary as the file has it."""
    return (starter_folder / "vocab.txt").read_text(encoding="utf-8").splitlines()


@pytest.fixture
def tab(show: Show) -> TokensTab:
    return cast(TokensTab, show(TokensTab))


def listed(tab: TokensTab, column: int = PIECE) -> list[str]:
    model = tab.vocabulary.table.rows
    return [model.index(row, column).data() for row in range(model.rowCount())]


def current(tab: TokensTab) -> str:
    return str(tab.vocabulary.table.currentIndex().siblingAtColumn(PIECE).data())


def press_header(tab: TokensTab, column: int, qtbot: QtBot) -> None:
    header = tab.vocabulary.table.horizontalHeader()
    place = QPoint(header.sectionViewportPosition(column) + 10, header.height() // 2)
    qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_every_piece_is_listed_by_its_id(tab: TokensTab, words: list[str]) -> None:
    assert listed(tab) == words
    assert listed(tab, ID) == [str(entry) for entry in range(VOCABULARY)]
    assert plain(tab.vocabulary.count.text()) == f"This model knows {VOCABULARY:,} pieces."


def test_the_kind_of_a_piece_is_said_in_words(tab: TokensTab, words: list[str]) -> None:
    kinds = listed(tab, KIND)
    assert [kinds[words.index(piece)] for piece in ("[MASK]", "play", "##ing")] == ["special", "word", "continuation"]


def test_a_search_keeps_the_pieces_that_have_it_the_piece_itself_first(
    tab: TokensTab, words: list[str], qtbot: QtBot
) -> None:
    qtbot.keyClicks(tab.vocabulary.search, "ing")
    hits = [word for word in words if "ing" in word]
    itself = [piece for piece in ("ing", "##ing") if piece in words]
    assert listed(tab) == [*itself, *(word for word in hits if word not in itself)]
    assert plain(tab.vocabulary.count.text()) == f"Pieces with ing: {len(hits)} of {VOCABULARY:,}."


def test_hashes_find_continuations_only(tab: TokensTab, words: list[str], qtbot: QtBot) -> None:
    qtbot.keyClicks(tab.vocabulary.search, "##ing")
    assert sorted(listed(tab)) == sorted(word for word in words if "##ing" in word)


def test_capitals_find_what_an_uncased_model_reads(tab: TokensTab, qtbot: QtBot) -> None:
    qtbot.keyClicks(tab.vocabulary.search, "DOG")
    assert listed(tab)[0] == "dog"


def test_a_search_without_hits_says_what_becomes_of_such_a_word(tab: TokensTab, qtbot: QtBot) -> None:
    qtbot.keyClicks(tab.vocabulary.search, "<b>q")
    assert f"No piece of {VOCABULARY:,} has <b>q in it." in plain(tab.vocabulary.count.text())
    assert listed(tab) == []


def test_a_heading_sorts_and_turns_the_order_around(tab: TokensTab, words: list[str], qtbot: QtBot) -> None:
    press_header(tab, PIECE, qtbot)
    assert listed(tab) == sorted(words)
    press_header(tab, PIECE, qtbot)
    assert listed(tab) == sorted(words, reverse=True)


def test_the_sort_button_sorts_by_keyboard(tab: TokensTab, words: list[str]) -> None:
    by_piece = tab.vocabulary.sorting.menu().actions()[PIECE]
    by_piece.trigger()
    assert listed(tab) == sorted(words)


def test_a_token_that_is_chosen_shows_its_row(tab: TokensTab, workspace: Workspace) -> None:
    workspace.select(token=9)
    table = tab.vocabulary.table
    assert current(tab) == "##ing"
    assert table.viewport().rect().contains(table.visualRect(table.currentIndex()).center())


def test_a_click_on_a_token_under_the_mouse_shows_its_row(tab: TokensTab, workspace: Workspace, qtbot: QtBot) -> None:
    cell = tab.table.visualRect(tab.table.rows.index(input_table.TOKEN, 4)).center()
    workspace.hover(token=4)
    qtbot.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert current(tab) == "cute"


def test_enter_puts_a_piece_in_the_place_of_the_chosen_token(
    tab: TokensTab, workspace: Workspace, qtbot: QtBot
) -> None:
    workspace.select(token=4)
    qtbot.keyClicks(tab.vocabulary.search, "small")
    assert plain(tab.vocabulary.help.text()) == "Enter or a double click puts small in the place of cute, position 4."
    qtbot.keyClick(tab.vocabulary.search, Qt.Key.Key_Down)
    with qtbot.waitSignal(workspace.answered, timeout=10_000):
        qtbot.keyClick(tab.vocabulary.table, Qt.Key.Key_Return)
    assert workspace.trace is not None
    assert workspace.trace.tokens[4] == "small"


def test_a_double_click_puts_a_piece_in_the_place_of_the_chosen_token(
    tab: TokensTab, workspace: Workspace, words: list[str], qtbot: QtBot
) -> None:
    table = tab.vocabulary.table
    workspace.select(token=4)
    below = table.currentIndex().siblingAtRow(table.currentIndex().row() + 1)
    with qtbot.waitSignal(workspace.answered, timeout=10_000):
        qtbot.mouseDClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(below).center())
    assert workspace.trace is not None
    assert workspace.trace.tokens[4] == words[words.index("cute") + 1]


def test_without_a_chosen_token_enter_changes_nothing_and_the_tab_says_what_to_do(
    tab: TokensTab, workspace: Workspace, qtbot: QtBot
) -> None:
    before = workspace.scenario
    qtbot.keyClicks(tab.vocabulary.search, "small\r")
    qtbot.keyClick(tab.vocabulary.table, Qt.Key.Key_Return)
    assert workspace.scenario == before
    assert plain(tab.vocabulary.help.text()).startswith("Choose a token and then a row here")


def test_esc_ends_the_search_and_leaves_the_token_chosen(window: Window, qtbot: QtBot) -> None:
    tab = window.pages["tokens"]
    assert isinstance(tab, TokensTab)
    qtbot.waitUntil(lambda: bool(tab.vocabulary.entries.tokens), timeout=10_000)
    window.workspace.select(token=4)
    tab.vocabulary.search.setFocus()
    qtbot.keyClicks(tab.vocabulary.search, "small")
    qtbot.keyClick(tab.vocabulary.search, Qt.Key.Key_Escape)
    assert tab.vocabulary.search.text() == ""
    assert window.workspace.clicked.token == 4
    assert current(tab) == "cute"


def test_tab_goes_from_the_search_into_the_table(window: Window, qtbot: QtBot) -> None:
    tab = window.pages["tokens"]
    assert isinstance(tab, TokensTab)
    tab.vocabulary.search.setFocus()
    qtbot.keyClick(tab.vocabulary.search, Qt.Key.Key_Tab)
    assert tab.vocabulary.table.hasFocus()


def test_a_screen_reader_hears_what_a_cell_is(tab: TokensTab, words: list[str]) -> None:
    cell = tab.vocabulary.table.rows.index(words.index("##ing"), KIND)
    assert cell.data(Qt.ItemDataRole.AccessibleTextRole) == "kind: continuation"


def test_the_hits_leave_the_window_as_csv(tab: TokensTab, words: list[str], qtbot: QtBot) -> None:
    qtbot.keyClicks(tab.vocabulary.search, "playe")
    expected = [f"{entry},{word},word" for entry, word in enumerate(words) if "playe" in word]
    assert tab._listed.sheet().csv().splitlines() == [",piece,kind", *expected]


def test_the_largest_text_cuts_no_kind(light: None, tab: TokensTab) -> None:
    theme.set_text_scale(theme.TEXT_SCALES[-1])
    QApplication.processEvents()
    table = tab.vocabulary.table
    needed = table.fontMetrics().horizontalAdvance("continuation") + 2 * 5  # the padding of a cell
    assert table.columnWidth(KIND) > needed
    assert table.minimumWidth() <= table.width()
    theme.set_text_scale(1.0)


def test_the_dark_look_writes_the_count_in_its_own_ink(light: None, tab: TokensTab) -> None:
    theme.apply("dark")
    assert theme.palette().ink in tab.vocabulary.count.text()
    theme.apply("light")
