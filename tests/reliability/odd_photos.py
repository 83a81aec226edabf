"""Photos that are odd but valid: every mode, depth, orientation and layout, each with what it has to look like."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.drawn_photos import draw_photo

Pixels = NDArray[np.uint8]
WIDTH, HEIGHT = 64, 48
_ORIENTATION = 0x0112
# Stored array of each EXIF orientation, from the upright one: the inverse of what a viewer does.
_STORED: dict[int, Callable[[Pixels], Pixels]] = {
    1: lambda upright: upright,
    2: lambda upright: upright[:, ::-1],
    3: lambda upright: upright[::-1, ::-1],
    4: lambda upright: upright[::-1],
    5: lambda upright: upright.transpose(1, 0, 2),
    6: lambda upright: np.rot90(upright),
    7: lambda upright: upright[::-1, ::-1].transpose(1, 0, 2),
    8: lambda upright: np.rot90(upright, -1),
}


@dataclass(frozen=True)
class OddPhoto:
    """A file, and what it shows: RGB, upright, (H, W, 3)."""

    name: str
    content: bytes
    shows: Pixels


def drawn(seed: int = 5) -> Image.Image:
    """Give the photo that all are made of."""
    return draw_photo(seed, WIDTH, HEIGHT)


def _encoded(file_format: str, image: Image.Image, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def _plain(name: str, file_format: str, mode: str = "RGB", **options: Any) -> OddPhoto:
    """Give the photo in another mode; it shows what Pillow makes of that mode in RGB."""
    image = drawn().convert(mode)
    return OddPhoto(name, _encoded(file_format, image, **options), np.asarray(image.convert("RGB")))


def _oriented(file_format: str, ending: str, orientation: int) -> OddPhoto:
    upright = np.asarray(drawn())
    exif = Image.Exif()
    exif[_ORIENTATION] = orientation
    stored = Image.fromarray(np.ascontiguousarray(_STORED[orientation](upright)))
    options: dict[str, Any] = {"lossless": True} if file_format == "WEBP" else {"quality": 95}
    name = f"orientation_{orientation}.{ending}"
    return OddPhoto(name, _encoded(file_format, stored, exif=exif.tobytes(), **options), upright)


def _grey_16(name: str, file_format: str, **options: Any) -> OddPhoto:
    """Give a ramp of 16 bit; it shows the upper 8 bit."""
    ramp = np.linspace(0, 65_535, WIDTH * HEIGHT).astype(np.uint16).reshape(HEIGHT, WIDTH)
    shows = np.repeat(np.rint(ramp / 257).astype(np.uint8)[:, :, None], 3, axis=2)
    return OddPhoto(name, _encoded(file_format, Image.fromarray(ramp), **options), shows)


def _deep(name: str, kind: type[np.generic], white: float) -> OddPhoto:
    grey = np.linspace(0, 1, WIDTH * HEIGHT).reshape(HEIGHT, WIDTH)
    shows = np.repeat(np.rint(grey * 255).astype(np.uint8)[:, :, None], 3, axis=2)
    return OddPhoto(name, _encoded("TIFF", Image.fromarray((grey * white).astype(kind))), shows)


def _transparent(name: str, file_format: str, mode: str, **options: Any) -> OddPhoto:
    """Give the photo half transparent on its right half; it shows white there, half mixed in."""
    opacity = np.full((HEIGHT, WIDTH), 255, np.uint8)
    opacity[:, WIDTH // 2 :] = 128
    image = drawn().convert(mode)
    image.putalpha(Image.fromarray(opacity))
    colours = np.asarray(image.convert("RGBA")).astype(float)
    share = colours[:, :, 3:] / 255
    shows = np.rint(colours[:, :, :3] * share + 255 * (1 - share)).astype(np.uint8)
    return OddPhoto(name, _encoded(file_format, image, **options), shows)


def _clear_palette(name: str, file_format: str) -> OddPhoto:
    """Give a palette whose first colour is fully transparent; it shows white there."""
    image = drawn().quantize(16)
    shows = np.asarray(image.convert("RGB")).copy()
    shows[np.asarray(image) == 0] = 255
    return OddPhoto(name, _encoded(file_format, image, transparency=0), shows)


def _several(name: str, file_format: str, **options: Any) -> OddPhoto:
    """Give two pictures in one file; it shows the first."""
    content = _encoded(file_format, drawn(), save_all=True, append_images=[drawn(6)], **options)
    return OddPhoto(name, content, np.asarray(drawn()))


def _sized(name: str, file_format: str, width: int, height: int) -> OddPhoto:
    image = draw_photo(5, width, height)
    return OddPhoto(name, _encoded(file_format, image), np.asarray(image))


def _lab(name: str) -> OddPhoto:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    lab = ImageCms.applyTransform(drawn(), ImageCms.buildTransform(*profiles, "RGB", "LAB"))
    assert lab is not None
    return OddPhoto(name, _encoded("TIFF", lab), np.asarray(drawn()))


Build = Callable[[], OddPhoto]

ODD: tuple[Build, ...] = (
    *(
        partial(_oriented, *form, orientation)
        for orientation in range(1, 9)
        for form in (("JPEG", "jpg"), ("PNG", "png"), ("WEBP", "webp"))
    ),
    *(partial(_oriented, "TIFF", "tif", orientation) for orientation in (3, 6)),
    partial(_plain, "cmyk.jpg", "JPEG", "CMYK", quality=95),
    partial(_plain, "cmyk.tif", "TIFF", "CMYK"),
    partial(_plain, "grey.jpg", "JPEG", "L", quality=95),
    partial(_plain, "black_and_white.png", "PNG", "1"),
    partial(_plain, "black_and_white.tif", "TIFF", "1", compression="group4"),
    partial(_plain, "black_and_white.bmp", "BMP", "1"),
    partial(_plain, "palette.png", "PNG", "P"),
    partial(_plain, "palette.bmp", "BMP", "P"),
    partial(_plain, "palette.gif", "GIF", "P"),
    partial(_plain, "progressive.jpg", "JPEG", quality=95, progressive=True),
    partial(_plain, "full_colour.jpg", "JPEG", quality=95, subsampling=0),
    partial(_plain, "rgb_as_such.jpg", "JPEG", quality=95, keep_rgb=True),
    partial(_plain, "restarts.jpg", "JPEG", quality=95, restart_marker_rows=1),
    *(
        partial(_plain, f"{compression}.tif", "TIFF", compression=compression)
        for compression in ("tiff_lzw", "tiff_deflate", "packbits", "jpeg")
    ),
    partial(_plain, "large_offsets.tif", "TIFF", big_tiff=True),
    partial(_plain, "ycbcr.tif", "TIFF", "YCbCr"),
    partial(_grey_16, "deep.png", "PNG"),
    partial(_grey_16, "deep.tif", "TIFF"),
    partial(_grey_16, "deep_lzw.tif", "TIFF", compression="tiff_lzw"),
    partial(_deep, "whole_numbers.tif", np.int32, 65_535),
    partial(_deep, "floating.tif", np.float32, 1.0),
    partial(_transparent, "transparent.png", "PNG", "RGB"),
    partial(_transparent, "transparent_grey.png", "PNG", "L"),
    partial(_transparent, "transparent.webp", "WEBP", "RGB", lossless=True),
    partial(_transparent, "transparent.tif", "TIFF", "RGB"),
    partial(_clear_palette, "clear_palette.png", "PNG"),
    partial(_clear_palette, "clear_palette.gif", "GIF"),
    partial(_several, "animated.png", "PNG"),
    partial(_several, "animated.webp", "WEBP", lossless=True),
    partial(_several, "pages.tif", "TIFF"),
    partial(_several, "several.jpg", "MPO", quality=95),
    partial(_sized, "pixel.png", "PNG", 1, 1),
    partial(_sized, "pixel.jpg", "JPEG", 1, 1),
    partial(_sized, "tall.png", "PNG", 1, 20_000),
    partial(_sized, "wide.jpg", "JPEG", 20_000, 1),
    partial(_lab, "lab.tif"),
)
