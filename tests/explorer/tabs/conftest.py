"""A page on the model that is shipped, and the means to wait until it has answered."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from explorer.widgets.page import Page
from explorer.workspace import Workspace
from model.scenario import Scenario

EXAMPLE = Scenario("My dog is cute", "He likes playing").mask(2)

Show = Callable[..., Page]

_LAYOUTS = 10  # events from the change of a part to where its page is laid out: each has the one around it asked


def plain(rich: str) -> str:
    """What a person reads of a rich text."""
    return unescape(re.sub(r"<[^>]*>|[\u200e\u2068\u2069]", "", rich)).replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
def settle(qtbot: QtBot, workspace: Workspace) -> Callable[[], None]:
    """Waits until the worker has nothing left to do, and what it reported has its place."""

    def wait() -> None:
        qtbot.waitUntil(lambda: not workspace.worker._current, timeout=20_000)
        for _ in range(_LAYOUTS):
            QApplication.processEvents()

    return wait


@pytest.fixture
def show(qtbot: QtBot, workspace: Workspace, starter_folder: Path, settle: Callable[[], None]) -> Show:
    """Opens a tab of a class at a size people use, on a scenario."""

    def make(kind: type[Page], scenario: Scenario = EXAMPLE) -> Page:
        page = kind(workspace)
        qtbot.addWidget(page)
        page.resize(1110, 640)
        page.show()
        workspace.open_model(starter_folder, scenario)
        settle()
        return page

    return make
