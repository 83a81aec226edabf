"""Opening a network of an ONNX file with onnxruntime, the one place that imports it for descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError, StageError

PROCESSOR, NVIDIA = "CPUExecutionProvider", "CUDAExecutionProvider"


def import_onnxruntime(model: str) -> Any:
    """Give the module ``onnxruntime``; StageError, naming the model that needs it, when it is missing."""
    try:
        import onnxruntime
    except (ImportError, OSError) as error:  # OSError: a library of its own that Windows cannot load
        raise StageError(f"--model {model} needs the package onnxruntime; pip install onnxruntime") from error
    return onnxruntime


def open_session(
    content: bytes | str, path: Path, model: str, num_threads: int = 0, providers: Sequence[str] = (PROCESSOR,)
) -> Any:
    """Open a network.

    Parameters
    ----------
    content : bytes or str
        The whole file; a network that keeps its weights in further files cannot be opened. A large file that nobody
        else writes to may be given by its path, which spares the memory of a copy.
    path : Path
        Where it was read, for messages.
    model : str
        The ``--model`` that needs it, for messages.
    num_threads : int
        Threads of one call; 0 for all cores.
    providers : sequence of str
        Where to compute, the first that works.

    Returns
    -------
    onnxruntime.InferenceSession

    Raises
    ------
    StageError
        When onnxruntime is missing.
    DamagedFileError
        When the file is no network that it can run.
    """
    onnxruntime = import_onnxruntime(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=list(providers))
    except Exception as error:  # its errors have no class in common
        reason = " ".join(str(error).split())[:300]
        raise DamagedFileError(f"damaged: {path} is no ONNX network ({reason})") from error
