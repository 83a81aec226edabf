"""``graph``: Felzenszwalb and Huttenlocher's segmentation (2004) of OpenCV's contrib; fast, and nothing is random."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo, Segmenter, contrib
from segmentation.method_parameters import GraphParameters


class GraphSegmenter(Segmenter[GraphParameters]):
    """Pixels joined along a shortest tree while the step between two segments is not larger than those inside."""

    name = "graph"

    def segment_copy(self, photo: Photo, scale: float) -> NDArray[Any]:
        """Give segments from 1."""
        asked = self.parameters
        ximgproc = contrib("--method graph")
        least = round(asked.min_segment_size * scale**2)
        # k is weighed against numbers of pixels, so it shrinks as they do
        method = ximgproc.segmentation.createGraphSegmentation(asked.sigma, asked.k * scale**2, least)
        return np.asarray(method.processImage(photo)) + 1
