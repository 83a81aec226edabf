"""What a JPEG may consist of: its markers followed without decoding, so that no absurd number of parts is worked off.

Markers are those of ITU-T T.81, annex B.
"""

from __future__ import annotations

import re
from typing import BinaryIO

# A scan goes over every block of the photo, however short it is. The common progressive scripts have 10, the longest of
# optimising encoders some 60.
MAX_SCANS = 256

# Pillow joins the segments of EXIF one by one, so their number counts squared. One holds 64 kB.
MAX_SEGMENTS = 512

_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_SCAN = bytes((0xFF, _START_OF_SCAN))
_BARE = frozenset((0x01, *range(0xD0, 0xD9)))  # markers without a segment
_MARKER = re.compile(rb"\xff+([^\x00\xff])", re.DOTALL)


def check_segments(file: BinaryIO) -> None:
    """Check the segments before the first scan; the file is left where it stood.

    Raises
    ------
    ValueError
        When there are more than ``MAX_SEGMENTS``.
    """
    place = file.tell()
    file.seek(2)
    num_segments = 0
    while (head := file.read(4))[:1] == b"\xff" and len(head) == 4 and head[1] not in (_START_OF_SCAN, _END_OF_IMAGE):
        num_segments += 1
        if num_segments > MAX_SEGMENTS:
            raise ValueError(f"it has more than {MAX_SEGMENTS} segments")
        is_bare = head[1] == 0xFF or head[1] in _BARE
        file.seek(-3 if head[1] == 0xFF else -2 if is_bare else int.from_bytes(head[2:], "big") - 2, 1)
    file.seek(place)


def check_scans(file: BinaryIO) -> None:
    """Check the number of scans of the first picture of a JPEG; the file is left where it stood.

    Raises
    ------
    ValueError
        When there are more than ``MAX_SCANS``.
    """
    place = file.tell()
    file.seek(0)
    content = file.read()
    file.seek(place)
    # Quick, and never too few: the same two bytes also stand in thumbnails and behind the picture.
    if content.count(_SCAN) > MAX_SCANS and num_scans(content) > MAX_SCANS:
        raise ValueError(f"it has more than {MAX_SCANS} scans")


def num_scans(content: bytes) -> int:
    """Give the number of scans of the first picture of a JPEG file, counted up to one more than ``MAX_SCANS``."""
    found, place = 0, 2
    while found <= MAX_SCANS and (match := _MARKER.search(content, place)) is not None:
        marker, place = match[1][0], match.end()
        if marker == _END_OF_IMAGE:
            break
        if marker in _BARE:
            continue
        found += marker == _START_OF_SCAN
        place += int.from_bytes(content[place : place + 2], "big")
    return found
