"""The student: a compact residual network that turns a small photo into a global descriptor.

An overlapping patch convolution, residual bottlenecks at four scales (He et al., "Deep Residual Learning", 2016),
generalised-mean pooling (Radenović et al., "Fine-tuning CNN Image Retrieval with No Human Annotation", 2019, section
3.2) and one linear map. Plain convolutions throughout: a processor does twice as many multiplications a second in them
as in separable ones.
"""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from training.settings import StudentSettings

if TYPE_CHECKING:
    import torch

TOTAL_STRIDE = 32  # pixels of the input to one position of the last map


def make_student(settings: StudentSettings, seed: int = 0) -> torch.nn.Module:
    """Make a student with random weights.

    Its ``forward`` takes RGB pixels of 0 to 255, float32 (B, 3, H, W), sides at least 32, and gives two tensors: the
    descriptors (B, D), not normalised, and the same linear map of every position, (B, D, H/32, W/32). Its attribute
    ``settings`` says its shape.

    Parameters
    ----------
    settings : StudentSettings
        Shape of the network.
    seed : int
        Of the weights; the global generator of torch is left as it was.
    """
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        student: torch.nn.Module = _modules().Student(settings)
    return student.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def count_parameters(network: torch.nn.Module) -> int:
    """Count the learnt numbers of a network."""
    return sum(parameter.numel() for parameter in network.parameters())


def _convolution(ins: int, outs: int, side: int, stride: int = 1, is_active: bool = True) -> Any:
    from torch import nn

    layers = [nn.Conv2d(ins, outs, side, stride, (side - 1) // 2, bias=False), nn.BatchNorm2d(outs)]
    return nn.Sequential(*layers, *([nn.ReLU(inplace=True)] if is_active else []))


@cache
def _modules() -> SimpleNamespace:
    """Define the classes when torch is there."""
    import torch
    from torch import nn

    class Bottleneck(nn.Module):
        def __init__(self, width: int, inner: int) -> None:
            super().__init__()
            last = _convolution(inner, width, 1, 1, False)
            nn.init.zeros_(last[1].weight)  # each block starts as the identity
            self.branch = nn.Sequential(_convolution(width, inner, 1), _convolution(inner, inner, 3), last)

        def forward(self, features: torch.Tensor) -> torch.Tensor:
            return torch.relu(features + self.branch(features))

    class Student(nn.Module):
        def __init__(self, settings: StudentSettings) -> None:
            super().__init__()
            self.settings = settings
            self.trunk = _trunk(settings, Bottleneck)
            width = settings.widths[-1]
            self.power = nn.Parameter(torch.full((1, width, 1, 1), 2.0)) if settings.pooling == "gem" else None
            self.head = nn.Linear(width, settings.dimension)

        def forward(self, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            features = self.trunk(pixels / 64.0 - 2.0)  # (B, C, H/32, W/32)
            local = nn.functional.conv2d(features, self.head.weight[:, :, None, None], self.head.bias)
            return self.head(self._pooled(features)), local

        def _pooled(self, features: torch.Tensor) -> torch.Tensor:
            if self.power is None:
                return features.mean((2, 3))
            power = self.power.clamp(1.0, 6.0)
            pooled: torch.Tensor = features.clamp(min=1e-4).pow(power).mean((2, 3)).pow(1.0 / power[:, :, 0, 0])
            return pooled

    return SimpleNamespace(Student=Student)


def _trunk(settings: StudentSettings, block: Any) -> Any:
    from torch import nn

    layers: list[Any] = [_convolution(3, settings.widths[0], 7, 4)]
    before = settings.widths[0]
    for index, (width, inner, depth) in enumerate(
        zip(settings.widths, settings.bottlenecks, settings.depths, strict=True)
    ):
        if index:
            layers.append(_convolution(before, width, 2, 2))
        layers += [block(width, inner) for _ in range(depth)]
        before = width
    return nn.Sequential(*layers)
