"""``set.json``: what a set of templates that the painting page keeps is called, and where it came from."""

from __future__ import annotations

from pathlib import Path

from storage.errors import DamagedFileError
from storage.formats.json_file import read_json, read_versioned_json, write_checked_json

TEMPLATE_SET_NAME = "set.json"
TEMPLATE_SET_FORMAT = "template-set"
TEMPLATE_SET_VERSION = 1
MADE_BY = "the painting page, which takes a set again after its folder was moved away"


def write_template_set(folder: Path, name: str, source: str) -> None:
    """Write ``set.json`` of a folder of templates, after its pictures: a folder without it is no set."""
    header = {"format": TEMPLATE_SET_FORMAT, "format_version": TEMPLATE_SET_VERSION}
    write_checked_json(folder / TEMPLATE_SET_NAME, {**header, "name": name, "source": source})


def read_template_set(folder: Path) -> tuple[str, str]:
    """Read name and source of a set; files from before the format had a name hold nothing else.

    Raises
    ------
    StageError
        When it cannot be read.
    DamagedFileError
        When it is no ``set.json``, of a newer version, or altered.
    """
    path = folder / TEMPLATE_SET_NAME
    content = read_json(path, MADE_BY)
    if not isinstance(content, dict) or "format" in content:
        content = read_versioned_json(path, MADE_BY, TEMPLATE_SET_FORMAT, TEMPLATE_SET_VERSION)
    name, source = content.get("name"), content.get("source")
    if not isinstance(name, str) or not isinstance(source, str):
        raise DamagedFileError(f"damaged: {path} has no name or no source; move its folder away")
    return name, source
