"""The doctor on runs that are made up, healthy and ill, and on real ones that are healthy."""

from __future__ import annotations

import dataclasses
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from model.training import doctor
from model.training.doctor import Evidence, Finding, diagnose, summary
from model.training.recipe import CorpusRecipe, NetworkRecipe, Phase, Recipe, VocabularyRecipe

Curve = NDArray[np.float64]
BASELINES = {"uniform": math.log(8_192), "unigram_entropy": 6.6, "next_sentence": math.log(2)}
CORPUS = {
    "documents": 40_000,
    "validation_documents": 800,
    "paragraphs": 200_000,
    "sentences": 900_000,
    "tokens": 20_000_000,
    "characters": 88_000_000,
    "unknown": 900,
    "duplicate_documents": 12,
    "duplicate_paragraphs": 9_000,
}


def recipe(**fields: Any) -> Recipe:
    plain = Recipe(steps=4_000, length=64, batch=32, corpus=CorpusRecipe(files=("text.txt",)), validate_steps=200)
    return dataclasses.replace(plain, **fields)


def lines_of(asked: Recipe) -> Curve:
    """The steps at which a run writes a line."""
    return np.unique([1, *range(asked.log_steps, asked.steps + 1, asked.log_steps)]).astype(float)


def rates(asked: Recipe, steps: Curve) -> Curve:
    share = (steps - 0.5) / asked.steps
    rise = share / asked.warmup if asked.warmup else np.inf
    return asked.learning_rate * np.clip(np.minimum(rise, (1 - share) / (1 - asked.warmup)), 0, 1)


def falling(steps: Curve, uniform: float, unigram: float, floor: float, total: float) -> Curve:
    """ln V, down to the frequencies within 3 % of the run, a while there, then towards ``floor``."""
    known = np.exp(-steps / (0.01 * total))
    context = 1 - np.exp(-np.maximum(0, steps - 0.06 * total) / (0.3 * total))
    return np.asarray(uniform * known + (1 - known) * (unigram + (floor - unigram) * context))


def pairs(steps: Curve, leaves: float) -> Curve:
    return np.asarray(math.log(2) - 0.5 * (1 - np.exp(-np.maximum(0, steps - leaves) / (2 * leaves))))


def evidence(
    asked: Recipe | None = None, seed: int = 0, *, mlm: Curve | None = None, nsp: Curve | None = None, **fields: Any
) -> Evidence:
    """A run as it would be at its end: noise as of the number of tokens that a line is a mean over."""
    asked = asked or recipe()
    draws, steps = np.random.default_rng(seed), lines_of(asked)
    baselines = fields.get("baselines", BASELINES)
    inputs = np.minimum(steps, asked.log_steps) * asked.batch
    clean = falling(steps, baselines["uniform"], baselines["unigram_entropy"], 2.5, asked.steps) if mlm is None else mlm
    train = {
        "step": steps,
        "tokens": steps * asked.batch * asked.length * 0.9,
        "mlm_loss": clean + draws.normal(size=len(steps)) * 2.4 / np.sqrt(inputs * asked.length * asked.chosen),
        "learning_rate": rates(asked, steps),
        "grad_norm": 1.2 * np.exp(draws.normal(size=len(steps)) * 0.3) * (1 + 2 * steps / asked.steps),
        "seconds": steps * 0.05,
        "data_seconds": np.diff(steps, prepend=0) * 0.05 * 0.02 * draws.exponential(size=len(steps)),
        "phase": np.array([asked.phase((step - 1) / asked.steps) for step in steps], float),
    }
    measured = np.arange(0, asked.steps + 1, asked.validate_steps, dtype=float)
    waver = 0.25 / math.sqrt(asked.validate_rows)
    held_out = np.interp(measured, steps, clean) + waver * draws.normal(size=len(measured))
    validation = {"step": measured, "mlm_loss": held_out}
    if asked.objective == "mlm+nsp":
        coin = pairs(steps, 0.25 * asked.steps) if nsp is None else nsp
        train["nsp_loss"] = coin + 0.3 * draws.normal(size=len(steps)) / np.sqrt(inputs)
        validation["nsp_loss"] = np.interp(measured, steps, coin) + waver * draws.normal(size=len(measured))
    plain = Evidence(asked, "finished", "", train, validation, BASELINES, CORPUS, 8_192)
    return dataclasses.replace(plain, **fields)


