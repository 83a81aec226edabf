"""What every photo file keeps that is made of another: EXIF, colour profile, notes, its format's own settings."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, JpegImagePlugin, PngImagePlugin

from storage.atomic import atomic_path
from storage.errors import PhotoError
from storage.listing import read_first_bytes
from storage.photos import PARSER_ERRORS

_EXIF_IFD, _GPS_IFD, _THUMBNAIL_IFD = ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.IFD1
_IMAGE_SIZE_TAGS = (0x0100, 0x0101)  # ImageWidth, ImageLength, in the first directory
_SIZE_TAGS = (0xA002, 0xA003)  # PixelXDimension, PixelYDimension, in the Exif directory

# Tags of a TIFF that say how its pixels lie in the file; the writer sets them anew (TIFF 6.0, sections 3 to 22).
_TIFF_LAYOUT = frozenset(
    (254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 330, 338, 339, 347)
) | frozenset((512, 513, 514, 529, 530, 531, 532))

# Modes that the Lanczos filter cannot mix, and the mode that holds the same colours and can be mixed.
MIXABLE = {"1": "L", "P": "RGB", "PA": "RGBA"}

_ORIENTATION_TAG = 0x0112
_XMP_ORIENTATION = re.compile(rb"(tiff:Orientation(?:=[\"']|>))[2-8]")


def file_format_of(image: Image.Image) -> str:
    """Name the format that a photo is written in again; of the pictures of an MPO the first is kept, as a JPEG."""
    return "JPEG" if image.format == "MPO" else str(image.format)


def holds_16_bit_colour(image: Image.Image) -> bool:
    """Say whether an opened photo, not decoded yet, has 16 bit a colour, of which Pillow decodes the upper 8."""
    return not image.mode.startswith(("I", "F")) and any(
        ";16" in _raw_mode(tile) for tile in getattr(image, "tile", ())
    )


def _raw_mode(tile: Any) -> str:
    """Give how the file holds its pixels, such as ``RGB;16B``; Pillow's mode does not tell."""
    arguments = tile[3]
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def kept_options(
    image: Image.Image, file_format: str, size: tuple[int, int], quality: int, source: Path, *, is_upright: bool = False
) -> dict[str, Any]:
    """Give what Pillow is to be told when a photo made of ``image`` is written.

    Kept: colour profile, EXIF with position, XMP, resolution, comments, PNG texts, JPEG subsampling, TIFF compression.
    The EXIF tags of the size tell the new one, and the EXIF thumbnail, which would show the former pixels, goes.

    Parameters
    ----------
    image : PIL.Image.Image
        The opened photo, not decoded yet: decoding turns a TIFF upright, and its directories are forgotten.
    file_format : str
        Of the file to write; one of ``WRITTEN_FORMATS``.
    size : tuple of int
        Width and height that the new file will have, in pixels.
    quality : int
        1 to 100, for JPEG, HEIF and lossy WebP.
    source : Path
        The file that ``image`` was opened from.
    is_upright : bool
        The new pixels are turned as the orientation says, so that EXIF and XMP have to say 1.
    """
    return _metadata(image, file_format, size, is_upright) | _OPTIONS[file_format](image, quality, source)


def write_derived(
    image: Image.Image, target: Path, file_format: str, options: dict[str, Any], times: os.stat_result
) -> None:
    """Write a photo to ``target`` atomically, with the time of change that ``times`` tells.

    Raises
    ------
    PhotoError
        When the format cannot hold the photo.
    StageError
        When the target cannot be written.
    """
    # Encoded in memory, so that what the photo is to blame for and what the disk is to blame for stay apart.
    content = _encoded(image, file_format, options)
    with atomic_path(target) as temporary:
        with open(temporary, "xb") as file:
            file.write(content)
        os.utime(temporary, ns=(times.st_mtime_ns, times.st_mtime_ns))


def _encoded(image: Image.Image, file_format: str, options: dict[str, Any]) -> bytes:
    buffer = BytesIO()
    try:
        image.save(buffer, file_format, **options)
    except PARSER_ERRORS as error:
        raise PhotoError(f"cannot be written as {file_format} again: {error}") from error
    return buffer.getvalue()


