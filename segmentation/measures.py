"""What a table says of segments: size, place, mean colour."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.base import Labels, Photo

_BLOCK = 256  # rows that are counted at once, which bounds memory


@dataclass(frozen=True)
class SegmentMeasures:
    """One segment.

    Attributes
    ----------
    id : int
        Its label.
    pixels : int
        How many it has.
    share : float
        Of the photo's pixels.
    left, top, width, height : int
        Of its bounding box, in pixels.
    color : tuple of float
        Mean red, green and blue, 0 to 255.
    """

    id: int
    pixels: int
    share: float
    left: int
    top: int
    width: int
    height: int
    color: tuple[float, float, float]


def measure_segments(labels: Labels, photo: Photo) -> list[SegmentMeasures]:
    """Measure all segments of a label image (H, W), in the order of their ids; 0 is none."""
    highest = int(labels.max())
    counts, sums = np.zeros(highest + 1, np.int64), np.zeros((3, highest + 1))
    for top in range(0, len(labels), _BLOCK):
        flat = labels[top : top + _BLOCK].ravel()
        counts += np.bincount(flat, minlength=highest + 1)
        for channel in range(3):
            weights = photo[top : top + _BLOCK, :, channel].ravel()
            sums[channel] += np.bincount(flat, weights, minlength=highest + 1)
    found = []
    for number, box in enumerate(ndimage.find_objects(labels), start=1):
        if box is not None:
            rows, columns = box
            found.append(
                SegmentMeasures(
                    id=number,
                    pixels=int(counts[number]),
                    share=float(counts[number] / labels.size),
                    left=int(columns.start),
                    top=int(rows.start),
                    width=int(columns.stop - columns.start),
                    height=int(rows.stop - rows.start),
                    color=_color(sums[:, number] / counts[number]),
                )
            )
    return found


def _color(mean: NDArray[np.float64]) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in mean)
    return red, green, blue
