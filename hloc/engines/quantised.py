"""An exported graph with the convolutions of its trunk in int8, by ONNX Runtime's own static quantisation.

Weights become signed, per output channel; what flows between convolutions unsigned, per tensor, in ranges that hold
nearly all values which drawn photos give. The photos are drawn and not taken from the collection, so that a photo's
descriptor does not depend on its neighbours and nothing learnt has to be stored beside the features. What follows the
last convolution (VLAD, norms, whitening) stays float32 and never passes through the quantiser: it is most of the bytes.

Source: Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference"
(CVPR 2018), section 2; the choice of what is quantised and how ranges are cut is measured in ``benchmarks/extract.md``.
"""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.engines import QUANTISATION_VERSION
from hloc.engines.graph import INPUT, Graph
from storage.atomic import atomic_path
from storage.errors import DamagedFileError, StageError

log = logging.getLogger(__name__)
CONVOLUTION = "Conv"
OPERATIONS = (CONVOLUTION, "Relu", "MaxPool")  # the last two take over int8 where it reaches them
NUM_SPARED = 1  # convolutions at the beginning that stay float32: little work, and all others see their errors
NUM_CLOUDS = 4  # of each size
PERCENTILE = 99.999  # of values that the ranges hold


@dataclass(frozen=True)
class _Parts:
    """The nodes of a graph up to its last convolution, the others, and the values that go from the former to them."""

    trunk: list[Any]
    rest: list[Any]
    crossing: list[str]


def quantised_path(graph: Graph) -> Path:
    """Give where the int8 form of a graph lies: beside it, under its name."""
    return graph.path.with_name(f"{graph.path.stem}-int8-v{QUANTISATION_VERSION}.onnx")


def opened_quantised(graph: Graph, model: str, opens: Callable[[Path], Any]) -> Any:
    """Open the int8 form of a graph from the cache; one that is missing or cannot be opened is made now.

    Parameters
    ----------
    graph : Graph
        From :func:`hloc.engines.graph.exported_graph`; known to be whole.
    model : str
        For messages.
    opens : callable
        Opens a path; DamagedFileError when it cannot.

    Raises
    ------
    StageError
        When the network cannot be quantised, or the cache cannot be written to.
    """
    path = quantised_path(graph)
    if path.is_file():
        try:
            return opens(path)
        except DamagedFileError as error:
            log.warning("%s (it is made anew now)", error)
    log.info("%s: convolutions brought to int8 once, to %s (about a minute)", model, path)
    try:
        made = quantise(graph)
    except StageError:
        raise
    except Exception as error:  # the errors of onnx and of the quantiser have no class in common
        reason = " ".join(str(error).split())[:300]
        raise StageError(f"--precision int8: {model} cannot be quantised ({reason}); use --precision fp32") from error
    with atomic_path(path) as temporary:
        importlib.import_module("onnx").save(made, str(temporary))
    del made
    return opens(path)


def quantise(graph: Graph) -> Any:
    """Give an exported graph, an ``onnx.ModelProto``, with the convolutions of its trunk in int8.

    Raises
    ------
    StageError
        When the graph has no convolution.
    """
    model = importlib.import_module("onnx").load(str(graph.path))
    parts = _divided(model.graph)
    trunk = _quantised_trunk(model, parts, calibration_photos(graph))
    needed = {name for node in parts.rest for name in node.input}
    weights = model.graph.initializer
    for place in reversed(range(len(weights))):
        if weights[place].name not in needed:
            del weights[place]
    weights.extend(one for one in trunk.graph.initializer if one.name not in needed)
    del model.graph.node[:], model.graph.value_info[:]
    model.graph.node.extend([*trunk.graph.node, *parts.rest])
    return model


def _divided(graph: Any) -> _Parts:
    """Divide the nodes, which stand in an order in which they can be computed."""
    nodes = list(graph.node)
    last = next((node for node in reversed(nodes) if node.op_type == CONVOLUTION), None)
    if last is None:
        raise StageError("--precision int8: the network has no convolution to be quantised; use --precision fp32")
    wanted, trunk, rest = set(last.output), list[Any](), list[Any]()
    for node in reversed(nodes):
        if wanted.intersection(node.output):
            wanted.update(node.input)
            trunk.insert(0, node)
        else:
            rest.insert(0, node)
    asked = {name for node in rest for name in node.input} | {one.name for one in graph.output}
    return _Parts(trunk, rest, [name for node in trunk for name in node.output if name in asked])


