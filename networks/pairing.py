"""Weights of another program, brought to a module by the order of its layers: names differ, the order does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from storage.errors import DamagedFileError

if TYPE_CHECKING:
    import torch

NORM_PARTS = ("weight", "bias", "running_mean", "running_var")
COUNTER = "num_batches_tracked"


def kernel_and_norm_names(module: torch.nn.Module) -> tuple[list[str], list[str]]:
    """Give the names of the convolutions and linear layers, and of the norms, in the order of registration."""
    from torch import nn

    kernels = [name for name, part in module.named_modules() if isinstance(part, nn.Conv2d | nn.Linear)]
    norms = [name for name, part in module.named_modules() if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d)]
    return kernels, norms


def paired_state(
    module: torch.nn.Module,
    kernels: Sequence[torch.Tensor],
    norms: Sequence[Sequence[torch.Tensor]],
    origin: str,
) -> dict[str, torch.Tensor]:
    """Give the state of a module from the weights of its layers, each kind in the module's own order.

    Parameters
    ----------
    module : torch.nn.Module
        Layers without bias and norms, maybe on the ``meta`` device.
    kernels : sequence of tensors
        Of the convolutions (O, I, h, w) or linear layers (O, I).
    norms : sequence of four tensors each
        Scale, shift, running mean, running variance (C,).
    origin : str
        Where they come from, for messages.

    Raises
    ------
    DamagedFileError
        When there is another number of layers, a shape that does not fit, a value that is not finite, or a negative
        variance. Numbers are compared before anything is copied.
    """
    kernel_names, norm_names = kernel_and_norm_names(module)
    found, wanted = (len(kernels), len(norms)), (len(kernel_names), len(norm_names))
    if found != wanted:
        raise DamagedFileError(
            f"{origin} holds another network: {found[0]} kernels and {found[1]} norms in place of {wanted[0]} and "
            f"{wanted[1]}"
        )
    state = {f"{name}.weight": kernel for name, kernel in zip(kernel_names, kernels, strict=True)}
    for name, parts in zip(norm_names, norms, strict=True):
        state |= {f"{name}.{part}": value for part, value in zip(NORM_PARTS, parts, strict=True)}
    return checked_state(module, state, origin)


def checked_state(module: torch.nn.Module, state: Mapping[str, torch.Tensor], origin: str) -> dict[str, torch.Tensor]:
    """Give a state in the module's own order, counters of batches included, all values checked.

    Raises
    ------
    DamagedFileError
        As :func:`paired_state`.
    """
    import torch

    result: dict[str, Any] = {}
    for name, like in module.state_dict().items():
        if name.endswith(COUNTER):
            result[name] = torch.zeros((), dtype=torch.int64)
            continue
        value = state.get(name)
        if value is None:
            raise DamagedFileError(f"{origin} holds another network: nothing for {name}")
        if value.shape != like.shape:
            raise DamagedFileError(
                f"{origin} holds another network: {tuple(value.shape)} in place of {tuple(like.shape)} for {name}"
            )
        if not torch.isfinite(value).all() or (name.endswith("running_var") and (value < 0).any()):
            raise DamagedFileError(f"damaged: {origin} holds values for {name} that no network can have")
        result[name] = value.to(torch.float32).contiguous()
    return result


def ordered_layers(
    tensors: Mapping[str, torch.Tensor], dimensions: int
) -> tuple[list[torch.Tensor], list[list[torch.Tensor]]]:
    """Give the kernels and the norms of a state of PyTorch in the order in which it lists them.

    Parameters
    ----------
    tensors : mapping of str to tensor
        A state as ``state_dict()`` gives it; further layers with a bias (a classifier) are left out.
    dimensions : int
        Of a kernel: 4 for convolutions, 2 for linear layers.

    Raises
    ------
    DamagedFileError
        When a norm lacks a part.
    """
    kernels = [
        value
        for name, value in tensors.items()
        if name.endswith("weight") and value.ndim == dimensions and f"{name.removesuffix('weight')}bias" not in tensors
    ]
    norms = []
    for name in tensors:
        if name.endswith("running_mean"):
            begin = name.removesuffix("running_mean")
            missing = [part for part in NORM_PARTS if begin + part not in tensors]
            if missing:
                raise DamagedFileError(f"the norm {begin.rstrip('.')!r} has no {' and no '.join(missing)}")
            norms.append([tensors[begin + part] for part in NORM_PARTS])
    return kernels, norms
