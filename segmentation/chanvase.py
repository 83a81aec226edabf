"""``chanvase``: the level set of Chan and Vese's "Active contours without edges" (2001), cut into steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo, Segmenter
from segmentation.method_parameters import ChanVeseParameters

# weights and rounds of segmentimg (icas 1.1)
_OPTIONS = {"mu": 0.25, "lambda1": 2, "lambda2": 1, "tol": 1e-3, "max_num_iter": 100, "dt": 0.5}
_LEVELS = 256


class ChanVeseSegmenter(Segmenter[ChanVeseParameters]):
    """The level set itself, not the mask that it bounds, in ``number_of_bins`` steps from its lowest to its highest.

    A photo of one grey has one segment.
    """

    name = "chanvase"

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:  # noqa: ARG002
        """Give steps from 1; a higher one lies higher on the level set."""
        from skimage.segmentation import chan_vese

        grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY))
        if grey.min() == grey.max():
            return np.ones(grey.shape, np.int32)
        _, level_set, _ = chan_vese(
            grey.astype(np.float64), init_level_set="checkerboard", extended_output=True, **_OPTIONS
        )
        return steps(np.asarray(level_set), self.parameters.number_of_bins)


def steps(level_set: NDArray[np.float64], number_of_bins: int) -> NDArray[np.int32]:
    """Cut a level set (H, W) into steps of equal height, from 1; a flat one has one step."""
    lowest, highest = level_set.min(), level_set.max()
    if lowest == highest:
        return np.ones(level_set.shape, np.int32)
    levels = (level_set - lowest) / (highest - lowest) * (_LEVELS - 1)
    return (levels // (_LEVELS / number_of_bins)).astype(np.int32) + 1
