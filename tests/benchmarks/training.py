"""A pre-training step of ours against transformers' BertForPreTraining with torch's AdamW, on the same batch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
import transformers

from model.network import BertNetwork
from model.training import masking, optimizer
from model.training.batches import on_device
from model.training.losses import PretrainingLoss
from model.training.masking import Batch
from model.training.pairs import Rows, SpecialIds
from model.training.precision import autocast, uses_bf16
from model.training.recipe import CorpusRecipe, NetworkRecipe, Recipe, VocabularyRecipe
from tests.benchmarks.timing import compare

_ROUNDS = 8
_B, _T, _V = 64, 128, 8_192
_SPECIAL = SpecialIds(pad=0, unk=1, cls=2, sep=3, mask=4)


def main() -> None:
    """Prints how many times as fast ours is."""
    recipe = Recipe(
        steps=1, batch=_B, length=_T, corpus=CorpusRecipe(little_world=1),
        vocabulary=VocabularyRecipe(size=_V), network=NetworkRecipe(preset="mini"),
    )  # fmt: skip
    batch = _batch()
    print(f"4 layers x 256, V = {_V}, {_B} pairs of {_T} tokens, 15 % chosen; torch {torch.__version__}, "
          f"{torch.get_num_threads()} threads, transformers {transformers.__version__}")  # fmt: skip
    theirs = _theirs(batch)
    ways = {"float32": False} | ({"bf16": True} if uses_bf16(recipe, torch.device("cpu")) else {})
    for name, bf16 in ways.items():
        ours = _ours(recipe, batch, bf16)
        mine, other, ratio = compare(ours, theirs, _ROUNDS)
        tokens = int(batch.lengths.sum())
        print(f"{name}: {1 / ratio:.2f} times as fast ({tokens / mine:,.0f} against {tokens / other:,.0f} tokens/s)")
    if "bf16" not in ways:
        print("bf16: not measured, this processor does not compute in it")


def _batch() -> Batch:
    generator = np.random.default_rng(0)
    ids = generator.integers(5, _V, (_B, _T))
    ids[:, 0], ids[:, _T // 2], ids[:, -1] = _SPECIAL.cls, _SPECIAL.sep, _SPECIAL.sep
    segments = np.broadcast_to((np.arange(_T) > _T // 2).astype(np.int64), (_B, _T)).copy()
    rows = Rows(ids, segments, np.full(_B, _T), generator.integers(0, 2, _B))
    return masking.corrupt(rows, _SPECIAL, _V, np.arange(_B), seed=0)


def _ours(recipe: Recipe, batch: Batch, bf16: bool) -> Callable[[], None]:
    network = BertNetwork(recipe.config(_V)).train()
    loss, optimizers, device = PretrainingLoss(network), optimizer.build(network, recipe), torch.device("cpu")

    def step() -> None:
        with autocast(device, bf16):
            losses = loss(*on_device(batch, device))
        (losses.mlm.mean() + losses.nsp.mean()).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        for one in optimizers:
            one.step()
            one.zero_grad()

    return step


def _theirs(batch: Batch) -> Callable[[], None]:
    config = transformers.BertConfig(
        vocab_size=_V, hidden_size=256, num_hidden_layers=4, num_attention_heads=4, intermediate_size=1_024,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    network = transformers.BertForPreTraining(config).train()
    adamw = torch.optim.AdamW(network.parameters(), lr=5e-4, weight_decay=0.01)
    labels = torch.full(batch.input_ids.shape, -100)
    labels.view(-1)[torch.from_numpy(batch.chosen)] = torch.from_numpy(batch.labels)
    assert batch.next_labels is not None
    inputs = {
        "input_ids": torch.from_numpy(batch.input_ids),
        "token_type_ids": torch.from_numpy(batch.segments),
        "attention_mask": torch.ones(batch.input_ids.shape, dtype=torch.long),
        "labels": labels,
        "next_sentence_label": torch.from_numpy(batch.next_labels),
    }

    def step() -> None:
        network(**inputs).loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        adamw.step()
        adamw.zero_grad()

    return step
