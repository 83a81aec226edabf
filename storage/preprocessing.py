"""One photo made ready for other programs: upright, without its frame, square, of one size, in one format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.derived import WRITTEN_FORMATS, file_format_of, holds_16_bit_colour, kept_options, write_derived
from storage.modes import as_rgb
from storage.photos import load_pixels, open_photo, turned_upright, upright_orientation
from storage.squaring import squared
from storage.transfer import transfer
from storage.trimming import Frame, find_frame, without_frame

# What --format may be: the format that photos become; "keep" is that of each photo.
TARGET_FORMATS = {"jpg": "JPEG", "png": "PNG", "keep": ""}
ENDINGS = {"JPEG": ".jpg", "PNG": ".png", "WEBP": ".webp", "TIFF": ".tif", "BMP": ".bmp", "HEIF": ".heic"}
_EQUAL_ENDINGS = {".jpeg": ".jpg", ".tiff": ".tif", ".heif": ".heic"}

_UNLIKE_RGB = ("CMYK", "LAB")  # what becomes RGB has no use for their colour profile
_GREY_MODES = ("1", "L", "LA")
_WITHOUT_OPACITY = ("JPEG", "BMP")
_WITH_16_BIT_GREY = ("PNG", "TIFF")


@dataclass(frozen=True)
class Recipe:
    """What is done with a photo.

    Attributes
    ----------
    file_format : str
        A key of ``TARGET_FORMATS``.
    trim_tol, trim_max : float
        See :func:`storage.trimming.find_frame`; ``trim_max`` of 0 leaves frames alone.
    square : str
        ``none``, or a border of :func:`storage.squaring.squared`.
    size : tuple of int or None
        Width and height wanted in the end, in pixels.
    quality : int
        Of JPEG, HEIF and lossy WebP, 1 to 100.
    max_megapixels : float
        A larger photo is refused before it is decoded.
    """

    file_format: str = "jpg"
    trim_tol: float = 5.0
    trim_max: float = 0.0
    square: str = "none"
    size: tuple[int, int] | None = None
    quality: int = 90
    max_megapixels: float = 100.0


@dataclass(frozen=True)
class Prepared:
    """What became of a photo.

    Attributes
    ----------
    size : tuple of int
        Width and height of the new file, in pixels.
    frame : Frame
        The lines that were cut off, of the upright photo.
    is_squared : bool
        Borders were added.
    is_copied : bool
        The new file is the source, byte for byte, as nothing was to be done.
    notes : tuple of str
        What of the photo the new file does not hold.
    """

    size: tuple[int, int]
    frame: Frame = Frame()
    is_squared: bool = False
    is_copied: bool = False
    notes: tuple[str, ...] = ()


def target_format(path: Path, wanted: str, max_megapixels: float) -> str:
    """Name the format, as Pillow calls it, that a photo is to be written in.

    A photo whose own format is not written by this program becomes a PNG under ``keep``, which loses nothing of it.
    PhotoError when it is no photo.
    """
    if TARGET_FORMATS[wanted]:
        return TARGET_FORMATS[wanted]
    with open_photo(path, max_megapixels) as image:
        own = file_format_of(image)
    return own if own in WRITTEN_FORMATS else "PNG"


def with_ending(name: str, file_format: str) -> str:
    """Give an image name with the ending of a format; a usual other spelling of that ending stays.

    Only the last ending goes, and only one that photos have: ``a.b.png`` becomes ``a.b.jpg``.
    """
    parent, slash, last = name.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    ending = f"{dot}{ending}".lower()
    usual = _EQUAL_ENDINGS.get(ending, ending)
    if stem and usual == ENDINGS[file_format]:
        return name
    is_known = bool(stem) and usual in (*ENDINGS.values(), ".gif")
    return f"{parent}{slash}{stem if is_known else last}{ENDINGS[file_format]}"


def prepare_photo(source: Path, target: Path, file_format: str, recipe: Recipe) -> Prepared:
    """Write what a recipe makes of a photo; the photo itself is only read.

    The orientation is applied, then the frame goes, then borders come, then the size. EXIF, XMP, colour profile and
    resolution are kept and made true (:func:`storage.derived.kept_options`). Grey stays grey; 16-bit grey and
    transparency stay where the format can hold them, else transparency is laid on white; of an animation or of
    several pages the first is taken; other modes become RGB as everywhere (:mod:`storage.modes`), and then the colour
    profile of the former mode goes. A photo in which nothing is to be done, in the right format, is copied as it is,
    with all its pictures and bits.

    Parameters
    ----------
    source, target : Path
        The photo, and the file to make or replace, atomically.
    file_format : str
        As :func:`target_format` gives it.
    recipe : Recipe
        What to do.

    Returns
    -------
    Prepared
        What became of it.

    Raises
    ------
    PhotoError
        When the source cannot be decoded, or the format cannot hold the result.
    StageError
        When the target cannot be written.
    """
    with open_photo(source, recipe.max_megapixels) as image:
        is_ready = file_format_of(image) == file_format and upright_orientation(image) == 1
        notes = _losses(image, file_format)
        load_pixels(image)
        pixels = _upright_pixels(image, file_format)
        mode = image.mode
    frame = find_frame(pixels, recipe.trim_tol, recipe.trim_max) if recipe.trim_max else Frame()
    cut = without_frame(pixels, frame)
    square = cut if recipe.square == "none" else squared(cut, recipe.square)
    size = recipe.size or (square.shape[1], square.shape[0])
    if is_ready and not any(frame) and square is cut and size == (cut.shape[1], cut.shape[0]):
        transfer(source, target)
        return Prepared(size, is_copied=True)
    picture = _as_image(square)
    if picture.size != size:
        picture = picture.resize(size, Image.Resampling.LANCZOS)
    with open_photo(source, recipe.max_megapixels) as image:  # again: decoding has made it forget what is kept
        options = kept_options(image, file_format, size, recipe.quality, source, is_upright=True)
    if _is_grey(picture.mode) != _is_grey(mode) or mode in _UNLIKE_RGB:
        options.pop("icc_profile", None)
    write_derived(picture, target, file_format, options, source.stat())
    return Prepared(size, frame, square is not cut, False, notes)


def _is_grey(mode: str) -> bool:
    return mode in _GREY_MODES or mode.startswith(("I", "F"))


def _upright_pixels(image: Image.Image, file_format: str) -> NDArray[Any]:
    """Give the pixels of a decoded photo, upright, (H, W, C), in the richest form that the format holds."""
    pixels = _stored_pixels(image, file_format)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    return turned_upright(pixels, upright_orientation(image))


def _stored_pixels(image: Image.Image, file_format: str) -> NDArray[Any]:
    if image.mode.startswith("I;16") and file_format in _WITH_16_BIT_GREY:
        return np.asarray(image).astype(np.uint16)
    if image.has_transparency_data and file_format not in _WITHOUT_OPACITY:
        return np.asarray(image.convert("LA" if image.mode in _GREY_MODES else "RGBA"))
    pixels = as_rgb(image)
    return pixels[:, :, :1] if _is_grey(image.mode) else pixels


def _as_image(pixels: NDArray[Any]) -> Image.Image:
    return Image.fromarray(np.ascontiguousarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels))


def _losses(image: Image.Image, file_format: str) -> tuple[str, ...]:
    notes = []
    if image.format != "MPO" and getattr(image, "is_animated", False):
        notes.append("the first of several pictures was taken")
    if image.has_transparency_data and file_format in _WITHOUT_OPACITY:
        notes.append("transparency was laid on white")
    keeps_depth = image.mode.startswith("I;16") and file_format in _WITH_16_BIT_GREY
    if holds_16_bit_colour(image) or (image.mode.startswith(("I", "F")) and not keeps_depth):
        notes.append("more than 8 bit a channel became 8 bit")
    return tuple(notes)
