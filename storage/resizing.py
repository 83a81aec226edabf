"""Making a photo file smaller in its own format, with its EXIF, colour profile and other notes kept and true."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import ExifTags, Image, JpegImagePlugin, PngImagePlugin

from storage.atomic import atomic_path
from storage.errors import PhotoError
from storage.listing import read_first_bytes
from storage.photos import PARSER_ERRORS, open_photo

_EXIF_IFD, _GPS_IFD, _THUMBNAIL_IFD = ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo, ExifTags.IFD.IFD1
_IMAGE_SIZE_TAGS = (0x0100, 0x0101)  # ImageWidth, ImageLength, in the first directory
_SIZE_TAGS = (0xA002, 0xA003)  # PixelXDimension, PixelYDimension, in the Exif directory

# Tags of a TIFF that say how its pixels lie in the file; the writer sets them anew (TIFF 6.0, sections 3 to 22).
_TIFF_LAYOUT = frozenset(
    (254, 255, 256, 257, 258, 259, 262, 266, 273, 277, 278, 279, 284, 317, 320, 322, 323, 324, 325, 330, 338, 339, 347)
) | frozenset((512, 513, 514, 529, 530, 531, 532))

# Modes that Lanczos cannot mix, and the mode that holds the same colours and can be mixed.
_MIXABLE = {"1": "L", "P": "RGB", "PA": "RGBA"}
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
        file_format = "JPEG" if image.format == "MPO" else str(image.format)
        # Before the pixels are decoded: Pillow then turns a TIFF upright and forgets its directories.
        options = _metadata(image, file_format, size) | _OPTIONS[file_format](image, quality, source)
        image.load()
        smaller = _mixable(image).resize(size, Image.Resampling.LANCZOS)
    # Encoded in memory, so that what the photo is to blame for and what the disk is to blame for stay apart.
    content = _encoded(smaller, file_format, options)
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


def _reason_to_leave(image: Image.Image) -> str:
    if image.format != "MPO" and image.format not in _OPTIONS:
        return f"{image.format} files are not made smaller"
    # The further picture of an MPO is a preview or a gain map of the first.
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        return "it is an animation or has several pages"
    if not image.mode.startswith(("I", "F")) and any(";16" in _raw_mode(tile) for tile in getattr(image, "tile", ())):
        return "16-bit colour would become 8-bit"
    return ""


def _raw_mode(tile: Any) -> str:
    """Give how the file holds its pixels, such as ``RGB;16B``; Pillow's mode does not tell."""
    arguments = tile[3]
    return str(arguments[0] if isinstance(arguments, tuple) and arguments else arguments)


def _mixable(image: Image.Image) -> Image.Image:
    table = _WITH_ALPHA if image.has_transparency_data else _MIXABLE
    return image.convert(table[image.mode]) if image.mode in table else image


def _metadata(image: Image.Image, file_format: str, size: tuple[int, int]) -> dict[str, Any]:
    found = {key: image.info.get(key) for key in ("icc_profile", "dpi", "comment")}
    if image.format != "MPO":  # an MPO's XMP tells of the picture that is not kept
        found["xmp"] = image.info.get("xmp")
    found["exif"] = _tiff_exif(image, size) if file_format == "TIFF" else _exif(image, size)
    return {key: value for key, value in found.items() if value}


def _exif(image: Image.Image, size: tuple[int, int]) -> bytes | None:
    """Give the EXIF block with true sizes and no thumbnail; byte for byte the former one where that holds already."""
    former: bytes | None = image.info.get("exif")
    try:
        exif = image.getexif()
        is_changed = bool(exif.get_ifd(_THUMBNAIL_IFD))
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
        if tag not in _TIFF_LAYOUT and tag not in directories and tag != 0x0112:  # Pillow has turned it upright
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
    if image.mode in _MIXABLE and compression.startswith(("group", "tiff_ccitt")):
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
