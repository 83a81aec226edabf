"""What networks that this project trains share: one ONNX file, computed in the workers, one thread each, no torch."""

from __future__ import annotations

import hashlib
import json
from abc import abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.extractors.base import Extractor
from hloc.onnx_session import open_session
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.json_file import read_stage_input


class WorkerNetwork(Extractor):
    """A network whose file says what it takes; its input is ``pixels``, uint8 (B, H, W, 3), its output unit vectors.

    Parameters
    ----------
    weights : Path
        The ONNX file.

    Attributes
    ----------
    made_by : str
        The command that makes such files.
    metadata_key : str
        The entry of the file's metadata that holds ``described``, as JSON.
    described : dict
        What the file says of itself.

    Raises
    ------
    StageError
        When there is no such file, or onnxruntime is not installed.
    DamagedFileError
        When the file is no network of this kind.
    """

    made_by: str
    metadata_key: str

    def __init__(self, weights: Path) -> None:
        self.weights = weights
        self._session: Any = None
        content = read_stage_input(self.weights, self.made_by)
        self._sha256 = hashlib.sha256(content).hexdigest()
        self._load(content)
        self.described = self._described()

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: each worker loads its own."""
        return self.__dict__ | {"_session": None}

    @property
    def dimension(self) -> int:
        """Length of a descriptor."""
        return int(self._loaded().get_outputs()[0].shape[1])

    def settings(self) -> dict[str, Any]:
        """Give the model and the SHA-256 of its file."""
        return {"model": self.name, "weights_sha256": self._sha256}

    def computed(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the unit vector (D,) of a picture (H, W, 3)."""
        return np.asarray(self._loaded().run(None, {"pixels": picture[None]})[0][0], np.float32)

    @abstractmethod
    def is_described(self, described: dict[str, Any]) -> bool:
        """Say whether a file that says this of itself is a network of this kind."""

    def _described(self) -> dict[str, Any]:
        metadata = self._session.get_modelmeta().custom_metadata_map
        try:
            described = json.loads(metadata[self.metadata_key])
            is_one = isinstance(described, dict) and self.is_described(described)
        except (KeyError, ValueError):
            is_one = False
        if not is_one:
            raise DamagedFileError(f"damaged: {self.weights} is no descriptor of {self.made_by}")
        found: dict[str, Any] = described
        return found

    def _loaded(self) -> Any:
        if self._session is None:
            content = read_stage_input(self.weights, self.made_by)
            if hashlib.sha256(content).hexdigest() != self._sha256:
                raise StageError(f"{self.weights} changed while it was in use; run the same command again")
            self._load(content)
        return self._session

    def _load(self, content: bytes) -> None:
        # One thread: the workers keep the cores busy.
        self._session = open_session(content, self.weights, self.name, num_threads=1)


def refuse_other_devices(device: str, model: str) -> None:
    """Raise UsageError when ``--device`` asks for anything but the processor, where the workers compute."""
    if device not in ("auto", "cpu"):
        raise UsageError(f"--device {device}: {model} computes on the processor; leave the flag out")
