"""Speckle: Gaussian noise in proportion to the brightness."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from attacks.base import AttackContext
from attacks.strips import change_in_strips


def add_speckle(photo: NDArray[np.uint8], variance: float, context: AttackContext) -> NDArray[np.uint8]:
    """Add noise of the given variance, mean 0, times the value itself to every value of a photo (H, W, 3).

    As the mode ``speckle`` of scikit-image's ``random_noise`` defines it; values from 0 to 1.
    """
    deviation = np.float32(math.sqrt(variance))
    draw = context.rng.standard_normal
    return change_in_strips(photo, lambda values: values * (1 + deviation * draw(values.shape, dtype=np.float32)))
