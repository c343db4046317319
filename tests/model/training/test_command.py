"""``main.py pretrain`` as a person meets it: in processes of its own."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch

import model
from model.bert import Bert
from model.config import BertConfig
from model.network import BertNetwork
from model.training.recipe import CorpusRecipe
from model.training.run import Run
from model.wordpiece import WordPiece
from tests.model.training import small

ROOT = Path(__file__).parents[3]
_TIMES = {"seconds", "tokens_per_second", "data_seconds"}


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def recipe_file(folder: Path, **fields: Any) -> Path:
    file = folder / "small.toml"
    file.write_text(small.recipe(**fields).to_toml(), encoding="utf-8")
    return file


def command(*arguments: object) -> list[str]:
    return [sys.executable, str(ROOT / "main.py"), "pretrain", *map(str, arguments)]


def pretrain(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command(*arguments), capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == code, done.stderr
    return done


def begin(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT)


def wait_for_step(run: Path, step: int) -> None:
    metrics = run / "metrics.jsonl"
    for _ in range(1_200):
        if metrics.exists() and any(row["step"] >= step for row in Run.open(run).metrics()):
            return
        time.sleep(0.05)
    raise AssertionError(f"step {step} was not reached")


def without_times(run: Path) -> list[dict[str, Any]]:
    rows = Run.open(run).metrics()
    return [{key: value for key, value in row.items() if key not in _TIMES} for row in rows]


def test_a_text_file_becomes_a_model(tmp_path: Path) -> None:
    done = pretrain(recipe_file(tmp_path, steps=20), "--runs", tmp_path / "runs", "--name", "first")
    run = Run.open(tmp_path / "runs" / "first")
    assert run.status().state == "finished"
    assert (run.directory / "vocab.txt").exists()
    assert {"uniform", "unigram_entropy", "next_sentence", "floor", "floor_accuracy"} <= run.baselines().keys()
    assert run.corpus()["documents"] == 200
    assert run.corpus().keys() >= {"validation_documents", "tokens", "unknown", "duplicate_documents"}
    assert [step for step, _ in run.snapshots()] == [0, 20]
    assert "step-000020 opens in the explorer" in done.stdout
    assert "held out, step 20" in done.stdout


def test_what_it_would_take_is_said_without_a_run(tmp_path: Path) -> None:
    done = pretrain(recipe_file(tmp_path), "--dry-run", "--runs", tmp_path / "runs")
    assert "60 steps, up to 7,680 tokens" in done.stdout  # 60 of 4 times 32
    assert "parameters" in done.stdout
    assert not (tmp_path / "runs").exists()


def test_what_it_would_take_is_said_for_programs_in_one_line(tmp_path: Path) -> None:
    said = json.loads(pretrain(recipe_file(tmp_path), "--dry-run", "--json").stdout)
    assert said.keys() == {"parameters", "memory", "steps", "tokens", "seconds"}
    assert (said["steps"], said["tokens"]) == (60, 7_680)
    assert "--dry-run" in pretrain(recipe_file(tmp_path), "--json", code=2).stderr


def test_what_it_would_take_is_said_of_the_model_that_the_run_starts_from(tmp_path: Path) -> None:
    config = BertConfig(vocab_size=40, hidden_size=24, num_hidden_layers=1, num_attention_heads=2, intermediate_size=96)
    letters = list("abcdefghijklmnopqrstuvwxyz123456789")
    words = WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *letters])
    model.save(Bert("small", BertNetwork(config), words), tmp_path / "small")
    network = small.recipe().network
    done = pretrain(recipe_file(tmp_path, start_from=str(tmp_path / "small"), network=network), "--dry-run")
    assert f"{sum(one.numel() for one in BertNetwork(config).parameters()):,} parameters" in done.stdout


def asked_to_stop(process: subprocess.Popen[str], run: Run, how: str) -> str:
    """What ``process`` says when it is asked to stop by a signal or the stop file."""
    if how == "stop":
        run.request_stop()
    else:
        process.send_signal(getattr(signal, how))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    assert run.status().state == "stopped"
    return output


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGHUP", "stop"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has the stop file only")
def test_asked_to_stop_before_the_first_step_it_ends_and_goes_on_later(tmp_path: Path, how: str) -> None:
    process = begin(recipe_file(tmp_path, steps=2, corpus=CorpusRecipe(little_world=20_000)), "--runs", tmp_path)
    run = Run(tmp_path / "small")
    for _ in range(1_200):
        if run.directory.exists() and run.status().state == "preparing" and run.status().alive:
            break
        time.sleep(0.05)
    assert "Stopped at step 0; go on with: pretrain --resume" in asked_to_stop(process, run, how)
    assert not run.metrics()
    assert "Finished" in pretrain("--resume", run.directory).stdout


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "SIGHUP", "stop"])
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has the stop file only")
def test_asked_to_stop_it_saves_and_goes_on_later(tmp_path: Path, how: str) -> None:
    process = begin(recipe_file(tmp_path, steps=100_000, save_seconds=3_600), "--runs", tmp_path / "runs")
    wait_for_step(tmp_path / "runs" / "small", 10)
    run = Run.open(tmp_path / "runs" / "small")
    assert run.status().alive
    assert "pretrain --resume" in asked_to_stop(process, run, how)
    assert run.load_state()["progress"]["step"] >= 10


def test_two_processes_do_not_train_in_one_directory(tmp_path: Path) -> None:
    process = begin(recipe_file(tmp_path, steps=100_000), "--runs", tmp_path / "runs")
    try:
        wait_for_step(tmp_path / "runs" / "small", 1)
        done = pretrain("--resume", tmp_path / "runs" / "small", code=2)
        assert f"in use by process {process.pid}" in done.stderr
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no word in the texts"),
        (b"\x00\x01\x02\xff\xfe" * 400, ""),
        ("Grüße aus Köln.\n".encode("latin-1") * 50, "not UTF-8"),
        (b"He likes playing. She likes reading. They like it.\n", "document"),
    ],
    ids=["empty", "binary", "latin-1", "one document"],
)
def test_a_corpus_that_cannot_be_learnt_from_gets_a_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "text.txt").write_bytes(content)
    file = tmp_path / "bad.toml"
    vocabulary = "[vocabulary]\nsize = 40\n" if said == "document" else ""
    file.write_text(f'steps = 5\n[corpus]\nfiles = ["text.txt"]\n{vocabulary}', encoding="utf-8")
    done = pretrain(file, "--runs", tmp_path / "runs", code=2)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "Traceback" not in done.stderr
    assert Run.open(tmp_path / "runs" / "bad").status().state == "failed"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "Name either a recipe or"),
        (["nowhere.toml"], "nowhere.toml"),
        (["--resume", "nowhere"], "nowhere does not exist"),
        (["--resume", "."], "is no run"),
    ],
)
def test_a_wrong_argument_gets_a_sentence(arguments: list[str], said: str) -> None:
    done = pretrain(*arguments, code=2)
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_two_processes_learn_what_one_learns_from_both_their_batches(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    fields: dict[str, Any] = {"steps": 50, "log_steps": 1, "learning_rate": 1e-3}
    pretrain(recipe_file(tmp_path, batch=8, **fields), "--runs", runs, "--name", "one")
    file = recipe_file(tmp_path, batch=4, **fields)
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    arguments = [str(ROOT / "main.py"), "pretrain", str(file), "--runs", str(runs), "--name", "two"]
    done = subprocess.run([*launcher, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    one, two = without_times(runs / "one"), without_times(runs / "two")
    assert len(one) == len(two) > 50
    for alone, together in zip(one, two, strict=True):
        assert alone["step"] == together["step"]
        for key in ("loss", "mlm_loss", "nsp_loss", "grad_norm"):
            if key in alone:
                assert together[key] == pytest.approx(alone[key], rel=1e-5), (alone["step"], key)
        assert alone["tokens"] == together["tokens"]

    resumed = pretrain("--resume", runs / "two")  # with another number of processes
    assert "Finished" in resumed.stdout


@pytest.mark.slow
def test_killed_at_ten_random_moments_it_ends_like_a_run_that_was_not(tmp_path: Path) -> None:
    runs = tmp_path / "runs"
    file = recipe_file(tmp_path, steps=400, save_seconds=0.2)
    pretrain(file, "--runs", runs, "--name", "whole")
    draw = random.Random(3)
    process = begin(file, "--runs", runs, "--name", "torn")
    for _ in range(10):
        time.sleep(draw.uniform(0.5, 12))
        process.kill()
        process.communicate()
        if not (runs / "torn").exists():
            process = begin(file, "--runs", runs, "--name", "torn")
        else:
            process = begin("--resume", runs / "torn")
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 0, errors
    whole, torn = (Run.open(runs / name).load_state() for name in ("whole", "torn"))
    for name, value in whole["network"].items():
        assert torch.equal(torn["network"][name], value), name
    assert without_times(runs / "torn") == without_times(runs / "whole")


@pytest.mark.slow
@pytest.mark.parametrize("order", ["as told", "shuffled"])
def test_little_world_is_learnt_in_five_minutes(tmp_path: Path, order: str) -> None:
    from model.training import little_world

    text = (ROOT / "resources" / "recipes" / "little-world.toml").read_text(encoding="utf-8")
    if order == "shuffled":
        told = little_world.generate(60_000, seed=0)
        lines = (little_world.text(document) for document in little_world.shuffled(told, seed=0))
        (tmp_path / "shuffled.txt").write_text("\n\n".join(lines), encoding="utf-8")
        text = text.replace("little_world = 60000", 'files = ["shuffled.txt"]')
        assert "shuffled.txt" in text
    file = tmp_path / "world.toml"
    file.write_text(text, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    arguments = command(file, "--runs", tmp_path / "runs")
    subprocess.run(arguments, check=True, cwd=ROOT, env=environment)
    last = [row for row in Run.open(tmp_path / "runs" / "world").metrics() if row["split"] == "validation"][-1]
    floor = little_world.floor(little_world.generate(300, seed=1))
    learnt = last["mask_accuracy"] >= 0.85 * floor.accuracy
    assert learnt == (order == "as told"), (last, floor)
    if order == "as told":
        assert last["nsp_accuracy"] >= 0.9
