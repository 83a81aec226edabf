"""What computes a network: PyTorch, ncnn, OpenVINO or ONNX Runtime, and in which precision; chosen before it is loaded.

All of them give the same descriptors in ``fp32``. ``docs/models.md`` ("Engines and precision") has the measured order.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from storage.errors import StageError, UsageError

TORCH, NCNN, OPENVINO, ONNXRUNTIME = "torch", "ncnn", "openvino", "onnxruntime"
AUTO = "auto"
ENGINES = (AUTO, TORCH, NCNN, OPENVINO, ONNXRUNTIME)
PREFERENCE = (NCNN, OPENVINO, ONNXRUNTIME, TORCH)  # fastest first: benchmarks/extract.md
PACKAGES = {
    TORCH: ("torch",),
    NCNN: ("ncnn", "torch"),
    OPENVINO: ("openvino", "onnx"),
    ONNXRUNTIME: ("onnxruntime", "onnx"),
}
PRECISIONS = ("fp32", "bf16", "fp16", "int8")
FULL, INT8 = PRECISIONS[0], PRECISIONS[3]
LEAST_COSINE = {"fp32": 0.99999, "bf16": 0.998, "fp16": 0.998, "int8": 0.95}  # to fp32; below it a run is refused
QUANTISATION_VERSION = 1  # part of settings and names: a change of what int8 means never meets an old file

# What an engine computes in, on the processor and elsewhere.
_ON_PROCESSOR = {TORCH: ("fp32", "bf16"), NCNN: ("fp32",), OPENVINO: ("fp32", "bf16"), ONNXRUNTIME: ("fp32", "int8")}
_ELSEWHERE = {TORCH: ("fp32", "bf16", "fp16"), NCNN: (), OPENVINO: (), ONNXRUNTIME: ()}


@dataclass(frozen=True)
class Engine:
    """What computes a network and in which precision; both stand in the settings of features files.

    Attributes
    ----------
    name : str
        ``torch``, ``ncnn``, ``openvino`` or ``onnxruntime``.
    precision : str
        ``fp32``, ``bf16``, ``fp16`` or ``int8``.
    """

    name: str = TORCH
    precision: str = FULL

    def settings(self) -> dict[str, Any]:
        """Give both as a features file records them, and for int8 in which version it was made."""
        version = {"quantisation": QUANTISATION_VERSION} if self.precision == INT8 else {}
        return {"engine": self.name, "precision": self.precision} | version


def is_installed(engine: str) -> bool:
    """Say whether the packages of an engine can be found; nothing is imported."""
    return all(importlib.util.find_spec(package) is not None for package in PACKAGES[engine])


def choose_engine(
    asked: str | None,
    precision: str | None,
    *,
    device: str,
    model: str,
    is_exportable: bool = True,
    is_chain: bool = False,
) -> Engine:
    """Give what computes a network.

    Parameters
    ----------
    asked : str or None
        One of :data:`ENGINES`; None is ``auto``: the first of :data:`PREFERENCE` that is installed and computes in
        the precision; ``torch`` away from the processor and for networks that are not known to survive the export.
    precision : str or None
        One of :data:`PRECISIONS`; None is ``fp32``. Less than that is never chosen by itself.
    device : str
        A resolved device, see :func:`hloc.devices.resolve_device`.
    model : str
        Of the network, for messages.
    is_exportable : bool
        Whether the network is known to give the same values as an ONNX graph, at any size of picture.

    Raises
    ------
    UsageError
        When the word is unknown, or the engine cannot do what is asked of it.
    StageError
        When a package of the engine is missing.
    """
    name, kind = asked or AUTO, precision or FULL
    for flag, value, allowed in (("engine", name, ENGINES), ("precision", kind, PRECISIONS)):
        if value not in allowed:
            raise UsageError(f"--{flag} {value}: choose from {', '.join(allowed)}")
    if name == AUTO:
        name = _automatic(kind, device, [TORCH, *[NCNN] * is_chain, *[OPENVINO, ONNXRUNTIME] * is_exportable])
    elif not is_installed(name):
        needed = " and ".join(PACKAGES[name])
        raise StageError(f"--engine {name} needs {needed}; pip install {_requirement(name)}")
    if device != "cpu" and name != TORCH:
        raise UsageError(f"--engine {name}: computes {model} on the processor; use --device cpu, or --engine torch")
    if name == NCNN and not is_chain:
        raise UsageError(f"--engine {name}: computes netvlad alone, not {model}; use --engine {AUTO}")
    _refuse_precision(name, kind, device)
    return Engine(name, kind)


def _automatic(precision: str, device: str, fitting: Sequence[str]) -> str:
    if device != "cpu":
        return TORCH
    able = (name for name in PREFERENCE if name in fitting and precision in _ON_PROCESSOR[name] and is_installed(name))
    return next(able, TORCH)


def _refuse_precision(engine: str, precision: str, device: str) -> None:
    table, place = (_ON_PROCESSOR, "the processor") if device == "cpu" else (_ELSEWHERE, device)
    if precision in table[engine]:
        return
    able = [name for name in table if precision in table[name]]
    advice = f"use --engine {' or '.join(able)}, or " if able else "use "
    raise UsageError(
        f"--precision {precision}: {engine} does not compute in it on {place}; {advice}--precision "
        f"{' or '.join(table[engine])}"
    )


def _requirement(engine: str) -> str:
    return "-r requirements.txt" if engine == TORCH else " ".join(PACKAGES[engine])
