"""In a made-up language whose sentences are longer by two fifths nothing is cut off, and nothing is left in English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, Qt, QTranslator
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QTabBar,
    QTableView,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.comparison import Shown
from explorer.settings import Settings
from explorer.tabs.masked_lm import MaskedLMTab
from explorer.tabs.tokens import TokensTab
from explorer.widgets.axis import elided
from explorer.widgets.bars import Bars
from explorer.widgets.heatmap import Heatmap
from explorer.widgets.legend import Legend
from explorer.widgets.model_card import ModelCard
from explorer.widgets.model_picker import ModelPicker
from explorer.widgets.shortcuts_dialog import ShortcutsDialog
from explorer.widgets.stack import Stack
from explorer.widgets.switched_page import SwitchedPage
from explorer.window import Window
from explorer.workspace import Workspace
from tests.explorer.conftest import PAIR

_KEPT = re.compile(r"(\{[^}]*\}|<[^>]+>|&[A-Za-z])")  # placeholders, tags and the letters that Alt goes to
_ACCENTS = str.maketrans("aeiouAEIOUcnsy", "áéíóúÁÉÍÓÚçñšý")
_FILLING = "ļöñģëŕ ẃöŕđš "
_INNERMOST = re.compile(r"⟦[^⟦⟧]*⟧")
_BUTTONS = (QToolButton, QPushButton, QCheckBox, QRadioButton)
_BESIDE = 8  # pixels left and right of a heading
_NAMES = {"IsNext", "NotNext", "starter", "gelu"}  # what no language has another word for


def translated(text: str) -> str:
    """``text`` in accents and brackets, two fifths longer; what a translator must keep is kept."""
    if not text.strip():
        return text
    parts = [part if _KEPT.fullmatch(part) else part.translate(_ACCENTS) for part in _KEPT.split(text)]
    longer = -(-2 * len(_KEPT.sub("", text)) // 5)
    filling = (_FILLING * (longer // len(_FILLING) + 1))[:longer].rstrip()
    return f"⟦{''.join(parts)}{filling}⟧"


class _Translator(QTranslator):
    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, source: str, _: str | None = None, n: int = -1) -> str | None:  # type: ignore[override]
        return None if context.startswith("Q") else translated(source)  # Qt brings its own


@pytest.fixture
def speaking(light: None) -> Iterator[None]:
    """The application in the made-up language."""
    translator = _Translator()
    QCoreApplication.installTranslator(translator)
    yield
    QCoreApplication.removeTranslator(translator)


Opened = Callable[[tuple[int, int]], Window]


@pytest.fixture
def opened(qtbot: QtBot, workspace: Workspace, settings: Settings, starter_folder: Path) -> Opened:
    """A window of some size with two masks in the chapter's pair."""

    def opened(size: tuple[int, int]) -> Window:
        window = Window(workspace, settings)
        qtbot.addWidget(window)
        window.resize(*size)
        window.show()
        with qtbot.waitSignal(workspace.answered, timeout=30_000):
            workspace.open_model(starter_folder, PAIR.mask(2).mask(4))
        return window

    return opened


def screens(window: Window, qtbot: QtBot) -> Iterator[tuple[str, QWidget]]:
    """Everything there is to see, one after the other, at rest: tabs with their views, card and list of keys."""

    def rest(widget: QWidget) -> QWidget:
        qtbot.waitUntil(lambda: window.workspace.worker.is_idle, timeout=20_000)
        for _ in range(8):
            QApplication.processEvents()
        return widget

    for name, page in window.pages.items():
        window.show_tab(name)
        if isinstance(page, SwitchedPage):
            for place, view in enumerate(page.views):
                page.switch.choose(place)
                yield f"{name}: {type(view).__name__}", rest(window)
        else:
            yield name, rest(window)
    for show, kind in ((window.show_card, ModelCard), (window.show_shortcuts, ShortcutsDialog)):
        show()
        dialog = window.findChild(kind)
        assert isinstance(dialog, QDialog)
        yield kind.__name__, rest(dialog)
        dialog.close()


def seen(screen: QWidget, *kinds: type) -> Iterator[QWidget]:
    """The widgets of these kinds that are on screen, or are scrolled to."""
    for widget in screen.findChildren(QWidget):
        if isinstance(widget, kinds) and widget.isVisible() and (widget.window() is screen):
            yield widget


def cut(screen: QWidget) -> list[str]:
    """What does not fit where it stands."""
    found = [*_cut_texts(screen), *_cut_pictures(screen), *_overlaps(screen)]
    for bar in seen(screen, QTabBar):
        assert isinstance(bar, QTabBar)
        found += [bar.tabText(tab) for tab in range(bar.count()) if not bar.rect().contains(bar.tabRect(tab))]
    for header in seen(screen, QHeaderView):
        assert isinstance(header, QHeaderView)
        if header.isVisible() and isinstance(header.parent(), QTableView):
            found += _cut_headings(header)
    return found


def _cut_texts(screen: QWidget) -> Iterator[str]:
    for widget in seen(screen, QLabel, *_BUTTONS):
        assert isinstance(widget, QLabel | QAbstractButton)
        if not widget.text():
            continue
        wraps = isinstance(widget, QLabel) and widget.wordWrap()
        needed = widget.minimumSizeHint() if wraps else widget.sizeHint()
        high = max(widget.heightForWidth(widget.width()), 0) if wraps else needed.height()
        if widget.width() < needed.width() or widget.height() < high:
            yield f"{widget.text()} has {widget.size().toTuple()}, needs {needed.width()} × {high}"
        parent = widget.parentWidget()
        if parent is not None and not parent.rect().contains(widget.geometry()):
            yield f"{widget.text()} at {widget.geometry().getRect()} is outside of {parent}"


