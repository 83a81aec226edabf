"""Text laid over a photo, white with a black outline, as captions are."""

from __future__ import annotations

import string
from functools import lru_cache
from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from attacks.base import AttackContext
from storage.errors import UsageError

LETTERS = string.ascii_letters + string.digits
LETTERS_PER_LINE = 20
SIZE_PER_WIDTH = 40 / 512  # pixels of letter size per pixel of the photo's width
LEAST_SIZE = 8
OUTLINE = 2
Font = ImageFont.FreeTypeFont


def write_text_on(photo: NDArray[np.uint8], length: float, context: AttackContext) -> NDArray[np.uint8]:
    """Write ``length`` random letters and digits on a photo (H, W, 3), at a random place wholly inside.

    The letters are 40 pixels high for 512 pixels of width, the outline is 2 pixels wide, and a line breaks after 20
    letters. Text that is larger than the photo is made smaller until it fits, however small the photo is.
    """
    letters = "".join(LETTERS[place] for place in context.rng.integers(0, len(LETTERS), int(length)))
    text = "\n".join(letters[start : start + LETTERS_PER_LINE] for start in range(0, len(letters), LETTERS_PER_LINE))
    height, width = photo.shape[:2]
    label = _fitted(_drawn(text, max(LEAST_SIZE, width * SIZE_PER_WIDTH), context.font), width, height)
    left = int(context.rng.integers(0, width - label.width + 1))
    top = int(context.rng.integers(0, height - label.height + 1))
    image = Image.fromarray(photo)
    image.paste(label, (left, top), label)
    return np.asarray(image)


def check_font(font: bytes) -> None:
    """Refuse a file that is no font; the UsageError says so."""
    try:
        _font(font, LEAST_SIZE)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--font: this file is no font that can be used ({error}); give a .ttf or .otf file"
        ) from error


def _drawn(text: str, size: float, font_file: bytes | None) -> Image.Image:
    """Draw the text by itself, RGBA, as large as its outlined letters."""
    font = _font(font_file, size)
    canvas = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = canvas.multiline_textbbox((0, 0), text, font, stroke_width=OUTLINE)
    size_of_label = (max(1, int(np.ceil(right) - np.floor(left))), max(1, int(np.ceil(bottom) - np.floor(top))))
    label = Image.new("RGBA", size_of_label)
    place = (-int(np.floor(left)), -int(np.floor(top)))
    ImageDraw.Draw(label).multiline_text(place, text, "white", font, stroke_width=OUTLINE, stroke_fill="black")
    return label.crop(label.getbbox())  # letters keep a distance to the place that they are written at


def _fitted(label: Image.Image, width: int, height: int) -> Image.Image:
    scale = min(width / label.width, height / label.height)
    if scale >= 1:
        return label
    fitting = (max(1, int(label.width * scale)), max(1, int(label.height * scale)))
    return label.resize(fitting, Image.Resampling.BOX)


@lru_cache(maxsize=8)
def _font(font_file: bytes | None, size: float) -> Font:
    # Laid out letter by letter, so that a library for complex scripts, where it is installed, changes nothing.
    if font_file is not None:
        return ImageFont.truetype(BytesIO(font_file), size, layout_engine=ImageFont.Layout.BASIC)
    font = ImageFont.load_default(size)
    if not isinstance(font, Font):
        raise UsageError("--attacks text needs Pillow with FreeType, which its published packages have")
    return font
