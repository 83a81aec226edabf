"""Outlines of a mask as COCO's polygons."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_FEWEST_POINTS = 3  # of a polygon that COCO's readers take


def mask_outlines(mask: NDArray[np.bool_]) -> tuple[list[list[int]], list[list[int]]]:
    """Give the outlines of a mask (H, W), and those of its holes: each a list x0, y0, x1, y1 ...

    They go through the middle of pixels (OpenCV's ``findContours``, corners only). An outline goes along the outermost
    pixels of an 8-connected part, that of a hole along the pixels of the part around it; so filling outlines with
    their border, emptying holes and drawing their border again gives the mask. An outline of one or two pixels repeats
    its last point, as readers want three.
    """
    import cv2  # here, as it takes long to import

    contours, tree = cv2.findContours(np.ascontiguousarray(mask, np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    outer: list[list[int]] = []
    holes: list[list[int]] = []
    for contour, (_, _, _, parent) in zip(contours, tree[0] if tree is not None else (), strict=True):
        points = contour.reshape(-1, 2).astype(int).tolist()
        points += [points[-1]] * (_FEWEST_POINTS - len(points))
        (outer if parent < 0 else holes).append([value for point in points for value in point])
    return outer, holes
