from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetricsF
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.tabs.tokens import TokensTab
from explorer.widgets import input_table as rows
from explorer.workspace import Workspace
from model.scenario import Scenario
from tests.explorer.tabs.conftest import Show, plain
from tests.model.checkpoints import VOCABULARY


@pytest.fixture
def tab(show: Show) -> TokensTab:
    return cast(TokensTab, show(TokensTab))


def row(tab: TokensTab, number: int) -> list[str]:
    model = tab.table.rows
    return [model.index(number, column).data() for column in range(model.columnCount())]


def test_the_lower_rows_are_what_the_network_reads(tab: TokensTab, workspace: Workspace) -> None:
    assert workspace.trace is not None
    inputs = workspace.trace.inputs
    assert row(tab, rows.TOKEN) == list(inputs.tokens)
    assert row(tab, rows.ID) == [str(entry) for entry in inputs.input_ids]
    assert row(tab, rows.SEGMENT) == ["A 0"] * 6 + ["B 1"] * 5
    assert row(tab, rows.POSITION) == [str(place) for place in range(11)]
    assert row(tab, rows.MASK) == ["1"] * 11
    assert row(tab, rows.LABEL) == ["IsNext", "–", "dog", *["–"] * 8]


def test_the_upper_rows_are_what_the_text_says(tab: TokensTab) -> None:
    assert row(tab, rows.TYPED)[1:5] == ["My", "dog", "is", "cute"]
    assert row(tab, rows.NORMALISED)[1:5] == ["my", "dog", "is", "cute"]
    assert row(tab, rows.PIECES)[8:10] == ["play", "##ing"]


def test_a_word_is_as_wide_as_its_pieces(tab: TokensTab) -> None:
    assert tab.table.columnSpan(rows.TYPED, 8) == 2
    assert row(tab, rows.TYPED)[8] == "playing"


def test_the_tab_says_that_playing_is_cut(tab: TokensTab) -> None:
    assert f"playing is not in this vocabulary of {VOCABULARY:,} entries, so it is cut: play + ##ing." in plain(
        tab.answer
    )
    assert "7 words become 11 tokens" in plain(tab.answer)


def test_the_candidates_are_tried_longest_first(tab: TokensTab) -> None:
    first, second = tab.candidates.text().split("</p>")[:2]
    assert plain(first).split() == ["playing", "playin", "playi", "play", "taken"]
    assert plain(second).split() == ["##ing", "taken"]
    assert "<s>playi</s>" in tab.candidates.text()
    assert "<s>play</s>" not in tab.candidates.text()


def test_a_click_on_a_word_opens_it(tab: TokensTab, workspace: Workspace, qtbot: QtBot) -> None:
    cell = tab.table.visualRect(tab.table.rows.index(rows.TOKEN, 4)).center()
    qtbot.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert workspace.clicked.token == 4
    assert plain(tab.answer).startswith(f"cute is in this vocabulary of {VOCABULARY:,} entries, so it stays whole.")


def test_a_click_chooses_the_token_that_was_let_go_of(tab: TokensTab, workspace: Workspace, qtbot: QtBot) -> None:
    cell = tab.table.visualRect(tab.table.rows.index(rows.TOKEN, 4)).center()
    for _ in range(2):
        workspace.release()
        qtbot.mouseClick(tab.table.viewport(), Qt.MouseButton.LeftButton, pos=cell)
    assert workspace.clicked.token == 4


def test_arrow_keys_walk_from_token_to_token(tab: TokensTab, workspace: Workspace, qtbot: QtBot) -> None:
    tab.table.setCurrentIndex(tab.table.rows.index(rows.TOKEN, 2))
    qtbot.keyClick(tab.table, Qt.Key.Key_Right)
    assert workspace.clicked.token == 3


def test_an_unknown_word_says_why(show: Show) -> None:
    assert "becomes [UNK]: the vocabulary" in plain(show(TokensTab, Scenario("a 龘 b")).answer)


def test_a_word_of_500_letters_pushes_nothing_out_of_the_page(show: Show) -> None:
    tab = cast(TokensTab, show(TokensTab, Scenario("a " + "abcdefghij" * 50)))
    assert tab._word.heading == "Why “abcdefghijabcd…hijabcdefghij” becomes [UNK]"
    assert tab._left.width() <= tab._scroll.viewport().width()
    assert tab._left.minimumSizeHint().width() <= tab._left.width()


def test_a_long_word_of_many_pieces_pushes_nothing_out_of_the_page(show: Show) -> None:
    tab = cast(TokensTab, show(TokensTab, Scenario("pneumonoultramicroscopicsilicovolcanoconiosis" * 2)))
    assert tab._left.minimumSizeHint().width() <= tab._left.width()


def test_a_word_of_many_pieces_is_named_where_it_begins(show: Show) -> None:
    tab = cast(TokensTab, show(TokensTab, Scenario("pneumonoultramicroscopicsilicovolcanoconiosis")))
    assert tab.table.columnSpan(rows.TYPED, 1) > 4
    assert tab.table.rows.look(rows.TYPED, 1).alignment & Qt.AlignmentFlag.AlignLeft


def test_a_piece_that_is_chosen_marks_its_whole_word(tab: TokensTab, workspace: Workspace) -> None:
    workspace.select(token=9)
    look = tab.table.rows.look
    assert look(rows.TYPED, 8).tint == look(rows.PIECES, 9).tint is not None
    assert look(rows.PIECES, 8).tint is None


def test_only_words_that_are_read_are_explained(show: Show) -> None:
    tab = cast(TokensTab, show(TokensTab, Scenario("dog " * 509 + "playing dog dog")))
    assert tab._spelling is not None
    assert len(tab._spelling.words) == 510
    assert tab._spelling.words[-1].how.typed == "playing"  # though its ##ing is beyond the end


def test_what_does_not_fit_is_counted(show: Show) -> None:
    tab = show(TokensTab, Scenario("dog " * 515))
    assert "left out: 5." in plain(tab.answer)


def test_playing_stays_whole_where_the_vocabulary_has_it(
    show: Show, starter_folder: Path, tmp_path: Path, workspace: Workspace, qtbot: QtBot
) -> None:
    for file in starter_folder.iterdir():
        if file.is_file():
            (tmp_path / file.name).write_bytes(file.read_bytes())
    vocabulary = (tmp_path / "vocab.txt").read_text(encoding="utf-8").split("\n")
    vocabulary[vocabulary.index("##ing")] = "playing"
    (tmp_path / "vocab.txt").write_text("\n".join(vocabulary), encoding="utf-8")
    (tmp_path / "tokenizer.json").unlink(missing_ok=True)
    tab = cast(TokensTab, show(TokensTab))
    workspace.open_model(tmp_path, Scenario("My dog is cute", "He likes playing"))
    qtbot.waitUntil(lambda: "stays whole" in tab.answer, timeout=20_000)
    assert f"playing is in this vocabulary of {VOCABULARY:,} entries, so it stays whole." in plain(tab.answer)


def test_a_column_has_room_for_its_piece_under_an_emoji_of_many_characters(show: Show) -> None:
    family = "👩\u200d👩\u200d👧"  # five characters, as [UNK] has, and two of them have no width
    tab = cast(TokensTab, show(TokensTab, Scenario(f"my dog {family} is")))
    assert row(tab, rows.TYPED)[3] == family
    assert row(tab, rows.PIECES)[3] == "[UNK]"
    bold = theme.mono()
    bold.setBold(True)
    assert tab.table.columnWidth(3) >= QFontMetricsF(bold).horizontalAdvance("[UNK]") + 10
