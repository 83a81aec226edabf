"""JPEGs as bytes, for decoders that take plain ones only; everything else is for :func:`storage.photos.load_photo`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from storage.photos import MAX_MEGAPIXELS, open_regular_file, opened_image, upright_orientation

_END = b"\xff\xd9"  # what a JPEG that is not cut ends with
_PLAIN_LAYERS = 3


@dataclass(frozen=True)
class PlainJpeg:
    """A JPEG of 8 bits and three channels, luminance and colour, that is not cut.

    Attributes
    ----------
    content : bytes
        The whole file.
    orientation : int
        EXIF orientation, 1 to 8.
    """

    content: bytes
    orientation: int


def read_plain_jpeg(path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> PlainJpeg | None:
    """Read a JPEG whole; None for all photos that other decoders may take otherwise than Pillow does.

    These are other formats, several pictures in one file, grey, CMYK, RGB stored as such, and files with anything
    behind the end of the picture, as cut ones have.

    Raises
    ------
    PhotoError
        When the file is missing, empty, no photo, or too large.
    """
    with open_regular_file(path) as file:
        with opened_image(file, max_megapixels) as image:
            is_plain = image.format == "JPEG" and image.mode == "RGB" and image.info.get("adobe_transform", 1) == 1
            is_plain = is_plain and getattr(image, "layers", 0) == _PLAIN_LAYERS
            orientation = upright_orientation(image)
        if not is_plain:
            return None
        file.seek(0)
        content = file.read()
    return PlainJpeg(content, orientation) if content.endswith(_END) else None