def until(whole: Evidence, step: float) -> Evidence:
    """``whole`` as it was when it had come to ``step``."""

    def cut(table: Any) -> dict[str, Any]:
        return {name: column[table["step"] <= step] for name, column in table.items()}

    return dataclasses.replace(whole, state="running", train=cut(whole.train), validation=cut(whole.validation))


def found(of: Evidence, rule: str) -> Finding:
    [finding] = [finding for finding in diagnose(of) if finding.rule == rule]
    assert is_plain(finding.says), finding.says
    assert is_plain(finding.do), finding.do
    return finding


def is_plain(text: str) -> bool:
    return text.endswith(".") and not text[0].islower() and "nan" not in text and "\n" not in text and "{" not in text


def silent(of: Evidence, rule: str) -> bool:
    return rule not in {finding.rule for finding in diagnose(of)}


# Healthy runs

LITTLE = {"uniform": math.log(600), "unigram_entropy": 4.48, "next_sentence": math.log(2), "floor": 0.18}
TEXTBOOK = {"uniform": math.log(32), "unigram_entropy": 3.11, "next_sentence": math.log(2)}
HEALTHY = {
    "defaults": (recipe(), {}),
    "little world": (
        recipe(steps=1_000, learning_rate=3e-3, warmup=0.1, network=NetworkRecipe(preset="tiny")),
        {"baselines": LITTLE, "vocabulary": 600},
    ),
    "masked only": (recipe(objective="mlm", steps=2_000), {}),
    "causal": (recipe(objective="causal", steps=2_000, chosen=0.9), {}),
    "a line a step": (recipe(batch=4, log_steps=1, steps=3_000), {}),
    "few held-out rows": (recipe(validate_rows=16, validate_steps=50), {}),
    "phases": (
        recipe(
            steps=20_000,
            log_steps=20,
            chosen=0.2,
            phases=(Phase(0.6, 64, 64, 0.3), Phase(0.3, 128, 32, 0.2), Phase(0.1, 512, 8, 0.15)),
        ),
        {},
    ),
    "textbook": (
        recipe(
            steps=3_000,
            length=16,
            learning_rate=3e-2,
            log_steps=50,
            vocabulary=VocabularyRecipe(model="textbook"),
            network=NetworkRecipe(preset="textbook"),
        ),
        {
            "baselines": TEXTBOOK,
            "vocabulary": 32,
            "validation": {},
            "corpus": CORPUS
            | {"documents": 26, "validation_documents": 0, "paragraphs": 52, "sentences": 52, "tokens": 245}
            | {"characters": 959, "unknown": 0, "duplicate_documents": 0, "duplicate_paragraphs": 10},
        },
    ),
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_is_never_warned_of(name: str, seed: int) -> None:
    asked, fields = HEALTHY[name]
    whole = evidence(asked, seed, **fields)
    if name == "phases":  # another length and another share of tokens: each has a loss of its own
        jump = 0.3 * whole.train["phase"]
        whole = evidence(asked, seed, mlm=whole.train["mlm_loss"] + jump, **fields)
    steps = whole.train["step"]
    for step in steps[:: max(1, len(steps) // 40)]:
        assert not [finding for finding in diagnose(until(whole, step)) if finding.severity != "note"], step
    assert diagnose(whole) == ()
    assert summary(whole).startswith("Healthy. ")


def test_nothing_is_said_before_the_first_line() -> None:
    assert diagnose(Evidence(recipe())) == ()
    assert summary(Evidence(recipe())) == ""


def test_nothing_is_claimed_of_the_first_steps() -> None:
    assert summary(until(evidence(), 20)) == "Too early to judge: the run is at step 20."


def test_a_healthy_run_is_told_when_it_left_its_lines() -> None:
    steps = lines_of(recipe())
    mlm, nsp = np.where(steps < 410, 6.6, 4.0), np.where(steps < 900, 0.693, 0.4)
    said = summary(evidence(mlm=mlm, nsp=nsp))
    assert said.startswith("Healthy. The MLM loss left the unigram line at step 410, NSP its coin at step 900. ")
    assert "Training and validation agree at " in said


def test_the_worst_comes_first() -> None:
    steps = lines_of(recipe())
    ill = evidence(mlm=np.full(len(steps), 9.0), corpus=CORPUS | {"unknown": 1_000_000})
    assert [finding.severity for finding in diagnose(ill)] == ["alarm", "warning"]


def test_a_run_that_has_learnt_nothing_is_not_called_healthy() -> None:
    steps = lines_of(recipe())
    early = until(evidence(mlm=np.full(len(steps), 6.6)), 600)
    assert summary(early) == "Nothing looks wrong so far. The MLM loss has yet to leave the unigram line."


def test_weights_or_phases_that_make_validation_another_text_are_not_taken_for_a_gap() -> None:
    asked = recipe(corpus=CorpusRecipe(files=("text.txt",), weights={"stories": 4.0}))
    plain = evidence(asked)
    harder = plain.validation["mlm_loss"] + np.linspace(0, 2, len(plain.validation["step"]))
    harder[-3:] = harder[-4]
    of = dataclasses.replace(
        plain, validation={**plain.validation, "mlm_loss": harder}, corpus=CORPUS | {"tokens": 300_000}
    )
    assert "above that of training" not in summary(of)
    assert silent(of, "overfitting")
    assert "above that of training" in summary(dataclasses.replace(of, recipe=recipe()))


def test_weights_that_were_trained_before_may_forget_a_little_in_the_warmup() -> None:
    again = recipe(start_from="starter", warmup=0.25)
    steps = lines_of(again)
    mlm = np.interp(steps, [0, 1_000, 4_000], [2.0, 2.6, 2.3])
    assert diagnose(evidence(again, mlm=mlm)) == ()
    assert not silent(evidence(recipe(warmup=0.25), mlm=mlm), "learning rate")


# One ill run for each rule; that it keeps silent otherwise, the healthy ones show


def test_a_loss_that_stays_at_ln_v_is_not_learning() -> None:
    stuck = evidence(mlm=np.full(len(lines_of(recipe())), 9.0))
    finding = found(stuck, "not learning")
    assert finding.severity == "alarm"
    assert "9.01" in finding.says
    assert finding.do.startswith("Lower learning_rate")
    assert silent(until(stuck, 100), "not learning")  # which is early


def test_weights_that_hardly_move_need_a_higher_learning_rate() -> None:
    slow = recipe(learning_rate=1e-7)
    assert found(evidence(slow, mlm=np.full(len(lines_of(slow)), 9.0)), "not learning").do.startswith("Raise")


def test_word_frequencies_are_a_note_early_and_a_warning_late() -> None:
    stuck = evidence(mlm=np.full(len(lines_of(recipe())), 6.6))
    assert found(until(stuck, 500), "word frequencies").severity == "note"
    assert found(stuck, "word frequencies").severity == "warning"
    assert silent(until(evidence(), 2_000), "word frequencies")


def test_nsp_at_its_coin_is_a_note_early_and_a_warning_late() -> None:
    tossed = evidence(nsp=np.full(len(lines_of(recipe())), math.log(2)))
    assert found(until(tossed, 1_500), "next sentence").severity == "note"
    assert found(tossed, "next sentence").severity == "warning"
    assert silent(evidence(), "next sentence")


def test_nsp_that_waits_for_the_mlm_loss_is_no_finding() -> None:
    steps = lines_of(recipe())
    both = evidence(mlm=np.full(len(steps), 6.5), nsp=np.full(len(steps), math.log(2)))
    assert silent(both, "next sentence")


@pytest.mark.parametrize("name", ["mlm_loss", "nsp_loss"])
def test_validation_that_turns_up_is_overfitting(name: str) -> None:
    plain = evidence()
    measured = plain.validation["step"]
    risen = plain.validation[name] + 0.4 * np.maximum(0, measured - 2_000) / 1_000
    ill = dataclasses.replace(plain, validation={**plain.validation, name: risen}, corpus=CORPUS | {"tokens": 300_000})
    finding = found(ill, "overfitting")
    assert finding.severity == "warning"
    assert "read about 25 times" in finding.says  # 4,000 steps of 32 times 64 tokens, nine tenths full
    assert silent(until(ill, 2_000), "overfitting")


def test_validation_that_stays_while_training_falls_is_overfitting() -> None:
    plain = evidence()
    stays = np.maximum(plain.validation["mlm_loss"], 4.6)
    ill = dataclasses.replace(
        plain, validation={**plain.validation, "mlm_loss": stays}, corpus=CORPUS | {"tokens": 300_000}
    )
    assert "stays at 4.60" in found(ill, "overfitting").says


def test_a_loss_that_rises_again_is_too_high_a_learning_rate() -> None:
    steps = lines_of(recipe())
    mlm = np.where(steps < 2_000, 7 - steps / 500, 6.8)
    finding = found(evidence(mlm=mlm), "learning rate")
    assert finding.severity == "alarm"
    assert "from 0.0005 to a third" in finding.do
    assert silent(until(evidence(mlm=mlm), 1_900), "learning rate")


def test_a_loss_that_jumps_again_and_again_is_too_high_a_learning_rate() -> None:
    steps = lines_of(recipe())
    clean = falling(steps, 9.0, 6.6, 2.5, 4_000)
    jumps = np.isin(steps, [2_500, 2_900, 3_300, 3_700])
    assert "jumps up" in found(evidence(mlm=clean + 3 * jumps), "learning rate").says
    assert silent(evidence(mlm=clean + 3 * (steps == 3_000)), "learning rate")  # one is none


def test_a_gradient_that_grows_while_nothing_is_learnt_is_too_high_a_learning_rate() -> None:
    steps = lines_of(recipe())
    stalls = np.maximum(falling(steps, 9.0, 6.6, 2.5, 4_000), 4.0)
    plain = evidence(mlm=stalls)
    grown = np.where(steps > 3_000, 40.0, 1.5)
    ill = dataclasses.replace(plain, train={**plain.train, "grad_norm": grown})
    assert "gradient" in found(ill, "learning rate").says
    assert silent(plain, "learning rate")
    learns = evidence()
    assert silent(dataclasses.replace(learns, train={**learns.train, "grad_norm": grown}), "learning rate")


def test_nsp_that_is_worse_than_a_coin_is_too_high_a_learning_rate() -> None:
    steps = lines_of(recipe())
    thrown = evidence(mlm=np.full(len(steps), 6.6), nsp=np.where(steps > 300, 1.1, 0.693))
    assert "more than the 0.693 of a coin" in found(thrown, "learning rate").says
    assert silent(evidence(mlm=np.full(len(steps), 6.6), nsp=np.full(len(steps), 0.7)), "learning rate")


def test_a_run_that_broke_down_is_told_why() -> None:
    why = "Training broke down at step 70: its gradient is no number any more."
    finding = found(dataclasses.replace(evidence(), state="failed", reason=why), "failed")
    assert finding.severity == "alarm"
    assert why in finding.says
    assert "learning_rate" in finding.do


def test_another_failure_is_not_blamed_on_the_learning_rate() -> None:
    full = dataclasses.replace(evidence(), state="failed", reason="state.pt cannot be written: the disk is full.")
    assert "learning_rate" not in found(full, "failed").do


def test_a_loss_that_is_no_number_is_an_alarm() -> None:
    plain = evidence()
    gone = np.where(plain.train["step"] > 3_000, math.nan, plain.train["mlm_loss"])
    finding = found(dataclasses.replace(plain, train={**plain.train, "mlm_loss": gone}), "failed")
    assert "3,010" in finding.says


def test_a_process_that_died_is_told_of() -> None:
    assert found(dataclasses.replace(evidence(), state="interrupted"), "interrupted").severity == "warning"


def test_waiting_for_data_is_told_of() -> None:
    plain = evidence()
    waits = np.diff(plain.train["seconds"], prepend=0) * 0.6
    ill = dataclasses.replace(plain, train={**plain.train, "data_seconds": waits})
    assert "60%" in found(ill, "waiting for data").says
    assert silent(until(ill, 80), "waiting for data")  # a few seconds tell nothing


@pytest.mark.parametrize(
    ("counts", "says"),
    [
        ({"duplicate_documents": 9_000}, "9,000 of the 40,000 documents"),
        ({"duplicate_paragraphs": 90_000}, "paragraphs"),
    ],
)
def test_many_copies_are_told_of(counts: dict[str, int], says: str) -> None:
    assert says in found(Evidence(recipe(), corpus=CORPUS | counts), "duplicates").says
    assert silent(Evidence(recipe(), corpus=CORPUS), "duplicates")


def test_few_documents_are_too_few_to_draw_a_random_b_from() -> None:
    few = CORPUS | {"documents": 6, "validation_documents": 2}
    assert "are 4 documents" in found(Evidence(recipe(), corpus=few), "few documents").says
    assert silent(Evidence(recipe(objective="mlm"), corpus=few), "few documents")


def test_one_document_leaves_none_to_validate_with() -> None:
    one = CORPUS | {"documents": 1, "validation_documents": 0}
    assert found(Evidence(recipe(objective="mlm"), corpus=one), "few documents").severity == "note"


def test_letters_that_the_vocabulary_lacks_are_told_of() -> None:
    foreign = Evidence(recipe(start_from="starter"), corpus=CORPUS | {"unknown": 2_000_000})
    assert "10%" in found(foreign, "vocabulary").says
    assert "start_from" in found(foreign, "vocabulary").do
    assert found(Evidence(recipe(), corpus=CORPUS | {"unknown": 8_000_000}), "vocabulary").severity == "alarm"


def test_a_vocabulary_that_cuts_words_into_letters_does_not_fit() -> None:
    pieces = CORPUS | {"characters": 30_000_000}
    assert "1.5 characters" in found(Evidence(recipe(start_from="starter"), corpus=pieces), "vocabulary").says
    assert silent(Evidence(recipe(), corpus=pieces), "vocabulary")  # a small one of these texts' own


def test_a_vocabulary_that_is_too_large_for_its_texts_is_told_of() -> None:
    small = Evidence(recipe(), corpus=CORPUS | {"tokens": 200_000, "characters": 880_000}, vocabulary=8_192)
    assert "24 for each entry" in found(small, "vocabulary").says
    assert "about 2,000" in found(small, "vocabulary").do
    assert silent(dataclasses.replace(small, recipe=recipe(start_from="starter")), "vocabulary")


# Real runs


@pytest.mark.slow
@pytest.mark.parametrize("name", ["little world", "textbook", "masked only", "causal", "muon"])
def test_a_real_run_of_a_healthy_recipe_is_not_warned_of(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    whole = trained(name, tmp_path)
    steps = whole.train["step"]
    for step in steps:
        assert not [finding for finding in diagnose(until(whole, step)) if finding.severity != "note"], step
    assert diagnose(whole) == ()
    assert summary(whole).startswith("Healthy. The ")


def trained(name: str, folder: Path) -> Evidence:
    """What a real run of a recipe that is shipped, or of one close to it, leaves after about a minute."""
    import argparse

    from model.training import command
    from model.training.run import Run

    shipped = Path(__file__).parents[3] / "resources" / "recipes"
    if name == "textbook":
        asked = Recipe.read(shipped / "textbook.toml")
    else:
        asked = dataclasses.replace(Recipe.read(shipped / "little-world.toml"), minutes=0.0, steps=1_200)
    changes = {"masked only": {"objective": "mlm"}, "causal": {"objective": "causal"}, "muon": {"optimizer": "muon"}}
    asked = dataclasses.replace(asked, **changes.get(name, {}))
    file = folder / "asked.toml"
    file.write_text(asked.to_toml(), encoding="utf-8")
    options = argparse.Namespace(recipe=file, resume=None, runs=folder, name="run", dry_run=False, json=False)
    assert command.run(options) == 0
    return Evidence.read(Run.open(folder / "run"))


def test_the_doctor_works_where_torch_is_not_loaded() -> None:
    import subprocess

    program = "import sys, model.training.doctor; sys.exit('torch' in sys.modules)"
    root = Path(doctor.__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
