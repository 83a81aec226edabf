"""Additive Gaussian noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from attacks.base import AttackContext
from attacks.strips import change_in_strips


def add_noise(photo: NDArray[np.uint8], variance: float, context: AttackContext) -> NDArray[np.uint8]:
    """Add noise of the given variance, mean 0, to every value of a photo (H, W, 3), values from 0 to 1.

    As the mode ``gaussian`` of scikit-image's ``random_noise`` defines it.
    """
    deviation = np.float32(math.sqrt(variance))
    draw = context.rng.standard_normal
    return change_in_strips(photo, lambda values: values + deviation * draw(values.shape, dtype=np.float32))
