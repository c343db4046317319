"""A folder of runs at a glance."""

from __future__ import annotations

from pathlib import Path

import pytest

from model.training.recipe import Recipe
from model.training.run import Run
from model.training.summary import Summaries, Summary, summary

RECIPE = "steps = 100\n[corpus]\nlittle_world = 10\n"


def create(runs: Path, name: str, recipe: str = RECIPE) -> Run:
    return Run.create(runs, name, Recipe.from_toml(recipe).to_toml())


@pytest.mark.parametrize(
    ("network", "size"),
    [
        ("", "mini"),
        ("preset = 'tiny'", "tiny"),
        ("layers = 3\nhidden_size = 192", "3 × 3 × 192"),
        ("preset = 'small'\nheads = 4", "4 × 4 × 512"),
    ],
)
def test_the_size_is_the_presets_name_or_what_was_set_instead(tmp_path: Path, network: str, size: str) -> None:
    assert summary(create(tmp_path, "r", f"{RECIPE}[network]\n{network}\n")).size == size


def test_steps_and_the_best_loss_come_from_the_metrics(tmp_path: Path) -> None:
    run = create(tmp_path, "r")
    assert (summary(run).step, summary(run).steps, summary(run).best_loss) == (0, 100, None)
    for step, loss in ((10, 3.0), (20, 2.0), (30, 2.5)):
        run.append_metrics({"step": step, "split": "validation", "loss": loss})
        run.append_metrics({"step": step + 5, "split": "train", "loss": 0.1})
    with run.metrics_path.open("ab") as file:
        file.write(b'{"step": 90, "split": "validation", "lo')
    assert (summary(run).step, summary(run).best_loss) == (35, 2.0)


def test_the_disk_is_counted_with_all_that_lies_in_the_directory(tmp_path: Path) -> None:
    run = create(tmp_path, "r")
    before = summary(run).disk
    snapshot = run.snapshot_path(0)
    snapshot.mkdir(parents=True)
    (snapshot / "model.safetensors").write_bytes(bytes(5_000))
    assert summary(run).disk == before + 5_000


def test_only_what_has_changed_is_read_again(tmp_path: Path) -> None:
    first, second = create(tmp_path, "a"), create(tmp_path, "b")
    summaries = Summaries(tmp_path)
    before = {entry.run: entry for entry in summaries.read()}
    first.append_metrics({"step": 1, "split": "train", "loss": 1.0})
    after = {entry.run: entry for entry in summaries.read()}
    assert after[second] is before[second]
    assert after[first].step == 1


def test_a_damaged_recipe_and_a_run_that_is_gone_keep_no_other_out(tmp_path: Path) -> None:
    damaged, gone, fine = create(tmp_path, "damaged"), create(tmp_path, "gone"), create(tmp_path, "fine")
    damaged.recipe_path.write_text("steps = [")
    gone.recipe_path.unlink()
    assert {entry.run: entry.size for entry in Summaries(tmp_path).read()} == {damaged: "", fine: "mini"}
    assert Summaries(tmp_path / "nowhere").read() == ()


def test_a_run_whose_files_are_renamed_while_they_are_counted_stays_in_the_list(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create(tmp_path, "a")
    summaries = Summaries(tmp_path)
    before = summaries.read()
    run.append_metrics({"step": 1, "split": "train", "loss": 1.0})

    def renamed(run: Run, status: object, measured: object) -> Summary:
        raise FileNotFoundError("snapshots/.step-000500")

    with monkeypatch.context() as patch:
        patch.setattr("model.training.summary.summary", renamed)
        assert summaries.read() == before
    assert [entry.step for entry in summaries.read()] == [1]


def test_a_run_that_is_deleted_while_the_folder_is_read_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = create(tmp_path, "gone"), create(tmp_path, "kept")
    monkeypatch.setattr("model.training.run._is_run", lambda folder: True)  # it was, a moment ago
    gone.recipe_path.unlink()
    assert [entry.run for entry in Summaries(tmp_path).read()] == [kept]
