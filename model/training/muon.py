"""Muon (Jordan et al. 2024): every matrix moves by its gradient's momentum with all singular values made about 1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

_STEPS = 5
_A, _B, _C = 3.4445, -4.7750, 2.0315  # of Jordan's quintic: in five steps singular values come to 0.7 … 1.2
_RMS = 0.2  # of AdamW's updates (Liu et al. 2025), so that one learning rate serves both


class Muon(Optimizer):
    """``torch.optim.Muon`` with Nesterov momentum and ``match_rms_adamw``, computed in ``precision``.

    Torch's own computes in bf16 always, which a processor without it does many times slower than in float32. Matrices
    of one shape are turned together.
    """

    def __init__(
        self,
        matrices: Iterable[nn.Parameter],
        lr: float,
        weight_decay: float,
        precision: torch.dtype,
        momentum: float = 0.95,
    ) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})
        self._precision = precision

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override]
        """Changes every matrix that has a gradient."""
        for group in self.param_groups:
            by_shape: defaultdict[torch.Size, list[nn.Parameter]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    by_shape[matrix.shape].append(matrix)
            for shape, matrices in by_shape.items():
                aimed = torch.stack([self._aimed(matrix, group["momentum"]) for matrix in matrices])
                turned = orthogonal(aimed.to(self._precision)).to(aimed.dtype)
                for matrix, update in zip(matrices, turned, strict=True):
                    matrix.mul_(1 - group["lr"] * group["weight_decay"])
                    matrix.add_(update, alpha=-group["lr"] * _RMS * max(shape) ** 0.5)

    def _aimed(self, matrix: nn.Parameter, momentum: float) -> Tensor:
        """Where the matrix would go by its gradient and the mean of those before, Nesterov's way."""
        gradient, state = matrix.grad, self.state[matrix]
        assert gradient is not None
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(gradient)
        mean: Tensor = state["momentum_buffer"].lerp_(gradient, 1 - momentum)
        return gradient.lerp(mean, momentum)


def orthogonal(matrices: Tensor) -> Tensor:
    """(N, rows, columns) the nearest matrices with orthonormal rows or columns, roughly, by Newton–Schulz steps."""
    wide = matrices if matrices.shape[1] <= matrices.shape[2] else matrices.mT
    wide = wide / wide.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    for _ in range(_STEPS):
        gram = wide @ wide.mT
        wide = torch.baddbmm(wide, torch.baddbmm(gram, gram, gram, beta=_B, alpha=_C), wide, beta=_A)
    return wide if matrices.shape[1] <= matrices.shape[2] else wide.mT
