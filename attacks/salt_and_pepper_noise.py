"""Salt and pepper: single values thrown to white or black."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from attacks.base import AttackContext
from attacks.strips import change_in_strips


def add_salt_and_pepper(photo: NDArray[np.uint8], amount: float, context: AttackContext) -> NDArray[np.uint8]:
    """Replace a share of the values of a photo (H, W, 3), half of them by 1 and half by 0.

    As the mode ``s&p`` of scikit-image's ``random_noise`` defines it: each channel of a pixel by itself.
    """

    def replace(values: NDArray[np.float32]) -> NDArray[np.float32]:
        drawn = context.rng.random(values.shape, dtype=np.float32)
        values[drawn < amount / 2] = 0
        values[drawn >= 1 - amount / 2] = 1
        return values

    return change_in_strips(photo, replace)
