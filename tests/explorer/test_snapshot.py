"""The window's pictures without a window."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QFontDatabase, QImage, QPixmap
from pytestqt.qtbot import QtBot

from explorer import snapshot, theme
from explorer.widgets.bars import Bars
from explorer.window import Window
from model.bert import Bert
from model.lens import masked_lm, next_sentence
from model.scenario import Scenario


def options(out: Path, **chosen: object) -> argparse.Namespace:
    given = {"model": None, "text": None, "pair": None, "mask": [], "theme": "light", "size": (1440, 900), "scale": 1.0}
    return argparse.Namespace(out=out, **(given | chosen))


@pytest.fixture
def taken(qtbot: QtBot, tmp_path: Path) -> Path:
    """Snapshots of the chapter's pair with dog masked."""
    assert snapshot.run(options(tmp_path / "out", mask=[2], scale=2.0)) == 0
    return tmp_path / "out"


def test_each_tab_is_a_picture_of_the_asked_size(taken: Path) -> None:
    names = {"tokens", "embeddings", "attention", "layers", "masked-lm", "next-sentence", "pretrain"}
    assert {file.stem for file in taken.glob("*.png")} == names
    for name in names:
        picture = QImage(str(taken / f"{name}.png"))
        assert (picture.width(), picture.height()) == (2880, 1800)


def test_nothing_else_is_written(taken: Path) -> None:
    assert {file.suffix for file in taken.iterdir()} == {".png", ".json", ".npz"}


def test_the_arrays_are_those_of_the_trace_under_its_attribute_paths(taken: Path, starter: Bert) -> None:
    trace = starter.trace(Scenario("My dog is cute", "he likes playing").mask(2))
    with np.load(taken / "trace.npz") as arrays:
        np.testing.assert_allclose(arrays["attention"], trace.attention, atol=1e-5)
        np.testing.assert_allclose(arrays["embeddings.sum"], trace.embeddings.sum, atol=1e-5)
        np.testing.assert_allclose(arrays["hidden"], trace.hidden, atol=1e-4)
        assert set(arrays) >= {"query", "key", "value", "pooled", "input_ids", "segments", "positions"}


def test_the_json_holds_question_tokens_and_answers(taken: Path, starter: Bert) -> None:
    said = json.loads((taken / "trace.json").read_text(encoding="utf-8"))
    scenario = Scenario("My dog is cute", "he likes playing").mask(2)
    trace = starter.trace(scenario)
    assert said["model"] == "starter"
    assert Scenario.from_json(json.dumps(said["scenario"])) == scenario
    assert said["tokens"] == list(trace.tokens)
    expected = masked_lm.predictions(starter, trace, 2)
    assert [piece for piece, _ in said["predictions"]["2"]] == [piece for piece, _ in expected]
    is_next, _ = next_sentence.probabilities(starter, trace)
    assert said["next_sentence"]["IsNext"] == pytest.approx(is_next, abs=1e-4)


def test_what_was_written_is_printed(qtbot: QtBot, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    snapshot.run(options(tmp_path, text="The cat is [MASK].", size=(1024, 700), theme="dark"))
    printed = capsys.readouterr().out.split()
    assert {Path(line).name for line in printed} == {file.name for file in tmp_path.iterdir() if file.is_file()}
    assert list(json.loads((tmp_path / "trace.json").read_text(encoding="utf-8"))["predictions"]) == ["4"]


def test_a_picture_is_taken_once_everything_has_its_place(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, int]] = []

    def look(window: Window, scale: float) -> QPixmap:
        seen.extend((bars.height(), bars.sizeHint().height()) for bars in window.findChildren(Bars) if bars.isVisible())
        return QPixmap(1, 1)

    monkeypatch.setattr(snapshot, "_picture", look)
    text = "nobody believed the captain of the ship " * 10
    snapshot.run(options(tmp_path, text=text, pair=text, size=(1024, 700)))
    assert seen
    assert all(high >= needed for high, needed in seen)


def test_the_look_is_as_it_was_afterwards(qtbot: QtBot, tmp_path: Path) -> None:
    theme.apply("light")
    snapshot.run(options(tmp_path, theme="dark"))
    assert theme.palette() == theme.LIGHT
    assert QImage(str(tmp_path / "tokens.png")).pixelColor(720, 800).name().upper() == theme.DARK.paper


@pytest.mark.parametrize(
    ("chosen", "sentence"),
    [
        ({"mask": [40]}, "Position 40 is not there"),
        ({"text": " "}, "Sentence A is empty"),
        ({"model": Path("/nowhere")}, "/nowhere"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(
    qtbot: QtBot, tmp_path: Path, chosen: dict[str, object], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        snapshot.run(options(tmp_path, **chosen))


def test_a_machine_without_fonts_is_told_so(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QFontDatabase, "families", staticmethod(list))
    with pytest.raises(ValueError, match="no fonts"):
        snapshot.run(options(tmp_path))
