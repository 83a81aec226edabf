"""Weights that a training begins with: of a checkpoint, or of an exported student."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.errors import DamagedFileError, UsageError
from storage.fingerprints import sha256_of_file
from training.checkpoints import read_checkpoint
from training.export import read_student
from training.settings import StudentSettings
from training.whitening import Whitening


@dataclass(frozen=True, eq=False)
class Initial:
    """A student as it was left.

    Attributes
    ----------
    student : StudentSettings
        Shape of the network.
    weights : dict of str to torch.Tensor
        What ``load_state_dict`` takes.
    whitening : Whitening or None
        Its last step; a checkpoint has none.
    identity : str
        SHA-256 of the file.
    """

    student: StudentSettings
    weights: dict[str, Any]
    whitening: Whitening | None
    identity: str


def read_initial(path: Path, flag: str = "--initial") -> Initial:
    """Read a ``checkpoint.pt`` or an ONNX file of this program; ``flag`` is what the path was given by, for messages.

    Raises
    ------
    UsageError
        When the name has another ending.
    StageError
        When the file is missing.
    DamagedFileError
        When it is damaged, or of another kind.
    """
    if path.suffix.lower() == ".onnx":
        student, weights, whitening = read_student(path)
        return Initial(student, weights, whitening, sha256_of_file(path))
    if path.suffix.lower() == ".pt":
        state = read_checkpoint(path)
        try:
            # written with repr, and read as nothing but numbers, texts and their containers
            student = StudentSettings(**ast.literal_eval(state["identity"])["student"])
            return Initial(student, state["averaged"], None, sha256_of_file(path))
        except (KeyError, TypeError, ValueError, SyntaxError) as error:
            raise DamagedFileError(f"damaged: {path} is no checkpoint of a training ({error})") from error
    raise UsageError(f"{flag} {path}: must be an .onnx file, a checkpoint.pt, or a name that --help lists")
