"""Making a photo file smaller in its own format, with its EXIF, colour profile and other notes kept and true."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from storage.derived import (
    MIXABLE,
    WRITTEN_FORMATS,
    file_format_of,
    holds_16_bit_colour,
    kept_options,
    write_derived,
)
from storage.photos import load_pixels, open_photo

# Modes with transparency beside their colours: what can be mixed and holds both.
_WITH_ALPHA = {"1": "LA", "L": "LA", "P": "RGBA", "RGB": "RGBA"}


@dataclass(frozen=True)
class StoredPhoto:
    """What the header of a photo says.

    Attributes
    ----------
    size : tuple of int
        Width and height of the stored pixels; the EXIF orientation is not applied.
    left_alone : str
        Why this program does not make the photo smaller; empty when it does.
    """

    size: tuple[int, int]
    left_alone: str = ""


def read_stored(path: Path, max_megapixels: float) -> StoredPhoto:
    """Read the header of a photo; PhotoError when it is none, or larger than ``max_megapixels``."""
    with open_photo(path, max_megapixels) as image:
        return StoredPhoto(image.size, _reason_to_leave(image))


def shrink_photo(source: Path, target: Path, size: tuple[int, int], quality: int, max_megapixels: float) -> None:
    """Write ``source``, resampled to ``size`` with the Lanczos filter, to ``target`` in the same format.

    Kept: colour mode (palette and 1-bit become RGB and grey, which resampling needs), 16-bit grey, transparency,
    colour profile, EXIF with position, XMP, resolution, comments, JPEG subsampling, TIFF compression, time of change.
    The EXIF tags of the size tell the new one, the orientation stays with the pixels, and the EXIF thumbnail, which
    would show the former ones, goes. Of the two pictures of an MPO the first is kept.

    Parameters
    ----------
    source : Path
        A photo for which :func:`read_stored` gives no reason to leave it alone; opened for reading only.
    target : Path
        The file to make or replace, atomically.
    size : tuple of int
        Stored width and height wanted, in pixels.
    quality : int
        1 to 100, for JPEG, HEIF and lossy WebP.
    max_megapixels : float
        A larger photo is refused before it is decoded.

    Raises
    ------
    PhotoError
        When the source cannot be decoded, or its format cannot hold the result.
    StageError
        When the target cannot be written.
    """
    with open_photo(source, max_megapixels) as image:
        times = source.stat()
        file_format = file_format_of(image)
        # A TIFF is turned upright by decoding, and its directories are forgotten. All others are decoded first: asked
        # for the EXIF, Pillow decodes a PNG and forgets how that ended.
        if image.format != "TIFF":
            load_pixels(image)
        options = kept_options(image, file_format, size, quality, source)
        image.load()
        smaller = _mixable(image).resize(size, Image.Resampling.LANCZOS)
    write_derived(smaller, target, file_format, options, times)


def _reason_to_leave(image: Image.Image) -> str:
    if image.format != "MPO" and image.format not in WRITTEN_FORMATS:
        return f"{image.format} files are not made smaller"
    # The further picture of an MPO is a preview or a gain map of the first.
    if image.format != "MPO" and getattr(image, "is_animated", False):
        return "it is an animation or has several pages"
    if holds_16_bit_colour(image):
        return "16-bit colour would become 8-bit"
    return ""


def _mixable(image: Image.Image) -> Image.Image:
    table = _WITH_ALPHA if image.has_transparency_data else MIXABLE
    return image.convert(table[image.mode]) if image.mode in table else image
