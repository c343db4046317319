"""What hurts a user in the whole window: broken weights, words of other scripts, focus that chooses by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextLayout
from pytestqt.qtbot import QtBot

import model
from explorer import theme
from explorer.widgets.panel import isolated
from explorer.window import Window
from model.scenario import Scenario
from tests.explorer.conftest import Answered
from tests.explorer.tabs.conftest import plain
from tests.model.checkpoints import VOCABULARY


@pytest.fixture(scope="module")
def broken(starter_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter with one weight that is no number."""
    folder = tmp_path_factory.mktemp("models") / "broken"
    bert = model.load(starter_folder)
    with torch.no_grad():
        bert.network.bert.encoder.layer[3].output.LayerNorm.weight[0] = float("nan")
    model.save(bert, folder)
    return folder


@pytest.mark.parametrize("name", ["tokens", "embeddings", "attention", "layers", "masked-lm", "next-sentence"])
def test_a_model_that_computes_no_numbers_is_said_to(window: Window, broken: Path, qtbot: QtBot, name: str) -> None:
    workspace = window.workspace
    window.show_tab(name)
    with qtbot.waitSignal(workspace.answered, timeout=10_000):
        window.open_model(broken)
    qtbot.waitUntil(lambda: workspace.worker.is_idle)
    workspace.select(head=(5, 7))
    window.grab()
    assert "not finite" in window.strip.note.text() or "finite" in window.pages[name].sentence
    if name in ("layers", "masked-lm", "next-sentence"):
        assert "some of its weights are not finite" in window.pages[name].sentence


def test_a_vocabulary_smaller_than_the_embedding_is_said(
    window: Window, starter_folder: Path, tmp_path: Path, answered: Answered
) -> None:
    bert = model.load(starter_folder)
    model.save(bert, tmp_path / "small")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / "small" / name).unlink(missing_ok=True)
    vocabulary = (tmp_path / "small" / "vocab.txt").read_text("utf-8").splitlines()
    (tmp_path / "small" / "vocab.txt").write_text("\n".join(vocabulary[:5_000]) + "\n", "utf-8")
    answered(lambda: window.open_model(tmp_path / "small"))
    assert f"The vocabulary names 5000 of the {VOCABULARY} rows" in window.strip.note.text()


def test_the_focus_alone_chooses_no_token(window: Window, qtbot: QtBot) -> None:
    window.workspace.select(token=3)
    window.show_tab("tokens")
    table = window.pages["tokens"].table  # type: ignore[attr-defined]
    table.setFocus()
    assert window.workspace.selection.token == 3
    qtbot.keyClick(table, Qt.Key.Key_Right)
    assert window.workspace.selection.token == 4


def test_an_improbable_word_has_its_number(window: Window, answered: Answered, qtbot: QtBot) -> None:
    answered(lambda: window.workspace.ask(Scenario("My dog is cute").mask(2)))
    window.show_tab("masked-lm")
    page = window.pages["masked-lm"].predictions  # type: ignore[attr-defined]
    page.word.setText("brunch")
    qtbot.waitUntil(lambda: "brunch" in page.score.text())
    assert plain(page.score.text()).endswith("0.01 %.")
    assert "<" not in plain(page.score.text())


def test_a_sentence_about_hebrew_stays_a_sentence(window: Window, answered: Answered, qtbot: QtBot) -> None:
    window.show_tab("tokens")
    answered(lambda: window.workspace.set_texts("שלום dog", ""))
    label = window.pages["tokens"]._answer
    qtbot.waitUntil(lambda: plain(label.text()).startswith("שלום becomes [UNK]: "))
    image, paper = label.grab().toImage(), theme.palette().paper
    ink = {image.pixelColor(x, y).name().upper() for x in range(30) for y in range(image.height())}
    assert ink != {paper}, "the sentence does not begin at the left"


def test_two_hebrew_words_with_an_arrow_between_them_are_read_from_left_to_right(qapp: object) -> None:
    line = QTextLayout(f"{isolated('שלום')} → {isolated('עולם')} with 0.31", theme.font())
    line.beginLayout()
    line.createLine()
    line.endLayout()
    left, right = (line.lineAt(0).cursorToX(line.text().index(word)) for word in ("שלום", "עולם"))
    assert left[0] < right[0]  # type: ignore[index]
