"""Which batch stands at which place of a run, for training and for validation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from model.training import masking
from model.training.corpus import Corpus
from model.training.distributed import World
from model.training.masking import Batch
from model.training.pairs import Sampler, SpecialIds
from model.training.recipe import Recipe
from model.wordpiece import WordPiece

_STOPS = (".", "!")  # a question that ends in "how much" is no statement that has lost its stop
_VALIDATION_SEED = 0x5EED  # the same rows and masks in every run on the same texts, whatever its seed


@dataclass(frozen=True)
class Place:
    """A place in the data: the phase, and the inputs that all processes have read in it."""

    phase: int = 0
    sample: int = 0


class Batches:
    """Makes batches; each is a function of its place and of the process's rank."""

    def __init__(self, recipe: Recipe, corpus: Corpus, tokenizer: WordPiece, world: World) -> None:
        self._recipe, self._corpus, self._world = recipe, corpus, world
        self._special = SpecialIds.of(tokenizer)
        self._vocabulary = len(tokenizer.tokens)
        self._stops = [tokenizer.id(stop) for stop in _STOPS if stop in tokenizer.tokens]
        self._training = [self._sampler(number) for number in range(max(1, len(recipe.phases)))]

    def _sampler(self, phase: int) -> Sampler:
        recipe, filled = self._recipe, self._recipe.filled(phase)
        return Sampler(
            self._corpus.train,
            self._special,
            objective=recipe.objective,
            length=filled.length,
            seed=recipe.seed + phase,  # a phase reads in another order than the one before
            short_share=recipe.short_share,
            bare_share=recipe.bare_share,
            stops=self._stops,
            weights=filled.weights,
        )

    def training(self, place: Place) -> list[Batch]:
        """The batches of this process for one step, as many as are accumulated. Runs in the feed's thread."""
        filled = self._recipe.filled(place.phase)
        made = []
        for number in range(self._recipe.accumulation):
            first = place.sample + (number * self._world.size + self._world.rank) * filled.batch
            samples = np.arange(first, first + filled.batch)
            made.append(
                self._batch(self._training[place.phase], samples, self._recipe.seed + place.phase, filled.chosen)
            )
        return made

    def following(self, place: Place) -> Place:
        """The place one step on."""
        batch = self._recipe.filled(place.phase).batch
        return Place(place.phase, place.sample + self._recipe.accumulation * self._world.size * batch)

    def validation(self, phase: int) -> Iterator[Batch]:
        """This process's share of the held-out rows, in batches; none where no documents are held out."""
        recipe, filled = self._recipe, self._recipe.filled(phase)
        if not len(self._corpus.validation.tokens):
            return
        sampler = Sampler(
            self._corpus.validation,
            self._special,
            objective=recipe.objective,
            length=filled.length,
            seed=_VALIDATION_SEED,
            short_share=recipe.short_share,  # bare_share is left out: held-out texts end as they were written
        )
        mine = np.arange(self._world.rank, recipe.validate_rows, self._world.size)
        for start in range(0, len(mine), filled.batch):
            yield self._batch(sampler, mine[start : start + filled.batch], _VALIDATION_SEED, recipe.chosen)

    def _batch(self, sampler: Sampler, samples: np.ndarray, seed: int, chosen: float) -> Batch:
        recipe, rows = self._recipe, sampler.rows(samples)
        if recipe.objective == "causal":
            return masking.next_token(rows, self._special)
        return masking.corrupt(
            rows,
            self._special,
            self._vocabulary,
            samples,
            seed=seed,
            chosen=chosen,
            masked=recipe.masked,
            replaced=recipe.replaced,
        )


class Tensors(NamedTuple):
    """A batch as ``PretrainingLoss`` takes it."""

    input_ids: Tensor  # (B, T)
    segments: Tensor  # (B, T)
    mask: Tensor | None  # (B, T), None where no row has [PAD]
    chosen: Tensor  # (M,)
    labels: Tensor  # (M,)
    next_labels: Tensor | None  # (B,)


def on_device(batch: Batch, device: torch.device) -> Tensors:
    """The arrays of ``batch`` as tensors on ``device``. On a CPU, columns that hold [PAD] only are left out."""
    T = batch.input_ids.shape[1]
    width, chosen = T, batch.chosen
    if device.type == "cpu":  # a GPU's compiled kernels want the same shape every time
        width = int(batch.lengths.max())
        chosen = chosen // T * width + chosen % T
    full = bool((batch.lengths == width).all())
    mask = None if full else np.arange(width) < batch.lengths[:, None]

    def moved(array: np.ndarray) -> Tensor:
        tensor = torch.from_numpy(np.ascontiguousarray(array))
        return tensor.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else tensor

    return Tensors(
        moved(batch.input_ids[:, :width]),
        moved(batch.segments[:, :width]),
        None if mask is None else moved(mask),
        moved(chosen),
        moved(batch.labels),
        None if batch.next_labels is None else moved(batch.next_labels),
    )
