"""Convolutions of 3 x 3 in a chain, as VGG has them, computed by ncnn on the processor in float32.

ncnn convolves by Winograd's minimal filtering (Lavin and Gray, "Fast algorithms for convolutional neural networks",
CVPR 2016), which needs 2 to 5 times fewer products than the plain sum; its rounding stays within 1e-5 of the largest
value. Only the body of a network is computed by it; PyTorch computes the head.

A ``Net`` reads its weights from the bytes that it was given, and a ``Mat`` its numbers from the array, for as long as
they are used: neither holds on to them by itself.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hloc.devices import import_torch
from hloc.engines import FULL, LEAST_COSINE, NCNN
from hloc.engines.graph import VARYING_SIZES, draw_photo, least_cosine
from hloc.engines.photo_network import PhotoNetwork, TorchRun
from storage.errors import StageError
from storage.machine import usable_cores

if TYPE_CHECKING:
    import torch

PARAMETERS_MAGIC = 7767517  # first line of ncnn's text of layers
INPUT = "photo"
FLOAT32_FLAG = bytes(4)  # before the weights of a layer: they are plain float32


def import_ncnn() -> Any:
    """Give the module ``ncnn``; StageError when it is missing."""
    try:
        return importlib.import_module("ncnn")
    except (ImportError, OSError) as error:  # OSError: a library of its own that Windows cannot load
        raise StageError(f"--engine ncnn needs the package ncnn ({error}); pip install ncnn") from error


def open_chain(parts: PhotoNetwork, model: str, num_threads: int = 0) -> TorchRun:
    """Give a network whose body ncnn computes, after a look at what it gives for drawn photos.

    Parameters
    ----------
    parts : PhotoNetwork
        Its body is a ``torch.nn.Sequential`` of convolutions of 3 x 3 with a border of one pixel, ReLUs after them,
        and poolings of 2 x 2.
    model : str
        For messages.
    num_threads : int
        Threads of one call; 0 for all cores.

    Raises
    ------
    StageError
        When ncnn is missing, the body is no such chain, or the descriptors differ from PyTorch's.
    """
    import_ncnn()
    body: Any = parts.body
    layers, weights = _written(body, model)
    run = TorchRun(replace(parts, body=_as_module(_Chain.of(layers, weights, num_threads))).module(), "cpu")
    drawn = [draw_photo(height, width) for height, width in VARYING_SIZES]
    exact = TorchRun(parts.module(), "cpu")
    cosine = min(least_cosine(run.describe(photo), exact.describe(photo)) for photo in drawn)
    if not cosine >= LEAST_COSINE[FULL]:
        raise StageError(
            f"--engine {NCNN}: its descriptors of {model} agree with torch's only to a cosine of {cosine:.6f}, less "
            f"than {LEAST_COSINE[FULL]}; use --engine torch"
        )
    return run


@dataclass(frozen=True, eq=False)
class _Chain:
    """A loaded chain, with the bytes that its weights are read from."""

    net: Any
    output: str
    weights: bytes

    @classmethod
    def of(cls, layers: list[str], weights: bytes, num_threads: int) -> _Chain:
        net = import_ncnn().Net()
        net.opt.num_threads = num_threads or usable_cores()
        net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = False
        net.opt.use_bf16_storage = False
        net.load_param_mem("\n".join([str(PARAMETERS_MAGIC), f"{len(layers)} {len(layers)}", *layers, ""]))
        net.load_model_mem(weights)
        return cls(net, f"blob{len(layers) - 1}", weights)

    def __call__(self, photo: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn pixels (3, h, w) into features (D, h', w')."""
        mat = import_ncnn().Mat(photo)
        extractor = self.net.create_extractor()
        extractor.input(INPUT, mat)
        code, found = extractor.extract(self.output)
        if code != 0:
            raise StageError(
                f"--engine {NCNN} could not compute a photo of {photo.shape[2]} x {photo.shape[1]} pixels (code "
                f"{code}: out of memory?); use --engine torch, or a smaller --resize_max"
            )
        return np.array(found)


def _as_module(chain: _Chain) -> Any:
    pytorch: Any = import_torch()

    class Body(pytorch.nn.Module):  # type: ignore[misc, name-defined, unused-ignore]
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            photos = pixels.contiguous().numpy()
            stacked: torch.Tensor = pytorch.from_numpy(np.stack([chain(photo) for photo in photos]))
            return stacked

    return Body()


def _written(body: Any, model: str) -> tuple[list[str], bytes]:
    """Give the lines of ncnn's text of layers, and the weights one after another."""
    nn = import_torch().nn
    layers, weights = [f"Input {INPUT} 0 1 {INPUT}"], []
    modules = list(body)
    for place, module in enumerate(modules):
        source = INPUT if len(layers) == 1 else f"blob{len(layers) - 1}"
        ends = f"layer{len(layers)} 1 1 {source} blob{len(layers)}"
        if isinstance(module, nn.Conv2d) and _is_plain(module):
            is_cut = place + 1 < len(modules) and isinstance(modules[place + 1], nn.ReLU)
            kernel, bias = (part.detach().numpy() for part in (module.weight, module.bias))
            sides = f"0={module.out_channels} 1=3 4=1 5=1 6={kernel.size}"
            layers.append(f"Convolution {ends} {sides} 9={int(is_cut)}")
            weights += [FLOAT32_FLAG, np.ascontiguousarray(kernel).tobytes(), bias.tobytes()]
        elif isinstance(module, nn.MaxPool2d) and module.kernel_size == module.stride == 2 and not module.ceil_mode:
            layers.append(f"Pooling {ends} 0=0 1=2 2=2 5=1")
        elif not (isinstance(module, nn.ReLU) and place and isinstance(modules[place - 1], nn.Conv2d)):
            raise StageError(f"--engine {NCNN} cannot compute {model} (it has {module}); use --engine torch")
    return layers, b"".join(weights)


def _is_plain(module: Any) -> bool:
    sides = (module.kernel_size, module.padding, module.stride, module.dilation, module.groups)
    return sides == ((3, 3), (1, 1), (1, 1), (1, 1), 1) and module.padding_mode == "zeros" and module.bias is not None
