"""``felzenszwalb``: Felzenszwalb and Huttenlocher's "Efficient graph-based image segmentation" (2004), scikit-image."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo, Segmenter
from segmentation.method_parameters import FelzenszwalbParameters


class FelzenszwalbSegmenter(Segmenter[FelzenszwalbParameters]):
    """Pixels joined along a shortest tree while the step between two segments is not larger than those inside."""

    name = "felzenszwalb"

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:
        """Give segments from 1."""
        from skimage.segmentation import felzenszwalb

        # the scale is weighed against numbers of pixels, so it shrinks and grows as they do
        scale, least = sizes["segment_scale"], round(sizes["min_segment_size"])
        sigma = self.parameters.sigma
        return np.asarray(felzenszwalb(photo, scale=scale, sigma=sigma, min_size=least, channel_axis=-1)) + 1
