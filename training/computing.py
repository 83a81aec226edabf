"""How a training uses the machine: threads, devices, and how many bits a number has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from storage.errors import UsageError


@contextmanager
def computing(num_threads: int | None) -> Iterator[None]:
    """Set PyTorch up for a training; None for its own choice of threads."""
    import torch

    if num_threads is not None:
        torch.set_num_threads(num_threads)
    # Numbers that fade towards zero slow a processor down by much, and change nothing.
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)


def mixed_precision(kind: str) -> AbstractContextManager[Any]:
    """Give the context in which a step is computed: bfloat16 where it pays, on a GPU (``kind`` of ``cuda``)."""
    import torch

    return torch.autocast(kind, torch.bfloat16, enabled=kind != "cpu")


def check_device(device: str) -> None:
    """Check that a training can compute there.

    Raises
    ------
    UsageError
        When it is neither ``cpu`` nor ``cuda`` nor ``cuda:N``, or PyTorch finds no such GPU.
    """
    import torch

    kind, _, number = device.partition(":")
    if device != "cpu" and (kind != "cuda" or not (number.isdigit() or device == "cuda")):
        raise UsageError(f"--device {device}: must be cpu, cuda or cuda:N")
    found = torch.cuda.device_count() if kind == "cuda" else 0
    if kind == "cuda" and int(number or 0) >= found:
        raise UsageError(f"--device {device}: PyTorch finds {found} NVIDIA GPUs; use --device cpu")
