"""The finder of the attention tab: which head does what, over many texts."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

import model
from explorer import paths
from explorer.tabs.attention import AttentionTab
from explorer.workspace import Workspace
from model.lens import head_finder
from model.lens.head_finder import RELATIONS
from model.lens.passes import result
from model.scenario import Scenario
from tests.explorer.tabs.conftest import Show, plain
from tests.model.checkpoints import hugging_face

Settle = Callable[[], None]


@pytest.fixture
def tab(show: Show, settle: Settle) -> AttentionTab:
    tab = cast(AttentionTab, show(AttentionTab))
    tab.beside.choose(2)
    settle()
    return tab


@pytest.fixture(scope="module")
def headless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("headless")
    hugging_face(folder, "BertModel", hidden_size=8, num_attention_heads=2, intermediate_size=8)
    return folder


def test_our_texts_are_many_and_some_are_pairs() -> None:
    texts = head_finder.texts((paths.resources() / "sentences.txt").read_text(encoding="utf-8"))
    assert 40 <= len(texts) <= head_finder.MOST
    assert sum(bool(second) for _, second in texts) >= 8


def test_the_finder_names_the_head_that_is_surest(tab: AttentionTab) -> None:
    found = tab.survey.found
    assert found is not None
    best = found.best("previous")
    assert best is not None
    assert found.hits["previous"][best] > 0.9
    said = rf"ayer {best[0] + 1} · head {best[1] + 1} (looks at the|on) token before"
    assert re.search(said, plain(tab.answer))


def test_sorted_by_a_pattern_the_rates_fall(tab: AttentionTab, qtbot: QtBot) -> None:
    for column, relation in enumerate(RELATIONS, start=1):
        tab.survey.table.horizontalHeader().sectionClicked.emit(column)
        assert tab.survey.sort.currentData() == relation
        rates = tab.survey.table.numbers.sheet.values[:, column].astype(float)
        assert (np.diff(rates) <= 0).all()


def test_it_is_told_apart_what_is_sorted(tab: AttentionTab) -> None:
    names = [{box.itemText(place) for place in range(box.count())} for box in (tab.heads.sort, tab.survey.sort)]
    assert not names[0] & names[1]


def test_enter_shows_the_head_of_the_row(tab: AttentionTab, workspace: Workspace, qtbot: QtBot) -> None:
    tab.survey.sort.setCurrentIndex(1)
    found = tab.survey.found
    assert found is not None
    tab.survey.table.setCurrentIndex(tab.survey.table.numbers.index(0, 1))
    assert workspace.clicked.head == found.best("previous")
    qtbot.keyClick(tab.survey.table, Qt.Key.Key_Return)
    assert tab.beside.current == 0
    assert tab.one.isVisible()
    assert "looks at the token before" in plain(tab.answer)


def test_the_table_leaves_as_named_heads(tab: AttentionTab) -> None:
    rows = list(csv.reader(io.StringIO(tab.survey.picture.sheet().csv())))
    assert len(rows) == 49
    assert rows[0][:3] == ["", "pattern", "previous hits"]
    assert rows[1][0] == "layer 1 head 1"
    assert len(rows[0]) == 2 + 2 * len(RELATIONS) + 1


def test_what_is_lost_without_a_head_is_told_sorted_and_leaves_with_the_table(
    tab: AttentionTab, workspace: Workspace, tmp_path: Path, settle: Settle, qtbot: QtBot
) -> None:
    file = tmp_path / "few.txt"
    file.write_text("I love you very much.\nMy dog is cute.\tHe likes playing.\n", encoding="utf-8")
    tab.survey.ask_file(file)
    settle()
    assert tab.survey.off is None
    qtbot.mouseClick(tab.survey.off_job.start, Qt.MouseButton.LeftButton)
    settle()
    assert workspace.bert is not None
    assert workspace.trace is not None
    texts = head_finder.texts(file.read_text(encoding="utf-8"))
    expected = result(head_finder.without(workspace.bert, workspace.trace, texts))
    assert expected.worst is not None
    layer, head = expected.worst
    assert plain(tab.survey.loss).startswith(f"Most is lost without layer {layer + 1} · head {head + 1}: +")
    assert tab.survey.table.numbers.sheet.rows[0] == f"layer {layer + 1} head {head + 1}"
    tab.resize(1410, 640)
    settle()
    assert tab.survey.table.horizontalScrollBar().maximum() == 0
    for name, of in (("rise of loss without it", expected.rise), ("other first guesses without it", expected.changed)):
        tab.survey.table.horizontalHeader().sectionClicked.emit(1 if of is expected.rise else 2)
        rows = list(csv.DictReader(io.StringIO(tab.survey.picture.sheet().csv())))
        written = [float(row[name]) for row in rows]
        np.testing.assert_allclose(written, np.sort(of.ravel())[::-1], atol=1e-6)
    names = {"bert": workspace.bert, "trace": workspace.trace, "model": model, "np": np}
    assert tab.survey.picture.python is not None
    exec(tab.survey.picture.python(), names)
    np.testing.assert_array_equal(names["values"].astype(str), tab.survey.picture.sheet().values.astype(str))  # type: ignore[attr-defined]
    tab.survey.ask_file(None)
    settle()
    assert tab.survey.off is None
    assert tab.survey.sort.currentData() is None
    assert len(tab.survey.picture.sheet().columns) == 1 + 2 * len(RELATIONS) + 1


def test_a_model_without_a_masked_lm_head_says_so(
    tab: AttentionTab, workspace: Workspace, headless: Path, settle: Settle
) -> None:
    workspace.open_model(headless)
    settle()
    assert tab.survey.found is not None
    assert "no masked-LM head" in plain(tab.survey.loss)
    assert not tab.survey.off_job.isVisible()


def test_texts_of_ones_own_are_counted(tab: AttentionTab, tmp_path: Path, settle: Settle, qtbot: QtBot) -> None:
    file = tmp_path / "mine <1>.txt"
    file.write_text("I love you.\nMy dog is cute.\tHe likes playing.\n", encoding="utf-8")
    tab.survey.ask_file(file)
    settle()
    if tab.survey.job.isVisible():
        qtbot.mouseClick(tab.survey.job.start, Qt.MouseButton.LeftButton)
        settle()
    assert tab.survey.found is not None
    assert tab.survey.found.texts == 2
    assert "mine <1>.txt" in plain(tab.survey.source)
    tab.survey.ours.click()
    settle()
    assert tab.survey.found.texts > 2


def test_a_file_that_cannot_be_read_is_a_sentence(tab: AttentionTab, tmp_path: Path, settle: Settle) -> None:
    tab.survey.ask_file(tmp_path / "gone.txt")
    settle()
    assert tab.survey.job.isVisible()
    assert "gone.txt cannot be read" in tab.survey.job.hint.text()


def test_another_question_does_not_count_again(tab: AttentionTab, workspace: Workspace, settle: Settle) -> None:
    found = tab.survey.found
    workspace.set_texts("I love you", "")
    settle()
    assert tab.survey.found is found
    workspace.ask(Scenario("I love you").toggle_head(0, 0))
    settle()
    assert tab.survey.found is not found


def test_a_session_can_name_the_finder(tab: AttentionTab) -> None:
    assert tab.side == "finder"
    tab.show_side("head")
    assert tab.one.isVisible()
