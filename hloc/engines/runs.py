"""The engines that compute an exported graph on the processor, and the checks of what they give."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.engines import FULL, INT8, LEAST_COSINE, ONNXRUNTIME, OPENVINO, Engine
from hloc.engines.graph import INPUT, OUTPUT, Graph, least_cosine
from hloc.engines.photo_network import CompiledModule, PhotoNetwork, TorchRun, started
from hloc.engines.quantised import opened_quantised, quantised_path
from hloc.onnx_session import open_session
from storage.errors import DamagedFileError, StageError

log = logging.getLogger(__name__)
NUM_CHECKED = 4  # photos of a run that are described in fp32 too, where another precision is asked for
OPENVINO_TYPES = {"fp32": "f32", "bf16": "bf16"}


@dataclass(frozen=True, eq=False)
class OnnxruntimeRun:
    """A graph that ONNX Runtime computes."""

    session: Any

    @classmethod
    def of(cls, path: Path, _precision: str, num_threads: int) -> OnnxruntimeRun:
        """Open a graph; ``num_threads`` of 0 takes all cores."""
        return cls(open_session(str(path), path, f"of the graph {path}", num_threads))

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn photos (B, h, w, 3) into descriptors (B, D)."""
        found: NDArray[np.float32] = self.session.run([OUTPUT], {INPUT: photos})[0]
        return found


