"""The trained student as an ONNX file: pixels in, unit vectors out, weights in half precision; and back again.

The file holds everything from the photo's bytes to the whitened unit vector, so that whoever loads it needs nothing
but onnxruntime. Weights are kept as float16 and widened when the file is loaded; sums run in float32.

A training can go on from the file: nothing is folded into anything else, and the weights keep the names that they have
in the network, so :func:`read_student` gives the student back. onnxruntime folds the norms when it loads the file.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from storage.errors import DamagedFileError, StageError
from storage.formats.json_file import read_stage_input
from storage.unchanged import write_if_changed
from training.settings import StudentSettings
from training.whitening import Whitening

if TYPE_CHECKING:
    import torch

OPSET = 17
SMALLEST_HALVED = 256  # numbers; and only matrices and kernels: a norm's variances may leave the range of float16
WIDE = "_wide"
METADATA_KEY = "descriptor"
STUDENT = "student."  # what the names of the student's weights begin with
MADE_BY = "python -m tools.train_descriptor"


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
        When the package ``onnx`` is missing, a weight is too large for float16, or the file cannot be written.
    """
    import torch

    network = with_whitening(student, whitening)
    example = torch.zeros((2, input_side, input_side, 3), dtype=torch.uint8)
    # as it stands: neither norms folded into convolutions nor weights into one another
    options = {"training": torch.onnx.TrainingMode.PRESERVE, "do_constant_folding": False}
    model = traced(network, example, {0: "photos", 1: "height", 2: "width"}, **options)
    _repeat_shared_weights(model)
    _halve_weights(model)
    shape = asdict(student.settings)  # type: ignore[call-overload]
    write_described(path, model, METADATA_KEY, {"input_side": input_side, "student": shape} | dict(metadata))


def traced(network: torch.nn.Module, example: torch.Tensor, axes: Mapping[int, str], **options: Any) -> Any:
    """Give a network as a model of the package ``onnx``, with the input ``pixels`` and the output ``descriptors``.

    Parameters
    ----------
    network : torch.nn.Module
        Takes one array and gives descriptors (B, D); it is set to evaluation.
    example : torch.Tensor
        What it takes.
    axes : Mapping of int to str
        Axes of the input whose length varies; the first one does.
    **options
        Of ``torch.onnx.export``.

    Raises
    ------
    StageError
        When the package ``onnx`` is missing.
    """
    import torch

    onnx = _onnx("the export")
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # The newer exporter needs one more package and writes the same network.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            network.eval(),
            (example,),
            buffer,  # type: ignore[arg-type]
            input_names=["pixels"],
            output_names=["descriptors"],
            dynamic_axes={"pixels": dict(axes), "descriptors": {0: axes[0]}},
            opset_version=OPSET,
            dynamo=False,
            **options,
        )
    return onnx.load_model_from_string(buffer.getvalue())


def write_described(path: Path, model: Any, key: str, described: Mapping[str, Any]) -> None:
    """Write a model of the package ``onnx`` with JSON values in its metadata, atomically, unless it stands so."""
    entry = model.metadata_props.add()
    entry.key, entry.value = key, json.dumps(described, sort_keys=True)
    _onnx("the export").checker.check_model(model)
    write_if_changed(path, model.SerializeToString())


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


def read_student(path: Path) -> tuple[StudentSettings, dict[str, Any], Whitening]:
    """Read what :func:`export_student` wrote.

    Returns
    -------
    StudentSettings
        Shape of the network.
    dict of str to torch.Tensor
        Its weights, float32: what ``load_state_dict`` takes. What was kept in half precision is rounded so.
    Whitening
        The last step.

    Raises
    ------
    StageError
        When there is no such file, or the package ``onnx`` is missing.
    DamagedFileError
        When the file is no such network, or one of an earlier release that a training cannot go on from.
    """
    content = read_stage_input(path, MADE_BY)
    onnx = _onnx(f"reading {path}")
    try:
        model = onnx.load_model_from_string(content)
        described = {entry.key: entry.value for entry in model.metadata_props}
        settings = _student_settings(json.loads(described[METADATA_KEY])["student"])
        weights = {one.name: onnx.numpy_helper.to_array(one).astype(np.float32) for one in model.graph.initializer}
        whitening = Whitening(weights["mean"], weights["matrix"])
        return settings, _state_dict(settings, weights), whitening
    except Exception as error:  # onnx passes on protobuf's own errors, which have no class in common with the others
        raise DamagedFileError(
            f"{path} is no network that a training can go on from: it is damaged, or of an earlier release; give the "
            f"checkpoint.pt that it was made from, or make it again with: {MADE_BY} ({error})"
        ) from error


def _student_settings(described: dict[str, Any]) -> StudentSettings:
    known = {field.name for field in fields(StudentSettings)}
    if set(described) != known:
        raise ValueError(f"its shape is described by {sorted(described)}, not by {sorted(known)}")
    values: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in described.items()}
    return StudentSettings(**values)


def _state_dict(settings: StudentSettings, weights: Mapping[str, np.ndarray]) -> dict[str, Any]:
    import torch

    from training.student import make_student

    expected = make_student(settings).state_dict()
    state = {}
    for name, value in expected.items():
        if not value.dtype.is_floating_point:  # a norm's count of batches: of no effect, and not exported
            state[name] = torch.zeros_like(value)
            continue
        found = weights[STUDENT + name]
        if found.shape != tuple(value.shape) or not np.isfinite(found).all():
            raise ValueError(f"{name} is not as its shape says, or not finite")
        state[name] = torch.from_numpy(found)
    return state


def _onnx(what: str) -> Any:
    try:
        import onnx
    except ImportError as error:
        raise StageError(f"{what} needs the package onnx; pip install onnx") from error
    return onnx


def _repeat_shared_weights(model: Any) -> None:
    """Give each weight its own array: torch keeps equal ones once, and the others as nodes that repeat it."""
    by_name = {weight.name: weight for weight in model.graph.initializer}
    for node in list(model.graph.node):
        if node.op_type == "Identity" and node.input[0] in by_name:
            weight = model.graph.initializer.add()
            weight.CopyFrom(by_name[node.input[0]])
            weight.name = node.output[0]
            by_name[weight.name] = weight
            model.graph.node.remove(node)


def _halve_weights(model: Any) -> None:
    """Keep large arrays as float16, each widened by a node before its use; onnxruntime does that once, on loading."""
    from onnx import TensorProto, helper, numpy_helper

    casts = {}
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if values.dtype == np.float32 and values.ndim > 1 and values.size >= SMALLEST_HALVED:
            with np.errstate(over="ignore"):
                halved = values.astype(np.float16)
            if not np.isfinite(halved).all():
                raise StageError(f"cannot export: {weight.name} holds numbers beyond float16; train at a lower rate")
            casts[weight.name] = helper.make_node("Cast", [weight.name], [weight.name + WIDE], to=TensorProto.FLOAT)
            weight.CopyFrom(numpy_helper.from_array(halved, weight.name))
    nodes = list(model.graph.node)
    for node in nodes:
        node.input[:] = [name + WIDE if name in casts else name for name in node.input]
    del model.graph.node[:]
    model.graph.node.extend([*casts.values(), *nodes])
