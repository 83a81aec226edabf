"""Pictures that are painted: PNG of red, green, blue and alpha; opaque pixels are paint, all others are not."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.errors import DamagedFileError, PhotoError
from storage.photos import MAX_MEGAPIXELS, open_photo

OPAQUE = 255
_OPAQUE_FROM = 128


def encode_paint_picture(colours: NDArray[np.uint8], mask: NDArray[np.bool_]) -> bytes:
    """Give the PNG file of colours (h, w, 3) that are painted where a mask (h, w) is true; elsewhere all is 0."""
    picture = np.dstack([colours * mask[..., None], mask * np.uint8(OPAQUE)])
    content = io.BytesIO()
    Image.fromarray(picture).save(content, "PNG", compress_level=1)
    return content.getvalue()


def read_paint_picture(
    path: Path, max_megapixels: float = MAX_MEGAPIXELS
) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Read colours (h, w, 3) and mask (h, w) of a picture that is painted; without alpha all of it is.

    Raises
    ------
    DamagedFileError
        When it cannot be read.
    """
    try:
        with open_photo(path, max_megapixels) as image:
            values = np.asarray(image.convert("RGBA"))
    except PhotoError as error:
        raise DamagedFileError(f"picture {path}: {error.reason}") from error
    return np.ascontiguousarray(values[..., :3]), values[..., 3] >= _OPAQUE_FROM
