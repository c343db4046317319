"""Muon against torch's own, and against what its name promises."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from model.training.muon import Muon, orthogonal

SHAPES = [(24, 24), (24, 24), (96, 24), (24, 96)]


def matrices() -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(0)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]


def test_steps_are_those_of_torchs_own() -> None:
    ours, theirs = matrices(), matrices()
    mine = Muon(ours, lr=0.1, weight_decay=0.5, precision=torch.float32)
    other = torch.optim.Muon(theirs, lr=0.1, weight_decay=0.5, adjust_lr_fn="match_rms_adamw")
    generator = torch.Generator().manual_seed(1)
    for _ in range(3):
        before = [matrix.detach().clone() for matrix in theirs]
        for one, two in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape, generator=generator)
            two.grad = one.grad.clone()
        mine.step()
        other.step()
        for one, two, then in zip(ours, theirs, before, strict=True):
            assert (one - two).norm() < 0.03 * (two - then).norm()  # theirs is rounded to 8 bits


@pytest.mark.parametrize("shape", [(16, 16), (16, 64), (64, 16)])
def test_singular_values_come_near_to_one(shape: tuple[int, int]) -> None:
    drawn = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0))
    left, values, right = torch.linalg.svd(drawn, full_matrices=False)
    large = values / values.norm(dim=1, keepdim=True) > 0.05  # five steps do not lift the smallest all the way
    along = (left.mT @ orthogonal(drawn) @ right.mT).diagonal(dim1=1, dim2=2)  # in the frame of the matrix itself
    assert ((along[large] > 0.6) & (along[large] < 1.3)).all()


def test_a_matrix_without_a_gradient_stays() -> None:
    one, two = nn.Parameter(torch.ones(4, 4)), nn.Parameter(torch.ones(4, 4))
    one.grad = torch.eye(4)
    Muon([one, two], lr=0.1, weight_decay=0.1, precision=torch.float32).step()
    assert torch.equal(two, torch.ones(4, 4))
    assert not torch.equal(one, torch.ones(4, 4))
