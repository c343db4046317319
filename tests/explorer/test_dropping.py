"""Files and folders that are dropped on the window."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from explorer import session
from explorer.widgets.model_picker import bundled
from explorer.window import Window
from tests.explorer.conftest import PAIR, Answered

KEPT = Path(__file__).parent / "data" / "session-1.bertx"


def warned(window: Window) -> str:
    return window.bar.notes["refused"].text()


def drag(target: QWidget, *paths: Path, drop: bool = True) -> bool:
    """Drags files over a widget, and lets go of them where they are accepted."""
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    data.setText(" ".join(map(str, paths)))  # as file managers do
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), copy, data, left, none)
    QApplication.sendEvent(target, enter)
    if enter.isAccepted() and drop:
        QApplication.sendEvent(target, QDropEvent(QPoint(5, 5), copy, data, left, none))
    return enter.isAccepted()


def test_a_session_that_is_dropped_on_the_window_opens(window: Window, answered: Answered) -> None:
    answered(lambda: drag(window, KEPT))
    assert window.sessions.session() == session.read(KEPT)


def test_a_model_folder_that_is_dropped_is_asked_the_present_question(window: Window, answered: Answered) -> None:
    answered(lambda: drag(window, next(folder for folder in bundled() if folder.name == "textbook")))
    assert window.workspace.bert is not None
    assert window.workspace.bert.name == "textbook"
    assert window.workspace.scenario == PAIR


def test_a_folder_without_a_model_is_a_sentence(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    with qtbot.waitSignal(window.workspace.refused, timeout=10_000):
        drag(window, tmp_path)
    assert str(tmp_path) in warned(window)
    assert window.workspace.scenario == PAIR


def test_dropped_texts_are_what_the_next_training_reads(window: Window, tmp_path: Path) -> None:
    texts = [tmp_path / "a.txt", tmp_path / "b.txt.gz"]
    assert drag(window, *texts)
    assert window.page is window.pretrain
    window.pretrain.desk.form.hold(True)
    assert window.pretrain.desk.form._corpus.value()[1] == tuple(map(str, texts))
    window.pretrain.desk.training.follow(False)


def test_a_dropped_recipe_is_shown_in_the_form(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("steps = 77\n[corpus]\nlittle_world = 100\n[network]\npreset = 'tiny'\n")
    assert drag(window, file)
    form = window.pretrain.desk.form
    form.hold(True)
    assert window.page is window.pretrain
    qtbot.waitUntil(lambda: (recipe := form.recipe()) is not None and recipe.steps == 77, timeout=20_000)
    window.pretrain.desk.training.follow(False)


@pytest.mark.parametrize("names", [("picture.png",), ("a.txt", "b.pdf"), ("one.bertx", "two.bertx"), ("weights",)])
def test_anything_else_that_is_dropped_is_a_sentence(window: Window, tmp_path: Path, names: tuple[str, ...]) -> None:
    before = window.sessions.session()
    assert drag(window, *(tmp_path / name for name in names))
    assert "cannot be opened here: drop a session (.bertx), a model folder, a recipe (.toml) or texts" in warned(window)
    assert window.sessions.session() == before


def test_what_is_no_file_is_not_taken(window: Window) -> None:
    data = QMimeData()
    data.setUrls([QUrl("https://example.org/model.bertx")])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(5, 5), copy, data, left, none)
    QApplication.sendEvent(window, enter)
    assert not enter.isAccepted()


def test_a_session_that_is_dropped_on_a_sentence_opens(window: Window, answered: Answered) -> None:
    """And its path does not become the sentence."""
    window.workspace.set_texts("something else", "")
    answered(lambda: drag(window.bar.first, KEPT))
    assert window.bar.first.text() == PAIR.first