def _cut_pictures(screen: QWidget) -> Iterator[str]:
    """What widgets paint themselves."""
    for widget in seen(screen, Legend, Stack, Bars, Heatmap):
        if isinstance(widget, Bars):
            yield from (f"{bar.label} of {widget.width()} pixels" for bar in widget.bars if widget.is_cut(bar))
        elif isinstance(widget, Heatmap):
            yield from (row for row in widget.sheet().rows if "⟦" in row and elided(row) != row)
        elif widget.width() < widget.minimumSizeHint().width() or widget.height() < widget.minimumSizeHint().height():
            yield f"{widget} has {widget.size().toTuple()}, needs {widget.minimumSizeHint().toTuple()}"


def _cut_headings(header: QHeaderView) -> Iterator[str]:
    across = header.orientation() == Qt.Orientation.Horizontal
    for section in range(min(header.count(), 20)):
        text = str(header.model().headerData(section, header.orientation()) or "")
        room = (header.sectionSize(section) if across else header.width()) - 2 * _BESIDE
        if header.fontMetrics().horizontalAdvance(text) > room:
            yield f"{text} has {room} pixels"


def _overlaps(screen: QWidget) -> Iterator[str]:
    """Texts and legends that lie over one another."""
    by_parent: dict[int, list[QWidget]] = {}
    for widget in seen(screen, QLabel, Legend, QLineEdit, *_BUTTONS):
        by_parent.setdefault(id(widget.parentWidget()), []).append(widget)
    for siblings in by_parent.values():
        for place, one in enumerate(siblings):
            for other in siblings[place + 1 :]:
                if one.geometry().intersects(other.geometry()):
                    yield f"{one} {one.geometry().getRect()} lies over {other} {other.geometry().getRect()}"


def english(text: str) -> str:
    """The words of ``text`` that went untranslated."""
    plain = unescape(re.sub(r"<[^>]+>", " ", text)).replace("\u200e\u2068", "").replace("\u2069", "")
    while _INNERMOST.search(plain):
        plain = _INNERMOST.sub(" ", plain)
    return " ".join(word for word in re.findall(r"[A-Za-z]{2,}", plain) if word not in _NAMES)


@pytest.mark.parametrize("size", [(1440, 900), (1024, 700)])
def test_nothing_is_cut_in_a_language_of_longer_words(
    speaking: None, opened: Opened, qtbot: QtBot, size: tuple[int, int]
) -> None:
    window = opened(size)
    problems = {name: found for name, screen in screens(window, qtbot) if (found := cut(screen))}
    assert not problems, "\n".join(f"{name}: {entry}" for name, found in problems.items() for entry in found)
    assert (window.width(), window.height()) == size


def compare(window: Window, qtbot: QtBot) -> None:
    """Pins the answer, asks another question, and turns to the difference."""
    window.workspace.pin()
    window.workspace.edit(lambda scenario: scenario.restore(2))
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle, timeout=20_000)
    window.workspace.compare(Shown.DIFFERENCE)


def test_no_difference_is_cut_in_a_language_of_longer_words(speaking: None, opened: Opened, qtbot: QtBot) -> None:
    window = opened((1024, 700))
    compare(window, qtbot)
    problems = {name: found for name, screen in screens(window, qtbot) if (found := cut(screen))}
    assert not problems, "\n".join(f"{name}: {entry}" for name, found in problems.items() for entry in found)
    assert (window.width(), window.height()) == (1024, 700)


def test_nothing_is_cut_at_twice_the_text_size(opened: Opened, light: None, qtbot: QtBot) -> None:
    theme.set_text_scale(2.0)
    window = opened((1024, 700))
    problems = {name: found for name, screen in screens(window, qtbot) if (found := cut(screen))}
    assert not problems, "\n".join(f"{name}: {entry}" for name, found in problems.items() for entry in found)


def said(widget: QWidget) -> Iterator[str]:
    """Everything that a widget says, to the eye and to a screen reader."""
    if isinstance(widget, QLabel | QAbstractButton):
        yield widget.text()
    if isinstance(widget, QLineEdit):
        yield widget.placeholderText()
    if widget.focusPolicy() != Qt.FocusPolicy.NoFocus:
        yield widget.accessibleName()
    if not isinstance(widget, ModelPicker):  # its tip is a folder
        yield widget.toolTip()


@pytest.mark.parametrize("compared", [False, True])
def test_every_text_is_translated(speaking: None, opened: Opened, qtbot: QtBot, compared: bool) -> None:
    window = opened((1440, 900))
    if compared:
        compare(window, qtbot)
    tokens, masked = window.pages["tokens"], window.pages["masked-lm"]
    assert isinstance(tokens, TokensTab)
    assert isinstance(masked, MaskedLMTab)
    left = set()
    for name, screen in screens(window, qtbot):
        # words of the sentence; facts such as a folder
        quoted = (tokens.candidates, *masked.corruptor.text.findChildren(QLabel), getattr(screen, "facts", None))
        for widget in seen(screen, QWidget):
            is_key = isinstance(screen, ShortcutsDialog) and widget.property("role") == "faint"
            if widget not in quoted and not is_key and not isinstance(widget.parent(), QDialogButtonBox):
                left |= {(name, word) for text in said(widget) for word in english(text).split()}
    for action in window.actions_table.entries.values():
        left |= {(action.id, word) for word in english(action.title).split()}
    for tab in range(window.tabs.count()):
        left |= {("tabs", word) for word in english(window.tabs.tabText(tab)).split()}
    assert not left
