"""Queries and their neighbours as one PNG picture: a row a query, right and wrong framed and marked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from hloc.matching.captions import plain_letters
from stages.retrieval.neighbor_inputs import Neighbourhood
from storage.errors import UsageError
from storage.thumbnails import read_picture

PAPER, INK, SOFT, EMPTY = "#ffffff", "#22252a", "#5d626b", "#edebe6"
RIGHT, WRONG = "#0072b2", "#d55e00"  # told apart with any colour vision (Okabe and Ito 2008); letters say it too
FRAME, GAP, MARGIN, CAPTION, LETTERS = 4, 8, 16, 18, 12
MOST_PIXELS = 150_000_000


def draw_neighbours(
    shown: Sequence[Neighbourhood], photos: Mapping[tuple[str, str], Path | None], k: int, tile: int
) -> bytes:
    """Draw a row for each query: the query, a gap, then its neighbours, best first; give the PNG file.

    Parameters
    ----------
    shown : sequence of Neighbourhood
        The rows.
    photos : mapping of (str, str) to Path or None
        Thumbnail by ``query`` or ``found`` and image name; a photo without one keeps an empty place.
    k : int
        Neighbours in a row.
    tile : int
        Side of a photo's place, in pixels.

    Raises
    ------
    UsageError
        When the picture would be too large to be opened.
    """
    step = (tile + GAP, tile + CAPTION + GAP)
    size = (2 * MARGIN + (k + 1) * step[0] + GAP, 2 * MARGIN + len(shown) * step[1])
    if size[0] * size[1] > MOST_PIXELS:
        raise UsageError(
            f"--n_queries {len(shown)}: the sheet would have {size[0]} x {size[1]} pixels; show fewer, or .html"
        )
    sheet = Image.new("RGB", size, PAPER)
    for row, one in enumerate(shown):
        top = MARGIN + row * step[1]
        _put(sheet, (MARGIN, top), tile, photos["query", one.query], (one.query.rpartition("/")[2], None))
        for column, (name, score) in enumerate(one.neighbours, 1):
            is_right = None if one.right is None else name in one.right
            place = (MARGIN + GAP + column * step[0], top)
            _put(sheet, place, tile, photos["found", name], (_said(score, is_right), is_right))
    content = BytesIO()
    sheet.save(content, "PNG")
    return content.getvalue()


def _said(score: float, is_right: bool | None) -> str:
    mark = {None: "", True: " right", False: " wrong"}[is_right]
    return f"{score:.3f}{mark}"


def _put(
    sheet: Image.Image, corner: tuple[int, int], tile: int, path: Path | None, caption: tuple[str, bool | None]
) -> None:
    draw = ImageDraw.Draw(sheet)
    left, top = corner
    text, is_right = caption
    ink = {None: SOFT, True: RIGHT, False: WRONG}[is_right]
    draw.rectangle((left, top, left + tile - 1, top + tile - 1), EMPTY)
    if path is not None:
        small = ImageOps.contain(Image.fromarray(read_picture(path)), (tile - 2 * FRAME, tile - 2 * FRAME))
        sheet.paste(small, (left + (tile - small.width) // 2, top + (tile - small.height) // 2))
    if is_right is not None:
        draw.rectangle((left, top, left + tile - 1, top + tile - 1), outline=ink, width=FRAME)
    font = ImageFont.load_default(LETTERS)
    text = plain_letters(text)
    kept = len(text)
    while kept > 2 and font.getlength(_cut(text, kept)) > tile:
        kept -= 1
    text = _cut(text, kept)
    draw.text((left, top + tile + 1), text, INK if is_right is None else ink, font)


def _cut(text: str, kept: int) -> str:
    """Cut the middle out of a text; its end tells the attack, or the ending."""
    return text if kept == len(text) else f"{text[: kept // 3]}...{text[len(text) - (kept - kept // 3) :]}"
