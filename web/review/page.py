"""The page itself: a frame that its scripts fill."""

from __future__ import annotations

from web.review.review import Review
from web.templates import render


def page(review: Review, token: str) -> str:
    """Give the page, with the token that its calls bring."""
    return render("review", "review.html", token=token, title=review.folders.image_dir.resolve().parent.name)
