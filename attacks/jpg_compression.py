"""JPEG compression."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from attacks.base import AttackContext
from storage.errors import PhotoError

MAX_SIDE = 65_500  # what libjpeg takes, in pixels


def compress(photo: NDArray[np.uint8], quality: float, _context: AttackContext) -> NDArray[np.uint8]:
    """Give a photo (H, W, 3) as it comes back from a JPEG of the given quality (libjpeg's scale, 1 to 100).

    Raises
    ------
    PhotoError
        When a side is longer than a JPEG can hold.
    """
    if max(photo.shape) > MAX_SIDE:
        raise PhotoError(f"has a side of more than {MAX_SIDE} pixels, which no JPEG can hold")
    bgr = cv2.cvtColor(photo, cv2.COLOR_RGB2BGR)
    _, content = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, int(quality)])
    decoded = np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(decoded[:, :, ::-1])
