"""The latent of an autoencoder that you trained with ``tools/train_autoencoder.py`` (``docs/training.md``), no torch.

It knows what a photo looks like as a whole, not what stands on it: of use for near-duplicates and drawings.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.extractors.base import PICTURE_FLAGS, ExtractorOptions
from hloc.extractors.worker_network import WorkerNetwork, refuse_other_devices
from storage.errors import UsageError
from storage.pictures import DECODED_PER_SIDE, letterboxed

UNDERSTOOD_FLAGS = PICTURE_FLAGS


def create(options: ExtractorOptions) -> AutoencoderExtractor:
    """Make the extractor that the flags ask for."""
    refuse_other_devices(options.device, AutoencoderExtractor.name)
    if options.resize_max is not None:
        raise UsageError(
            f"--resize_max {options.resize_max}: an autoencoder sees photos at the size that it was trained with; "
            "leave the flag out"
        )
    if options.weights is None:
        raise UsageError(
            "--model autoencoder: no weights come with the project; name yours with --weights RUN/autoencoder.onnx, "
            f"made with: {AutoencoderExtractor.made_by}"
        )
    return AutoencoderExtractor(options.weights)


class AutoencoderExtractor(WorkerNetwork):
    """An encoder; see :class:`hloc.extractors.worker_network.WorkerNetwork`.

    Parameters
    ----------
    weights : Path
        An ONNX file of ``tools/train_autoencoder.py``.
    """

    name = "autoencoder"
    made_by = "python -m tools.train_autoencoder"
    metadata_key = "autoencoder"

    def __init__(self, weights: Path) -> None:
        super().__init__(weights)
        self.width, self.height = self.described["size"]
        self.max_side: int = DECODED_PER_SIDE * max(self.width, self.height)

    def is_described(self, described: dict[str, Any]) -> bool:
        """Say whether the file tells the size of its pictures, and its input has it."""
        size = described.get("size")
        return isinstance(size, list) and self._session.get_inputs()[0].shape[1:] == [*size[::-1], 3]

    def settings(self) -> dict[str, Any]:
        """Give the model, the SHA-256 of its file and the size of the picture."""
        return super().settings() | {"picture": f"letterbox {self.width}x{self.height}"}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the unit vector (D,) of an upright RGB photo (H, W, 3)."""
        return self.computed(letterboxed(photo, self.width, self.height))
