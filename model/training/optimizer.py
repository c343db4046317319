"""How the weights change: AdamW, or Muon for the matrices of the layers, and the learning rate over the run."""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from model.network import BertNetwork
from model.training.muon import Muon
from model.training.precision import uses_bf16
from model.training.recipe import Recipe


def build(network: BertNetwork, recipe: Recipe) -> list[Optimizer]:
    """The optimizers of a run. Biases and LayerNorms do not decay (Devlin et al. 2019, appendix A.2).

    Muon takes the matrices inside the layers, its step scaled to that of AdamW, so that one learning rate serves both.
    """
    named = list(network.named_parameters())
    matrices = [parameter for name, parameter in named if recipe.optimizer == "muon" and _is_hidden(name, parameter)]
    taken = {id(parameter) for parameter in matrices}
    rest = [parameter for _, parameter in named if id(parameter) not in taken]
    groups = [
        {"params": [parameter for parameter in rest if parameter.dim() > 1], "weight_decay": recipe.weight_decay},
        {"params": [parameter for parameter in rest if parameter.dim() == 1], "weight_decay": 0.0},
    ]
    betas = (recipe.beta1, recipe.beta2)
    optimizers: list[Optimizer] = [
        torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=betas, eps=recipe.epsilon, fused=True)
    ]
    if matrices:
        precision = torch.bfloat16 if uses_bf16(recipe, matrices[0].device) else torch.float32
        optimizers.append(Muon(matrices, recipe.learning_rate, recipe.weight_decay, precision))
    return optimizers


def _is_hidden(name: str, parameter: Tensor) -> bool:
    return ".layer." in name and parameter.dim() == 2


def learning_rate(recipe: Recipe, progress: float) -> float:
    """The learning rate at ``progress``, 0 … 1 of the run: a rise to its peak, then the decay that was asked for.

    What is learnt while it is held at the peak does not depend on where the run ends, so that can still be moved there
    (Hägele et al. 2024).
    """
    if progress < recipe.warmup:
        return recipe.learning_rate * progress / recipe.warmup
    left = min(1.0, (1 - progress) / max(1 - recipe.warmup - recipe.hold, 1e-12))
    shape = {"linear": left, "cosine": (1 - math.cos(math.pi * left)) / 2, "none": 1.0}[recipe.decay]
    return recipe.learning_rate * shape


def set_learning_rate(optimizers: Iterable[Optimizer], rate: float) -> None:
    """Gives every group of every optimizer the learning rate ``rate``."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate


def by_layer(network: BertNetwork) -> dict[str, list[nn.Parameter]]:
    """The parameters by the part of the network that a curve is drawn for, in the order of the forward pass."""
    trunk, heads = network.bert, network.cls
    parts: dict[str, nn.Module | None] = {
        "embeddings": trunk.embeddings,
        **{f"layer {number}": layer for number, layer in enumerate(trunk.encoder.layer, 1)},
        "pooler": trunk.pooler,
        "MLM head": heads.predictions,
        "NSP head": heads.seq_relationship,
    }
    seen: set[int] = set()
    found: dict[str, list[nn.Parameter]] = {}
    for name, part in parts.items():
        if part is None:
            continue
        found[name] = [parameter for parameter in part.parameters() if id(parameter) not in seen]
        seen.update(map(id, found[name]))  # the tied decoder is the token embedding
    return found


def norm(tensors: Iterable[Tensor]) -> Tensor:
    """The Euclidean norm of all numbers of ``tensors`` together."""
    return torch.stack([tensor.detach().float().norm() for tensor in tensors]).norm()
