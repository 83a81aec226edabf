"""Contact sheets of the extreme members of clusters: the photos nearest to the centroid above those farthest away."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from hloc.matching.captions import plain_letters
from storage.thumbnails import read_picture

SIDE = 320  # of the thumbnails, which pages use too
CELL = (200, 150)
CAPTION, GAP, MARGIN, HEAD = 18, 10, 16, 34
PAPER, INK, EMPTY = "#ffffff", "#22252a", "#edebe6"
LONGEST_CAPTION = 30


def draw_extremes(title: str, rows: Sequence[tuple[str, Sequence[str]]], thumbnails: Mapping[str, Path]) -> bytes:
    """Draw rows of photos, each with a heading; give the PNG file.

    Parameters
    ----------
    rows : sequence of (str, sequence of str)
        Heading and image names of each row.
    thumbnails : mapping of str to Path
        What is shown of each photo; one without keeps an empty place.
    """
    columns = max([3, *(len(names) for _, names in rows)])
    height = HEAD + CELL[1] + CAPTION + GAP
    width = 2 * MARGIN + columns * (CELL[0] + GAP) - GAP
    picture = Image.new("RGB", (width, MARGIN + HEAD + len(rows) * height), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN, MARGIN), plain_letters(title), INK, ImageFont.load_default(20))
    for row, (heading, names) in enumerate(rows):
        top = MARGIN + HEAD + row * height
        draw.text((MARGIN, top), plain_letters(heading), INK, ImageFont.load_default(14))
        for column, name in enumerate(names):
            left = MARGIN + column * (CELL[0] + GAP)
            corner = left, top + HEAD - GAP
            draw.rectangle((*corner, left + CELL[0] - 1, corner[1] + CELL[1] - 1), EMPTY)
            if name in thumbnails:
                _paste(picture, corner, thumbnails[name])
            text = plain_letters(name.rpartition("/")[2])[:LONGEST_CAPTION]
            draw.text((left, corner[1] + CELL[1] + 2), text, INK, ImageFont.load_default(12))
    content = BytesIO()
    palette = picture.quantize(256, Image.Quantize.MEDIANCUT)  # skies show bands unless colours are mixed from dots
    picture.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG).save(content, "PNG")
    return content.getvalue()


def _paste(picture: Image.Image, corner: tuple[int, int], path: Path) -> None:
    fitted = ImageOps.contain(Image.fromarray(read_picture(path)), CELL)
    picture.paste(fitted, (corner[0] + (CELL[0] - fitted.width) // 2, corner[1] + (CELL[1] - fitted.height) // 2))
