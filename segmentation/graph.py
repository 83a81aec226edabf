"""``graph``: Felzenszwalb and Huttenlocher's segmentation (2004) of OpenCV's contrib; fast, and nothing is random."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.base import Photo, Segmenter, contrib
from segmentation.method_parameters import GraphParameters


class GraphSegmenter(Segmenter[GraphParameters]):
    """Pixels joined along a shortest tree while the step between two segments is not larger than those inside."""

    name = "graph"

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:
        """Give segments from 1."""
        ximgproc = contrib("--method graph")
        # k is weighed against numbers of pixels, so it shrinks and grows as they do
        k, least = sizes["k"], round(sizes["min_segment_size"])
        method = ximgproc.segmentation.createGraphSegmentation(self.parameters.sigma, k, least)
        return np.asarray(method.processImage(photo)) + 1
