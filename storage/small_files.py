"""Files that are small enough to be read whole: thumbnails, for pages and tables that hold all that they show."""

from __future__ import annotations

import base64
from pathlib import Path


def jpeg_data_url(path: Path) -> str:
    """Give a JPEG file as a ``data:`` URL (RFC 2397)."""
    return "data:image/jpeg;base64," + base64.b64encode(small_file(path)).decode("ascii")


def small_file(path: Path) -> bytes:
    """Give the bytes of a file that is known to be small, as a thumbnail."""
    return path.read_bytes()
