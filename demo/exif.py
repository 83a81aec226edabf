"""A photo as a camera would store it: JPEG with make, model, time, position and orientation."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import IFDRational

JPEG_QUALITY = 90
# EXIF orientation: quarter turns against the clock from the upright photo to the stored one (EXIF 2.32, tag 274).
STORED_TURNS = {1: 0, 3: 2, 6: 1, 8: 3}


@dataclass(frozen=True)
class Shot:
    """What a camera writes beside the picture.

    Attributes
    ----------
    taken : datetime
        Local time of capture.
    make, model : str
        The camera.
    position : tuple of float or None
        Latitude and longitude in degrees, north and east positive; None without a fix.
    orientation : int
        EXIF orientation: a key of :data:`STORED_TURNS`.
    """

    taken: datetime
    make: str
    model: str
    position: tuple[float, float] | None = None
    orientation: int = 1


def encode_photo(photo: NDArray[np.uint8], shot: Shot) -> bytes:
    """Encode an upright RGB photo (H, W, 3) as the JPEG that the camera of ``shot`` would store."""
    stored = Image.fromarray(np.ascontiguousarray(np.rot90(photo, STORED_TURNS[shot.orientation])))
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = shot.make
    exif[ExifTags.Base.Model] = shot.model
    exif[ExifTags.Base.Orientation] = shot.orientation
    exif[ExifTags.Base.Software] = "drawn demo street"
    taken = shot.taken.strftime("%Y:%m:%d %H:%M:%S")
    exif[ExifTags.Base.DateTime] = taken
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    if shot.position is not None:
        exif.get_ifd(ExifTags.IFD.GPSInfo).update(_gps(*shot.position))
    buffer = io.BytesIO()
    stored.save(buffer, "JPEG", quality=JPEG_QUALITY, exif=exif)
    return buffer.getvalue()


def _gps(latitude: float, longitude: float) -> dict[int, Any]:
    return {
        ExifTags.GPS.GPSVersionID: b"\x02\x03\x00\x00",
        ExifTags.GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
        ExifTags.GPS.GPSLatitude: _sexagesimal(abs(latitude)),
        ExifTags.GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
        ExifTags.GPS.GPSLongitude: _sexagesimal(abs(longitude)),
    }


def _sexagesimal(degrees: float) -> tuple[IFDRational, IFDRational, IFDRational]:
    """Degrees, minutes and seconds as rationals, to a hundredth of a second (30 cm)."""
    hundredths = round(Fraction(degrees) * 360000)
    minutes, seconds = divmod(hundredths, 6000)
    return IFDRational(minutes // 60, 1), IFDRational(minutes % 60, 1), IFDRational(seconds, 100)
