"""Masks as PNG files: one per photo and colour, and one of all classes."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.errors import DamagedFileError, PhotoError, UsageError
from storage.folders import paths_in
from storage.formats.paint_classes import BLACK, Colour
from storage.names import resolve_clashes
from storage.photos import MAX_MEGAPIXELS, load_photo, open_photo
from storage.png_chunks import PNG_START, check_chunks

NAMES = ("original", "safe")
LABELS_ENDING = "_labels.png"
WHITE_FROM = 128
_MOST_IN_A_PALETTE = 255
REFUSES_COLONS = os.name == "nt"

_NAME_FORMS = {"original": "_mask_(R:{},G:{},B:{}).png", "safe": "_mask_R{}_G{}_B{}.png"}
_COLOUR_OF_NAME = re.compile(
    r"_mask_(?:\(R:(\d{1,3}),G:(\d{1,3}),B:(\d{1,3})\)|R(\d{1,3})_G(\d{1,3})_B(\d{1,3}))\.png", re.ASCII
)


def default_names() -> str:
    """Give the form of names where none was asked for: ``safe`` on Windows, which takes no colons."""
    return "safe" if REFUSES_COLONS else "original"


def check_names(names: str) -> None:
    """Refuse a form of names that is not known, or that this system cannot write."""
    if names not in NAMES:
        raise UsageError(f"--names is {names!r}, but must be one of {', '.join(NAMES)}")
    if names == "original" and REFUSES_COLONS:
        raise UsageError("--names original: Windows takes no colons in names; use --names safe")


def mask_name(stem: str, colour: Colour, names: str) -> str:
    """Give the file name of a photo's mask, ``a_mask_(R:204,G:0,B:0).png`` or ``a_mask_R204_G0_B0.png``.

    The first is the form of segmentimg (https://github.com/mericdemirors/icas).

    Parameters
    ----------
    stem : str
        Of the photo, as :func:`photo_stems` gives it; may lead into folders.
    colour : tuple of int
        Red, green, blue.
    names : str
        One of ``NAMES``.
    """
    return stem + _NAME_FORMS[names].format(*colour)


def photo_stems(names: Iterable[str], taken: Mapping[str, str] | None = None) -> dict[str, str]:
    """Give each photo a stem of its own: its name without its ending; of ``a.jpg`` and ``a.png`` one gets ``a~2``.

    Parameters
    ----------
    names : iterable of str
        Image names; sub-folders stay.
    taken : mapping of str to str, optional
        Stems given before; they stay.
    """
    wanted = {name: str(PurePosixPath(name).with_suffix("")) for name in names}
    return resolve_clashes(wanted, taken, wanted)


def mask_files(folder: Path, stem: str) -> dict[Path, Colour]:
    """Find the masks of a photo in a folder, of both forms of names, sorted by name; backups are none."""
    parent = (folder / stem).parent
    start = PurePosixPath(stem).name
    found = {}
    for path in paths_in(parent):
        match = _COLOUR_OF_NAME.fullmatch(path.name[len(start) :]) if path.name.startswith(start) else None
        if match and path.is_file():
            red, green, blue = (int(part) for part in match.groups() if part is not None)
            if max(red, green, blue) <= 255 and (red, green, blue) != BLACK:
                found[path] = (red, green, blue)
    return found


def read_mask(path: Path, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Read a mask: True where it is white (brighter than the middle).

    Parameters
    ----------
    path : Path
        A picture of any mode.
    shape : tuple of int
        Height and width that it must have.

    Raises
    ------
    DamagedFileError
        When it cannot be read or has another size.
    """
    try:
        # what is larger than its photo is told by its size, not by a limit that the photo itself may be beyond
        picture = load_photo(path, max_megapixels=max(MAX_MEGAPIXELS, shape[0] * shape[1] / 1e6))
        content = path.read_bytes()
        if content.startswith(PNG_START):
            check_chunks(content)
    except (PhotoError, ValueError, OSError) as error:
        raise DamagedFileError(f"mask {path}: {error}; move it away, or put a backup (.bak) in its place") from error
    if picture.shape[:2] != shape:
        raise DamagedFileError(
            f"mask {path} has {picture.shape[1]} x {picture.shape[0]} pixels, its photo {shape[1]} x {shape[0]}: "
            "it is of another photo; move it away"
        )
    return np.asarray(picture.max(axis=2) >= WHITE_FROM)


def mask_png(mask: NDArray[np.bool_]) -> bytes:
    """Give a mask (H, W) as PNG of three channels, white where it is true, black elsewhere."""
    channel = Image.fromarray(mask * np.uint8(255))
    return _png(Image.merge("RGB", (channel, channel, channel)))


def class_png(numbers: NDArray[np.integer], colours: Sequence[Colour]) -> bytes:
    """Give class numbers (H, W) as PNG: 0 is nothing, k the k-th class.

    Up to 255 classes as 8 bit with a palette of their colours, as PASCAL VOC's segmentations; more as 16 bit grey.
    """
    if len(colours) > _MOST_IN_A_PALETTE:
        return _png(Image.fromarray(numbers.astype(np.uint16)))
    image = Image.fromarray(numbers.astype(np.uint8))
    image.putpalette([level for colour in (BLACK, *colours) for level in colour])
    return _png(image)


def read_numbers_png(path: Path, max_megapixels: float = MAX_MEGAPIXELS) -> NDArray[np.int32]:
    """Read a PNG that holds a whole number per pixel, (H, W).

    Grey of 1, 8 or 16 bit and palettes are the numbers themselves; of three channels the number is
    65536 red + 256 green + blue.

    Raises
    ------
    DamagedFileError
        When it cannot be read, or has other channels.
    """
    try:
        with open_photo(path, max_megapixels) as image:
            mode, values = image.mode, np.asarray(image)
    except PhotoError as error:
        raise DamagedFileError(f"label image {path}: {error.reason}") from error
    if mode in ("1", "L", "P") or mode.startswith("I"):
        return values.astype(np.int32)
    if mode == "RGB":
        wide = values.astype(np.int32)
        return wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    raise DamagedFileError(f"label image {path} is of mode {mode}: must be grey, a palette, or red, green and blue")


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()
