"""Several processes that train one model together, started by ``torchrun``; one process without it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

_T = TypeVar("_T")
_LONGEST_WAIT = timedelta(hours=12)  # the others wait while rank 0 reads the corpus; torchrun ends them if it dies


@dataclass(frozen=True)
class World:
    """This process's place among those of the run."""

    rank: int
    size: int
    device: torch.device

    @classmethod
    def join(cls) -> World:
        """The processes that ``torchrun`` started, or this one alone; on the GPU where there is one."""
        if "RANK" not in os.environ:
            return cls(0, 1, torch.device("cuda" if torch.cuda.is_available() else "cpu"))
        local, cuda = int(os.environ["LOCAL_RANK"]), torch.cuda.is_available()
        device = torch.device("cuda", local) if cuda else torch.device("cpu")
        if cuda:
            torch.cuda.set_device(device)
        dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo", timeout=_LONGEST_WAIT)
        return cls(dist.get_rank(), dist.get_world_size(), device)

    def leave(self) -> None:
        """Ends the connection to the others."""
        if self.size > 1 or dist.is_initialized():
            dist.destroy_process_group()

    @property
    def writes(self) -> bool:
        """Whether this process is the one that writes files."""
        return self.rank == 0

    def sum(self, tensor: Tensor) -> Tensor:
        """The sum of every process's ``tensor``, on all of them, in place."""
        if self.size > 1:
            dist.all_reduce(tensor)
        return tensor

    def tell(self, value: _T) -> _T:
        """Rank 0's ``value``, on all of them."""
        if self.size == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box)
        return box[0]

    def wrap(self, module: nn.Module) -> nn.Module:
        """``module`` with its gradients averaged over the processes."""
        if self.size == 1:
            return module
        return DistributedDataParallel(module, device_ids=[self.device.index] if self.device.type == "cuda" else None)
