"""Text in the font that comes with Pillow, so that every machine draws the same letters."""

from __future__ import annotations

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from demo.noise import Field

SHOP_NAMES = (
    *("BAKERY", "CAFE LUNA", "PHARMACY", "BOOKS", "TAILOR", "KIOSK 24", "FLOWERS", "BARBER", "HARDWARE", "BISTRO"),
    *("OPTICS", "LAUNDRY", "MUSIC", "SHOES", "FRUIT & VEG", "TEA HOUSE", "RADIO TV", "PRINTING", "FABRICS", "BICYCLES"),
)
TAGS = ("ZERO", "kms", "LOVE", "R4T", "nemo", "AZIMUT", "ok!", "2020", "SLAV", "toy")


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
