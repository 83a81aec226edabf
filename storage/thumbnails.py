"""Thumbnails: small JPEGs of photos for pages and sheets, each made once and kept."""

from __future__ import annotations

import hashlib
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from storage.atomic import write_bytes
from storage.errors import PhotoError, StageError
from storage.photos import load_photo

QUALITY = 82


def thumbnail(photo: Path, cache_dir: Path, side: int, max_megapixels: float, made_of: Path | None = None) -> Path:
    """Give the path of a photo's thumbnail, which is made when it is not there yet.

    Its name is made of the photo's path, size and time of change, so that a photo that changed gets a new one, and a
    kept one is right. It is upright and without metadata.

    Parameters
    ----------
    photo : Path
        The photo file; it is only read.
    cache_dir : Path
        Folder of thumbnails; made where it is missing.
    side : int
        Longest side in pixels; a smaller photo is not enlarged.
    max_megapixels : float
        Larger photos are refused; :data:`storage.photos.ACCEPTED_MEGAPIXELS` for those that a stage has accepted.
    made_of : Path, optional
        A larger thumbnail of the same photo, which is read much quicker.

    Raises
    ------
    PhotoError
        When the photo cannot be read.
    """
    try:
        status = photo.stat()
    except OSError as error:
        raise PhotoError(f"cannot be read: {error.strerror or error}") from error
    identity = f"{photo.absolute().as_posix()}\0{status.st_size}\0{status.st_mtime_ns}"
    digest = hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    path = cache_dir / str(side) / digest[:2] / f"{digest[2:]}.jpg"
    if not path.exists():
        content = BytesIO()
        Image.fromarray(load_photo(made_of or photo, side, max_megapixels)).save(content, "JPEG", quality=QUALITY)
        write_bytes(path, content.getvalue())
    return path


def read_picture(path: Path, max_side: int | None = None) -> NDArray[np.uint8]:
    """Read a picture that the program made itself: RGB (H, W, 3), at most ``max_side`` pixels long.

    Raises
    ------
    StageError
        When it cannot be read. Pictures that are missing are made again by the next run.
    """
    try:
        return load_photo(path, max_side)
    except PhotoError as error:
        raise StageError(f"cannot use the picture {path}: {error.reason}; remove it and run again") from error
