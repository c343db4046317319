"""``main.py score``: how well a model does on the documents that a recipe holds out.

Which documents those are depends on their texts alone, so models with different vocabularies are measured on the same.
``options`` has scored and recipe (paths), length and rows (numbers; the length 0 for the recipe's own).
"""

from __future__ import annotations

import argparse
import dataclasses
import sys

import torch

from model import checkpoint
from model.bert import Bert
from model.training import corpus, preparation
from model.training.batches import Batches, on_device
from model.training.corpus import Corpus, Progress
from model.training.distributed import World
from model.training.losses import PretrainingLoss
from model.training.metrics import Sums
from model.training.recipe import Objective, Recipe
from model.training.run import default_cache
from model.training.terminal import Terminal

_BATCH = 32
_CHOSEN, _MASKED, _REPLACED, _SHORT_SHARE = 0.15, 0.8, 0.1, 0.1  # BERT's own, so that all models are asked the same


def run(options: argparse.Namespace) -> int:
    """Carries out the command; ``ValueError`` or ``OSError`` with a sentence where that cannot be."""
    bert = checkpoint.load(options.scored)
    recipe = asked(Recipe.read(options.recipe), bert, options.length, options.rows)
    terminal = Terminal(recipe, sys.stdout)
    texts = preparation.texts(recipe, default_cache() / "corpora")
    share = recipe.corpus.validation_share
    read = corpus.prepare(
        texts, bert.tokenizer, default_cache() / "corpora", validation_share=share, progress=terminal.preparing
    )
    found = score(bert, recipe, read, terminal.preparing)
    documents = read.report.validation_documents
    rows = f"{recipe.validate_rows:,} inputs of up to {recipe.length} tokens"
    terminal.say(f"{bert.name}: {rows} of {documents:,} held-out documents")
    asked_for = "next token" if recipe.objective == "causal" else "all chosen tokens"
    for name, key, form in (
        (f"loss, {asked_for}", "mlm_loss", ".3f"),
        (f"right, {asked_for}", "mlm_accuracy", ".1%"),
        ("right, at [MASK]", "mask_accuracy", ".1%"),
        ("loss, next sentence", "nsp_loss", ".3f"),
        ("right, next sentence", "nsp_accuracy", ".1%"),
    ):
        if found[key] is not None:
            terminal.say(f"{name:>24}  {found[key]:{form}}")
    return 0


def asked(recipe: Recipe, bert: Bert, length: int, rows: int) -> Recipe:
    """What is measured: the ``recipe``'s texts, the objectives that ``bert`` has heads for, inputs of one length."""
    length = length or recipe.length
    if length > bert.config.max_position_embeddings:
        longest = bert.config.max_position_embeddings
        raise ValueError(f"{bert.name} reads {longest} tokens at most: lower --length, which is {length}.")
    return dataclasses.replace(
        recipe,
        objective=_objective(bert),
        length=length,
        batch=_BATCH,
        validate_rows=rows,
        chosen=_CHOSEN,
        masked=_MASKED,
        replaced=_REPLACED,
        short_share=_SHORT_SHARE,
        same_word=0.0,
        phases=(),
    )


def _objective(bert: Bert) -> Objective:
    if not bert.has_mlm:
        raise ValueError(f"{bert.name} has no masked-LM head, so there is nothing to measure: choose a model with one.")
    if bert.config.is_decoder:
        return "causal"
    return "mlm+nsp" if bert.has_nsp else "mlm"


def score(bert: Bert, recipe: Recipe, read: Corpus, progress: Progress) -> dict[str, float | None]:
    """Losses in nats and accuracies 0 … 1, as in a line of validation metrics; None where there is no head."""
    if not read.report.validation_documents:
        raise ValueError("The recipe holds no documents out: set corpus.validation_share.")
    world = World.join()
    sums, loss = Sums(world.device), PretrainingLoss(bert.network.to(world.device))
    with torch.inference_mode():
        for number, batch in enumerate(Batches(recipe, read, bert.tokenizer, world).validation(0), 1):
            inputs = on_device(batch, world.device)
            sums.add(batch, loss(*inputs), inputs.labels, inputs.next_labels)
            progress("Asking the model", min(1.0, number * _BATCH / recipe.validate_rows))
    return sums.line(world)
