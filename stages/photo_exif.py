"""Positions, times and cameras of photos: as ``extract_features.py`` read them, else from the photos themselves."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from hloc.extractors import JOINT
from storage.errors import DamagedFileError
from storage.exif import ExifRecord, read_exif
from storage.formats.features import PhotoExif, features_path, read_photo_exif

logger = logging.getLogger(__name__)


class ExifSource:
    """Gives what EXIF says of photos; opens only those that are new or changed since they were described.

    Parameters
    ----------
    image_dir : Path
        The image folder.
    known : Mapping of str to PhotoExif
        What was read before. It counts for a photo whose size and time of change are still the same.
    """

    def __init__(self, image_dir: Path, known: Mapping[str, PhotoExif]) -> None:
        self._image_dir = image_dir
        self._known = known

    def record(self, name: str) -> ExifRecord:
        """Give what is known of one photo.

        Raises
        ------
        PhotoError
            When the photo cannot be opened at all, see :func:`storage.exif.read_exif`.
        """
        path, known = self._image_dir / name, self._known.get(name)
        return known.record if known is not None and _is_unchanged(path, known) else read_exif(path)


def open_exif_source(image_dir: Path, pairs_file: Path, model: str | None) -> ExifSource:
    """Give the source for the photos of a pairs file.

    What was read stands in the features file beside it, of joined models in the first that stands. Without one, or
    when it is damaged, everything is read from the photos.
    """
    for part in (model or "").split(JOINT):
        path = features_path(pairs_file.parent, part)
        if not path.is_file():
            continue
        try:
            return ExifSource(image_dir, read_photo_exif(path))
        except DamagedFileError as error:
            logger.warning("%s (positions and times are read from the photos now)", error)
    return ExifSource(image_dir, {})


def _is_unchanged(path: Path, known: PhotoExif) -> bool:
    try:
        status = path.stat()
    except (OSError, ValueError):  # reading the photo tells why
        return False
    return (status.st_size, status.st_mtime_ns) == (known.fingerprint.size, known.fingerprint.mtime_ns)
