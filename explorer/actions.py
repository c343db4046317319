"""Everything that a menu or a key can do, as one table. Menus, shortcuts and the list of shortcuts are made from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar

from explorer import theme

if TYPE_CHECKING:
    from explorer.window import Window

translate = QCoreApplication.translate


@dataclass(frozen=True)
class Entry:
    """One thing that can be done."""

    id: str
    menu: str
    title: str
    shortcuts: tuple[str, ...]  # the first is shown
    run: Callable[[], object]
    enabled: Callable[[], bool] = lambda: True
    checked: Callable[[], bool] | None = None  # whether it is the one chosen; a menu holds one choice at most
    starts_section: bool = False  # a line stands above it


def menus() -> dict[str, str]:
    """The menus' titles, from left to right."""
    return {
        "file": translate("actions", "&File"),
        "edit": translate("actions", "&Edit"),
        "token": translate("actions", "&Token"),
        "view": translate("actions", "&View"),
        "train": translate("actions", "T&rain"),
        "help": translate("actions", "&Help"),
    }


def table(window: Window) -> tuple[Entry, ...]:
    """The table for a window."""
    return (*_questions(window), *_tokens(window), *_views(window), *_training(window), *_help(window))


def _questions(window: Window) -> tuple[Entry, ...]:
    workspace, bar = window.workspace, window.bar
    has_answer = lambda: workspace.trace is not None  # noqa: E731
    return (
        Entry("open", "file", translate("actions", "Open model folder…"), ("Ctrl+O",), window.browse),
        Entry("card", "file", translate("actions", "About this model"), ("Ctrl+I",), window.show_card, has_answer),
        Entry(
            "open-session",
            "file",
            translate("actions", "Open session…"),
            ("Ctrl+Shift+O",),
            window.sessions.browse,
            starts_section=True,
        ),
        Entry(
            "save-session",
            "file",
            translate("actions", "Save session…"),
            ("Ctrl+Alt+S",),
            window.sessions.save_as,
            has_answer,
        ),
        *_exports(window),
        Entry("quit", "file", translate("actions", "Quit"), ("Ctrl+Q",), window.close, starts_section=True),
        Entry("undo", "edit", translate("actions", "Undo question"), ("Ctrl+Z",), bar.undo_question, bar.can_undo),
        Entry(
            "redo",
            "edit",
            translate("actions", "Redo question"),
            ("Ctrl+Shift+Z", "Ctrl+Y"),
            workspace.redo,
            lambda: workspace.can_redo,
        ),
        Entry(
            "swap",
            "edit",
            translate("actions", "Swap A and B"),
            ("Ctrl+Shift+S",),
            bar.swap_sentences,
            has_answer,
            starts_section=True,
        ),
        Entry(
            "pin", "edit", translate("actions", "Pin this answer, or let it go"), ("Ctrl+P",), workspace.pin, has_answer
        ),
        Entry("sentence", "edit", translate("actions", "Go to the sentence"), ("Ctrl+L",), bar.focus_sentence),
        Entry("tokens", "edit", translate("actions", "Go to the tokens"), ("Ctrl+T",), window.strip.focus_token),
    )


def _exports(window: Window) -> tuple[Entry, ...]:
    has_picture = lambda: window.page.picture() is not None  # noqa: E731
    has_python = lambda: (picture := window.page.picture()) is not None and picture.python is not None  # noqa: E731
    ways = (
        ("save-picture", translate("actions", "Save picture…"), "Ctrl+S"),
        ("save-numbers", translate("actions", "Save numbers…"), "Ctrl+E"),
        ("copy-picture", translate("actions", "Copy picture"), "Ctrl+Shift+C"),
        ("copy-numbers", translate("actions", "Copy numbers"), "Ctrl+Shift+E"),
        ("copy-python", translate("actions", "Copy Python"), "Ctrl+Shift+P"),
    )
    has_answer = lambda: window.workspace.trace is not None  # noqa: E731
    report = translate("actions", "Save report…")
    return (
        *(
            Entry(
                way,
                "file",
                title,
                (shortcut,),
                partial(window.export, way),
                has_python if way == "copy-python" else has_picture,
                starts_section=way == "save-picture",
            )
            for way, title, shortcut in ways
        ),
        Entry("save-report", "file", report, ("Ctrl+Shift+R",), window.reporter.save, has_answer, starts_section=True),
    )


def _tokens(window: Window) -> tuple[Entry, ...]:
    strip, has_token = window.strip, lambda: window.strip.has_token
    return (
        Entry("mask", "token", translate("actions", "Mask"), ("M",), strip.mask_token, has_token),
        Entry("replace", "token", translate("actions", "Replace…"), ("R",), strip.replace_token, has_token),
        Entry("keep", "token", translate("actions", "Keep, but predict"), ("K",), strip.keep_token, has_token),
        Entry("flip", "token", translate("actions", "Flip segment"), ("S",), strip.flip_segment, has_token),
        Entry(
            "restore",
            "token",
            translate("actions", "Restore"),
            ("Backspace", "Del"),
            strip.restore_token,
            lambda: strip.is_changed,
        ),
        Entry(
            "release",
            "token",
            translate("actions", "Let go"),
            ("Esc",),
            window.workspace.release,
            has_token,
            starts_section=True,
        ),
    )


