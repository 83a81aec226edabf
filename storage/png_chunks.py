"""The checksums of a PNG file, all of them: Pillow looks at those of the header only, not at those of the pixels."""

from __future__ import annotations

import struct
import zlib

PNG_START = b"\x89PNG\r\n\x1a\n"
_LAST = b"IEND"


def check_chunks(content: bytes) -> None:
    """Check every chunk of a PNG file up to its last (PNG specification, third edition, section 5).

    Raises
    ------
    ValueError
        When it is no PNG, cut, or a checksum does not agree.
    """
    if not content.startswith(PNG_START):
        raise ValueError("it is no PNG")
    place, kind = len(PNG_START), b""
    while kind != _LAST:
        head = content[place : place + 8]
        if len(head) < 8:
            raise ValueError("its end is missing")
        length, kind = struct.unpack(">I4s", head)
        end = place + 8 + length
        if content[end : end + 4] != struct.pack(">I", zlib.crc32(content[place + 4 : end])):
            raise ValueError(f"the checksum of its part {kind!r} does not agree, or it is cut")
        place = end + 4
