"""What moves the weights: LARS, AdamW or plain momentum."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, Any

from training.finetuning.settings import FinetuneSettings

if TYPE_CHECKING:
    import torch

TRUST, TINIEST = 0.001, 1e-8


def make_optimizer(modules: Iterable[torch.nn.Module], settings: FinetuneSettings) -> torch.optim.Optimizer:
    """Make the optimiser of the parameters that learn; its rates are set step by step.

    Biases and the parameters of norms (all with one axis) are neither decayed nor, by LARS, adapted, as in the SimCLR
    paper; ``lars_all`` treats them as the others.
    """
    import torch

    matrices: list[Any] = []
    others: list[Any] = []
    for module in modules:
        for name, parameter in module.named_parameters():
            if parameter.requires_grad:
                # the power of a pooling is one number for each channel, whatever its axes
                is_matrix = parameter.ndim > 1 and name.rpartition(".")[2] != "power"
                (matrices if is_matrix or settings.lars_all else others).append(parameter)
    groups: list[dict[str, Any]] = [
        {"params": params, "weight_decay": decay}
        for params, decay in ((matrices, settings.weight_decay), (others, 0.0))
        if params
    ]
    if settings.optimizer == "adamw":
        return torch.optim.AdamW(groups, lr=0.0)
    momentum: dict[str, Any] = {"lr": 0.0, "momentum": settings.momentum, "nesterov": settings.nesterov}
    if settings.optimizer == "sgd":
        return torch.optim.SGD(groups, **momentum)
    lars: torch.optim.Optimizer = _lars()(groups, momentum)
    return lars


@cache
def _lars() -> Any:
    """Define the class when torch is there."""
    import torch

    class Lars(torch.optim.Optimizer):
        """Layer-wise adaptive rates (You, Gitman and Ginsburg, "Large Batch Training of Convolutional Networks", 2017).

        The step of a parameter p with the gradient g, weight decay w, momentum m and rate r::

            d = 0.001 |p| / (|g| + w |p| + 1e-8) (g + w p)      where w, |p| and |g| are above 0, else d = g
            buffer = m buffer + d                               at first d
            p = p - r buffer                                    with Nesterov r (d + m buffer)
        """

        @torch.no_grad()
        def step(self, closure: Any = None) -> None:  # type: ignore[override]
            for group in self.param_groups:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        self._move(parameter, group)

        def _move(self, parameter: torch.Tensor, group: dict[str, Any]) -> None:
            assert parameter.grad is not None
            direction = _adapted(parameter, parameter.grad, group["weight_decay"])
            state = self.state[parameter]
            if "buffer" not in state:
                state["buffer"] = direction.clone()
            else:
                state["buffer"].mul_(group["momentum"]).add_(direction)
            if group["nesterov"]:
                direction = direction + group["momentum"] * state["buffer"]
            else:
                direction = state["buffer"]
            parameter.sub_(group["lr"] * direction)

    return Lars


def _adapted(parameter: torch.Tensor, gradient: torch.Tensor, decay: float) -> torch.Tensor:
    size, slope = parameter.norm(), gradient.norm()
    if decay == 0 or size == 0 or slope == 0:
        return gradient
    return TRUST * size / (slope + decay * size + TINIEST) * (gradient + decay * parameter)
