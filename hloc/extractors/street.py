"""A small descriptor that this project trained itself: 384 numbers, a few megabytes, no torch.

The network lies in ``hloc/weights/street`` with its recipe; ``--weights`` names another one of
``tools/train_descriptor.py`` (``docs/training.md``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.extractors.base import PICTURE_FLAGS, ExtractorOptions
from hloc.extractors.worker_network import WorkerNetwork, refuse_other_devices
from storage.errors import UsageError
from storage.pictures import DECODED_PER_SIDE, as_picture

WEIGHTS = Path(__file__).parents[1] / "weights" / "street" / "street.onnx"
UNDERSTOOD_FLAGS = PICTURE_FLAGS
STRIDE = 32  # pixels of the picture to one place of the network's last map


def create(options: ExtractorOptions) -> StreetExtractor:
    """Make the extractor that the flags ask for."""
    refuse_other_devices(options.device, StreetExtractor.name)
    return StreetExtractor(weights=options.weights or WEIGHTS, input_side=options.resize_max)


class StreetExtractor(WorkerNetwork):
    """The descriptor of a compact network; see :class:`hloc.extractors.worker_network.WorkerNetwork`.

    Parameters
    ----------
    weights : Path
        An ONNX file of ``tools/train_descriptor.py``.
    input_side : int, optional
        Side in pixels of a square with the area of the picture that the network sees; by default the file's own.

    Raises
    ------
    UsageError
        When ``input_side`` is below 32.
    """

    name = "street"
    made_by = "python -m tools.train_descriptor"
    metadata_key = "descriptor"

    def __init__(self, *, weights: Path, input_side: int | None = None) -> None:
        if input_side is not None and input_side < STRIDE:
            raise UsageError(f"--resize_max {input_side}: must be at least {STRIDE} pixels for street")
        super().__init__(weights)
        self.input_side = input_side or int(self.described["input_side"])
        self.max_side: int = DECODED_PER_SIDE * self.input_side

    def is_described(self, described: dict[str, Any]) -> bool:
        """Say whether the file tells the side of its pictures."""
        return isinstance(described.get("input_side"), int) and described["input_side"] >= STRIDE

    def settings(self) -> dict[str, Any]:
        """Give the model, the SHA-256 of its file and the size of the picture."""
        return super().settings() | {"resize_max": self.input_side}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the unit vector (D,) of an upright RGB photo (H, W, 3).

        The mirror image is not asked as well: it gains 0 to 3 thousandths of mAP, a larger picture for the same time
        more.
        """
        return self.computed(as_picture(photo, self.input_side, STRIDE))
