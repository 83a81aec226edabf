"""What a JPEG may consist of: its markers followed without decoding, so that no absurd number of parts is worked off.

Markers are those of ITU-T T.81, annex B.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

# A scan goes over every block of the photo, however short it is. The common progressive scripts have 10, the longest of
# optimising encoders some 60.
MAX_SCANS = 256

# Pillow joins the segments of EXIF one by one, so their number counts squared. One holds 64 kB.
MAX_SEGMENTS = 512

# Markers of the first picture: tables may stand between its scans.
MAX_MARKERS = 10_000

_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_BLOCK = 1 << 16
# Neither a byte of a scan that is spelled FF 00, nor one of any number of fill bytes (B.1.1.2), nor a marker that
# stands alone: they are passed over, however many there are.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd8\xff])", re.DOTALL)


def check_segments(file: BinaryIO) -> None:
    """Check the segments before the first scan; the file is left where it stood.

    Raises
    ------
    ValueError
        When there are more than ``MAX_SEGMENTS``.
    """
    place = file.tell()
    for number, marker in enumerate(_markers(file)):
        if marker in (_START_OF_SCAN, _END_OF_IMAGE):
            break
        if number == MAX_SEGMENTS:
            raise ValueError(f"it has more than {MAX_SEGMENTS} segments")
    file.seek(place)


def check_scans(file: BinaryIO) -> None:
    """Check the number of scans of the first picture of a JPEG; the file is left where it stood.

    What stands behind that picture is not read: it may be gigabytes.

    Raises
    ------
    ValueError
        When there are more than ``MAX_SCANS``, or more than ``MAX_MARKERS`` markers.
    """
    place = file.tell()
    if num_scans(file) > MAX_SCANS:
        raise ValueError(f"it has more than {MAX_SCANS} scans")
    file.seek(place)


def num_scans(file: BinaryIO) -> int:
    """Give the number of scans of the first picture of a JPEG file, counted up to one more than ``MAX_SCANS``."""
    found = 0
    for number, marker in enumerate(_markers(file)):
        found += marker == _START_OF_SCAN
        if number == MAX_MARKERS:
            raise ValueError(f"it has more than {MAX_MARKERS} markers")
        if found > MAX_SCANS:
            break
    return found


def _markers(file: BinaryIO) -> Iterator[int]:
    """Give the second bytes of the markers of the first picture, up to its end."""
    file.seek(2)
    while (marker := _next_marker(file)) is not None:
        yield marker
        length = file.read(2)
        if marker == _END_OF_IMAGE or len(length) < 2:
            return
        file.seek(int.from_bytes(length, "big") - 2, 1)


def _next_marker(file: BinaryIO) -> int | None:
    """Go behind the next marker and give its second byte; None where there is none any more."""
    before = b""
    while block := file.read(_BLOCK):
        content = before + block
        if (match := _MARKER.search(content)) is not None:
            file.seek(match.end() - len(content), 1)
            return match[1][0]
        before = b"\xff" if block.endswith(b"\xff") else b""
    return None
