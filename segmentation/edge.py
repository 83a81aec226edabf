"""``edge``: the photo is smoothed, strong gradients are edges, and what they enclose is a segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.base import EDGE, Labels, Photo, Segmenter
from segmentation.method_parameters import EdgeParameters
from segmentation.parts import connected_parts

_STRONGEST = 255
_SQUARE = np.ones((3, 3), np.uint8)


class EdgeSegmenter(Segmenter[EdgeParameters]):
    """Bilateral filter, non-local means, Sobel, threshold, closing, then the connected parts between the edges.

    As in segmentimg (icas 1.1), but for: a gradient that equals the threshold is an edge; parts are connected
    components; a part grows by one pixel into edges only, never into another part.
    """

    name = "edge"

    def segment_copy(self, photo: Photo, sizes: Mapping[str, float]) -> NDArray[Any]:  # noqa: ARG002
        """Give parts numbered in the order of their first pixels, row by row."""
        asked = self.parameters
        smooth = cv2.bilateralFilter(photo, asked.bilateral_d, asked.sigma_color, asked.sigma_space)
        # the filter takes the channels as B, G, R
        smooth = cv2.fastNlMeansDenoisingColored(
            cv2.cvtColor(smooth, cv2.COLOR_RGB2BGR),
            None,
            asked.h,
            asked.h_color,
            asked.template_window_size,
            asked.search_window_size,
        )
        is_edge = (gradients(np.asarray(smooth, np.uint8)) >= asked.edge_th).astype(np.uint8)
        is_edge = np.asarray(cv2.erode(cv2.dilate(is_edge, _SQUARE), _SQUARE), np.uint8)
        return grown(connected_parts(is_edge == 0)[0])


def gradients(photo: Photo) -> NDArray[np.float64]:
    """Give the mean gradient (H, W) of the channels of a photo (H, W, 3), in whole levels of 0 to 255.

    255 is the strongest of all channels together; a photo without any has 0 everywhere.
    """
    across, down = (cv2.Sobel(photo, cv2.CV_64F, dx, 1 - dx, ksize=3) for dx in (1, 0))
    strength = np.hypot(across, down)
    strength -= strength.min()
    if strongest := float(strength.max()):
        strength /= strongest  # before the factor, so that the strongest is 255 and not rounded below it
        strength *= _STRONGEST
    return np.asarray(np.floor(strength).mean(axis=2))


def grown(labels: Labels) -> Labels:
    """Let every part grow by one pixel, diagonals included, into edges only; of several the lowest id takes a pixel."""
    far = np.iinfo(np.int32).max
    lowest = ndimage.minimum_filter(np.where(labels == EDGE, far, labels), size=3, mode="nearest")
    return np.where((labels == EDGE) & (lowest < far), lowest, labels).astype(np.int32)