def _views(window: Window) -> tuple[Entry, ...]:
    tabs = (
        Entry(f"tab-{name}", "view", title, (f"Ctrl+{number}",), partial(window.show_tab, name))
        for name, title, number in window.tab_titles()
    )
    names: tuple[tuple[theme.Theme, str], ...] = (
        ("light", translate("actions", "Light")),
        ("dark", translate("actions", "Dark")),
        ("system", translate("actions", "Like the system")),
    )
    themes = (
        Entry(
            f"theme-{name}",
            "view",
            title,
            (),
            partial(window.use_theme, name),
            checked=lambda name=name: window.settings.theme == name,  # type: ignore[misc]
            starts_section=name == "light",
        )
        for name, title in names
    )
    return (
        *tabs,
        Entry(
            "arithmetic",
            "view",
            translate("actions", "Arithmetic"),
            ("F4",),
            window.show_arithmetic,
            starts_section=True,
        ),
        *themes,
        Entry(
            "larger",
            "view",
            translate("actions", "Larger text"),
            ("Ctrl++", "Ctrl+="),
            lambda: window.scale_text(1),
            starts_section=True,
        ),
        Entry("smaller", "view", translate("actions", "Smaller text"), ("Ctrl+-",), lambda: window.scale_text(-1)),
        Entry("normal", "view", translate("actions", "Normal text"), ("Ctrl+0",), lambda: window.scale_text(0)),
    )


def _training(window: Window) -> tuple[Entry, ...]:
    tab, time = window.pretrain, window.time
    has_steps = lambda: not time.isHidden()  # noqa: E731
    # Only where it is seen what is started: Ctrl+Return in a sentence is no wish to train.
    may_start = lambda: window.page is tab and tab.desk.control.may_start()  # noqa: E731
    may_stop = lambda: tab.has_desk and tab.desk.control.may_stop()  # noqa: E731
    may_resume = lambda: tab.has_desk and tab.desk.control.may_resume()  # noqa: E731
    may_open = lambda: tab.has_desk and tab.desk.control.may_open()  # noqa: E731
    return (
        Entry("start", "train", translate("actions", "Start"), ("Ctrl+Return",), lambda: tab.desk.start(), may_start),
        Entry("stop", "train", translate("actions", "Stop"), ("Ctrl+.",), lambda: tab.desk.stop(), may_stop),
        Entry("resume", "train", translate("actions", "Resume"), (), lambda: tab.desk.resume(), may_resume),
        Entry("open-run", "train", translate("actions", "Open last snapshot"), (), lambda: tab.desk.open(), may_open),
        Entry(
            "former-step",
            "train",
            translate("actions", "Former step"),
            ("Alt+Left",),
            lambda: time.go(-1),
            has_steps,
            starts_section=True,
        ),
        Entry("next-step", "train", translate("actions", "Next step"), ("Alt+Right",), lambda: time.go(1), has_steps),
        Entry("play", "train", translate("actions", "Play all steps"), ("Ctrl+Space",), time.play.click, has_steps),
    )


def _help(window: Window) -> tuple[Entry, ...]:
    return (
        Entry("shortcuts", "help", translate("actions", "Keyboard shortcuts"), ("F1",), window.show_shortcuts),
        Entry("about", "help", translate("actions", "About BERT Explorer"), (), window.show_about),
    )


class Actions(QObject):
    """The table's entries as QActions."""

    def __init__(self, entries: tuple[Entry, ...], parent: QObject) -> None:
        super().__init__(parent)
        self.entries = {entry.id: entry for entry in entries}
        self._choices = {name: QActionGroup(self) for name in menus()}
        self._actions = {entry.id: self._action(entry) for entry in entries}

    def __getitem__(self, id: str) -> QAction:  # noqa: A002
        return self._actions[id]

    def of(self, menu: str) -> list[QAction]:
        """The actions of one menu."""
        return [self._actions[entry.id] for entry in self.entries.values() if entry.menu == menu]

    def fill(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Puts the menus into the menu bar, and gives them back by name."""
        made = {name: bar.addMenu(title) for name, title in menus().items()}
        for entry in self.entries.values():
            if entry.starts_section:
                made[entry.menu].addSeparator()
            made[entry.menu].addAction(self._actions[entry.id])
        for menu in made.values():
            menu.aboutToShow.connect(self.refresh)
        return made

    def refresh(self) -> None:
        """Asks each entry whether it can be done now, and whether it is on."""
        answers: dict[Callable[[], bool], bool] = {}  # several entries have one question
        for entry in self.entries.values():
            action = self._actions[entry.id]
            if entry.enabled not in answers:
                answers[entry.enabled] = entry.enabled()
            action.setEnabled(answers[entry.enabled])
            if entry.checked is not None:
                action.setChecked(entry.checked())

    def _action(self, entry: Entry) -> QAction:
        action = QAction(entry.title, self)
        action.setObjectName(entry.id)
        action.setShortcuts([QKeySequence(shortcut) for shortcut in entry.shortcuts])
        if entry.checked is not None:
            action.setCheckable(True)
            self._choices[entry.menu].addAction(action)
        # Through a lambda: triggered(bool) would hand its flag to a callable that takes an argument.
        action.triggered.connect(lambda: entry.run())
        return action
