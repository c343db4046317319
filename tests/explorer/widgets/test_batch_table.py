"""The batch being learnt."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, Qt, QTranslator
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.widgets.batch_table import BatchTable, rows_of
from tests.explorer.runs import batch
from tests.explorer.test_translation import translated

TEXT, INPUT, GUESS, LOSS = range(4)
ROLE = Qt.ItemDataRole


@pytest.fixture
def table(qtbot: QtBot, light: None) -> BatchTable:
    table = BatchTable()
    qtbot.addWidget(table)
    table.resize(300, 400)
    table.show_batch(batch())
    table.show()
    return table


def cell(table: BatchTable, row: int, column: int, role: ROLE = ROLE.DisplayRole) -> Any:
    return table.model.data(table.model.index(row, column), role)


def sentence(table: BatchTable) -> str:
    return unescape(re.sub(r"<[^>]+>", "", table.answer.text())).replace("\N{NO-BREAK SPACE}", " ")


def hostile(**changes: object) -> dict[str, object]:
    """A batch of one row with some of its fields otherwise."""
    rows = batch()["rows"]
    assert isinstance(rows, list)
    return {"step": 500, "rows": [rows[0] | changes]}


def test_a_masked_word_stands_beside_what_the_network_reads_and_guesses(table: BatchTable) -> None:
    assert [cell(table, 2, column) for column in range(4)] == ["dog", "[MASK]", "dog", "0.31"]


def test_a_token_that_was_not_chosen_has_no_guess(table: BatchTable) -> None:
    assert [cell(table, 1, column) for column in range(4)] == ["my", "·", "", ""]


def test_the_three_kinds_have_their_colours(table: BatchTable) -> None:
    colours = theme.palette()
    tints = [table.model.look(row, INPUT).tint for row in (2, 4, 6)]
    assert tints == [colours.masked, colours.replaced, colours.kept]


def test_only_a_right_guess_is_bold(table: BatchTable) -> None:
    assert [table.model.look(row, GUESS).font.bold() for row in (2, 4, 6)] == [True, False, True]


def test_the_sentence_says_the_label_its_loss_and_how_many_are_of_each_kind(table: BatchTable) -> None:
    assert " ".join(sentence(table).split()) == "IsNext, loss 0.20 · 1 masked 1 replaced 1 kept"


def test_another_input_of_the_batch_is_chosen_by_its_number(qtbot: QtBot, table: BatchTable) -> None:
    assert table.number.text() == "input 1 of 2"
    qtbot.keyClick(table.number, Qt.Key.Key_Up)
    assert sentence(table) == "NotNext, loss 0.90"
    assert cell(table, 2, TEXT) == "[MASK]"


def test_the_next_batch_is_shown_at_the_input_that_was_chosen(table: BatchTable) -> None:
    table.number.setValue(2)
    table.show_batch(batch() | {"step": 501})
    assert table.number.value() == 2
    assert "NotNext" in sentence(table)


def test_a_batch_of_fewer_inputs_shows_its_last(table: BatchTable) -> None:
    table.number.setValue(2)
    table.show_batch(hostile())
    assert "IsNext" in sentence(table)
    assert not table.number.isVisible()


def test_the_same_batch_again_leaves_the_table_alone(qtbot: QtBot, table: BatchTable) -> None:
    with qtbot.assertNotEmitted(table.model.dataChanged), qtbot.assertNotEmitted(table.model.modelReset):
        table.show_batch(batch())


def test_the_next_batch_leaves_the_table_where_it_was_scrolled_to(qtbot: QtBot, table: BatchTable) -> None:
    table.resize(300, 200)
    QApplication.processEvents()
    table.grid.verticalScrollBar().setValue(3)
    table.show_batch(batch() | {"step": 501})
    assert table.grid.verticalScrollBar().value() == 3


def test_before_the_first_batch_it_says_when_it_comes(table: BatchTable) -> None:
    table.show_batch(None)
    assert sentence(table) == "It comes with the first steps of a run."
    assert not table.grid.isVisible()
    assert not table.number.isVisible()


def test_a_run_without_the_question_of_the_next_sentence_has_no_label(table: BatchTable) -> None:
    table.show_batch(hostile(next_label=None, nsp_loss=None))
    assert " ".join(sentence(table).split()) == "1 masked 1 replaced 1 kept"


@pytest.mark.parametrize("rows", [None, 5, "rows", {"a": 1}, [], [None, 5, "row", [], {}]])
def test_a_batch_without_rows_says_what_one_without_a_batch_does(table: BatchTable, rows: object) -> None:
    table.show_batch({"step": 500, "rows": rows})
    assert sentence(table) == "It comes with the first steps of a run."


@pytest.mark.parametrize(
    "chosen",
    [
        {"position": 2},
        {"position": "two", "kind": "masked", "label": "dog", "loss": 1.0, "guess": "dog"},
        {"position": 1e999, "kind": "masked", "label": "dog", "loss": 1.0, "guess": "dog"},
        7,
        None,
    ],
)
def test_an_input_that_is_damaged_is_left_out_and_the_others_stay(chosen: object) -> None:
    rows = batch()["rows"]
    assert isinstance(rows, list)
    assert rows_of({"rows": [rows[0] | {"chosen": [chosen]}, rows[1]]}) == rows_of(batch())[1:]


@pytest.mark.parametrize("loss", ["much", None, float("nan"), float("inf"), [1.0]])
def test_a_loss_that_is_no_number_is_a_dash(table: BatchTable, loss: object) -> None:
    chosen = {"position": 2, "kind": "masked", "label": "dog", "loss": loss, "guess": "dog"}
    table.show_batch(hostile(chosen=[chosen], nsp_loss=loss))
    assert cell(table, 2, LOSS) == "–"
    assert "IsNext, loss –" in sentence(table)


@pytest.mark.parametrize("label", ["IsNext", 7, [], {}, 0.5])
def test_a_label_that_is_none_is_not_taken_for_one(table: BatchTable, label: object) -> None:
    table.show_batch(hostile(next_label=label))
    assert "Next" not in sentence(table)


def test_a_kind_that_is_not_known_is_no_choice(table: BatchTable) -> None:
    table.show_batch(hostile(chosen=[{"position": 2, "kind": "page", "label": "dog", "loss": 1.0, "guess": "dog"}]))
    assert [cell(table, 2, column) for column in range(4)] == ["[MASK]", "·", "", ""]


def test_places_beyond_the_input_are_passed_over(table: BatchTable) -> None:
    entry = {"kind": "masked", "label": "dog", "loss": 1.0, "guess": "dog"}
    table.show_batch(hostile(chosen=[entry | {"position": place} for place in (-1, 11, 10**9)]))
    assert "masked" not in sentence(table)


def test_a_huge_batch_is_shown_in_part(table: BatchTable) -> None:
    table.show_batch(hostile(pieces=["x" * 10**6] * 10**5, chosen=[]))
    assert table.model.rowCount() == 1_000
    assert len(cell(table, 0, TEXT)) == 1_000


def test_pieces_with_tags_or_figures_are_shown_as_they_are(qtbot: QtBot, table: BatchTable) -> None:
    table.show_batch(hostile(pieces=["<b>", "&amp;", 7, "😀"], chosen=[]))
    assert [cell(table, row, TEXT) for row in range(4)] == ["<b>", "&amp;", "7", "😀"]
    assert cell(table, 0, TEXT, ROLE.ToolTipRole) == "<p>&lt;b&gt;</p>"


def test_a_piece_keeps_its_order_in_a_window_from_right_to_left(table: BatchTable, qapp: QApplication) -> None:
    qapp.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    try:
        assert "\u2068##ing\u2069" in table.model.look(9, TEXT).text
    finally:
        qapp.setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def test_the_sentence_takes_up_the_dark_look(table: BatchTable) -> None:
    theme.apply("dark")
    assert theme.DARK.ink in table.answer.text()
    assert theme.LIGHT.ink not in table.answer.text()


def test_columns_stay_readable_at_twice_the_text_size(table: BatchTable) -> None:
    theme.set_text_scale(2.0)
    QApplication.processEvents()
    header, words = table.grid.horizontalHeader(), table.grid.fontMetrics()
    for column, name in enumerate(table.model.names):
        assert header.sectionSize(column) >= words.horizontalAdvance(name) + 16
    assert table.grid.rowHeight(0) >= words.height()


def test_a_screen_reader_is_told_what_is_read_there_and_why(table: BatchTable) -> None:
    assert cell(table, 2, INPUT, ROLE.AccessibleTextRole) == "input: [MASK], masked"
    assert cell(table, 1, INPUT, ROLE.AccessibleTextRole) == "input: my"
    assert table.grid.accessibleName()
    assert table.number.accessibleName()


class _Longer(QTranslator):
    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, source: str, _: str | None = None, n: int = -1) -> str | None:  # type: ignore[override]
        return translated(source)


def test_the_number_of_the_input_is_a_whole_sentence_for_its_translator(qtbot: QtBot, light: None) -> None:
    translator = _Longer()
    QCoreApplication.installTranslator(translator)
    try:
        table = BatchTable()
        qtbot.addWidget(table)
        table.show_batch(batch())
        said = table.number.text()
    finally:
        QCoreApplication.removeTranslator(translator)
    assert said == translated("input {number} of {count}").format(number=1, count=2)