def _metadata(image: Image.Image, file_format: str, size: tuple[int, int], is_upright: bool) -> dict[str, Any]:
    found = {key: image.info.get(key) for key in ("icc_profile", "dpi", "comment")}
    if image.format != "MPO":  # an MPO's XMP tells of the picture that is not kept
        found["xmp"] = image.info.get("xmp")
        if is_upright and isinstance(found["xmp"], bytes):
            found["xmp"] = _XMP_ORIENTATION.sub(rb"\g<1>1", found["xmp"])
    is_tiff = "TIFF" in (file_format, image.format)
    found["exif"] = _tiff_exif(image, size) if is_tiff else _exif(image, size, is_upright)
    return {key: value for key, value in found.items() if value}


def _exif(image: Image.Image, size: tuple[int, int], is_upright: bool) -> bytes | None:
    """Give the EXIF block with true sizes and no thumbnail; byte for byte the former one where that holds already."""
    former: bytes | None = image.info.get("exif")
    try:
        exif = image.getexif()
        is_changed = bool(exif.get_ifd(_THUMBNAIL_IFD))
        if is_upright and exif.get(_ORIENTATION_TAG, 1) != 1:
            exif[_ORIENTATION_TAG] = 1
            is_changed = True
        for directory, tags in ((exif, _IMAGE_SIZE_TAGS), (exif.get_ifd(_EXIF_IFD), _SIZE_TAGS)):
            for tag, side in zip(tags, size, strict=True):
                if directory.get(tag, side) != side:
                    directory[tag] = side
                    is_changed = True
        return exif.tobytes() if is_changed else former
    except PARSER_ERRORS:
        # What cannot be understood cannot be corrected; kept as it is, nothing of it is lost.
        return former


def _tiff_exif(image: Image.Image, size: tuple[int, int]) -> bytes | None:
    """Give the describing tags of a TIFF, position included, without those that say how its pixels lie."""
    exif = image.getexif()
    directories = {tag: dict(exif.get_ifd(tag)) for tag in (_EXIF_IFD, _GPS_IFD)}
    kept = Image.Exif()
    for tag, value in exif.items():
        if (
            tag not in _TIFF_LAYOUT and tag not in directories and tag != _ORIENTATION_TAG
        ):  # Pillow has turned it upright
            kept[tag] = value
    for tag, values in directories.items():
        if values:
            kept[tag] = values | {key: side for key, side in zip(_SIZE_TAGS, size, strict=True) if key in values}
    return kept.tobytes() if len(kept) else None


def _jpeg_options(image: Image.Image, quality: int, _source: Path) -> dict[str, Any]:
    options: dict[str, Any] = {"quality": quality, "optimize": True, "progressive": "progressive" in image.info}
    subsampling = JpegImagePlugin.get_sampling(image)
    if subsampling >= 0:  # -1: one that Pillow cannot name, and so cannot write
        options["subsampling"] = subsampling
    return options


def _png_options(image: Image.Image, _quality: int, _source: Path) -> dict[str, Any]:
    notes = PngImagePlugin.PngInfo()
    for key, text in getattr(image, "text", {}).items():
        if key != "Raw profile type exif":  # an older place of the EXIF, which is written as EXIF
            notes.add_itxt(key, str(text), getattr(text, "lang", "") or "", getattr(text, "tkey", "") or "")
    return {"pnginfo": notes}


def _webp_options(_image: Image.Image, quality: int, source: Path) -> dict[str, Any]:
    return {"quality": quality, "lossless": b"VP8L" in read_first_bytes(source), "exact": True}


def _tiff_options(image: Image.Image, quality: int, _source: Path) -> dict[str, Any]:
    has_directories = any(image.getexif().get_ifd(tag) for tag in (_EXIF_IFD, _GPS_IFD))
    compression = image.info.get("compression", "raw")
    if has_directories:
        return {"compression": "raw"}  # libtiff, which compresses, cannot write EXIF directories through Pillow
    if image.mode in MIXABLE and compression.startswith(("group", "tiff_ccitt")):
        return {"compression": "tiff_lzw"}  # the fax compressions hold 1-bit pictures only
    return {"compression": compression} | ({"quality": quality} if compression == "jpeg" else {})


def _bmp_options(_image: Image.Image, _quality: int, _source: Path) -> dict[str, Any]:
    return {}


def _heif_options(_image: Image.Image, quality: int, _source: Path) -> dict[str, Any]:
    return {"quality": quality}


_OPTIONS: dict[str, Callable[[Image.Image, int, Path], dict[str, Any]]] = {
    "JPEG": _jpeg_options,
    "PNG": _png_options,
    "WEBP": _webp_options,
    "TIFF": _tiff_options,
    "BMP": _bmp_options,
    "HEIF": _heif_options,
}

# The formats that photos made of others can be written in.
WRITTEN_FORMATS = frozenset(_OPTIONS)
