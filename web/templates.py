"""The one Jinja2 environment of all pages: whatever a photo is called, it is shown as text."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

WEB = Path(__file__).parent
STATIC = WEB / "static"
FRAMES = WEB / "frames"


@cache
def environment(room: str) -> Environment:
    """Give the templates of a room of pages.

    Parameters
    ----------
    room : str
        Folder below ``web/``; its templates stand in ``web/ROOM/templates``, those that they extend in ``web/frames``.

    Returns
    -------
    Environment
        Escapes every value, whatever the ending of the template; a value that is not given is an error.
    """
    return Environment(
        loader=FileSystemLoader([WEB / room / "templates", FRAMES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def render(room: str, template: str, /, **values: Any) -> str:
    """Give the text of a template of ``web/ROOM/templates`` with its values filled in and escaped."""
    return environment(room).get_template(template).render(values)
