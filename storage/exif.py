"""What a photo's EXIF says: position, capture time, camera, orientation. No content of a file makes it raise."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from PIL import ExifTags, Image

from storage.bounded_file import BoundedFile, ReadLimitError
from storage.errors import PhotoError
from storage.listing import NUM_FIRST_BYTES, photo_format
from storage.photos import PARSER_ERRORS, open_regular_file, opened_image

_GPS = ExifTags.GPS
_BASE = ExifTags.Base

# Tag of a time, of its fraction of a second and of its offset from UTC (EXIF 2.32, section 4.6.5, F), best first.
_TIME_TAGS = (
    (_BASE.DateTimeOriginal, _BASE.SubsecTimeOriginal, _BASE.OffsetTimeOriginal),
    (_BASE.DateTimeDigitized, _BASE.SubsecTimeDigitized, _BASE.OffsetTimeDigitized),
    (_BASE.DateTime, _BASE.SubsecTime, _BASE.OffsetTime),
)
_TIME = re.compile(r"(\d{4})[:\-/.](\d\d)[:\-/.](\d\d)[ T](\d\d):(\d\d):(\d\d)", re.ASCII)
_OFFSET = re.compile(r"[+-](0\d|1[0-4]):[0-5]\d", re.ASCII)
_SUBSECOND = re.compile(r"\d{1,9}", re.ASCII)

# Not HEIF: ExifRead's reader of its boxes never ends on one of size 0.
_SECOND_READER_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")

_MAX_READS = 6_000  # four times what the fullest of 1,900 real photos needs

_MAX_TEXT = 100
_MAX_ALTITUDE_M = 100_000.0
_MAX_MEGAPIXELS = 1e6  # in megapixels: no pixel is decoded here, so size is no danger

# One directory of tags: tag number -> value as the parser gives it.
Tags = Mapping[int, Any]


@dataclass(frozen=True, slots=True)
class ExifRecord:
    """What is known of a photo from its EXIF.

    Attributes
    ----------
    latitude_deg, longitude_deg : float or None
        Position (WGS 84), north and east positive; both or none.
    altitude_m : float or None
        Height above sea level.
    captured_at : str or None
        ``YYYY-MM-DDTHH:MM:SS`` with a fraction and an offset from UTC where given; the camera's clock.
    camera : str or None
        Make and model.
    orientation : int
        EXIF orientation 1 to 8; 1 where none is given.
    """

    latitude_deg: float | None = None
    longitude_deg: float | None = None
    altitude_m: float | None = None
    captured_at: str | None = None
    camera: str | None = None
    orientation: int = 1


def read_exif(path: Path) -> ExifRecord:
    """Read the EXIF of a photo (JPEG, MPO, PNG, WebP, TIFF, HEIC where ``pillow-heif`` is installed).

    Pillow reads first; ExifRead fills in what Pillow could not read. A position counts only when both references are
    N, S, E or W, all numbers are finite with denominators above 0, latitude and longitude are in range, and it is not
    exactly 0, 0, which cameras write when they know none.

    Parameters
    ----------
    path : Path
        A regular file, or a link to one; its pixels are not decoded.

    Returns
    -------
    ExifRecord
        Empty fields for whatever is absent or makes no sense.

    Raises
    ------
    PhotoError
        When the file cannot be opened at all: missing, empty, a folder, a pipe, no permission.
    """
    main, photo, gps = _read_tags(path)
    latitude, longitude = _position(gps)
    return ExifRecord(
        latitude_deg=latitude,
        longitude_deg=longitude,
        altitude_m=_altitude(gps),
        captured_at=_captured_at({**main, **photo}),
        camera=_camera(_text(main.get(_BASE.Make)), _text(main.get(_BASE.Model))),
        orientation=_orientation(main),
    )


def _read_tags(path: Path) -> tuple[Tags, Tags, Tags]:
    """Read the main, the photo and the GPS directory; what Pillow finds goes before what ExifRead finds."""
    with open_regular_file(path) as file:
        first, is_whole = _read_with_pillow(file)
        file.seek(0)
        if is_whole or photo_format(file.read(NUM_FIRST_BYTES)) not in _SECOND_READER_FORMATS:
            return first
        second = _read_with_exifread(file)
    main, photo, gps = ({**other, **own} for own, other in zip(first, second, strict=True))
    return main, photo, gps


def _read_with_pillow(file: BinaryIO) -> tuple[tuple[Tags, Tags, Tags], bool]:
    """Read the three directories, and whether all that are named were found; empty where Pillow fails."""
    try:
        with opened_image(file, _MAX_MEGAPIXELS) as image:
            # Not the PNG's own method, which decodes all pixels to look behind them.
            exif = Image.Image.getexif(image)
            main = dict(exif)
            photo, gps = dict(exif.get_ifd(ExifTags.IFD.Exif)), dict(exif.get_ifd(ExifTags.IFD.GPSInfo))
    except PhotoError:
        return ({}, {}, {}), False
    is_whole = bool(main) and (bool(gps) or ExifTags.IFD.GPSInfo not in main)
    return (main, photo, gps), is_whole


def _read_with_exifread(file: BinaryIO) -> tuple[Tags, Tags, Tags]:
    """Read the three directories with ExifRead; empty where it fails."""
    import exifread
    from exifread.core.exceptions import ExifError

    logging.getLogger("exifread").setLevel(logging.CRITICAL + 1)  # it reports each oddity of a damaged block
    try:
        bounded = cast(BinaryIO, BoundedFile(file, _MAX_READS))
        found = exifread.process_file(bounded, details=False, extract_thumbnail=False)
    except (ReadLimitError, ExifError, *PARSER_ERRORS):
        return {}, {}, {}
    directories: dict[str, dict[int, Any]] = {"Image": {}, "EXIF": {}, "GPS": {}}
    for key, tag in found.items():
        directory = directories.get(key.partition(" ")[0])
        if directory is not None and hasattr(tag, "values"):
            directory[tag.tag] = tag.values
    return directories["Image"], directories["EXIF"], directories["GPS"]


def _orientation(main: Tags) -> int:
    numbers = _numbers(main.get(_BASE.Orientation))
    is_known = numbers is not None and len(numbers) == 1 and numbers[0] in range(1, 9)
    return int(numbers[0]) if numbers and is_known else 1


def _position(gps: Tags) -> tuple[float, float] | tuple[None, None]:
    """Give latitude and longitude in degrees, or none of them."""
    latitude = _degrees(gps.get(_GPS.GPSLatitude), gps.get(_GPS.GPSLatitudeRef), {"N": 1, "S": -1}, 90.0)
    longitude = _degrees(gps.get(_GPS.GPSLongitude), gps.get(_GPS.GPSLongitudeRef), {"E": 1, "W": -1}, 180.0)
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None, None
    return latitude, longitude


def _degrees(value: Any, reference: Any, signs: Mapping[str, int], limit: float) -> float | None:
    """Turn degrees, minutes and seconds (or fewer of them, with fractions) into signed degrees."""
    numbers = _numbers(value)
    sign = signs.get(_text(reference) or "")
    if sign is None or numbers is None or not 1 <= len(numbers) <= 3:
        return None
    # The reference carries the sign; 60 itself comes from rounding.
    if min(numbers) < 0 or any(number > 60 for number in numbers[1:]):
        return None
    degrees = sum(number / 60**power for power, number in enumerate(numbers))
    # Not minus zero, which would be written as such.
    return sign * degrees + 0.0 if degrees <= limit else None


def _altitude(gps: Tags) -> float | None:
    numbers = _numbers(gps.get(_GPS.GPSAltitude))
    if numbers is None or len(numbers) != 1 or abs(numbers[0]) > _MAX_ALTITUDE_M:
        return None
    reference = gps.get(_GPS.GPSAltitudeRef, 0)
    is_below = reference in (1, b"\x01", [1], (1,))
    return -numbers[0] if is_below else numbers[0]


def _numbers(value: Any) -> list[float] | None:
    """Give finite numbers, or None when ``value`` holds anything else."""
    parts = list(value) if isinstance(value, (list, tuple)) else [value]
    numbers = []
    for part in parts:
        if isinstance(part, (str, bytes, bool, type(None))):
            return None
        try:
            number = float(part)  # with a denominator of 0, Pillow gives NaN and ExifRead ZeroDivisionError
        except (TypeError, ValueError, ArithmeticError):
            return None
        if not math.isfinite(number):
            return None
        numbers.append(number)
    return numbers


def _captured_at(tags: Tags) -> str | None:
    """Give the first time that is a date of the calendar; ``0000:00:00 00:00:00`` and blanks are none."""
    return next((time for names in _TIME_TAGS for time in _time(tags, *names)), None)


def _time(tags: Tags, time_tag: int, subsecond_tag: int, offset_tag: int) -> Iterator[str]:
    match = _TIME.match(_text(tags.get(time_tag)) or "")
    if match is None:
        return
    try:
        time = datetime(*map(int, match.groups())).isoformat()  # type: ignore[arg-type]
    except ValueError:
        return
    subsecond = _text(tags.get(subsecond_tag)) or ""
    offset = _text(tags.get(offset_tag)) or ""
    time += f".{subsecond}" if _SUBSECOND.fullmatch(subsecond) else ""
    yield time + (offset if _OFFSET.fullmatch(offset) else "")


def _camera(make: str | None, model: str | None) -> str | None:
    """Join make and model; a model that names the make already stands alone."""
    if make is None or model is None:
        return model or make
    is_named = model.casefold().split()[0] == make.casefold().split()[0]
    return model if is_named else f"{make} {model}"


def _text(value: Any) -> str | None:
    """Give printable text up to the first NUL, blanks run together, or None when nothing remains."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", errors="replace")
    if not isinstance(value, str):
        return None
    words = value.partition("\0")[0].split()
    text = "".join(character for character in " ".join(words) if character.isprintable())
    return text[:_MAX_TEXT].strip() or None
