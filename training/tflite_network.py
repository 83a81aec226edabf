"""A TFLite network rebuilt in torch, so that a teacher that comes as an 8-bit file runs on a GPU too.

Only what a plain convolutional network of images needs is read: convolutions, depthwise convolutions, sums, up to the
map that is averaged at its end. Batch norm is folded into the weights already. The format is specified in
TensorFlow's ``schema.fbs``; quantised values stand for ``scale * (q - zero_point)`` (Jacob et al., "Quantization and
Training of Neural Networks", 2018, section 2.1). The sums run in float32 and every map is limited to the range that
its 8 bits could show, which holds the activations (0 to 6) as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import StageError

if TYPE_CHECKING:
    import torch

FILE_IDENTIFIER = b"TFL3"


@dataclass(frozen=True, eq=False)
class Layer:
    """One step of the network.

    Attributes
    ----------
    kind : str
        ``convolution``, ``sum`` or ``copy``.
    inputs : tuple of int
        The maps that it takes.
    output : int
        The map that it makes.
    limits : tuple of float
        Least and greatest value of the output.
    weight : ndarray of float32, shape (O, I, k, k), or None
        Of a convolution.
    bias : ndarray of float32, shape (O,), or None
        Of a convolution.
    stride : int
        Of a convolution.
    groups : int
        Of a convolution; its channels when it is depthwise.
    """

    kind: str
    inputs: tuple[int, ...]
    output: int
    limits: tuple[float, float]
    weight: NDArray[np.float32] | None = None
    bias: NDArray[np.float32] | None = None
    stride: int = 1
    groups: int = 1


@dataclass(frozen=True, eq=False)
class TfliteLayers:
    """The layers of a network, in order, and how pixels become its input: ``scale * (pixel - zero_point)``."""

    layers: tuple[Layer, ...]
    input: int
    output: int
    input_side: int
    scale: float
    zero_point: float


def last_map_only(content: bytes) -> bytes:
    """Cut a TFLite file behind the map that its last average pooling takes, so that an interpreter gives that map.

    Raises
    ------
    StageError
        When the file is no such network, or ``ai-edge-litert`` is not installed.
    """
    schema, model = _parsed(content)
    graph = model.subgraphs[0]
    end = _index_of_mean(schema, model)
    graph.outputs = np.array([graph.operators[end].inputs[0]], np.int32)
    graph.operators = graph.operators[:end]
    model.signatureDefs = []
    import flatbuffers

    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), FILE_IDENTIFIER)
    return bytes(builder.Output())


def read_layers(content: bytes) -> TfliteLayers:
    """Read the layers up to the map that the last average pooling takes.

    Raises
    ------
    StageError
        When the file is no such network, has another kind of layer, or ``ai-edge-litert`` is not installed.
    """
    schema, model = _parsed(content)
    graph = model.subgraphs[0]
    end = _index_of_mean(schema, model)
    layers = tuple(_layer(schema, model, operator) for operator in graph.operators[:end])
    pixels = graph.tensors[int(graph.inputs[0])]
    return TfliteLayers(
        layers=layers,
        input=int(graph.inputs[0]),
        output=int(graph.operators[end].inputs[0]),
        input_side=int(pixels.shape[1]),
        scale=float(pixels.quantization.scale[0]),
        zero_point=float(pixels.quantization.zeroPoint[0]),
    )


def _parsed(content: bytes) -> tuple[Any, Any]:
    try:
        from ai_edge_litert import schema_py_generated as schema
    except ImportError as error:
        raise StageError("a TFLite teacher needs the package ai-edge-litert; pip install ai-edge-litert") from error
    if content[4:8] != FILE_IDENTIFIER:
        raise StageError("the teacher is no TFLite file")
    return schema, schema.ModelT.InitFromPackedBuf(content, 0)


def _index_of_mean(schema: Any, model: Any) -> int:
    kinds = [_kind(model, operator) for operator in model.subgraphs[0].operators]
    pooling = (schema.BuiltinOperator.MEAN, schema.BuiltinOperator.AVERAGE_POOL_2D)
    found = [index for index, kind in enumerate(kinds) if kind in pooling]
    if not found:
        raise StageError("the teacher has no average pooling at its end; its last map cannot be found")
    return found[-1]


def _kind(model: Any, operator: Any) -> int:
    code = model.operatorCodes[operator.opcodeIndex]
    return max(int(code.builtinCode), int(code.deprecatedBuiltinCode))


def _layer(schema: Any, model: Any, operator: Any) -> Layer:
    builtin, tensors = schema.BuiltinOperator, model.subgraphs[0].tensors
    kind = _kind(model, operator)
    output = int(operator.outputs[0])
    limits = _limits(schema, tensors[output])
    if kind == builtin.QUANTIZE:
        return Layer("copy", (int(operator.inputs[0]),), output, limits)
    if kind == builtin.ADD:
        return Layer("sum", tuple(int(index) for index in operator.inputs), output, limits)
    if kind not in (builtin.CONV_2D, builtin.DEPTHWISE_CONV_2D):
        raise StageError(f"the teacher has a layer of kind {kind}, which is not known here")
    if operator.builtinOptions.padding != schema.Padding.SAME:
        raise StageError("the teacher has a convolution without padding, which is not known here")
    weight, bias = (_values(schema, model, tensors[int(index)]) for index in operator.inputs[1:3])
    is_depthwise = kind == builtin.DEPTHWISE_CONV_2D
    # (1, k, k, C) of a depthwise convolution and (O, k, k, I) of a full one, to (O, I, k, k)
    weight = weight.transpose(3, 0, 1, 2) if is_depthwise else weight.transpose(0, 3, 1, 2)
    stride, groups = int(operator.builtinOptions.strideW), len(weight) if is_depthwise else 1
    return Layer("convolution", (int(operator.inputs[0]),), output, limits, weight, bias, stride, groups)


def _limits(schema: Any, tensor: Any) -> tuple[float, float]:
    scale, zero_point = float(tensor.quantization.scale[0]), float(tensor.quantization.zeroPoint[0])
    low, high = (0, 255) if tensor.type == schema.TensorType.UINT8 else (-128, 127)
    return scale * (low - zero_point), scale * (high - zero_point)


def _values(schema: Any, model: Any, tensor: Any) -> NDArray[np.float32]:
    """Give the real values of a stored tensor; one scale for all, or one for each entry of an axis."""
    dtype = {schema.TensorType.INT8: np.int8, schema.TensorType.INT32: np.int32}[tensor.type]
    stored = np.asarray(model.buffers[tensor.buffer].data, np.uint8).view(dtype).reshape(tensor.shape)
    shape = [1] * stored.ndim
    scale = np.asarray(tensor.quantization.scale, np.float64)
    if scale.size > 1:
        shape[tensor.quantization.quantizedDimension] = scale.size
    zero_point = np.asarray(tensor.quantization.zeroPoint, np.float64)
    values = (stored - zero_point.reshape(shape)) * scale.reshape(shape)
    return np.asarray(values, np.float32)


class TfliteNetwork:
    """The layers as a torch function.

    Parameters
    ----------
    network : TfliteLayers
        From :func:`read_layers`.
    device : str
        Where it computes.
    """

    def __init__(self, network: TfliteLayers, device: str = "cpu") -> None:
        import torch

        self.network = network
        self.device = device
        self._weights = {
            layer.output: (torch.from_numpy(layer.weight).to(device), torch.from_numpy(layer.bias).to(device))
            for layer in network.layers
            if layer.weight is not None and layer.bias is not None
        }

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn RGB crops (B, S, S, 3) into their last maps (B, h, w, C)."""
        import torch

        with torch.inference_mode():
            pixels = torch.from_numpy(crops).to(self.device).permute(0, 3, 1, 2).float()
            maps = {self.network.input: self.network.scale * (pixels - self.network.zero_point)}
            for layer in self.network.layers:
                maps[layer.output] = self._step(layer, maps).clamp(*layer.limits)
            result: NDArray[np.float32] = maps[self.network.output].permute(0, 2, 3, 1).cpu().numpy()
        return result

    def _step(self, layer: Layer, maps: dict[int, torch.Tensor]) -> torch.Tensor:
        from torch.nn.functional import conv2d, pad

        first = maps[layer.inputs[0]]
        if layer.kind == "copy":
            return first
        if layer.kind == "sum":
            return first + maps[layer.inputs[1]]
        weight, bias = self._weights[layer.output]
        sides = [_same_padding(first.shape[axis], weight.shape[axis], layer.stride) for axis in (3, 2)]
        return conv2d(pad(first, [*sides[0], *sides[1]]), weight, bias, layer.stride, groups=layer.groups)


def _same_padding(length: int, kernel: int, stride: int) -> tuple[int, int]:
    """Give the zeros before and after, as TensorFlow places them: the odd one after."""
    total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2
