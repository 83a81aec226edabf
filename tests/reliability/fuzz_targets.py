"""What fuzzers call: bytes in; a defect is raised, the errors that users see are not."""

from __future__ import annotations

import io
import math
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from storage.errors import PhotoError
from storage.exif import read_exif
from storage.photos import load_photo_sizes, photo_size
from storage.plain_jpeg import read_plain_jpeg
from storage.resizing import read_stored
from tests.drawn_photos import draw_photo

MAX_MEGAPIXELS = 1.0  # so that a fuzzer is not slowed down by large pictures
FOLDER = tempfile.gettempdir()


def _file(content: bytes) -> Path:
    path = Path(FOLDER) / "fuzzed"
    path.write_bytes(content)
    return path


def check_photo(content: bytes) -> None:
    """A photo is decoded to RGB of 8 bit, or refused with a reason."""
    path = _file(content)
    for read in (photo_size, read_stored, read_plain_jpeg):
        try:
            read(path, MAX_MEGAPIXELS)
        except PhotoError as error:
            assert error.reason
    try:
        photos = load_photo_sizes(path, [64, None], MAX_MEGAPIXELS)
    except PhotoError as error:
        assert error.reason.isprintable(), error.reason
        return
    for photo in photos:
        assert photo.dtype == np.uint8 and photo.ndim == 3 and photo.shape[2] == 3 and photo.size


def check_exif(content: bytes) -> None:
    """EXIF is read to a record of values in range, or the file is refused."""
    try:
        record = read_exif(_file(content))
    except PhotoError:
        assert not content
        return
    assert record.orientation in range(1, 9)
    assert (record.latitude_deg is None) == (record.longitude_deg is None)
    if record.latitude_deg is not None and record.longitude_deg is not None:
        assert abs(record.latitude_deg) <= 90 and abs(record.longitude_deg) <= 180
    assert record.altitude_m is None or math.isfinite(record.altitude_m)
    for text in (record.captured_at, record.camera):
        assert text is None or (text and text.isprintable())


def photo_seeds() -> list[bytes]:
    """Give small photos of every accepted format and of their odd forms."""
    photo = draw_photo(0, 24, 18)
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8825] = {1: "N", 2: (52.0, 31.0, 8.0), 3: "E", 4: (13.0, 24.0, 1.0)}
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    notes = PngImagePlugin.PngInfo()
    notes.add_text("a", "b" * 300, zip=True)
    notes.add_itxt("c", "d", "en", "e")
    forms: list[tuple[str, str, dict[str, object]]] = [
        ("JPEG", "RGB", {"exif": exif, "icc_profile": profile}),
        ("JPEG", "L", {"progressive": True}),
        ("JPEG", "CMYK", {}),
        ("PNG", "RGB", {"exif": exif, "pnginfo": notes, "icc_profile": profile}),
        ("PNG", "P", {"transparency": 0}),
        ("PNG", "RGBA", {}),
        ("PNG", "1", {}),
        ("WEBP", "RGB", {"exif": exif}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("WEBP", "RGB", {"save_all": True, "append_images": [draw_photo(1, 24, 18)]}),
        ("TIFF", "RGB", {"exif": exif.tobytes()}),
        ("TIFF", "RGB", {"compression": "tiff_lzw"}),
        ("TIFF", "RGB", {"compression": "jpeg"}),
        ("TIFF", "1", {"compression": "group4"}),
        ("TIFF", "CMYK", {"compression": "packbits"}),
        ("TIFF", "L", {"save_all": True, "append_images": [draw_photo(1, 24, 18)]}),
        ("BMP", "RGB", {}),
        ("BMP", "P", {}),
        ("GIF", "P", {"save_all": True, "append_images": [draw_photo(1, 24, 18).convert("P")]}),
        ("PNG", "RGB", {"save_all": True, "append_images": [draw_photo(1, 24, 18)]}),
        ("MPO", "RGB", {"save_all": True, "append_images": [draw_photo(1, 24, 18)]}),
    ]
    seeds = []
    for file_format, mode, options in forms:
        buffer = io.BytesIO()
        photo.convert(mode).save(buffer, file_format, **options)  # type: ignore[arg-type]
        seeds.append(buffer.getvalue())
    grey16 = Image.fromarray(np.arange(432, dtype=np.uint16).reshape(18, 24) * 150)
    for file_format in ("PNG", "TIFF"):
        buffer = io.BytesIO()
        grey16.save(buffer, file_format)
        seeds.append(buffer.getvalue())
    return seeds + [struct.pack("<2sI", b"BM", 54)]


TARGETS: dict[str, Callable[[bytes], None]] = {"photo": check_photo, "exif": check_exif}


def seeds(target: str) -> list[bytes]:
    """Give what a fuzzer of a target starts from."""
    return photo_seeds()
