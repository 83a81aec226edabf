"""``quickshift``: Vedaldi and Soatto's "Quick shift and kernel methods for mode seeking" (2008), of scikit-image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo, Segmenter
from segmentation.method_parameters import QuickshiftParameters

_KERNEL_SIZE = 3  # of the density, in pixels of the copy: that of segmentimg (icas 1.1)


class QuickshiftSegmenter(Segmenter[QuickshiftParameters]):
    """Every pixel is linked to the nearest one of higher density in colour and place; trees of links are segments."""

    name = "quickshift"

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:  # noqa: ARG002
        """Give segments from 1."""
        from skimage.segmentation import quickshift

        asked = self.parameters
        found = quickshift(
            photo,
            kernel_size=_KERNEL_SIZE,
            max_dist=asked.segment_size,
            ratio=asked.color_weight,
            rng=asked.seed,
            channel_axis=-1,
        )
        return np.asarray(found) + 1