def _quantised_trunk(model: Any, parts: _Parts, photos: Sequence[NDArray[np.uint8]]) -> Any:
    onnx = importlib.import_module("onnx")
    quantization = importlib.import_module("onnxruntime.quantization")
    trunk = _trunk(model, parts)
    convolutions = [node.name for node in parts.trunk if node.op_type == CONVOLUTION]
    with TemporaryDirectory() as folder, redirect_stdout(StringIO()):  # it prints what it does
        path = Path(folder) / "trunk.onnx"
        quantization.quantize_static(
            trunk,
            path,
            _Photos(photos),
            op_types_to_quantize=list(OPERATIONS),
            per_channel=True,
            nodes_to_exclude=convolutions[:NUM_SPARED],
            activation_type=quantization.QuantType.QUInt8,
            weight_type=quantization.QuantType.QInt8,
            calibrate_method=quantization.CalibrationMethod.Percentile,
            extra_options={"CalibPercentile": PERCENTILE, "CalibStridedMinMax": 1},
        )
        return onnx.load(str(path))


def _trunk(model: Any, parts: _Parts) -> Any:
    """Give the trunk as a model of its own, with its weights and the types of what leaves it."""
    onnx = importlib.import_module("onnx")
    used = {name for node in parts.trunk for name in node.input}
    graph = onnx.helper.make_graph(
        parts.trunk,
        "trunk",
        model.graph.input,
        [onnx.helper.make_empty_tensor_value_info(name) for name in parts.crossing],
        [one for one in model.graph.initializer if one.name in used],
    )
    made = onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version)
    typed = onnx.shape_inference.infer_shapes(made)
    onnx.helper.set_model_props(typed, {"onnx.quant.pre_process": "onnxruntime.quant"})  # shapes are known
    return typed


class _Photos:
    """Photos as the quantiser asks for them: in parts, since it joins what it collects of one part to one array."""

    def __init__(self, photos: Sequence[NDArray[np.uint8]]) -> None:
        self._photos = photos
        self._waiting = iter(photos)

    def __len__(self) -> int:
        return len(self._photos)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Choose the part that comes next."""
        self._waiting = iter(self._photos[start_index:end_index])

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        """Give the next input; None after the last."""
        photo = next(self._waiting, None)
        return None if photo is None else {INPUT: photo}


def calibration_photos(graph: Graph) -> list[NDArray[np.uint8]]:
    """Draw photos for the ranges of values, uint8 (1, h, w, 3), at the sizes of the graph's own drawn photos."""
    sizes = [photo.shape[1:3] for photo in graph.drawn]
    clouds = [draw_clouds(seed, *size) for size in sizes for seed in range(NUM_CLOUDS)]
    return [*graph.drawn, *clouds]


def draw_clouds(seed: int, height: int, width: int) -> NDArray[np.uint8]:
    """Draw a photo whose amplitudes fall with frequency as those of natural ones do, uint8 (1, height, width, 3).

    Source: Field, "Relations between the statistics of natural images and the response properties of cortical cells"
    (JOSA A, 1987): amplitudes go as 1 / frequency. Most of the spread is common to the colours.
    """
    rng = np.random.default_rng(seed)
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width))
    frequency[0, 0] = np.inf  # no mean
    layers = rng.normal(size=(4, height, width))
    shaped = np.fft.irfft2(np.fft.rfft2(layers) / frequency, s=(height, width))
    shaped /= shaped.std(axis=(1, 2), keepdims=True)
    grey, colours = shaped[0], shaped[1:]
    photo = rng.uniform(80, 170) + rng.uniform(30, 70) * (0.95 * grey + 0.3 * colours).transpose(1, 2, 0)
    return photo.clip(0, 255).astype(np.uint8)[None]
