"""Text in the font that comes with Pillow, so that every machine draws the same letters."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from demo.noise import Field

TRADES = (
    "BAKERY",
    "CAFE",
    "BOOKS",
    "TAILOR",
    "FLOWERS",
    "BARBER",
    "OPTICS",
    "MUSIC",
    "SHOES",
    "BISTRO",
    "TEA",
    "RADIO",
)
ONSETS = ("b", "br", "d", "f", "g", "gr", "h", "k", "kl", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "z")
RIMES = ("a", "an", "ar", "e", "el", "en", "er", "i", "ik", "in", "o", "ol", "on", "or", "u", "un")


def coin_name(rng: np.random.Generator) -> str:
    """Make up a word of two or three syllables, so that no two signs of a street say the same."""
    count = int(rng.integers(2, 4))
    return "".join(str(rng.choice(ONSETS)) + str(rng.choice(RIMES)) for _ in range(count))


def coin_shop(rng: np.random.Generator) -> str:
    """Make up the name of a shop."""
    name = coin_name(rng).upper()
    pattern = str(rng.choice(["{}", "{} & SON", "{trade} {}", "{}'S", "{} {number}"]))
    return pattern.format(name, trade=rng.choice(TRADES), number=rng.integers(2, 99))


def text_mask(text: str, shape: tuple[int, int], stroke: int = 0) -> Field:
    """Draw lines of text as large as they fit into ``shape`` (height, width), centred; 0 to 1, float32."""
    font = ImageFont.load_default(size=64)
    drawing = ImageDraw.Draw(Image.new("L", (1, 1)))
    left, top, right, bottom = drawing.multiline_textbbox((0, 0), text, font=font, stroke_width=stroke)
    image = Image.new("L", (max(1, int(right - left)) + 8, max(1, int(bottom - top)) + 8))
    ImageDraw.Draw(image).multiline_text((4 - left, 4 - top), text, fill=255, font=font, stroke_width=stroke)
    factor = min(shape[0] / image.height, shape[1] / image.width)
    size = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
    small = cv2.resize(np.asarray(image), size, interpolation=cv2.INTER_AREA)
    mask = np.zeros(shape, np.float32)
    y, x = (shape[0] - size[1]) // 2, (shape[1] - size[0]) // 2
    mask[y : y + size[1], x : x + size[0]] = small / 255
    return mask
