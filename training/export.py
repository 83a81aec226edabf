"""The trained student as an ONNX file: pixels in, unit vectors out, weights in half precision.

The file holds everything from the photo's bytes to the whitened unit vector, so that whoever loads it needs nothing
but onnxruntime. Weights are kept as float16 and widened when the file is loaded; sums run in float32.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from storage.atomic import write_bytes
from storage.errors import StageError
from training.whitening import Whitening

if TYPE_CHECKING:
    import torch

OPSET = 17
SMALLEST_HALVED = 256  # numbers; biases and other short arrays stay as they are
HALF = "_half"
METADATA_KEY = "descriptor"


def export_student(
    path: Path, student: torch.nn.Module, whitening: Whitening, input_side: int, metadata: Mapping[str, Any]
) -> None:
    """Write the student to an ONNX file, atomically.

    Its input ``pixels`` is uint8 (B, S, S, 3), RGB; its output ``descriptors`` float32 (B, P), unit vectors.

    Parameters
    ----------
    path : Path
        The file.
    student : torch.nn.Module
        From :func:`training.student.make_student`, trained.
    whitening : Whitening
        Applied last.
    input_side : int
        S, the side of the pictures in pixels; kept in the metadata, any multiple of 32 can be given.
    metadata : Mapping
        JSON values, kept in the file.

    Raises
    ------
    StageError
        When the package ``onnx`` is missing, or the file cannot be written.
    """
    import torch

    try:
        import onnx
    except ImportError as error:
        raise StageError("the export needs the package onnx; pip install onnx") from error
    network = with_whitening(student, whitening).eval()
    buffer = io.BytesIO()
    example = torch.zeros((2, input_side, input_side, 3), dtype=torch.uint8)
    sizes = {"pixels": {0: "photos", 1: "height", 2: "width"}, "descriptors": {0: "photos"}}
    with warnings.catch_warnings():
        # The newer exporter needs one more package and writes the same network.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network,
            (example,),
            buffer,  # type: ignore[arg-type]
            input_names=["pixels"],
            output_names=["descriptors"],
            dynamic_axes=sizes,
            opset_version=OPSET,
            dynamo=False,
        )
    model = onnx.load_model_from_string(buffer.getvalue())
    _halve_weights(model)
    entry = model.metadata_props.add()
    entry.key, entry.value = METADATA_KEY, json.dumps({"input_side": input_side} | dict(metadata), sort_keys=True)
    onnx.checker.check_model(model)
    write_bytes(path, model.SerializeToString())


def with_whitening(student: torch.nn.Module, whitening: Whitening) -> torch.nn.Module:
    """Give the network from uint8 pixels (B, S, S, 3) to whitened unit vectors (B, P)."""
    import torch

    class Descriptor(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.student = student
            self.mean = torch.nn.Parameter(torch.from_numpy(whitening.mean), requires_grad=False)
            self.matrix = torch.nn.Parameter(torch.from_numpy(whitening.matrix), requires_grad=False)

        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            vectors, _ = self.student(pixels.permute(0, 3, 1, 2).float())
            unit = torch.nn.functional.normalize(vectors, dim=1)
            return torch.nn.functional.normalize((unit - self.mean) @ self.matrix, dim=1)

    return Descriptor()


def _halve_weights(model: Any) -> None:
    """Keep large arrays as float16, each widened by a node before its use; onnxruntime does that once, on loading."""
    from onnx import TensorProto, helper, numpy_helper

    casts = []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.size >= SMALLEST_HALVED:
            casts.append(helper.make_node("Cast", [weight.name + HALF], [weight.name], to=TensorProto.FLOAT))
            weight.CopyFrom(numpy_helper.from_array(values.astype(np.float16), weight.name + HALF))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
