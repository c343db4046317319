"""Searching and drawing vocabularies that the shipped model does not have."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.widgets.vocabulary_table import VocabularyTable
from model.lookup import KIND, PIECE, entries

TOKENS = ("[UNK]", "Dog", "dog", "##dog", "[unused1]", "[row 6]", "שלום", "🙂", "<b>", "##")


def test_a_cased_model_tells_capitals_apart() -> None:
    assert entries(TOKENS, ("[UNK]",), lowercase=False).found("Dog") == [1]


def test_an_uncased_model_finds_its_special_tokens_in_small_letters() -> None:
    assert entries(TOKENS, ("[UNK]",), lowercase=True).found("unk") == [0]


def test_hits_keep_the_order_that_was_chosen() -> None:
    found = entries(("b", "ab", "aab", "a"), (), lowercase=True)
    assert found.found("a", PIECE) == [3, 2, 1]
    assert found.found("a", PIECE, descending=True) == [3, 1, 2]


def test_rows_that_no_text_leads_to_are_called_unused() -> None:
    kinds = entries(TOKENS, ("[UNK]",), lowercase=True).kinds
    assert kinds == ("special", "word", "word", "continuation", "unused", "unused", "word", "word", "word", "word")


def test_pieces_of_every_script_are_shown_as_they_are(qtbot: QtBot) -> None:
    table = VocabularyTable()
    qtbot.addWidget(table)
    table.rows.show_entries(entries(TOKENS, ("[UNK]",), lowercase=True))
    table.show()
    table.grab()
    assert [table.rows.index(row, PIECE).data() for row in range(len(TOKENS))] == list(TOKENS)
    assert table.rows.index(8, PIECE).data(Qt.ItemDataRole.ToolTipRole) == "&lt;b&gt;"


def test_sorting_keeps_the_current_piece_in_sight(qtbot: QtBot) -> None:
    table = VocabularyTable()
    qtbot.addWidget(table)
    table.resize(400, 200)
    table.show()
    table.rows.show_entries(entries(tuple(f"w{number:04}" for number in range(1_000)), (), lowercase=True))
    table.show_entry(700)
    table.turn(KIND)
    assert table.entry == 700
    assert table.viewport().rect().contains(table.visualRect(table.currentIndex()).center())
