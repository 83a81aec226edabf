"""Teachers: networks whose answers a student learns to repeat. Each turns a crop into a map of vectors."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from storage.errors import StageError, UsageError
from storage.formats.json_file import read_stage_input

GRID = 4  # places on a side at which answers are kept; sixteen instead of one per crop
IMAGENET_MEAN = (123.675, 116.28, 103.53)
IMAGENET_STD = (58.395, 57.12, 57.375)
INT8_OFFSET = 128


class Teacher(Protocol):
    """What a teacher is.

    Attributes
    ----------
    input_side : int
        Side in pixels of the square crops that it takes.
    identity : str
        What its answers depend on: the kind and the SHA-256 of its weights.
    """

    input_side: int
    identity: str

    def maps(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn RGB crops (B, S, S, 3) into maps of vectors (B, h, w, C); a mere descriptor is a map of one place."""
        ...


def open_teacher(path: Path, device: str = "cpu") -> Teacher:
    """Open a teacher's file by its ending: ``.tflite`` or ``.onnx``.

    Raises
    ------
    UsageError
        For another ending.
    StageError
        When the file is missing or is no network of the expected form, or the package that reads it is missing.
    """
    content = read_stage_input(path, "fetching the teacher's file")
    if path.suffix.lower() == ".tflite":
        return TfliteTeacher(content, device)
    if path.suffix.lower() == ".onnx":
        return OnnxTeacher(content)
    raise UsageError(f"--teacher {path}: must be a .tflite or .onnx file, or the name of a registered model")


class TfliteTeacher:
    """A convolutional TFLite network, up to the map before its average pooling.

    On a processor its own 8-bit code runs (270 crops a second and core for MobileNetV2 at 224 pixels), on a GPU the
    same weights in torch; the pooled answers of the two have a cosine of 0.997 (0.994 at the least of 16 photos).
    """

    def __init__(self, content: bytes, device: str = "cpu") -> None:
        from training.tflite_network import read_layers

        self.identity = f"tflite {hashlib.sha256(content).hexdigest()}"
        self.device = device
        self._content = content
        self._layers = read_layers(content)
        self.input_side = self._layers.input_side
        self._running: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """Leave the running network behind: each worker makes its own."""
        return self.__dict__ | {"_running": None}

    def maps(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn RGB crops (B, S, S, 3) into maps (B, h, w, C)."""
        if self._running is None:
            self._running = self._started()
        return np.asarray(self._running(crops), np.float32)

    def _started(self) -> Any:
        from training.tflite_network import TfliteNetwork

        return _Interpreter(self._content) if self.device == "cpu" else TfliteNetwork(self._layers, self.device)


class _Interpreter:
    """The 8-bit code of a TFLite file, one crop at a time, on one thread."""

    def __init__(self, content: bytes) -> None:
        from ai_edge_litert.interpreter import Interpreter

        from training.tflite_network import last_map_only

        self._interpreter: Any = Interpreter(model_content=last_map_only(content), num_threads=1)
        self._interpreter.allocate_tensors()

    def __call__(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        source, target = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()[0]
        scale, zero_point = target["quantization"]
        answers = []
        for crop in crops:
            self._interpreter.set_tensor(source["index"], crop[None])
            self._interpreter.invoke()
            answers.append(self._interpreter.get_tensor(target["index"])[0])
        return np.float32(scale) * (np.stack(answers).astype(np.float32) - np.float32(zero_point))


class OnnxTeacher:
    """An ONNX network with one picture in, (B, 3, S, S) scaled as for ImageNet, and vectors or maps out."""

    def __init__(self, content: bytes) -> None:
        self.identity = f"onnx {hashlib.sha256(content).hexdigest()}"
        self._content = content
        self._session = _onnx_session(content)
        side = self._session.get_inputs()[0].shape[-1]
        self.input_side = side if isinstance(side, int) else 224

    def __getstate__(self) -> dict[str, Any]:
        """Leave the session behind: each worker makes its own."""
        return self.__dict__ | {"_session": None}

    def maps(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn RGB crops (B, S, S, 3) into maps (B, h, w, C)."""
        pixels = (crops.astype(np.float32) - np.array(IMAGENET_MEAN, np.float32)) / np.array(IMAGENET_STD, np.float32)
        if self._session is None:
            self._session = _onnx_session(self._content)
        name = self._session.get_inputs()[0].name
        answer = np.asarray(self._session.run(None, {name: pixels.transpose(0, 3, 1, 2)})[0], np.float32)
        return answer[:, None, None] if answer.ndim == 2 else answer.transpose(0, 2, 3, 1)  # noqa: PLR2004


@dataclass(eq=False)
class DescriptorTeacher:
    """Any global descriptor as a teacher: one vector for a crop, no map.

    Attributes
    ----------
    identity : str
        What the descriptor depends on: its settings.
    describe : callable
        Turns RGB crops (B, S, S, 3) into vectors (B, C).
    input_side : int
        S, in pixels.
    """

    identity: str
    describe: Callable[[NDArray[np.uint8]], NDArray[np.float32]]
    input_side: int = 224

    def maps(self, crops: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn RGB crops (B, S, S, 3) into maps of one place (B, 1, 1, C)."""
        return np.asarray(self.describe(crops), np.float32)[:, None, None]


def _onnx_session(content: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise StageError("an ONNX teacher needs the package onnxruntime; pip install onnxruntime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the workers keep the cores busy
    try:
        return onnxruntime.InferenceSession(content, options)
    except Exception as error:  # onnxruntime's errors have no class in common
        raise StageError(f"the teacher is no ONNX network that onnxruntime can run: {error}") from error


def averaged_to_grid(maps: NDArray[np.float32], grid: int = GRID) -> NDArray[np.float32]:
    """Average maps (B, h, w, C) over a grid of equal areas, (B, g, g, C); smaller maps stay as they are.

    A place that two cells share counts in both by its share, so the mean of the result is the mean of the map.
    """
    rows, columns = (_shares(length, min(grid, length)) for length in maps.shape[1:3])
    return np.einsum("ia,jb,nabc->nijc", rows, columns, maps, optimize=True)


def _shares(length: int, cells: int) -> NDArray[np.float32]:
    """Give the weights (cells, length) with which positions of a line fall into equal cells; rows sum to 1."""
    edges = np.arange(cells + 1) * (length / cells)
    positions = np.arange(length)
    overlap = np.minimum(edges[1:, None], positions + 1) - np.maximum(edges[:-1, None], positions)
    return np.asarray(np.clip(overlap, 0, None) * (cells / length), np.float32)
