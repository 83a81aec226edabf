"""Photos for the attacks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from attacks.base import AttackContext, generator_of
from tests.drawn_photos import draw_photo


@pytest.fixture
def photo() -> NDArray[np.uint8]:
    """A drawn photo of 60 x 40 pixels, (40, 60, 3)."""
    return np.asarray(draw_photo(3, 60, 40))


@pytest.fixture
def grey() -> NDArray[np.uint8]:
    """Half grey, large enough to measure noise on, (200, 300, 3)."""
    return np.full((200, 300, 3), 128, dtype=np.uint8)


@pytest.fixture
def context() -> AttackContext:
    """A seeded chance, and Pillow's font."""
    return AttackContext(generator_of("photo.jpg", "test", 0))
