"""The report: one file that says what every tab said, and needs nothing but itself."""

from __future__ import annotations

import re
import threading
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from explorer import export_report
from explorer.widgets.picture import Picture
from explorer.window import Window
from model.lens import masked_lm, next_sentence
from model.scenario import Scenario

ASKED = Scenario("My dog is cute & <b>small</b>", "he likes playing").mask(2)


class Found(HTMLParser):
    """What a browser would read: words, open elements, and everything that it might fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[tuple[str, str]] = []
        self.fetched: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset")]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append((self.open[-1], data.strip()))


def saved(window: Window, qtbot: QtBot, file: Path) -> str:
    window.actions_table["save-report"].trigger()
    qtbot.waitUntil(lambda: not window.reporter.is_at_work, timeout=120_000)
    dialog = window.findChildren(QFileDialog)[-1]
    with qtbot.waitSignal(window.exporter.done):
        dialog.fileSelected.emit(str(file))
    dialog.close()
    return file.read_text("utf-8")


def test_a_report_has_the_question_the_answers_and_every_tab_and_fetches_nothing(
    window: Window, qtbot: QtBot, tmp_path: Path
) -> None:
    with qtbot.waitSignal(window.workspace.answered):
        window.workspace.ask(ASKED)
    window.show_tab("layers")
    text = saved(window, qtbot, tmp_path / "report.html")
    assert window.page is window.pages["layers"], "the tab that was in front is there again"

    found = Found()
    found.feed(text)
    assert found.open == []
    assert found.fetched
    assert all(place.startswith("data:image/") for place in found.fetched)
    assert not re.search(r"url\(|@import|<script|<link|<iframe", text)
    assert "default-src 'none'" in text

    said = [word for _, word in found.words]
    assert "My dog is cute & <b>small</b> · he likes playing" in said, "what the user typed is text, not markup"
    bert, trace = window.workspace.bert, window.workspace.trace
    assert bert is not None
    assert trace is not None
    for word, _ in masked_lm.predictions(bert, trace, 2, 10):
        assert ("td", word) in found.words
    assert f"{next_sentence.probabilities(bert, trace)[0] * 100:.1f}\N{NO-BREAK SPACE}%" in said
    assert [word for tag, word in found.words if tag == "h2"] == [
        page.title for name, page in window.pages.items() if name != "pretrain"
    ]
    assert found.tags.count("figure") == found.tags.count("svg") >= 10
    drawn = {word for tag, word in found.words if tag == "text"}
    assert set(trace.tokens) <= drawn, "words in pictures are text"
    for name, page in window.pages.items():
        if name != "pretrain":
            assert page.answer in text, name


def test_a_report_of_a_question_that_changes_meanwhile_is_not_made(window: Window, qtbot: QtBot) -> None:
    window.actions_table["save-report"].trigger()
    with qtbot.waitSignal(window.exporter.failed, timeout=30_000) as failed:
        window.workspace.ask(ASKED)
    assert "save it again" in failed.args[0]
    assert not window.reporter.is_at_work
    assert not window.findChildren(QFileDialog)


def test_a_question_that_comes_while_it_is_written_is_not_in_the_report(
    window: Window, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, figure = threading.Event(), export_report._figure

    def waiting(one: export_report.Figure) -> str:
        assert gate.wait(60), "the gate stayed closed"
        return figure(one)

    monkeypatch.setattr(export_report, "_figure", waiting)
    window.actions_table["save-report"].trigger()
    qtbot.waitUntil(lambda: window.reporter._task is not None, timeout=120_000)
    window.workspace.ask(Scenario("Something else"))
    gate.set()
    qtbot.waitUntil(lambda: not window.reporter.is_at_work, timeout=60_000)
    dialog = window.findChildren(QFileDialog)[-1]
    with qtbot.waitSignal(window.exporter.done):
        dialog.fileSelected.emit(str(tmp_path / "report.html"))
    dialog.close()
    text = (tmp_path / "report.html").read_text("utf-8")
    assert "My dog is cute · he likes playing" in text
    assert "Something else" not in text


@pytest.mark.parametrize("writing", [False, True])
def test_a_report_can_be_cancelled_while_it_is_made(window: Window, qtbot: QtBot, writing: bool) -> None:
    window.show_tab("layers")
    window.actions_table["save-report"].trigger()
    dialog = window.reporter._dialog
    assert dialog is not None
    if writing:
        qtbot.waitUntil(lambda: window.reporter._task is not None, timeout=120_000)
        assert dialog.value() >= 50
    dialog.canceled.emit()
    assert not window.reporter.is_at_work
    assert window.page is window.pages["layers"], "the tab that was in front is there again"
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle, timeout=60_000)
    assert not window.findChildren(QFileDialog)


def test_the_window_lives_between_two_pictures_of_a_report(
    window: Window, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is taken in a turn of its own, and written in a pass of its own."""
    turns, counted = [0], list[int]()
    timer = QTimer(interval=0)
    timer.timeout.connect(lambda: turns.__setitem__(0, turns[0] + 1))
    timer.start()
    drawing = Picture.drawing
    monkeypatch.setattr(Picture, "drawing", lambda picture: (counted.append(turns[0]), drawing(picture))[1])
    window.actions_table["save-report"].trigger()
    qtbot.waitUntil(lambda: not window.reporter.is_at_work, timeout=120_000)
    timer.stop()
    window.findChildren(QFileDialog)[-1].close()
    assert len(counted) > 10
    assert len(set(counted)) == len(counted), "no two in one turn"


@pytest.mark.parametrize("model", ["left-to-right", "textbook"])
def test_every_bundled_model_can_be_reported_on(
    window: Window, qtbot: QtBot, starter_folder: Path, tmp_path: Path, model: str
) -> None:
    with qtbot.waitSignal(window.workspace.answered, timeout=30_000):
        window.workspace.open_model(starter_folder.parent / model, Scenario("my dog is cute"))
    found = Found()
    found.feed(saved(window, qtbot, tmp_path / "report.html"))
    assert found.open == []
    assert found.tags.count("svg") >= 5
