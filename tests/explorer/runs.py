"""Runs as a training leaves them behind, made up in an instant."""

from __future__ import annotations

import math
from pathlib import Path

import torch

import model
from model.bert import Bert
from model.checkpoint import save
from model.network import BertNetwork
from model.training.recipe import Recipe
from model.training.run import Run
from model.wordpiece import WordPiece

TEXTBOOK = Path(__file__).parents[2] / "resources" / "models" / "textbook"
BASELINES = {"uniform": math.log(32), "unigram_entropy": 2.9, "next_sentence": math.log(2), "floor": 0.8}


def recipe(steps: int = 1_000) -> Recipe:
    """Twice as many steps as are said to be done."""
    return Recipe.from_toml(
        f"steps = {steps}\nlength = 16\n[corpus]\nlittle_world = 100\n[network]\npreset = 'textbook'\n"
    )


def made_up(
    runs: Path,
    name: str = "toy",
    steps: tuple[int, ...] = (0, 250, 500),
    state: str = "stopped",
    reason: str = "",
    *,
    saved: bool = True,
) -> Run:
    """A run with a snapshot of other random weights at each of ``steps``, and curves that fall."""
    run = Run.create(runs, name, recipe(2 * steps[-1] or 1_000).to_toml())
    tokenizer = WordPiece.read(TEXTBOOK)
    config = model.load(TEXTBOOK).config
    for number, step in enumerate(steps):
        torch.manual_seed(number)
        save(Bert(name, BertNetwork(config), tokenizer), run.snapshot_path(step), torch.float16)
    lines = []
    for step in range(1, steps[-1] + 1, max(1, steps[-1] // 100)):
        lines.append(_line(step, "train", 0.0))
        if step % 50 == 1:
            lines.append(_line(step, "validation", 0.1))
    for line in lines:
        run.append_metrics(line)
    if saved:
        run.save_state({"step": steps[-1]})
    run.write_baselines(BASELINES)
    run.write_batch(batch())
    run.write_status(state, reason)
    run.log(f"{state.capitalize()} at step {steps[-1]}.")
    return run


def batch() -> dict[str, object]:
    """Two rows, in the form of batch.json."""
    chosen = [
        {"position": 2, "kind": "masked", "label": "dog", "loss": 0.31, "guess": "dog"},
        {"position": 4, "kind": "replaced", "label": "cute", "loss": 2.04, "guess": "is"},
        {"position": 6, "kind": "kept", "label": "he", "loss": 0.12, "guess": "he"},
    ]
    pieces = ["[CLS]", "my", "[MASK]", "is", "likes", "[SEP]", "he", "likes", "play", "##ing", "[SEP]"]
    row = {"pieces": pieces, "segments": [0] * 6 + [1] * 5, "chosen": chosen, "next_label": 0, "nsp_loss": 0.2}
    return {"step": 500, "rows": [row, row | {"chosen": [], "next_label": 1, "nsp_loss": 0.9}]}


def _line(step: int, split: str, above: float) -> dict[str, object]:
    mlm, nsp = 0.9 + above + 2.5 * math.exp(-step / 200), 0.2 + 0.49 * math.exp(-step / 400)
    line: dict[str, object] = {"step": step, "tokens": 512 * step, "split": split, "loss": mlm + nsp}
    line |= {"mlm_loss": mlm, "nsp_loss": nsp, "mlm_accuracy": 0.4, "mask_accuracy": 0.35, "nsp_accuracy": 0.8}
    if split == "train":
        norms = {"embeddings": 0.2, "layer 1": 0.5, "layer 2": 0.4}
        line |= {"learning_rate": 1e-3, "grad_norm": 0.7, "grad_norm_by_layer": norms, "update_by_layer": norms}
        line |= {"tokens_per_second": 21_000.0, "data_seconds": 0.001, "seconds": step / 40, "phase": 0}
    return line
