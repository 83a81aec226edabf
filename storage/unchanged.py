"""Results that are written only when they changed, so that a second run leaves every file as it stands."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from storage.atomic import write_bytes
from storage.fingerprints import sha256_of_file


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write ``content`` atomically unless ``path`` holds just that; say whether it was written."""
    if path.is_file() and sha256_of_file(path) == sha256(content).hexdigest():
        return False
    write_bytes(path, content)
    return True
