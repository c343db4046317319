"""What a run will take on this machine, from three steps of each of its phases."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from model.network import BertNetwork
from model.training import memory, optimizer, preparation
from model.training.losses import PretrainingLoss
from model.training.precision import autocast, uses_bf16
from model.training.recipe import Phase, Recipe
from model.wordpiece import WordPiece

_STEPS = 3


@dataclass(frozen=True)
class Estimate:
    """Figures of a run by one process."""

    parameters: int
    steps: int
    tokens: int  # read in the whole run, at full length
    seconds: float  # of training; preparing the corpus comes before
    memory: int  # bytes at the peak of a step, of the GPU where there is one; 0 where the system does not tell


def estimate(recipe: Recipe, device: torch.device) -> Estimate:
    """Runs three steps of each phase on random tokens, after one that warms up. The corpus is not read."""
    source = recipe.start_from or recipe.vocabulary.model
    entries = len(WordPiece.read(Path(source)).tokens) if source else recipe.vocabulary.size
    network, _ = preparation.network(recipe, entries)
    network = network.to(device).train()
    phases = [recipe.filled(number) for number in range(max(1, len(recipe.phases)))]
    by_step = []
    for phase in phases:
        with memory.said_in_a_sentence(phase):
            by_step.append(_seconds(recipe, phase, network, device))
    if recipe.steps:
        steps = [phase.share * recipe.steps for phase in phases]
    else:
        steps = [60 * recipe.minutes * phase.share / took for phase, took in zip(phases, by_step, strict=True)]
    tokens = sum(
        count * recipe.accumulation * phase.batch * phase.length for count, phase in zip(steps, phases, strict=True)
    )
    return Estimate(
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        steps=round(sum(steps)),
        tokens=round(tokens),
        seconds=sum(count * took for count, took in zip(steps, by_step, strict=True)),
        memory=_peak(device),
    )


def _seconds(recipe: Recipe, phase: Phase, network: BertNetwork, device: torch.device) -> float:
    """The time of one step of ``phase``, the fastest of three: what else the machine does is not the run's."""
    entries, B, T = network.config.vocab_size, phase.batch, phase.length
    ids = torch.randint(entries, (B, T), device=device)
    share = 1.0 if recipe.objective == "causal" else phase.chosen
    chosen = torch.arange(max(1, round(share * B * T)), device=device)
    labels = ids.flatten()[chosen]
    next_labels = torch.zeros(B, dtype=torch.long, device=device) if recipe.objective == "mlm+nsp" else None
    loss = PretrainingLoss(network, same_word=recipe.same_word > 0)
    optimizers, bf16 = optimizer.build(network, recipe), uses_bf16(recipe, device)
    took = []
    for _ in range(1 + _STEPS):
        started = time.perf_counter()
        for _ in range(recipe.accumulation):
            with autocast(device, bf16):
                losses = loss(ids, torch.zeros_like(ids), None, chosen, labels, next_labels)
            total = sum(part.mean() for part in (losses.mlm, losses.nsp, losses.same_word) if part is not None)
            total.backward()
        for one in optimizers:
            one.step()
            one.zero_grad(set_to_none=True)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        took.append(time.perf_counter() - started)
    return min(took[1:])


def _peak(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    if sys.platform == "win32":  # where the standard library does not tell
        return 0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
