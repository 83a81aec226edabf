"""The networks of SimCLR: residual networks of several widths, with selective kernels in half of the second version's.

Sources: Chen et al., "A Simple Framework for Contrastive Learning of Visual Representations" (ICML 2020) and "Big
Self-Supervised Models are Strong Semi-Supervised Learners" (NeurIPS 2020), with their TensorFlow code
(google-research/simclr, ``resnet.py`` and ``model_util.py``) for what the papers leave open; He et al., "Bag of Tricks"
(CVPR 2019) for the stem and the shortcuts of ResNet-D; Li et al., "Selective Kernel Networks" (CVPR 2019).

Modules are registered in the order in which TensorFlow creates their variables (a block's shortcut before its
convolutions): weights of both are paired by that order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

DEPTHS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3)}
BASE_CHANNELS, EXPANSION = 64, 4
SELECTION_RATIO, LEAST_SELECTION = 0.0625, 32  # of the channels that choose between the two kernels
PROJECTED = 128  # numbers that the contrastive head gives
HEAD_LAYERS = 3


@dataclass(frozen=True)
class SimclrShape:
    """The shape of a network.

    Attributes
    ----------
    blocks : tuple of 4 int
        Bottlenecks of each stage.
    width : float
        Multiplier of all channels; small fractions make the tiny networks of tests.
    selective : bool
        Selective kernels, with the stem and the shortcuts of ResNet-D.
    """

    blocks: tuple[int, ...] = DEPTHS[50]
    width: float = 1.0
    selective: bool = False

    @property
    def channels(self) -> tuple[int, ...]:
        """Channels inside the bottlenecks of each stage."""
        return tuple(int(BASE_CHANNELS * self.width) << stage for stage in range(len(self.blocks)))

    @property
    def dimension(self) -> int:
        """Length D of a descriptor."""
        return EXPANSION * self.channels[-1]


def _published() -> dict[str, SimclrShape]:
    shapes = {f"simclrv1-r50-{width}x": SimclrShape(width=width) for width in (1, 2, 4)}
    second = [(depth, width, kernels) for depth in DEPTHS for width in (1, 2) for kernels in (0, 1)] + [(152, 3, 1)]
    return shapes | {
        f"simclrv2-r{depth}-{width}x-sk{kernels}": SimclrShape(DEPTHS[depth], width, bool(kernels))
        for depth, width, kernels in second
    }


PUBLISHED_SHAPES = _published()


def make_encoder(shape: SimclrShape, *, exact_padding: bool = True, seed: int | None = None) -> torch.nn.Module:
    """Make an encoder with random weights, initialised as the published ones were.

    Its ``forward`` takes RGB of 0 to 1, float (B, 3, H, W), sides at least 32, and gives (B, D): the mean of the last
    map over its places, never negative. Its attribute ``shape`` is the shape it was made from.

    Parameters
    ----------
    shape : SimclrShape
        Shape of the network.
    exact_padding : bool
        Pad before pooling as TensorFlow does; False pads as converters to PyTorch commonly do, which shifts the windows
        of the first pooling by a pixel (google-research/simclr, issue 26) and dims the last row and column of the first
        shortcut. Weights are the same for both.
    seed : int, optional
        Of the weights; the global generator of torch is left as it was. By default that generator draws them.
    """
    return _seeded(lambda: _modules().Encoder(shape, exact_padding), seed)


def make_head(dimension: int, projected: int = PROJECTED, *, seed: int | None = None) -> torch.nn.Module:
    """Make the contrastive head of the second version with random weights.

    Three linear layers, each with a norm; it takes (B, D) and gives (B, P). The last norm has no shift: its bias stays
    zero and is not learnt.

    Parameters
    ----------
    dimension : int
        D, of what it takes and of the layers between.
    projected : int
        P.
    seed : int, optional
        As for :func:`make_encoder`.
    """
    return _seeded(lambda: _head(dimension, projected), seed)


def _seeded(make: Callable[[], torch.nn.Module], seed: int | None) -> torch.nn.Module:
    import torch

    if seed is None:
        return make()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()


def _head(dimension: int, projected: int) -> Any:
    from torch import nn

    layers: list[Any] = []
    for index in range(HEAD_LAYERS):
        is_last = index == HEAD_LAYERS - 1
        linear = nn.Linear(dimension, projected if is_last else dimension, bias=False)
        nn.init.trunc_normal_(linear.weight, std=0.01)  # cut off at 200 deviations; normal_ is slow on device meta
        norm = nn.BatchNorm1d(linear.out_features)
        norm.bias.requires_grad_(not is_last)
        layers += [linear, norm] if is_last else [linear, norm, nn.ReLU()]
    return nn.Sequential(*layers)


def _convolution(ins: int, outs: int, side: int, stride: int = 1) -> Any:
    from torch import nn

    made = nn.Conv2d(ins, outs, side, stride, (side - 1) // 2, bias=False)
    fan_in = ins * side * side
    spread = fan_in**-0.5 / 0.87962566103423978  # the deviation that a normal has when cut off at twice its own
    nn.init.trunc_normal_(made.weight, std=spread, a=-2 * spread, b=2 * spread)
    return made


@cache
def _modules() -> SimpleNamespace:
    """Define the classes when torch is there."""
    from torch import nn

    pooling = _pooling_modules()

    class Bottleneck(nn.Module):
        def __init__(self, shape: SimclrShape, ins: int, channels: int, stride: int, shortcut: Any) -> None:
            super().__init__()
            outs = EXPANSION * channels
            self.shortcut = shortcut
            self.reduce, self.reduce_norm = _convolution(ins, channels, 1), nn.BatchNorm2d(channels)
            if shape.selective:
                self.middle: nn.Module = _selective_kernel()(channels, stride)
            else:
                self.middle = nn.Sequential(
                    _convolution(channels, channels, 3, stride), nn.BatchNorm2d(channels), nn.ReLU()
                )
            self.expand, self.expand_norm = _convolution(channels, outs, 1), nn.BatchNorm2d(outs)
            nn.init.zeros_(self.expand_norm.weight)  # each block starts as its shortcut

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            changed = self.middle(self.reduce_norm(self.reduce(maps)).relu())
            result: torch.Tensor = (self.expand_norm(self.expand(changed)) + self.shortcut(maps)).relu()
            return result

    class Encoder(nn.Module):
        def __init__(self, shape: SimclrShape, exact_padding: bool) -> None:
            super().__init__()
            self.shape, self.exact_padding = shape, exact_padding
            self.stem = nn.Sequential(*_stem(shape), pooling.First(exact_padding))
            ins, stages = shape.channels[0], []
            for index, (channels, count) in enumerate(zip(shape.channels, shape.blocks, strict=True)):
                stride, outs = (2 if index else 1), EXPANSION * channels
                shortcut = nn.Sequential(
                    *_shortcut(shape, (ins, outs), stride, pooling.Shortcut(stride, exact_padding))
                )
                blocks = [Bottleneck(shape, ins, channels, stride, shortcut)]
                blocks += [Bottleneck(shape, outs, channels, 1, nn.Identity()) for _ in range(count - 1)]
                stages.append(nn.Sequential(*blocks))
                ins = outs
            self.stages = nn.Sequential(*stages)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            descriptors: torch.Tensor = self.stages(self.stem(pixels)).mean((2, 3))
            return descriptors

    return SimpleNamespace(Encoder=Encoder)


@cache
def _selective_kernel() -> Any:
    """Define what chooses, for each channel of each picture, between two kernels."""
    from torch import nn

    class SelectiveKernel(nn.Module):
        def __init__(self, channels: int, stride: int) -> None:
            super().__init__()
            chosen = max(int(channels * SELECTION_RATIO), LEAST_SELECTION)
            self.both = _convolution(channels, 2 * channels, 3, stride)
            self.norm = nn.BatchNorm2d(2 * channels)
            self.squeeze = _convolution(channels, chosen, 1)
            self.squeeze_norm = nn.BatchNorm2d(chosen)
            self.choose = _convolution(chosen, 2 * channels, 1)

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            first, second = self.norm(self.both(maps)).relu().chunk(2, 1)  # (B, C, h, w) each
            everywhere = (first + second).mean((2, 3), keepdim=True)  # (B, C, 1, 1)
            one, other = self.choose(self.squeeze_norm(self.squeeze(everywhere)).relu()).chunk(2, 1)
            share = (one - other).sigmoid()  # the softmax over two
            mixed: torch.Tensor = share * first + (1 - share) * second
            return mixed

    return SelectiveKernel


@cache
def _pooling_modules() -> SimpleNamespace:
    """Define the two poolings whose padding PyTorch does otherwise than TensorFlow."""
    from torch import nn

    class First(nn.Module):
        def __init__(self, exact_padding: bool) -> None:
            super().__init__()
            self.exact_padding = exact_padding

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            if not self.exact_padding:
                return nn.functional.max_pool2d(maps, 3, 2, 1)
            # An even side is padded at its end only. Zeros do, as a rectifier stands before: no value is lower.
            height, width = maps.shape[-2:]
            return nn.functional.max_pool2d(nn.functional.pad(maps, (width % 2, 1, height % 2, 1)), 3, 2)

    class Shortcut(nn.Module):
        def __init__(self, stride: int, exact_padding: bool) -> None:
            super().__init__()
            self.stride, self.exact_padding = stride, exact_padding

        def forward(self, maps: torch.Tensor) -> torch.Tensor:
            # At stride 1 TensorFlow leaves the padding out of the mean, as the repeated last row does. At stride 2 its
            # zeros are part of the mean, which odd sides only see.
            is_left_out = self.exact_padding and self.stride == 1
            padded = nn.functional.pad(maps, (0, 1, 0, 1), mode="replicate" if is_left_out else "constant")
            return nn.functional.avg_pool2d(padded, 2, self.stride)

    return SimpleNamespace(First=First, Shortcut=Shortcut)


def _stem(shape: SimclrShape) -> list[Any]:
    from torch import nn

    outs = shape.channels[0]
    if not shape.selective:
        return [_convolution(3, outs, 7, 2), nn.BatchNorm2d(outs), nn.ReLU()]
    half = max(outs // 2, 1)
    widths, layers = (3, half, half, outs), []
    for index in range(3):
        before, after = widths[index : index + 2]
        layers += [_convolution(before, after, 3, 1 if index else 2), nn.BatchNorm2d(after), nn.ReLU()]
    return layers


def _shortcut(shape: SimclrShape, channels: tuple[int, int], stride: int, pooling: Any) -> list[Any]:
    from torch import nn

    norm = nn.BatchNorm2d(channels[1])
    if shape.selective:
        return [pooling, _convolution(*channels, 1), norm]
    return [_convolution(*channels, 1, stride), norm]
