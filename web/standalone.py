"""Pages that hold all they need in one file: style, script and content; they open without a server and ask for nothing.

The content is JSON in a script element of its own, in which no name of a photo can end the element. A policy in the
head lets the browser run the page's own script, by its hash, and load pictures from where the page may have them only.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup

from web.templates import WEB, render


def render_standalone(room: str, content: Mapping[str, Any], image_sources: str = "data:") -> str:
    """Give the page of a room, made of ``page.html``, ``page.css`` and ``page.js`` of ``web/ROOM/templates``.

    Parameters
    ----------
    room : str
        Folder below ``web/``.
    content : Mapping
        JSON types; the script finds them in the element ``content``, the template as ``content``.
    image_sources : str
        Where pictures may come from, as a Content-Security-Policy says it.
    """
    style = "\n".join(_source(path) for path in ("static/base.css", f"{room}/templates/page.css"))
    script = _source(f"{room}/templates/page.js")
    policy = (
        f"default-src 'none'; img-src {image_sources}; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    own = {"policy": policy, "style": Markup(style), "script": Markup(script)}  # noqa: S704 (files of the project)
    return render(room, "page.html", content=content, **own)


def _source(path: str) -> str:
    loader = FileSystemLoader(WEB)
    # a browser hashes what it has parsed, in which every line ends in \n
    return loader.get_source(Environment(autoescape=True), path)[0].replace("\r\n", "\n")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
