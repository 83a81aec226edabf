"""The photo itself at 32 x 32 pixels: finds near-duplicates through noise, blur, compression, light and writing.

It has no weights and learns nothing. Source: Torralba, Fergus and Freeman, "80 Million Tiny Images" (IEEE TPAMI 2008):
pictures of 32 x 32 pixels in colour, less their mean and of unit length, compared by the sum of squared differences,
which orders unit vectors as the cosine does.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.extractors.base import Extractor, ExtractorOptions
from hloc.extractors.worker_network import refuse_other_devices

SIDE = 32  # pixels; that of the paper
DECODED_SIDE = 8 * SIDE  # so that a mean of many pixels stands for each, and noise averages out
CHANNELS = 3


def create(options: ExtractorOptions) -> ThumbnailExtractor:
    """Make the extractor; it takes no flag."""
    refuse_other_devices(options.device, ThumbnailExtractor.name)
    return ThumbnailExtractor()


class ThumbnailExtractor(Extractor):
    """The pixels of a thumbnail, squashed to a square, less their mean, as a unit vector."""

    name = "thumbnail"
    max_side = DECODED_SIDE

    @property
    def dimension(self) -> int:
        """Length of a descriptor."""
        return CHANNELS * SIDE * SIDE

    def settings(self) -> dict[str, Any]:
        """Give the model and the size of the thumbnail."""
        return {"model": self.name, "side": SIDE, "decoded_side": DECODED_SIDE}

    def prepare(self, photo: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Give the unit vector (D,) of an upright RGB photo (H, W, 3); zeros for a photo of one grey."""
        small = cv2.resize(photo, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32).ravel()
        small -= small.mean()
        length = float(np.linalg.norm(small))
        return small / length if length > 0 else small
