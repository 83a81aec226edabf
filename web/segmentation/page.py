"""The page itself: a frame that its scripts fill."""

from __future__ import annotations

from web.segmentation.painting import Painting
from web.templates import render


def page(painting: Painting, token: str) -> str:
    """Give the page, with the token that its calls bring and what their addresses begin with."""
    return render("segmentation", "paint.html", token=token, title=painting.title, base=painting.base)
