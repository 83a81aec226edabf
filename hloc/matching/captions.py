"""The words around a drawn pair: its two names above, what is known of it below; one PNG file of all."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from hloc.matching.drawing import GAP, INLIER_COLOURS, PAPER, draw_crosses, draw_dashes, draw_dots, draw_line

INK = (25, 25, 25)
SIZE, HEADLINE_SIZE = 17, 23  # of letters, in pixels
LEAST_WIDTH = 760  # of the picture, so that a line holds some words
MARGIN = 14
KEY_WIDTH = 92

Strip = NDArray[np.uint8]


@dataclass(frozen=True)
class Captions:
    """The words of a picture.

    Attributes
    ----------
    names : tuple of str
        What stands above either photo.
    headline : str
        The first line below, in large letters.
    key : tuple of str
        What whole lines and dashed lines mean; an empty one is left out.
    sentences : sequence of str
        What stands below, each on lines of its own.
    """

    names: tuple[str, str]
    headline: str
    key: tuple[str, str]
    sentences: Sequence[str]


def add_captions(drawn: NDArray[np.uint8], second_x: int, captions: Captions) -> NDArray[np.uint8]:
    """Put words above and below two drawn photos.

    Parameters
    ----------
    drawn : ndarray of uint8, shape (H, W, 3)
        The photos.
    second_x : int
        Where the second photo begins.
    captions : Captions
        The words; what Pillow's own letters lack becomes the plain letter, or a question mark.
    """
    width = max(drawn.shape[1], LEAST_WIDTH)
    shift = (width - drawn.shape[1]) // 2
    photos = np.full((drawn.shape[0], width, 3), PAPER, np.uint8)
    photos[:, shift : shift + drawn.shape[1]] = drawn
    parts = [
        _names(captions.names, (shift, shift + second_x, shift + drawn.shape[1], width)),
        photos,
        _text([captions.headline], width, HEADLINE_SIZE),
        *(_key(text, width, whole) for text, whole in zip(captions.key, (True, False), strict=True) if text),
        _text(captions.sentences, width, SIZE),
        np.full((MARGIN, width, 3), PAPER, np.uint8),
    ]
    return np.concatenate(parts)


def as_png(picture: NDArray[np.uint8]) -> bytes:
    """Give an RGB picture (H, W, 3) as a PNG file; equal pictures give equal bytes."""
    return cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes()


def plain_letters(text: str) -> str:
    """Give a text in the letters that Pillow's own font has: ASCII."""
    marks = {"–": "-", "—": "-", "‘": "'", "’": "'", "ß": "ss"}
    parts = unicodedata.normalize("NFKD", "".join(marks.get(letter, letter) for letter in text))
    letters = [letter for letter in parts if not unicodedata.combining(letter)]
    return "".join(letter if " " <= letter <= "~" else "?" for letter in letters)


def wrap(text: str, width: int, size: int) -> list[str]:
    """Cut a text into lines that are at most ``width`` pixels wide, between words where that is possible."""
    lines, line = [], ""
    for word in plain_letters(text).split():
        if line and _length(f"{line} {word}", size) > width:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
        while _length(line, size) > width and len(line) > 1:
            count = max(1, int(len(line) * width / _length(line, size)))
            lines.append(line[:count])
            line = line[count:]
    return [*lines, line] if line else lines


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):  # Pillow was built without FreeType: wheels never are
        raise RuntimeError("this Pillow draws no letters: install it from PyPI with: pip install pillow")
    return font


def _length(text: str, size: int) -> float:
    return _font(size).getlength(text)


def _text(sentences: Sequence[str], width: int, size: int) -> Strip:
    lines = [line for text in sentences for line in wrap(text, width - 2 * MARGIN, size)]
    step = round(size * 1.45)
    sheet = Image.new("RGB", (width, step * len(lines) + MARGIN // 2), PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, line in enumerate(lines):
        pen.text((MARGIN, MARGIN // 2 + number * step), line, INK, _font(size))
    return np.asarray(sheet)


def _names(names: tuple[str, str], edges: tuple[int, int, int, int]) -> Strip:
    """Write each name above its photo; where one is wider than its photo, both on lines of their own."""
    start, middle, end, width = edges
    texts = [plain_letters(name) for name in names]
    rooms = (middle - GAP - start, end - middle)
    if any(_length(text, SIZE) > room for text, room in zip(texts, rooms, strict=True)):
        return _text([f"left: {names[0]}", f"right: {names[1]}"], width, SIZE)
    sheet = Image.new("RGB", (width, round(SIZE * 1.8)), PAPER)
    pen = ImageDraw.Draw(sheet)
    for text, x in zip(texts, (start, middle), strict=True):
        pen.text((x + 2, SIZE // 3), text, INK, _font(SIZE))
    return np.asarray(sheet)


def _key(text: str, width: int, is_inlier: bool) -> Strip:
    """Draw a line as the matches are drawn, and what it means."""
    strip = np.array(_text([text], width - KEY_WIDTH, SIZE))
    canvas = np.full((len(strip), width, 3), PAPER, np.uint8)
    canvas[:, KEY_WIDTH:] = strip
    start, end = np.array([MARGIN + 6.0, 18.0]), np.array([KEY_WIDTH + 2.0, 18.0])
    if is_inlier:
        draw_line(canvas, start, end, INLIER_COLOURS[0])
        draw_dots(canvas, (start, end), INLIER_COLOURS[0])
    else:
        draw_dashes(canvas, start, end)
        draw_crosses(canvas, (start, end))
    return canvas
