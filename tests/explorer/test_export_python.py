"""The Python that is copied makes, outside of the window, exactly the array that is saved."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

import model
from explorer.export_python import question, script
from explorer.tabs.attention import AttentionTab
from explorer.widgets.page import Page
from explorer.widgets.picture import Picture
from explorer.widgets.switched_page import SwitchedPage
from explorer.window import Window
from model.scenario import Scenario

ROOT = Path(model.__file__).parents[1]
RUN_ALL = """
import pathlib, sys
import numpy
for file in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
    names = {}
    exec(compile(file.read_text("utf-8"), str(file), "exec"), names)
    values = names["values"]
    numpy.save(file.with_suffix(".npy"), values.astype(str) if values.dtype == object else values)
"""

places = st.integers(0, 30)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    asked = Scenario(draw(st.text()), draw(st.text()))
    for place in draw(st.lists(places, max_size=3)):
        asked = draw(st.sampled_from([asked.mask(place), asked.keep(place), asked.replace(place, draw(st.text()))]))
    for place in draw(st.lists(places, max_size=3)):
        asked = asked.flip(place)
    for head in draw(st.lists(st.tuples(places, places), max_size=3)):
        asked = asked.toggle_head(*head)
    for layer in draw(st.lists(places, max_size=2)):
        asked = asked.toggle_layer(layer)
    return asked.attend(draw(st.sampled_from([None, "both", "left-to-right"])))


@given(scenarios())
def test_every_question_is_written_out_as_python(asked: Scenario) -> None:
    assert eval(question(asked), {"model": model}) == asked


def test_a_question_reads_as_one_would_write_it() -> None:
    asked = Scenario("My dog is cute", "he's here").mask(2).replace(4, "big").toggle_head(0, 3)
    written = """model.Scenario('My dog is cute', "he's here").mask(2).replace(4, 'big').toggle_head(0, 3)"""
    assert question(asked) == written


def run(folder: Path) -> None:
    """All programs in ``folder``, in a fresh interpreter; each array beside its program."""
    subprocess.run([sys.executable, "-c", RUN_ALL, str(folder)], check=True, cwd=ROOT)


def seen(window: Window, qtbot: QtBot, page: Page) -> Iterator[Picture]:
    """Every picture of ``page`` that knows its Python, in every view."""
    views: list[Callable[[], None]] = [lambda: None]
    if isinstance(page, SwitchedPage):
        views = [partial(page.show_view, view) for view in page.views]
    elif isinstance(page, AttentionTab):
        ways = page.one.ways
        views = [
            *(partial(page.beside.choose, place) for place in (0, 1, 2, 0)),
            *(partial(ways.of.setCurrentIndex, place) for place in (1, 2, 3)),
            ways.words.click,
            ways.without.click,
        ]
    for show in views:
        show()
        qtbot.waitUntil(lambda: window.workspace.worker.is_idle, timeout=30_000)
        yield from (found for found in page.findChildren(Picture) if found.isVisible() and found.python is not None)


def test_the_python_of_every_picture_makes_its_array_exactly(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    asked = Scenario("My dog is cute", "he likes playing").mask(2).flip(4).toggle_head(1, 0)
    with qtbot.waitSignal(window.workspace.answered):
        window.workspace.ask(asked)
    window.workspace.select(head=(2, 1))
    sheets = {}
    for name, page in window.pages.items():
        window.show_tab(name)
        if isinstance(page, AttentionTab):
            page.heads.sort.setCurrentIndex(page.heads.sort.findData("previous"))
        for number, picture in enumerate(seen(window, qtbot, page)):
            if not picture.sheet().values.size:
                continue  # is made when it is asked for
            bert = window.workspace.bert
            assert bert is not None
            assert picture.python is not None
            file = tmp_path / f"{name} {picture.name} {number}.py"
            file.write_text(script(bert, asked, picture.python()), "utf-8")
            sheets[file] = picture.sheet()
    run(tmp_path)
    for file, sheet in sheets.items():
        with np.load(io.BytesIO(sheet.npz_file())) as saved:
            made = np.load(file.with_suffix(".npy"))
            assert made.dtype == saved["values"].dtype, file.stem
            np.testing.assert_array_equal(made, saved["values"], err_msg=file.stem)
    assert len({(file.stem.split()[0], file.stem.rpartition(" ")[0]) for file in sheets}) >= 25


def test_what_is_copied_runs_by_itself(window: Window, qtbot: QtBot, tmp_path: Path) -> None:
    window.show_tab("attention")
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    window.workspace.select(head=(1, 3))
    window.pages["attention"].heatmap.setFocus()  # type: ignore[attr-defined]
    with qtbot.waitSignal(window.exporter.done) as done:
        window.actions_table["copy-python"].trigger()
    assert "Python" in done.args[0]
    copied = QGuiApplication.clipboard().text()
    (tmp_path / "copied.py").write_text(copied, "utf-8")
    run(tmp_path)
    assert window.workspace.trace is not None
    np.testing.assert_array_equal(np.load(tmp_path / "copied.npy"), window.workspace.trace.attention[1, 3])


@pytest.mark.parametrize(("tab", "knows"), [("attention", True), ("tokens", False)])
def test_only_a_picture_that_knows_its_python_offers_it(window: Window, qtbot: QtBot, tab: str, knows: bool) -> None:
    window.show_tab(tab)
    qtbot.waitUntil(lambda: window.workspace.worker.is_idle)
    if tab == "attention":
        window.pages[tab].heatmap.setFocus()  # type: ignore[attr-defined]
    window.actions_table.refresh()
    assert window.actions_table["copy-python"].isEnabled() == knows
