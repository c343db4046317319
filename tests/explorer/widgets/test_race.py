"""What the snapshots of a run answer to the user's question."""

from __future__ import annotations

import dataclasses
import re
import shutil
import threading
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import torch
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

import model
from explorer import theme
from explorer.widgets.race import Race
from explorer.worker import Lane
from explorer.workspace import Workspace
from model.bert import Bert
from model.checkpoint import save
from model.network import BertNetwork
from model.scenario import Scenario
from model.training.run import Run
from tests.explorer.runs import TEXTBOOK, made_up

QUESTION = Scenario("my dog is cute", "he likes play").mask(2)
PLACES = 2  # of [MASK]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return made_up(tmp_path, steps=(0, 250, 500))


@pytest.fixture
def race(qtbot: QtBot, light: None, workspace: Workspace) -> Iterator[Race]:
    """On screen, while the textbook's model answers a question with a mask."""
    race = Race(workspace)
    qtbot.addWidget(race)
    race.resize(400, 300)
    race.show()
    ask(qtbot, workspace, QUESTION)
    yield race
    race.close()


def ask(qtbot: QtBot, workspace: Workspace, scenario: Scenario, folder: Path = TEXTBOOK) -> None:
    with qtbot.waitSignal(workspace.answered, timeout=30_000):
        workspace.open_model(folder, scenario)


def rest(qtbot: QtBot, race: Race) -> None:
    qtbot.waitUntil(lambda: race._workspace.worker.is_idle, timeout=20_000)


def show(qtbot: QtBot, race: Race, run: Run) -> None:
    race.show_snapshots(run.snapshots())
    rest(qtbot, race)


def said(race: Race) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", race.reading.text()))


def names(race: Race) -> list[str]:
    return [curve.series.name for curve in race.plot.drawing.curves]


