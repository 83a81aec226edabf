"""Keeping the state of a training: whole or not at all, and never code that runs when it is read."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from networks.loading import load_tensors
from storage.atomic import write_bytes
from storage.errors import DamagedFileError
from storage.formats.json_file import read_stage_input

MADE_BY = "python -m tools.train_descriptor"


def save_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write tensors, numbers and texts to one file, atomically."""
    import torch

    buffer = io.BytesIO()
    torch.save(state, buffer)
    write_bytes(path, buffer.getvalue())


def read_checkpoint(path: Path, device: str = "cpu", made_by: str = MADE_BY) -> dict[str, Any]:
    """Read what :func:`save_checkpoint` wrote.

    Parameters
    ----------
    path : Path
        The file.
    device : str
        Where its tensors are put.
    made_by : str
        The command that makes it, for the message.

    Raises
    ------
    StageError
        When there is no such file.
    DamagedFileError
        When it is cut, or holds anything but tensors, numbers and texts.
    """
    return _read(path, device, made_by, "is no checkpoint; remove it to begin anew")


def read_weights(path: Path, made_by: str) -> dict[str, Any]:
    """Read published weights that torch saved; the parameters and errors are those of :func:`read_checkpoint`."""
    return _read(path, "cpu", made_by, f"is no file of weights; fetch it again with: {made_by}")


def _read(path: Path, device: str, made_by: str, wrong: str) -> dict[str, Any]:
    content = read_stage_input(path, made_by)
    state = load_tensors(io.BytesIO(content), f"damaged: {path} {wrong}", device)
    if not isinstance(state, dict):
        raise DamagedFileError(f"damaged: {path} {wrong} (it holds a {type(state).__name__})")
    return state
