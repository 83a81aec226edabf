"""Contact sheets: the photos of a building on one PNG picture, with captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from hloc.matching.captions import plain_letters
from stages.reporting.content import Building, ReportPhoto
from stages.reporting.photos import SMALL
from storage.thumbnails import read_picture

SHEETS = "sheets"
COLUMNS = 5
PHOTOS_PER_SHEET = 40
CELL = (232, 174)  # pixels of a photo's place, width and height
CAPTION = 40
MARGIN = 20
GAP = 12
HEAD = 64
PAPER, INK, SOFT, ACCENT, EMPTY = "#ffffff", "#22252a", "#5d626b", "#14655f", "#edebe6"
TITLE_SIZE, CAPTION_SIZE = 26, 13
LAYOUT_VERSION = 1  # a new one makes all sheets anew


@dataclass(frozen=True)
class Sheet:
    """One contact sheet.

    Attributes
    ----------
    path : str
        Relative to the report's folder.
    title : str
        What stands at its top, left.
    photos : tuple of ReportPhoto
        What it shows, in order.
    """

    path: str
    title: str
    photos: tuple[ReportPhoto, ...]

    @property
    def digest(self) -> str:
        """sha256 of everything that it shows: an equal one is not drawn again."""
        shown = [
            (*_caption(photo), photo.is_representative, photo.facts and photo.facts.picture) for photo in self.photos
        ]
        return sha256(repr((LAYOUT_VERSION, self.title, shown)).encode("utf-8", "backslashreplace")).hexdigest()


def plan_sheets(building: Building) -> list[Sheet]:
    """Lay the photos of a building out on as many sheets as they need, at least one."""
    photos = building.photos
    parts = [photos[start : start + PHOTOS_PER_SHEET] for start in range(0, len(photos), PHOTOS_PER_SHEET)]
    sheets = []
    for number, part in enumerate(parts, 1):
        ending = f"-{number}" if number > 1 else ""
        count = f", sheet {number} of {len(parts)}" if len(parts) > 1 else ""
        title = f"{building.title}: {len(photos)} photos{count}"
        sheets.append(Sheet(f"{SHEETS}/cluster-{building.number}{ending}.png", title, tuple(part)))
    return sheets


def draw_sheet(sheet: Sheet, export_dir: Path) -> bytes:
    """Draw a contact sheet from the report's small pictures; give the PNG file.

    A photo that cannot be read keeps an empty place. Letters that Pillow's own font lacks become plain ones, or
    question marks.
    """
    columns = min(COLUMNS, len(sheet.photos))
    rows = -(-len(sheet.photos) // columns)
    width = 2 * MARGIN + max(columns, 3) * (CELL[0] + GAP) - GAP
    picture = Image.new("RGB", (width, HEAD + rows * (CELL[1] + CAPTION + GAP) + MARGIN), PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN, MARGIN), _fitted(sheet.title, TITLE_SIZE, width - 2 * MARGIN), INK, _font(TITLE_SIZE))
    for place, photo in enumerate(sheet.photos):
        corner = MARGIN + place % columns * (CELL[0] + GAP), HEAD + place // columns * (CELL[1] + CAPTION + GAP)
        _put_photo(picture, draw, corner, photo, export_dir)
    content = BytesIO()
    picture.quantize(256, Image.Quantize.FASTOCTREE).save(content, "PNG")
    return content.getvalue()


def _put_photo(
    picture: Image.Image, draw: ImageDraw.ImageDraw, corner: tuple[int, int], photo: ReportPhoto, export_dir: Path
) -> None:
    left, top = corner
    draw.rectangle((left, top, left + CELL[0] - 1, top + CELL[1] - 1), EMPTY)
    if photo.facts is not None:
        small = Image.fromarray(read_picture(export_dir / SMALL / photo.facts.picture))
        fitted = ImageOps.contain(small, CELL)
        picture.paste(fitted, (left + (CELL[0] - fitted.width) // 2, top + (CELL[1] - fitted.height) // 2))
    if photo.is_representative:
        draw.rectangle((left, top + CELL[1], left + CELL[0] - 1, top + CELL[1] + 2), ACCENT)
    for line, (text, ink) in enumerate(zip(_caption(photo), (INK, SOFT), strict=True)):
        where = left, top + CELL[1] + 5 + line * (CAPTION_SIZE + 3)
        draw.text(where, _fitted(text, CAPTION_SIZE, CELL[0]), ink, _font(CAPTION_SIZE))


def _caption(photo: ReportPhoto) -> tuple[str, str]:
    """Give the photo's file name and its time, or why it cannot be shown."""
    below = photo.problem or (photo.exif.captured_at or "").replace("T", " ")[:19]
    return photo.name.rpartition("/")[2], below


def _fitted(text: str, size: int, width: int) -> str:
    """Cut a text in its middle until it fits."""
    text = plain_letters(text)
    font = _font(size)
    if font.getlength(text) <= width:
        return text
    kept = len(text) - 1
    while kept > 2 and font.getlength(_cut(text, kept)) > width:
        kept -= 1
    return _cut(text, kept)


def _cut(text: str, kept: int) -> str:
    return f"{text[: (kept + 1) // 2]}...{text[len(text) - kept // 2 :]}"


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def sheet_paths(buildings: Sequence[Building]) -> list[Sheet]:
    """Give the sheets of all buildings."""
    return [sheet for building in buildings for sheet in plan_sheets(building)]
