"""Small files as text, for pages that hold all that they show."""

from __future__ import annotations

import base64
from pathlib import Path


def jpeg_data_url(path: Path) -> str:
    """Give a JPEG file as a ``data:`` URL (RFC 2397)."""
    return "data:image/jpeg;base64," + base64.b64encode(path.read_bytes()).decode("ascii")
