"""``slickmeans``: clusters of superpixels by mean place and colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segmentation.base import Labels, Photo, Segmenter, without_gaps
from segmentation.kmeans import fit_centres, nearest
from segmentation.method_parameters import SlicKMeansParameters
from segmentation.superpixel import lab_of, superpixels


class SlicKMeansSegmenter(Segmenter[SlicKMeansParameters]):
    """k-means of the superpixels' (row, column, L, a, b); clusters are numbered from 1, as 0 means edge."""

    name = "slickmeans"

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:
        """Give clusters from 1."""
        asked = self.parameters
        lab = lab_of(photo)
        found = without_gaps(superpixels(lab, sizes["region_size"], asked.ruler))
        means = means_of(found, lab)
        means[:, :2] /= sizes["color_importance"]
        centres = fit_centres(means, asked.k, asked.attempts, asked.seed)
        return (nearest(means, centres) + 1)[found - 1]


def means_of(labels: Labels, lab: Photo) -> NDArray[np.float32]:
    """Give mean row, column, L, a and b (N, 5) of segments 1 to N."""
    flat = labels.ravel()
    counts = np.bincount(flat)[1:]
    rows, columns = np.indices(labels.shape, dtype=np.float32)
    channels = [rows, columns, *np.moveaxis(lab, 2, 0)]
    sums = [np.bincount(flat, channel.ravel())[1:] for channel in channels]
    return (np.stack(sums, axis=1) / counts[:, None]).astype(np.float32)
