"""The window as a whole: opening, tabs, menus, looks, and what it remembers."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QMenu, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

import model
from explorer import theme
from explorer.settings import Settings
from explorer.widgets.model_picker import bundled
from explorer.widgets.shortcuts_dialog import ShortcutsDialog
from explorer.widgets.status import ModelLabel, SelectionLabel
from explorer.window import Window
from explorer.worker import Worker
from explorer.workspace import Workspace
from model.training.run import Run, default_runs
from tests.explorer.conftest import PAIR, Answered
from tests.explorer.fakes import FakeBert
from tests.explorer.runs import made_up

ROOT = Path(__file__).parent.parent.parent
CTRL = Qt.KeyboardModifier.ControlModifier


def label(window: Window, kind: type[QLabel]) -> str:
    found = window.findChild(kind)
    assert isinstance(found, QLabel)
    return found.text()


def test_the_window_is_painted_before_the_core_is_loaded() -> None:
    """In a process of its own: this one has loaded torch long ago."""
    program = """
import argparse, os, sys
from explorer import app, window
paint = window.Window.paintEvent
def painted(self, event):
    if not self._was_painted:  # the worker begins to load torch right after it
        if "torch" in sys.modules:
            print("torch was loaded before the first paint", flush=True)
            os._exit(1)
        self.workspace.answered.connect(lambda: (print(" ".join(self.workspace.trace.tokens)), self.close()))
        self.workspace.refused.connect(lambda sentence: (print(sentence), self.close()))
    paint(self, event)
window.Window.paintEvent = painted
sys.exit(app.run(argparse.Namespace(model=None, session=None)))
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip() == "[CLS] my dog is cute [SEP] he likes play ##ing [SEP]"


def test_while_the_first_model_is_being_opened_the_window_says_so(empty_window: Window) -> None:
    assert label(empty_window, ModelLabel).startswith("Opening the model")
    assert empty_window.picker.accessibleName() == "Model: no model yet"
    empty_window.grab()


def test_a_first_model_that_is_none_is_refused_in_a_sentence(empty_window: Window, qtbot: QtBot) -> None:
    with qtbot.waitSignal(empty_window.workspace.refused, timeout=30_000):
        empty_window.workspace.open_model(Path("/nowhere"), PAIR)
    assert "/nowhere" in empty_window.bar.notes["refused"].text()
    assert label(empty_window, ModelLabel) == "No model is open: choose one with the button above."


def test_the_status_line_says_which_model_and_what_is_chosen(window: Window) -> None:
    assert label(window, ModelLabel).startswith("starter: ")
    assert label(window, ModelLabel).endswith(" M parameters, CPU")
    workspace = window.workspace
    workspace.select(head=(2, 4), token=8)
    assert label(window, SelectionLabel) == "layer 3 head 5 · position 8: play"
    workspace.select(cell=(8, 9))
    assert workspace.trace is not None
    weight = workspace.trace.attention[2, 4, 8, 9]
    assert label(window, SelectionLabel) == f"layer 3 head 5: play → ##ing {weight:.2f}"
    workspace.select(token=2)  # no longer that cell
    assert label(window, SelectionLabel) == "layer 3 head 5 · position 2: dog"


@pytest.mark.parametrize(
    ("key", "title"),
    [("1", "Tokens"), ("2", "Embeddings"), ("3", "Attention"), ("5", "Masked LM"), ("6", "Next sentence")],
)
def test_a_number_with_ctrl_goes_to_its_tab(window: Window, qtbot: QtBot, key: str, title: str) -> None:
    qtbot.keyClick(window, key, CTRL)
    assert window.tabs.tabText(window.tabs.currentIndex()) == title


def test_no_two_entries_share_a_shortcut(window: Window) -> None:
    keys = [key for entry in window.actions_table.entries.values() for key in entry.shortcuts]
    assert len(keys) == len(set(keys))


def test_the_list_of_shortcuts_has_every_key_of_the_table(window: Window, qtbot: QtBot) -> None:
    window.show_shortcuts()
    dialog = window.findChild(ShortcutsDialog)
    assert isinstance(dialog, ShortcutsDialog)
    texts = {text.text() for text in dialog.findChildren(QLabel)}
    assert {entry.title for entry in window.actions_table.entries.values() if entry.shortcuts} <= texts
    dialog.close()


def test_every_button_and_line_has_a_name_for_a_screen_reader(window: Window) -> None:
    for widget in window.findChildren(QWidget):
        if isinstance(widget, QAbstractButton | QLineEdit) and widget.isVisible():
            assert widget.accessibleName() or getattr(widget, "text", str)(), widget


