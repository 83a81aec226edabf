"""A small descriptor that this project trained itself: 384 numbers, a few megabytes, no torch.

The network lies in ``hloc/weights/street`` with its recipe; ``--weights`` names another one of
``tools/train_descriptor.py`` (``docs/training.md``).
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.extractors.base import Extractor, ExtractorOptions
from hloc.onnx_session import open_session
from storage.errors import DamagedFileError, StageError, UsageError
from storage.formats.json_file import read_stage_input
from storage.pictures import as_picture

WEIGHTS = Path(__file__).parents[1] / "weights" / "street" / "street.onnx"
MADE_BY = "python -m tools.train_descriptor"
METADATA_KEY = "descriptor"
STRIDE = 32  # pixels of the picture to one place of the network's last map
DECODED_PER_SIDE = 2  # a photo is decoded at twice the network's side, so that averaging areas has something to average


def create(options: ExtractorOptions) -> StreetExtractor:
    """Make the extractor that the flags ask for."""
    if options.device not in ("auto", "cpu"):
        raise UsageError(f"--device {options.device}: street computes on the processor; leave the flag out")
    return StreetExtractor(weights=options.weights or WEIGHTS, input_side=options.resize_max)


class StreetExtractor(Extractor):
    """The descriptor of a compact network, computed in the workers, one thread each.

    Parameters
    ----------
    weights : Path
        An ONNX file of ``tools/train_descriptor.py``.
    input_side : int, optional
        Side in pixels of a square with the area of the picture that the network sees; by default the file's own.

    Raises
    ------
    StageError
        When there is no such file, or onnxruntime is not installed.
    DamagedFileError
        When the file is no network of this kind.
    UsageError
        When ``input_side`` is below 32.
    """

    name = "street"

    def __init__(self, *, weights: Path, input_side: int | None = None) -> None:
        if input_side is not None and input_side < STRIDE:
            raise UsageError(f"--resize_max {input_side}: must be at least {STRIDE} pixels for street")
        self.weights = weights
        self._session: Any = None
        content = read_stage_input(self.weights, MADE_BY)
        self._sha256 = hashlib.sha256(content).hexdigest()
        self._load(content)
        self.input_side = input_side or int(self._described()["input_side"])
        self.max_side: int = DECODED_PER_SIDE * self.input_side

    def __getstate__(self) -> dict[str, Any]:
        """Leave the network behind: each worker loads its own."""
        return self.__dict__ | {"_session": None}

    @property
    def dimension(self) -> int:
        """Length of a descriptor."""
        return int(self._loaded().get_outputs()[0].shape[1])

    def settings(self) -> dict[str, Any]:
        """Give the model, the SHA-256 of its file and the size of the picture."""
        return {"model": self.name, "weights_sha256": self._sha256, "resize_max": self.input_side}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the unit vector (D,) of an upright RGB photo (H, W, 3).

        The mirror image is not asked as well: it gains 0 to 3 thousandths of mAP, a larger picture for the same time
        more.
        """
        picture = as_picture(photo, self.input_side, STRIDE)
        vectors = self._loaded().run(None, {"pixels": picture[None]})[0]
        return np.asarray(vectors[0], np.float32)

    def _described(self) -> dict[str, Any]:
        metadata = self._loaded().get_modelmeta().custom_metadata_map
        try:
            described: dict[str, Any] = json.loads(metadata[METADATA_KEY])
            described["input_side"]
        except (KeyError, ValueError, TypeError) as error:
            raise DamagedFileError(f"damaged: {self.weights} is no descriptor of {MADE_BY}") from error
        return described

    def _loaded(self) -> Any:
        if self._session is None:
            content = read_stage_input(self.weights, MADE_BY)
            if hashlib.sha256(content).hexdigest() != self._sha256:
                raise StageError(f"{self.weights} changed while it was in use; run the same command again")
            self._load(content)
        return self._session

    def _load(self, content: bytes) -> None:
        # One thread: the workers keep the cores busy.
        self._session = open_session(content, self.weights, self.name, num_threads=1)
