"""The Python that is copied makes, outside of the window, exactly the array that is saved."""

from __future__ import annotations

import io
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

import model
from explorer.comparison import Shown
from explorer.export import Sheet
from explorer.export_python import question, script
from explorer.tabs.attention import AttentionTab
from explorer.tabs.tokens import TokensTab
from explorer.widgets.job import Job
from explorer.widgets.model_card import ModelCard
from explorer.widgets.page import Page
from explorer.widgets.picture import Picture
from explorer.widgets.switched_page import SwitchedPage
from explorer.window import Window
from model.lookup import PIECE
from model.scenario import Scenario
from model.training.run import default_runs
from tests.explorer.runs import TEXTBOOK, made_up

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

ASKED = Scenario("My dog is cute", "he likes playing").mask(2).flip(4).toggle_head(1, 0)

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


def turns(page: Page) -> list[Callable[[], object]]:
    """Brings one view of ``page`` after the other to the front."""
    if isinstance(page, SwitchedPage):
        return [partial(page.show_view, view) for view in page.views]
    if isinstance(page, AttentionTab):
        ways = page.one.ways
        return [
            *(partial(page.beside.choose, place) for place in (0, 1, 2, 0)),
            *(partial(ways.of.setCurrentIndex, place) for place in (1, 2, 3)),
            ways.words.click,
            ways.without.click,
        ]
    if isinstance(page, TokensTab):
        table, width = page.vocabulary.table, len(page.table.rows.names)
        return [
            lambda: page.length.number.setValue(14 + width),
            lambda: page.packing.choose(1),
            lambda: (page.vocabulary.search.setText("ing"), table.turn(PIECE), table.turn(PIECE)),
        ]
    return [lambda: None]


class Programs:
    """The programs of all pictures that are seen, each with the array that would be saved."""

    def __init__(self, window: Window, qtbot: QtBot, folder: Path) -> None:
        self.window, self.qtbot, self.folder = window, qtbot, folder
        self.sheets: dict[Path, Sheet] = {}
        self.names: set[str] = set()

    def rest(self) -> None:
        self.qtbot.waitUntil(lambda: self.window.workspace.worker.is_idle, timeout=60_000)

    def walk(self, state: str, page: Page) -> None:
        """Takes what ``page`` shows, view by view, and what its buttons make."""
        for turn in turns(page):
            turn()
            self.rest()
            for job in page.findChildren(Job):
                if job.start.isVisible():
                    job.start.click()
                    self.rest()
            self.take(state, page)

    def take(self, state: str, seen: QWidget) -> None:
        workspace = self.window.workspace
        for picture in seen.findChildren(Picture):
            sheet = picture.sheet() if picture.isVisible() else None
            if sheet is None or not sheet.values.size:
                continue
            if picture.file == "tokens-difference":
                continue  # says in words what is different
            assert picture.python is not None, f"{state}: {picture.name}"
            file = self.folder / f"{len(self.sheets):03} {state} {picture.name}.py"
            scenario = None if workspace.trace is None else workspace.trace.scenario
            file.write_text(script(workspace.bert, scenario, picture.python()), "utf-8")
            self.sheets[file] = sheet
            self.names.add(f"{state} {picture.name}")

    def check(self) -> None:
        """Runs them in a fresh interpreter, and compares what they make to the last digit."""
        run(self.folder)
        others = []
        for file, sheet in self.sheets.items():
            with np.load(io.BytesIO(sheet.npz_file())) as saved:
                made, numbers = np.load(file.with_suffix(".npy")), saved["values"]
                same = made.dtype.kind == numbers.dtype.kind and made.shape == numbers.shape
                if not same or not np.array_equal(made, numbers, equal_nan=made.dtype.kind == "f"):
                    others.append(file.stem)
        assert others == []


@pytest.fixture
def programs(window: Window, qtbot: QtBot, tmp_path: Path) -> Programs:
    folder = tmp_path / "programs"
    folder.mkdir()
    return Programs(window, qtbot, folder)


def ask(programs: Programs, scenario: Scenario) -> None:
    with programs.qtbot.waitSignal(programs.window.workspace.answered):
        programs.window.workspace.ask(scenario)


def test_the_python_of_every_picture_makes_its_array_exactly(programs: Programs) -> None:
    window = programs.window
    ask(programs, ASKED)
    window.workspace.select(head=(2, 1))
    for name, page in window.pages.items():
        if name == "pretrain":
            continue
        window.show_tab(name)
        programs.rest()
        if isinstance(page, AttentionTab):
            page.heads.sort.setCurrentIndex(page.heads.sort.findData("previous"))
        programs.walk(name, page)
    window.show_card()
    programs.rest()
    card = window.findChild(ModelCard)
    assert isinstance(card, ModelCard)
    programs.take("card", card)
    card.close()
    programs.check()
    assert len(programs.names) >= 30


def test_the_python_of_every_difference_makes_its_array_exactly(programs: Programs) -> None:
    window = programs.window
    ask(programs, ASKED)
    window.workspace.pin()
    ask(programs, Scenario("My big dog is cute", "he likes playing").toggle_head(2, 1))
    window.workspace.select(head=(2, 1), token=3)
    window.workspace.compare(Shown.DIFFERENCE)
    for name, page in window.pages.items():
        if name != "pretrain":
            window.show_tab(name)
            programs.rest()
            programs.walk(name, page)
    programs.check()
    assert len(programs.names) >= 18


def test_the_python_of_a_run_makes_its_curves_its_race_and_its_batch_exactly(programs: Programs) -> None:
    window, qtbot = programs.window, programs.qtbot
    made_up(default_runs(), "toy")
    with qtbot.waitSignal(window.workspace.answered, timeout=30_000):
        window.workspace.open_model(TEXTBOOK, Scenario("my dog is cute", "he likes play").mask(2))
    window.show_tab("pretrain")
    desk = window.pretrain.desk
    desk.form.hold(True)  # nothing is measured meanwhile
    qtbot.waitUntil(lambda: len(desk.race.answers) == 3 and desk.curves.sheet().values.size > 0, timeout=30_000)
    programs.rest()
    for quantity in ("loss", "gradient-by-layer"):
        desk.curves.choose(quantity)
        programs.take(quantity, desk)
    programs.check()
    assert len(programs.sheets) == 6
    desk.training.follow(False)
    desk.training.look_at(())


def test_curves_are_copied_as_python_where_no_model_is_open(empty_window: Window, qtbot: QtBot) -> None:
    window = empty_window
    made_up(default_runs(), "toy")
    window.show_tab("pretrain")
    desk = window.pretrain.desk
    desk.form.hold(True)  # nothing is measured meanwhile
    qtbot.waitUntil(lambda: desk._curves.sheet().values.size > 0, timeout=30_000)
    with qtbot.waitSignal(window.exporter.done):
        window.exporter.take("copy-python", desk._curves)
    copied = QGuiApplication.clipboard().text()
    assert "History" in copied
    assert "model.load" not in copied
    desk.training.follow(False)
    desk.training.look_at(())


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