@dataclass(frozen=True, eq=False)
class OpenvinoRun:
    """A graph that OpenVINO computes."""

    compiled: Any

    @classmethod
    def of(cls, path: Path, precision: str, num_threads: int) -> OpenvinoRun:
        """Open a graph; ``num_threads`` of 0 takes all cores."""
        openvino = import_openvino()
        # Said in so many words: by itself OpenVINO takes bf16 wherever the processor has it.
        options: dict[str, Any] = {"INFERENCE_PRECISION_HINT": OPENVINO_TYPES[precision], "PERFORMANCE_HINT": "LATENCY"}
        if num_threads:
            options["INFERENCE_NUM_THREADS"] = num_threads
        try:
            core = openvino.Core()
            return cls(core.compile_model(core.read_model(str(path)), "CPU", options))
        except Exception as error:  # its errors have no class in common
            raise DamagedFileError(f"damaged: {path} is no graph for OpenVINO ({_reason(error)})") from error

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn photos (B, h, w, 3) into descriptors (B, D)."""
        return np.array(self.compiled([photos])[0], np.float32)  # a copy: the next call writes over its memory


RUNS: dict[str, Any] = {ONNXRUNTIME: OnnxruntimeRun.of, OPENVINO: OpenvinoRun.of}


def import_openvino() -> Any:
    """Give the module ``openvino``; StageError when it is missing."""
    try:
        return importlib.import_module("openvino")
    except (ImportError, OSError) as error:  # OSError: a library of its own that Windows cannot load
        raise StageError(f"--engine openvino needs the package openvino ({error}); pip install openvino") from error


def open_graph(graph: Graph, engine: Engine, model: str, num_threads: int = 0) -> Any:
    """Open an exported graph with an engine, and check what it gives for the drawn photos.

    Parameters
    ----------
    graph : Graph
        From :func:`hloc.engines.graph.exported_graph`.
    engine : Engine
        What computes it.
    model : str
        For messages.
    num_threads : int
        Threads of one call; 0 for all cores.

    Returns
    -------
    Network
        With ``describe``; in less than fp32, the first photos are compared, see :class:`Compared`.

    Raises
    ------
    StageError
        When the engine is missing, or gives other descriptors than PyTorch.
    DamagedFileError
        When it cannot open the graph.
    """
    try:
        exact = RUNS[engine.name](graph.path, FULL, num_threads)
    except DamagedFileError as error:
        raise DamagedFileError(f"{error}; remove it to have it exported anew, or use --engine torch") from error
    try:
        cosine = graph.cosine(exact.describe)
    except Exception as error:  # the engines' errors have no class in common
        raise StageError(
            f"--engine {engine.name} cannot compute {model} ({_reason(error)}); use --engine torch"
        ) from error
    if not cosine >= LEAST_COSINE[FULL]:
        raise StageError(
            f"--engine {engine.name}: its descriptors of {model} agree with torch's only to a cosine of {cosine:.6f}, "
            f"less than {LEAST_COSINE[FULL]}; use --engine torch, or remove {graph.path} to have it exported anew"
        )
    if engine.precision == FULL:
        return exact
    if engine.precision == INT8:
        run = opened_quantised(graph, model, lambda path: RUNS[engine.name](path, INT8, num_threads))
        _refuse_unlike(graph, run, model)
    else:
        run = RUNS[engine.name](graph.path, engine.precision, num_threads)
    return Compared(run, exact, engine, model)


def _refuse_unlike(graph: Graph, run: Any, model: str) -> None:
    """Look at values before the first photo: a processor may add int8 products wrongly, a cached file be changed."""
    cosine, asked = graph.cosine(run.describe), LEAST_COSINE[INT8]
    if not cosine >= asked:
        raise StageError(
            f"--precision {INT8}: the drawn photos' descriptors of {model} agree with fp32 only to a cosine of "
            f"{cosine:.4f}, less than {asked}; use --precision {FULL}, or remove {quantised_path(graph)} to have it "
            "made anew"
        )


def open_torch(parts: PhotoNetwork, device: str, engine: Engine, model: str, compiles: bool = False) -> Any:
    """Give a network that PyTorch computes on a device; in less than fp32 its first photos are compared.

    With ``compiles`` it goes through ``torch.compile``, see :class:`hloc.engines.photo_network.CompiledModule`.
    """
    module = parts.module(device, engine.precision)
    run = TorchRun(CompiledModule(module, model) if compiles else module, device)
    if engine.precision == FULL:
        return run
    return Compared(run, TorchRun(parts.module(device), device), engine, model)  # the same weights, held once


@dataclass(eq=False)
class Compared:
    """A network in low precision whose first photos are described in fp32 too; a poor likeness ends the run.

    Attributes
    ----------
    run : Any
        In low precision.
    exact : Any
        In fp32; let go of after :data:`NUM_CHECKED` photos.
    engine : Engine
        For messages, and the cosine that is asked for.
    model : str
        For messages.
    """

    run: Any
    exact: Any
    engine: Engine
    model: str
    cosines: list[float] = field(default_factory=list)

    def describe(self, photos: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Turn photos (B, h, w, 3) into descriptors (B, D).

        Raises
        ------
        StageError
            When one of the first photos is less like its fp32 descriptor than :data:`LEAST_COSINE`.
        """
        found: NDArray[np.float32] = self.run.describe(photos)
        if self.exact is not None:
            self._compare(photos, found)
        return found

    def start(self, photos: NDArray[np.uint8]) -> Callable[[], NDArray[np.float32]]:
        """Begin with photos (B, h, w, 3); those that are compared are described at once."""
        if self.exact is None:
            return started(self.run, photos)
        found = self.describe(photos)
        return lambda: found

    def _compare(self, photos: NDArray[np.uint8], found: NDArray[np.float32]) -> None:
        count = min(len(photos), NUM_CHECKED - len(self.cosines))
        for row in range(count):
            wanted = self.exact.describe(photos[row : row + 1])
            self.cosines.append(least_cosine(found[row : row + 1], wanted))
        precision = self.engine.precision
        least, asked = float(np.min(self.cosines)), LEAST_COSINE[precision]
        if not least >= asked:
            raise StageError(
                f"--precision {precision}: a descriptor of {self.model} agrees with fp32 only to a cosine of "
                f"{least:.4f}, less than {asked}; use --precision {FULL}"
            )
        if len(self.cosines) >= NUM_CHECKED:
            log.info("%s in %s: cosine to fp32 %.4f at least, on %d photos", self.model, precision, least, NUM_CHECKED)
            self.exact = None  # its memory


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
