"""``superpixel``: MSLIC, superpixels that adapt their size to the content (Liu et al. 2016), of OpenCV's contrib."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo, Segmenter, contrib
from segmentation.method_parameters import SuperpixelParameters

_LEAST_SIDE = 2  # of a superpixel, in pixels of the copy


class SuperpixelSegmenter(Segmenter[SuperpixelParameters]):
    """Superpixels in Lab, ten rounds, as they are: their parts are not forced to be connected."""

    name = "superpixel"

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:
        """Give superpixels from 1."""
        return superpixels(lab_of(photo), sizes["region_size"], self.parameters.ruler)


def lab_of(photo: Photo) -> Photo:
    """Give an RGB photo (H, W, 3) in Lab, 8 bit a channel."""
    return np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2Lab), np.uint8)


def superpixels(lab: Photo, region_size: float, ruler: float) -> NDArray[np.int32]:
    """Give the superpixels (H, W) of a photo in Lab, from 1; one for a photo that is too small for two."""
    ximgproc = contrib("--method superpixel, slickmeans")
    side = max(_LEAST_SIDE, round(region_size))
    if min(lab.shape[:2]) <= side:
        return np.ones(lab.shape[:2], np.int32)
    found = ximgproc.createSuperpixelSLIC(lab, ximgproc.MSLIC, side, float(ruler))
    found.iterate()
    return np.asarray(found.getLabels(), np.int32) + 1
