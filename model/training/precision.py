"""Whether a processor truly computes in bf16; many take the numbers and are a hundred times slower with them."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch

from model.training.recipe import Recipe


def uses_bf16(recipe: Recipe, device: torch.device) -> bool:
    """Whether matrix products run in bf16, by the recipe's wish and what the processor has."""
    if recipe.precision != "auto":
        return recipe.precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    has = torch.cpu.get_capabilities()
    return bool(has.get("avx512_bf16") or has.get("amx_bf16") or has.get("amx_tile"))


def autocast(device: torch.device, bf16: bool) -> AbstractContextManager[Any]:
    """The context in which a forward pass computes."""
    return torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()
