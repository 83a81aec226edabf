"""Connected parts of masks, as label images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from segmentation.base import Labels


def connected_parts(mask: NDArray[np.bool_]) -> tuple[Labels, int]:
    """Number the 4-connected parts of a mask (H, W) from 1 in the order of their first pixels; give their number too.

    Pixels outside the mask are 0.
    """
    labels = np.zeros(mask.shape, np.int32)
    return labels, int(ndimage.label(mask, output=labels))


def labels_of_mask(mask: NDArray[np.bool_]) -> Labels:
    """Give a label image (H, W): 4-connected parts inside the mask from 1 on, then those outside; 0 is nowhere."""
    inside, num_inside = connected_parts(mask)
    outside, _ = connected_parts(~mask)
    return np.where(mask, inside, outside + num_inside).astype(np.int32)
