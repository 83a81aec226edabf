"""Small stand-ins for published networks: repositories with a hubconf.py, weight files, ONNX files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.hub_code import HubRepository
from storage.model_files import cached_path
from tests.drawn_photos import draw_photo

SMALL_NETWORK = """
import torch

class Small(torch.nn.Module):
    def __init__(self, dimension):
        super().__init__()
        self.convolution = torch.nn.Conv2d(3, 6, 3, stride=2)
        self.linear = torch.nn.Linear(6, dimension)

    def forward(self, pixels):
        return self.linear(self.convolution(pixels).relu().mean((2, 3)))
"""

HUBCONF = """
dependencies = ["torch"]
import torch
from small_{model} import Small

def {entry}({parameters}):
    print("Returning a model")
{before}
    network = Small({dimension})
    network.load_state_dict(torch.hub.load_state_dict_from_url("{url}", map_location="cpu"))
    return network
"""


def photo(seed: int = 0, width: int = 96, height: int = 72) -> NDArray[np.uint8]:
    return np.asarray(draw_photo(seed, width, height))


def write_code(folder: Path, model: str, entry: str, dimension: int, **parts: str) -> None:
    """Write a repository whose ``entry`` builds a small network; ``parts`` change its text."""
    folder.mkdir(parents=True, exist_ok=True)
    text = {"parameters": "", "before": "    pass", "url": "https://nowhere.invalid/small.pth"} | parts
    content = HUBCONF.format(model=model, entry=entry, dimension=dimension, **text)
    (folder / "hubconf.py").write_text(content, encoding="utf-8")
    (folder / f"small_{model}.py").write_text(SMALL_NETWORK, encoding="utf-8")


def put_code(hub: Path, repository: HubRepository, model: str, entry: str, dimension: int, **parts: str) -> Path:
    """Write such a repository to its place in the cache."""
    write_code(hub / repository.place, model, entry, dimension, **parts)
    return hub / repository.place


def small_network(dimension: int, seed: int = 0) -> Any:
    """Make the network of the stand-ins with drawn weights."""
    import torch

    torch.manual_seed(seed)
    names: dict[str, Any] = {}
    exec(SMALL_NETWORK, names)
    return names["Small"](dimension).eval()


def put_weights(hub: Path, model: str, module: Any) -> Path:
    """Save a network's weights at the model's place in the cache."""
    return put_state(hub, model, module.state_dict())


def drawn_state(builder: str, gain: float = 1.0, begin: str = "", **arguments: Any) -> dict[str, Any]:
    """Draw weights of a network of torchvision; of those whose names begin so.

    Each kernel is many overlapping windows of a few drawn numbers, so that a file of them is small and quickly made.
    ``gain`` keeps what a deep network says from fading, or from hanging on the last bit of its input.
    """
    import torch
    from torchvision import models

    with torch.device("meta"):
        shapes = models.get_model(builder, weights=None, **arguments).state_dict()
    generator = torch.Generator().manual_seed(0)
    return {name: _drawn(like, gain, generator) for name, like in shapes.items() if name.startswith(begin)}


def _drawn(like: Any, gain: float, generator: Any) -> Any:
    import torch

    if not like.dtype.is_floating_point:  # a norm's count of batches
        return torch.zeros((), dtype=like.dtype)
    if like.ndim < 2:  # of a norm, or a bias: near one, so that variances are positive
        return 1 + 0.1 * torch.rand(like.shape, generator=generator)
    strides = (7, 5, 2, 1)[: like.ndim]
    length = sum((size - 1) * stride for size, stride in zip(like.shape, strides, strict=True)) + 1
    scale = (gain / like[0].numel()) ** 0.5
    return (scale * torch.randn(length, generator=generator)).as_strided(like.shape, strides)


def put_state(hub: Path, model: str, state: dict[str, Any]) -> Path:
    """Save weights at the model's place in the cache."""
    import torch

    path = cached_path(model, hub)
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(state, path)
    return path


def write_onnx(
    path: Path,
    *,
    shape: Sequence[int | str] = ("B", 3, 8, 8),
    pooled: bool = True,
    number: str = "FLOAT",
    nodes: Sequence[Any] | None = None,
) -> Path:
    """Write a network whose descriptor is the mean of each channel, or whose map is its input, times two."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    kind = getattr(TensorProto, number)
    two = numpy_helper.from_array(np.array(2, np.float16 if number == "FLOAT16" else np.float32), "two")
    spatial = [2, 3] if shape[1] == 3 else [1, 2]
    steps = [helper.make_node("Mul", ["pixels", "two"], ["map"])]
    outputs = [helper.make_tensor_value_info("map", kind, list(shape))]
    if pooled:
        steps.append(helper.make_node("ReduceMean", ["map"], ["vector"], axes=spatial, keepdims=0))
        outputs = [helper.make_tensor_value_info("vector", kind, [shape[0], 3]), *outputs]
    ends = [helper.make_tensor_value_info("pixels", kind, list(shape))]
    graph = helper.make_graph(list(nodes or steps), "small", ends, outputs, [two])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    onnx.checker.check_model(model)
    path.write_bytes(model.SerializeToString())
    return path