def counted(race: Race, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The snapshots that are opened from now on."""
    opened, load = list[Path](), race._workspace.snapshots.load

    def counting(path: Path, *, keep: bool = True) -> Bert:
        opened.append(path)
        return load(path, keep=keep)

    monkeypatch.setattr(race._workspace.snapshots, "load", counting)
    return opened


def rewrite(path: Path, change: Callable[[Bert], Bert]) -> None:
    """Puts another model in the place of a snapshot."""
    bert = change(model.load(path))
    shutil.rmtree(path)
    save(bert, path, torch.float16)


def without_numbers(bert: Bert) -> Bert:
    with torch.no_grad():
        for weight in bert.network.parameters():
            weight.fill_(float("nan"))
    return bert


def left_to_right(bert: Bert) -> Bert:
    config = dataclasses.replace(bert.config, is_decoder=True)
    return Bert(bert.name, BertNetwork(config), bert.tokenizer)


# The answers


def test_the_probabilities_are_those_of_each_snapshot_asked_alone(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    for curve in race.plot.drawing.curves:
        alone = []
        for _, path in run.snapshots():
            bert = model.load(path)
            best = dict(model.lens.masked_lm.predictions(bert, bert.trace(QUESTION), PLACES, top=32))
            alone.append(best[curve.series.name])
        np.testing.assert_allclose(curve.raw, alone, rtol=1e-5)
        assert curve.steps.tolist() == [0, 250, 500]


def test_the_words_that_lead_at_the_end_are_drawn_the_first_first(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    bert = model.load(run.snapshots()[-1][1])
    assert names(race) == [
        word for word, _ in model.lens.masked_lm.predictions(bert, bert.trace(QUESTION), PLACES, top=5)
    ]


def test_the_last_step_is_read_until_another_is_pointed_at(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    assert said(race).startswith("Step 500: ")
    assert "B follows A: " in said(race)
    race.plot.setFocus()
    qtbot.keyClick(race.plot, Qt.Key.Key_Home)
    assert said(race).startswith("Step 0: ")


def test_return_opens_the_model_of_the_step(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    race.plot.read(250.0)
    with qtbot.waitSignal(race.picked) as picked:
        qtbot.keyClick(race.plot, Qt.Key.Key_Return)
    assert picked.args[0] == run.snapshot_path(250)


def test_without_a_mask_it_is_drawn_whether_b_follows(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    ask(qtbot, race._workspace, dataclasses.replace(QUESTION, edits=()))
    rest(qtbot, race)
    assert names(race) == ["IsNext"]


def test_without_a_mask_and_a_second_sentence_it_says_what_to_do(qtbot: QtBot, race: Race, run: Run) -> None:
    ask(qtbot, race._workspace, Scenario("my dog is cute"))
    show(qtbot, race, run)
    assert names(race) == []
    assert race.plot.drawing.empty.startswith("Mask a word above")
    assert race.sheet().values.shape == (3, 0)


def test_a_mask_alone_needs_no_second_sentence(qtbot: QtBot, race: Race, run: Run) -> None:
    ask(qtbot, race._workspace, Scenario("my dog is cute").mask(2))
    show(qtbot, race, run)
    assert len(names(race)) == 5
    assert "B follows" not in said(race)


def test_a_run_from_left_to_right_is_asked_what_comes_next(qtbot: QtBot, race: Race, run: Run) -> None:
    for _, path in run.snapshots():
        rewrite(path, left_to_right)
    ask(qtbot, race._workspace, Scenario("my dog is"))
    show(qtbot, race, run)
    bert = model.load(run.snapshots()[-1][1])
    expected = model.lens.masked_lm.predictions(bert, bert.trace(Scenario("my dog is")), 3, top=5)
    assert names(race) == [word for word, _ in expected]


def test_the_numbers_can_be_saved_as_a_table(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    sheet = race.sheet()
    assert list(sheet.rows) == ["0", "250", "500"]
    assert list(sheet.columns) == names(race)
    assert sheet.values.shape == (3, 5)


# Runs and questions that change


def test_another_run_takes_the_place_of_the_former(qtbot: QtBot, race: Race, run: Run, tmp_path: Path) -> None:
    show(qtbot, race, run)
    show(qtbot, race, made_up(tmp_path, "other", steps=(0, 80)))
    assert [answer.step for answer in race.answers] == [0, 80]


def test_a_run_without_snapshots_says_when_they_come(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    race.show_snapshots(())
    assert names(race) == []
    assert race.plot.drawing.empty.startswith("Once a run has snapshots")
    assert said(race) == ""


def test_a_snapshot_that_came_is_asked_and_the_others_are_not_asked_again(
    qtbot: QtBot, race: Race, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(qtbot, race, run)
    opened = counted(race, monkeypatch)
    shutil.copytree(run.snapshot_path(500), run.snapshot_path(750))
    show(qtbot, race, run)
    assert opened == [run.snapshot_path(750)]
    assert [answer.step for answer in race.answers] == [0, 250, 500, 750]


def test_of_many_snapshots_so_many_are_asked_and_hardly_one_again_when_more_come(
    qtbot: QtBot, race: Race, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in range(1, 150):
        run.snapshot_path(step).symlink_to(run.snapshot_path(500))
    many = [(step, run.snapshot_path(step)) for step in range(1, 150)]
    opened = counted(race, monkeypatch)
    race.show_snapshots(many[:100])
    rest(qtbot, race)
    assert 30 <= len(opened) <= 60
    assert (race.answers[0].step, race.answers[-1].step) == (1, 100)
    opened.clear()
    for count in range(101, 150):
        race.show_snapshots(many[:count])
    rest(qtbot, race)
    assert len(opened) <= 50
    assert len(race.answers) <= 60


def test_another_question_forgets_the_answers_to_the_former(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    before = names(race)
    ask(qtbot, race._workspace, Scenario("he likes play").mask(3))
    assert race.answers == ()
    rest(qtbot, race)
    assert len(race.answers) == 3
    assert names(race) != before


def test_a_question_that_changes_while_it_is_asked_gets_its_own_answers_only(
    qtbot: QtBot, race: Race, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, load = threading.Event(), race._workspace.snapshots.load

    def slow(path: Path, *, keep: bool = True) -> Bert:
        assert path == TEXTBOOK or gate.wait(5)
        return load(path, keep=keep)

    monkeypatch.setattr(race._workspace.snapshots, "load", slow)
    race.show_snapshots(run.snapshots())
    race._workspace.set_texts("my dog likes he", "")
    gate.set()
    qtbot.waitUntil(lambda: len(race.answers) == 3, timeout=10_000)
    bert = model.load(run.snapshots()[-1][1])
    assert race._workspace.trace is not None
    expected = model.lens.masked_lm.predictions(bert, bert.trace(race._workspace.trace.scenario), PLACES, top=5)
    assert names(race) == [word for word, _ in expected]
    assert "B follows" not in said(race)


def test_the_same_question_to_another_step_of_the_run_is_not_asked_again(
    qtbot: QtBot, race: Race, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    show(qtbot, race, run)
    opened = counted(race, monkeypatch)
    with qtbot.waitSignal(race._workspace.answered, timeout=10_000):
        race._workspace.open_model(run.snapshot_path(250))
    rest(qtbot, race)
    assert opened == [run.snapshot_path(250)]
    assert len(race.answers) == 3


def test_a_model_with_another_vocabulary_is_asked_in_the_words_of_the_run(
    qtbot: QtBot, race: Race, run: Run, starter_folder: Path
) -> None:
    ask(qtbot, race._workspace, Scenario("my dog is cute", "he likes playing").mask(2), starter_folder)
    show(qtbot, race, run)
    assert len(race.answers) == 3
    assert set(names(race)) <= set(model.load(TEXTBOOK).tokenizer.tokens)


def test_the_words_of_a_large_vocabulary_are_kept_once(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    assert len({id(answer.tokens) for answer in race.answers}) == 1


def test_nothing_is_asked_while_nobody_looks(
    qtbot: QtBot, race: Race, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = counted(race, monkeypatch)
    race.hide()
    show(qtbot, race, run)
    assert opened == []
    race.show()
    qtbot.waitUntil(lambda: len(race.answers) == 3, timeout=10_000)


def test_a_run_that_is_left_is_asked_no_further(
    qtbot: QtBot, race: Race, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = counted(race, monkeypatch)
    race.show_snapshots(run.snapshots())
    race.show_snapshots(())
    rest(qtbot, race)
    assert len(opened) <= 1


# What can go wrong


def test_without_an_open_model_it_says_what_is_missing(
    qtbot: QtBot, light: None, workspace: Workspace, run: Run
) -> None:
    race = Race(workspace)
    qtbot.addWidget(race)
    race.show()
    race.show_snapshots(run.snapshots())
    assert race.plot.drawing.empty.startswith("Open a model")


def test_a_diverged_run_shows_the_answers_from_before_and_says_why_there_are_no_more(
    qtbot: QtBot, race: Race, run: Run
) -> None:
    rewrite(run.snapshot_path(500), without_numbers)
    show(qtbot, race, run)
    assert [answer.step for answer in race.answers] == [0, 250]
    assert "Snapshots without an answer: 1." in said(race)
    assert "weights are not finite" in said(race)


def test_a_snapshot_that_cannot_be_opened_is_passed_over_and_not_tried_at_each_look(
    qtbot: QtBot, race: Race, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (run.snapshot_path(250) / "model.safetensors").write_bytes(b"torn")
    show(qtbot, race, run)
    assert [answer.step for answer in race.answers] == [0, 500]
    opened = counted(race, monkeypatch)
    shutil.copytree(run.snapshot_path(500), run.snapshot_path(750))
    show(qtbot, race, run)
    assert opened == [run.snapshot_path(750)]


def test_a_run_that_is_deleted_while_it_is_asked_says_so(qtbot: QtBot, race: Race, run: Run) -> None:
    found = run.snapshots()
    shutil.rmtree(run.directory)
    race.show_snapshots(found)
    rest(qtbot, race)
    assert race.plot.drawing.empty.startswith("No snapshot has an answer. ")


def test_a_question_that_is_too_long_for_the_run_is_cut_for_it(
    qtbot: QtBot, race: Race, run: Run, starter_folder: Path
) -> None:
    ask(qtbot, race._workspace, Scenario("my dog is cute " * 8).mask(2), starter_folder)
    show(qtbot, race, run)
    assert len(race.answers) == 3
    assert len(names(race)) == 5


def test_too_little_memory_is_said(qtbot: QtBot, race: Race, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, *, keep: bool = True) -> Bert:
        raise MemoryError

    monkeypatch.setattr(race._workspace.snapshots, "load", full)
    show(qtbot, race, run)
    assert "not enough memory" in race.plot.drawing.empty


def test_a_question_goes_before_a_race_whose_snapshots_cannot_be_opened(
    qtbot: QtBot, race: Race, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, tried = threading.Event(), list[Path]()

    def torn(path: Path, *, keep: bool = True) -> Bert:
        tried.append(path)
        assert gate.wait(5)
        raise ValueError(f"{path} is torn.")

    monkeypatch.setattr(race._workspace.snapshots, "load", torn)
    race.show_snapshots(run.snapshots())
    qtbot.waitUntil(lambda: len(tried) == 1)
    before: list[int] = []
    race._workspace.worker.submit(Lane.LENS, "now", lambda: before.append(len(tried)), lambda _: None, lambda _: None)
    gate.set()
    rest(qtbot, race)
    assert before == [1]


# How it looks


def test_the_words_take_up_the_dark_look(qtbot: QtBot, race: Race, run: Run) -> None:
    show(qtbot, race, run)
    theme.apply("dark")
    assert theme.DARK.ink in race.reading.text()


def test_a_screen_reader_knows_what_the_curves_are(race: Race) -> None:
    assert race.plot.accessibleName()
