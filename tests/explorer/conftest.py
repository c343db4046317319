"""The whole window on the model that is shipped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from explorer import theme
from explorer.settings import Settings
from explorer.window import Window
from explorer.workspace import Workspace
from model.scenario import Scenario

PAIR = Scenario("My dog is cute", "he likes playing")

Answered = Callable[[Callable[[], object]], None]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.ini")


@pytest.fixture
def light(qapp: object) -> None:
    """The light look at the system's text size, whatever a test does to it."""
    theme.set_text_scale(1.0)
    theme.apply("light")


@pytest.fixture
def empty_window(qtbot: QtBot, light: None, workspace: Workspace, settings: Settings) -> Window:
    """The window as it is first painted: active, without a model."""
    window = Window(workspace, settings)
    qtbot.addWidget(window)
    window.resize(1440, 900)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    return window


@pytest.fixture
def window(qtbot: QtBot, empty_window: Window, starter_folder: Path) -> Window:
    """The window with the chapter's pair answered."""
    with qtbot.waitSignal(empty_window.workspace.answered, timeout=30_000):
        empty_window.workspace.open_model(starter_folder, PAIR)
    return empty_window


@pytest.fixture
def answered(qtbot: QtBot, workspace: Workspace) -> Answered:
    """Does something and waits for the answer that it brings about."""

    def wait(act: Callable[[], object]) -> None:
        with qtbot.waitSignal(workspace.answered, timeout=10_000):
            act()

    return wait
