"""What the card says of the model that is open, and of the next one."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from explorer.widgets.model_card import ModelCard
from explorer.widgets.stack import shown_layers
from explorer.window import Window
from tests.explorer.tabs.conftest import plain
from tests.model.checkpoints import VOCABULARY


@pytest.fixture
def card(window: Window, qtbot: QtBot) -> ModelCard:
    """The card, opened by its key."""
    qtbot.keyClick(window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier)
    card = window.findChild(ModelCard)
    assert card is not None
    qtbot.waitUntil(lambda: card.summary.text() != "")
    return card


def test_it_names_sizes_vocabulary_heads_and_origin(card: ModelCard, starter_folder: Path) -> None:
    assert card.summary.text() == "6 layers, each with 8 heads, on 256 numbers a token: 7,108,610 weights."
    facts = plain(card.facts.text())
    assert f"{VOCABULARY:,} entries" in facts
    assert "lower-cased" in facts
    assert "masked LM, next sentence" in facts
    assert str(starter_folder) in facts
    assert "The starter" in card.words.toPlainText()


def test_its_numbers_leave_as_a_table_that_adds_up(card: ModelCard) -> None:
    lines = list(csv.DictReader(io.StringIO(card.picture.sheet().csv())))
    assert sum(int(line["parameters"]) for line in lines) == 7_108_610
    layer = {line[""]: line for line in lines}["feed-forward"]
    assert layer["sizes"] == "256 → 1,024 → 256"
    # By hand: two projections with their biases, and a LayerNorm.
    assert int(layer["parameters of one"]) == 256 * 1_024 + 1_024 + 1_024 * 256 + 256 + 2 * 256


def test_it_follows_the_model_that_is_opened_next(
    card: ModelCard, window: Window, starter_folder: Path, tmp_path: Path, qtbot: QtBot
) -> None:
    other = tmp_path / "other"
    shutil.copytree(starter_folder, other)
    (other / "MODEL_CARD.md").unlink()
    window.open_model(other)
    qtbot.waitUntil(lambda: card.heading.text() == "other" and not card._told.isVisible(), timeout=10_000)


@pytest.mark.parametrize(("layers", "boxes", "hidden"), [(1, 1, 0), (12, 12, 0), (13, 11, 2), (48, 11, 37)])
def test_a_tall_stack_hides_its_middle_and_says_how_much(layers: int, boxes: int, hidden: int) -> None:
    shown, left = shown_layers(layers)
    assert (len(shown), left) == (boxes, hidden)
    assert shown[0] == layers
    assert shown[-1] == 1
    assert sorted(shown, reverse=True) == shown
