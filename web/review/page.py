"""The page itself: a frame that its scripts fill."""

from __future__ import annotations

from html import escape

from web.review.review import Review


def page(review: Review, token: str) -> str:
    """Give the page, with the token that its calls bring."""
    title = escape(review.folders.image_dir.absolute().parent.name)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta name="review-token" content="{escape(token)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title></head>\n<body><h1>{title}</h1>\n"
        "<p>The review is running; its page is still to come.</p></body></html>\n"
    )
