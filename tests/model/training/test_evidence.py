"""The figures that the doctor judges by, against sums by hand, and how they are read from a run directory."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.training.evidence import Evidence, Series, spikes
from model.training.history import History
from model.training.recipe import CorpusRecipe, Phase, Recipe
from model.training.run import Run

RECIPE = Recipe(steps=1_000, corpus=CorpusRecipe(little_world=100))


def series(values: Any, window: int = 4) -> Series:
    values = np.asarray(values, float)
    return Series(np.arange(1, len(values) + 1) * 10.0, values, window)


def train(**columns: Any) -> Evidence:
    return Evidence(RECIPE, train={name: np.asarray(values, float) for name, values in columns.items()})


def test_the_recent_value_is_a_median_that_one_spike_does_not_move() -> None:
    of = series([9, 9, 9, 2, 2, 100, 2])
    assert of.recent == 2
    assert of.around(30) == 9
    assert math.isnan(of.around(5))
    assert of.medians.tolist() == [9]


def test_two_lines_are_not_enough() -> None:
    assert not series([1, 2]).enough
    assert math.isnan(series([]).recent)
    assert series([1, 2]).left(5) is None


def test_a_level_is_left_once_it_is_left_for_good() -> None:
    assert series([9, 9, 9, 9, 1, 1, 1, 1]).left(5) == 50
    assert series([9, 9, 9, 9, 9, 9, 1, 1, 1, 1, 1, 1]).left(5) == 70
    assert series([1, 1, 1, 1, 9, 9, 9, 9, 9]).left(5) is None  # and come back to
    assert series([9, 9, 9, 1, 1, 1, 1, 1, 1, 9, 1, 1, 1]).left(5) == 40  # one line above it is noise
    assert series([1, 1, 1, 1]).left(5) == 10


def test_the_noise_of_a_line_is_what_it_was_drawn_with() -> None:
    values = 3 + np.random.default_rng(0).normal(size=4_000) * 0.2
    values[::50] = 90
    assert series(values, 20).noise == pytest.approx(0.2, rel=0.1)


def test_spikes_are_found_and_neighbours_count_once() -> None:
    values = 5 - np.arange(100) / 50 + np.random.default_rng(1).normal(size=100) * 0.05
    assert list(spikes(series(values))) == []
    values[[40, 41, 70]] += 3
    assert list(spikes(series(values))) == [410, 710]
    assert list(spikes(series(values[:15]))) == []


def test_steps_of_the_warmup_count_by_their_learning_rate() -> None:
    half, full = RECIPE.learning_rate / 2, RECIPE.learning_rate
    assert train(step=[1, 10, 20], learning_rate=[0, half, full]).effort == pytest.approx(0 + 9 * 0.5 + 10)
    assert train(step=[1, 10, 20], learning_rate=[0, half, full]).at_peak == 20
    assert Evidence(RECIPE).effort == 0


def test_how_much_of_a_run_is_done_goes_by_its_steps_or_its_minutes() -> None:
    assert train(step=[1, 250]).share == 0.25
    timed = dataclasses.replace(RECIPE, steps=0, minutes=2.0)
    assert dataclasses.replace(train(step=[1, 9], seconds=[1, 30]), recipe=timed).share == 0.25
    assert dataclasses.replace(train(step=[1, 9]), state="finished").share == 1


def test_passes_count_the_documents_that_are_trained_on() -> None:
    of = dataclasses.replace(
        train(step=[10], tokens=[3_000]), corpus={"documents": 10, "validation_documents": 5, "tokens": 2_000}
    )
    assert of.passes == pytest.approx(3)
    assert math.isnan(train(step=[10], tokens=[3_000]).passes)


def test_the_share_of_time_that_was_waited_is_that_of_each_line() -> None:
    assert train(step=[1, 2, 3], seconds=[1, 3, 7], data_seconds=[0.5, 0.5, 4]).waits() == pytest.approx([0.5, 0.25, 1])
    assert len(Evidence(RECIPE).waits()) == 0


def test_a_phase_is_judged_by_lines_of_its_own() -> None:
    of = train(step=[10, 20, 30, 40, 50], phase=[0, 0, 1, 1, 1], mlm_loss=[5, 4, 3.5, 3, math.nan])
    assert of.series("mlm_loss").steps.tolist() == [40]  # 30 has steps of both
    assert of.whole("mlm_loss").values.tolist() == [5, 4, 3.5, 3]
    held_out = {"step": np.array([0.0, 20, 40, 60]), "mlm_loss": np.array([9.0, 5, 4, 3])}
    assert dataclasses.replace(of, validation=held_out).held_out("mlm_loss").steps.tolist() == [40, 60]
    assert dataclasses.replace(train(), validation=held_out).held_out("mlm_loss").steps.tolist() == [20, 40, 60]
    assert not len(of.series("nsp_loss"))


def test_training_is_comparable_to_validation_only_on_rows_of_the_same_kind() -> None:
    assert Evidence(RECIPE).comparable
    fewer = dataclasses.replace(RECIPE, phases=(Phase(share=0.5), Phase(share=0.5, chosen=0.3)))
    assert Evidence(fewer, train={"phase": np.array([0.0])}).comparable
    assert not Evidence(fewer, train={"phase": np.array([0.0, 1])}).comparable


def test_the_evidence_lies_in_the_run_directory(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "first", RECIPE.to_toml())
    assert Evidence.read(run).step == 0
    run.append_metrics({"step": 1, "split": "train", "mlm_loss": 6.0, "nsp_loss": None})
    run.append_metrics({"step": 0, "split": "validation", "mlm_loss": 6.1})
    run.write_baselines({"uniform": 6.4})
    run.write_corpus({"documents": 100, "tokens": 4_000})
    (run.directory / "vocab.txt").write_text("[PAD]\n[UNK]\ncat\n", encoding="utf-8")
    run.write_status("failed", "The disk is full: make room.")
    of = Evidence.read(run)
    assert (of.state, of.reason) == ("failed", "The disk is full: make room.")
    assert (of.recipe, of.step, of.vocabulary) == (RECIPE, 1, 3)
    assert (of.baselines, of.corpus) == ({"uniform": 6.4}, {"documents": 100, "tokens": 4_000})
    assert of.train["mlm_loss"].tolist() == [6]
    assert of.validation["mlm_loss"] == pytest.approx([6.1])


def test_evidence_does_not_change_while_its_run_goes_on(tmp_path: Path) -> None:
    run = Run.create(tmp_path, "first", RECIPE.to_toml())
    history = History(run)
    run.append_metrics({"step": 1, "split": "train", "mlm_loss": 6.0})
    before = Evidence.read(run, history)
    run.append_metrics({"step": 10, "split": "train", "mlm_loss": 5.0})
    assert Evidence.read(run, history).step == 10
    assert before.step == 1
