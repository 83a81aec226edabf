"""Results that are written only when they changed, so that a second run leaves every file as it stands."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

from storage.atomic import json_text, write_bytes
from storage.fingerprints import sha256_of_file


def write_if_changed(path: Path, content: bytes) -> bool:
    """Write ``content`` atomically unless ``path`` holds just that; say whether it was written."""
    if path.is_file() and sha256_of_file(path) == sha256(content).hexdigest():
        return False
    write_bytes(path, content)
    return True


def write_text_if_changed(path: Path, text: str) -> bool:
    """Write ``text`` as :func:`storage.atomic.write_text` does, unless it stands there; say whether it was written."""
    return write_if_changed(path, text.encode("utf-8"))


def write_json_if_changed(path: Path, value: Any) -> bool:
    """Write ``value`` as :func:`storage.atomic.write_json` does, unless it stands there; say whether it was written."""
    return write_text_if_changed(path, json_text(value))
