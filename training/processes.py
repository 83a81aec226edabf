"""Several processes that learn together, as ``torchrun`` starts them: one on each GPU, or a few on processors.

``torchrun`` tells each process its number (``RANK``, on its machine ``LOCAL_RANK``) and how many there are
(``WORLD_SIZE``). Without these variables a process is alone, and everything here leaves things as they are.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from storage.errors import UsageError

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class Processes:
    """How many processes there are, and which of them this is.

    Attributes
    ----------
    rank : int
        From 0; that of 0 alone writes files.
    count : int
        1 for a process alone.
    local_rank : int
        Number on its machine: which GPU it takes.
    """

    rank: int = 0
    count: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes and prints."""
        return self.rank == 0

    def device(self, device: str) -> str:
        """Give the device of this process: with several, each takes the GPU of its number.

        Raises
        ------
        UsageError
            When several processes are told to take one and the same GPU.
        """
        if self.count > 1 and device.startswith("cuda:"):
            raise UsageError(f"--device {device}: each of several processes takes a GPU of its own; give cuda")
        return f"cuda:{self.local_rank}" if self.count > 1 and device == "cuda" else device


def found_processes() -> Processes:
    """Read from the environment what ``torchrun`` says; without it, one process."""
    rank, count, local = (
        int(os.environ.get(name, default)) for name, default in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0))
    )
    return Processes(rank, count, local)


@contextmanager
def joined(device: str) -> Iterator[Processes]:
    """Join the other processes for the length of the block, by NCCL on GPUs and by Gloo on processors."""
    import torch.distributed as dist

    processes = found_processes()
    if processes.count == 1:
        yield processes
        return
    if device.startswith("cuda"):
        import torch

        torch.cuda.set_device(processes.device(device))
    dist.init_process_group("nccl" if device.startswith("cuda") else "gloo")
    try:
        yield processes
    finally:
        dist.destroy_process_group()


def is_joined() -> bool:
    """Say whether this process works with others."""
    import torch.distributed as dist

    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def gathered(rows: torch.Tensor) -> torch.Tensor:
    """Give the rows of all processes, in the order of their ranks; the gradient of each row flows back to its process.

    Every process must call it with as many rows, or all wait for ever.

    Parameters
    ----------
    rows : torch.Tensor, shape (B, ...)
        Those of this process.

    Returns
    -------
    torch.Tensor, shape (P B, ...)
        ``rows`` itself where the process is alone.
    """
    return _gather().apply(rows) if is_joined() else rows


def own_rank() -> int:
    """Give the number of this process among those that were joined; 0 alone."""
    import torch.distributed as dist

    return dist.get_rank() if is_joined() else 0


def summed(numbers: list[float], device: str) -> list[float]:
    """Give the sums over all processes, the same in each."""
    if not is_joined():
        return numbers
    import torch
    import torch.distributed as dist

    together = torch.tensor(numbers, dtype=torch.float64, device=device)
    dist.all_reduce(together)
    return [float(number) for number in together.tolist()]


def as_first_has(module: torch.nn.Module) -> None:
    """Take over the buffers (statistics of norms) of the first process."""
    if is_joined():
        import torch.distributed as dist

        for buffer in module.buffers():
            dist.broadcast(buffer, 0)


@cache
def _gather() -> Any:
    """Define the gathering when torch is there.

    Backwards the gradients that all processes have for a row are summed. With the mean over processes that
    ``DistributedDataParallel`` takes, this is the gradient of the mean over all rows.
    """
    import torch
    import torch.distributed as dist

    class Gather(torch.autograd.Function):
        @staticmethod
        def forward(context: Any, rows: torch.Tensor) -> torch.Tensor:
            parts = [torch.empty_like(rows) for _ in range(dist.get_world_size())]
            dist.all_gather(parts, rows.contiguous())
            return torch.cat(parts)

        @staticmethod
        def backward(context: Any, gradient: torch.Tensor) -> torch.Tensor:
            gradient = gradient.contiguous()
            dist.all_reduce(gradient)
            return gradient.chunk(dist.get_world_size())[dist.get_rank()]

    return Gather