def test_text_can_be_made_larger_and_is_so_at_the_next_start(window: Window, qtbot: QtBot, settings: Settings) -> None:
    before = window.fontInfo().pointSizeF()
    for _ in range(2):
        qtbot.keyClick(window, "+", CTRL)
    assert window.fontInfo().pointSizeF() > before
    assert settings.text_scale == 1.25
    qtbot.keyClick(window, "0", CTRL)
    assert window.fontInfo().pointSizeF() == before


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_look_reaches_every_part_of_the_window(window: Window, settings: Settings, name: theme.Theme) -> None:
    window.use_theme(name)
    picture = window.grab().toImage()
    wanted = theme.DARK if name == "dark" else theme.LIGHT
    assert settings.theme == name
    strip = window.strip.mapTo(window, QPoint(window.strip.width() // 2, 4))
    assert picture.pixelColor(strip).name().upper() == wanted.panel
    bar = window.bar.mapTo(window, QPoint(4, 4))
    assert picture.pixelColor(bar).name().upper() == wanted.paper


@pytest.mark.parametrize("size", [(1024, 700), (1440, 900)])
def test_nothing_of_the_window_is_cut_at_the_sizes_that_it_was_drawn_for(window: Window, size: tuple[int, int]) -> None:
    window.resize(*size)
    window.grab()
    assert (window.width(), window.height()) == size
    for button in window.bar.findChildren(QAbstractButton):
        assert button.width() >= button.minimumSizeHint().width(), button
        assert window.rect().contains(button.mapTo(window, button.rect().bottomRight()))


def test_a_tab_that_was_hidden_while_the_window_changed_is_laid_out_when_it_is_shown(
    window: Window, qtbot: QtBot
) -> None:
    heads, head = window.pages["attention"].heads, window.pages["tokens"].tools  # type: ignore[attr-defined]
    before = head.height()
    window.show_tab("attention")
    qtbot.waitUntil(lambda: bool(heads.caption.text()))
    window.show_tab("embeddings")
    window.bar.warn("There is less room for the tab now.")
    window.scale_text(1)
    window.show_tab("attention")
    qtbot.waitUntil(lambda: heads.rect().contains(heads.caption.geometry()))
    window.show_tab("tokens")
    qtbot.waitUntil(lambda: head.height() > before)
    window.show_tab("attention")
    window.scale_text(0)
    window.show_tab("tokens")
    qtbot.waitUntil(lambda: head.height() == before)


@pytest.mark.parametrize("tab", ["embeddings", "attention", "layers", "masked-lm", "next-sentence"])
def test_a_new_answer_does_not_lay_the_window_out_anew(
    window: Window, answered: Answered, qtbot: QtBot, tab: str
) -> None:
    window.show_tab(tab)
    requests = 0

    class Watch(QObject):
        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            nonlocal requests
            requests += event.type() == QEvent.Type.LayoutRequest
            return False

    watch, counts = Watch(), []
    window.installEventFilter(watch)
    for word in ("cat", "dog") * 3:  # the first may need another room; on a busy machine what waits shows that, too
        requests = 0
        answered(lambda word=word: window.workspace.set_texts(f"my {word} is here", "he likes playing"))  # type: ignore[misc]
        qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
        qtbot.wait(20)
        counts.append(requests)
    assert 0 in counts


def test_long_words_do_not_make_the_window_wider(window: Window, qtbot: QtBot) -> None:
    window.resize(800, 620)
    with qtbot.waitSignal(window.workspace.refused):
        window.workspace.open_model(Path("/" + "nowhere" * 100))
    window.grab()
    assert window.width() == 800


def test_the_next_start_has_the_tab_and_the_size_of_the_last(window: Window, settings: Settings, qtbot: QtBot) -> None:
    window.resize(800, 620)  # a window is fitted to the screen, which is small here
    window.show_tab("attention")
    window.close()
    workspace = Workspace(Worker())
    again = Window(workspace, settings)
    qtbot.addWidget(again)
    assert again.tabs.tabText(again.tabs.currentIndex()) == "Attention"
    assert (again.width(), again.height()) == (800, 620)
    workspace.worker.close()


def test_the_picker_offers_the_bundled_and_the_recent_models(
    window: Window, settings: Settings, tmp_path: Path
) -> None:
    mine = tmp_path / "my & model"
    mine.mkdir()
    settings.remember_model(mine)
    menu = QMenu(window)
    window.picker.fill(menu)
    titles = [action.text() for action in menu.actions() if action.text()]
    assert titles == ["Bundled", *(folder.name for folder in bundled()), "Recent", "my && model", "Open a folder…"]


def test_three_models_are_bundled() -> None:
    assert [folder.name for folder in bundled()] == ["left-to-right", "starter", "textbook"]


@pytest.mark.parametrize("folder", bundled(), ids=lambda folder: folder.name)
def test_every_bundled_model_opens_in_the_window_and_every_tab_is_drawn(
    window: Window, answered: Answered, qtbot: QtBot, folder: Path
) -> None:
    answered(lambda: window.open_model(folder))
    for name in window.pages:
        window.show_tab(name)
        qtbot.waitUntil(lambda: window.workspace.worker.is_idle, timeout=20_000)
    assert window.workspace.bert is not None
    assert window.workspace.bert.name == folder.name
    assert window.workspace.trace is not None
    assert window.workspace.trace.tokens[0] == "[CLS]"


def test_only_models_of_the_users_own_are_recent(
    window: Window, settings: Settings, qtbot: QtBot, starter_folder: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(starter_folder, mine)
    for folder in (starter_folder, mine, starter_folder):
        with qtbot.waitSignal(window.workspace.answered, timeout=10_000):
            window.open_model(folder)
    assert settings.recent_models == [mine]


def test_a_model_chosen_in_the_picker_is_opened_and_asked_the_same(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = window.workspace
    asked: list[tuple[Path, object]] = []
    monkeypatch.setattr(workspace, "open_model", lambda folder, scenario=None: asked.append((folder, scenario)))
    menu = QMenu(window)
    window.picker.fill(menu)
    next(action for action in menu.actions() if action.text() == "starter").trigger()
    assert asked == [(next(folder for folder in bundled() if folder.name == "starter"), None)]


def test_menus_and_buttons_are_one_thing(window: Window) -> None:
    assert window.bar.undo.defaultAction() is window.actions_table["undo"]
    in_menus: list[QAction] = [action for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()]
    for entry in window.actions_table.entries:
        assert window.actions_table[entry] in in_menus


def test_an_old_picture_stays_while_the_next_answer_is_on_its_way(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And dims only if that takes long."""
    slow = FakeBert("slow")
    slow.gate.clear()
    monkeypatch.setitem(vars(model), "load", lambda path: slow)
    chips = window.strip.chips
    before = chips.viewport().grab().toImage()
    window.workspace.open_model(Path("slow"))
    assert chips.viewport().grab().toImage() == before
    qtbot.waitUntil(lambda: chips.viewport().grab().toImage() != before)
    with qtbot.waitSignal(window.workspace.worker.idle):
        window.workspace.open_model(Path("slow"))  # replaces the former, and is refused for its empty sentence
        window.workspace.set_texts("", "")
        monkeypatch.setattr(slow, "rewrite", _refuse)
        slow.gate.set()
    assert chips.viewport().grab().toImage() == before


def _refuse(*_: object) -> None:
    raise ValueError("This model says nothing.")


def test_what_was_asked_is_offered_at_the_next_start(
    window: Window, settings: Settings, qtbot: QtBot, answered: Answered
) -> None:
    answered(lambda: window.workspace.set_texts("Tom & Jerry", "½ 🐶"))
    window.close()
    later = Window(window.workspace, Settings(Path(settings._file.fileName())))
    qtbot.addWidget(later)
    recent = next(menu for menu in later.bar.examples.menu().findChildren(QMenu) if menu.title() == "Recent")
    recent.aboutToShow.emit()
    assert [action.text() for action in recent.actions()] == ["Tom && Jerry — ½ 🐶"]
    answered(lambda: later.workspace.set_texts("something else", ""))
    answered(recent.actions()[0].trigger)
    assert later.bar.first.text() == "Tom & Jerry"


def test_before_anything_was_asked_the_menu_says_so(empty_window: Window) -> None:
    recent = next(menu for menu in empty_window.bar.examples.menu().findChildren(QMenu) if menu.title() == "Recent")
    recent.aboutToShow.emit()
    assert [action.isEnabled() for action in recent.actions()] == [False]


# Closing while a run that was started here goes on


@pytest.fixture
def training(window: Window, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """A run that the window has started, and that holds its lock."""
    run = made_up(default_runs(), state="running")
    monkeypatch.setattr(window.pretrain.desk.training, "_started", [run])
    with run.lock():
        yield run


def closing_box(window: Window) -> QMessageBox:
    box = window.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    return box


def press(box: QMessageBox, text: str) -> None:
    next(button for button in box.buttons() if text in button.text()).click()


def test_closing_asks_once_what_is_to_become_of_a_run_and_lets_it_go_on(window: Window, training: Run) -> None:
    window.close()
    assert window.isVisible()
    assert "toy is still training" in closing_box(window).text()
    press(closing_box(window), "go on")
    assert not window.isVisible()
    assert not training.stop_requested()


def test_closing_can_stop_the_run(window: Window, training: Run, qtbot: QtBot) -> None:
    window.close()
    press(closing_box(window), "Stop")
    assert not window.isVisible()
    qtbot.waitUntil(training.stop_requested, timeout=10_000)


def test_who_cancels_closing_keeps_the_window_and_the_run(window: Window, training: Run, qtbot: QtBot) -> None:
    window.close()
    press(closing_box(window), "Cancel")
    assert window.isVisible()
    assert not training.stop_requested()
    qtbot.waitUntil(lambda: window.findChild(QMessageBox) is None, timeout=10_000)


def test_runs_of_others_are_not_asked_about(window: Window) -> None:
    run = made_up(default_runs(), state="running")
    with run.lock():
        window.close()
        assert not window.isVisible()


def test_runs_are_among_the_models_to_pick(window: Window, answered: Answered) -> None:
    made_up(default_runs(), "mine")
    menu = QMenu(window)
    window.picker.fill(menu)
    action = next(action for action in menu.actions() if action.text() == "mine")
    answered(action.trigger)
    assert window.workspace.bert is not None
    assert window.workspace.bert.name == "mine @ step 500"
    window.picker.fill(menu)
    assert next(action for action in menu.actions() if action.text() == "mine").isChecked()
