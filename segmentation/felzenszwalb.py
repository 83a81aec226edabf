"""``felzenszwalb``: Felzenszwalb and Huttenlocher's "Efficient graph-based image segmentation" (2004), scikit-image."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo, Segmenter
from segmentation.method_parameters import FelzenszwalbParameters


class FelzenszwalbSegmenter(Segmenter[FelzenszwalbParameters]):
    """Pixels joined along a shortest tree while the step between two segments is not larger than those inside."""

    name = "felzenszwalb"

    def segment_copy(self, photo: Photo, scale: float) -> NDArray[Any]:
        """Give segments from 1."""
        from skimage.segmentation import felzenszwalb

        asked = self.parameters
        least = round(asked.min_segment_size * scale**2)
        # the scale is weighed against numbers of pixels, so it shrinks as they do
        size = asked.segment_scale * scale**2
        return np.asarray(felzenszwalb(photo, scale=size, sigma=asked.sigma, min_size=least, channel_axis=-1)) + 1
