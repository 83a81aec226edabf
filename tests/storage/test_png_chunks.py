"""Checksums of PNG files."""

from __future__ import annotations

import io
import random

import pytest
from PIL import Image

from storage.png_chunks import check_chunks
from tests.drawn_photos import draw_photo


@pytest.fixture
def whole() -> bytes:
    buffer = io.BytesIO()
    draw_photo(1).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_good_file_passes_also_with_something_behind_it(whole: bytes) -> None:
    check_chunks(whole)
    check_chunks(whole + b"notes")


def test_every_altered_byte_is_seen(whole: bytes) -> None:
    chance = random.Random(3)
    for _ in range(300):
        altered = bytearray(whole)
        altered[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
        with pytest.raises(ValueError, match="it is|its end|checksum"):
            check_chunks(bytes(altered))


def test_every_cut_is_seen(whole: bytes) -> None:
    for length in range(0, len(whole), 7):
        with pytest.raises(ValueError, match="no PNG|end is missing|it is cut"):
            check_chunks(whole[:length])


def test_pillow_alone_does_not_see_it(whole: bytes) -> None:
    start = whole.index(b"IDAT")
    altered = whole[: start + 4 + int.from_bytes(whole[start - 4 : start], "big")] + b"\0\0\0\0" + whole[-12:]
    Image.open(io.BytesIO(altered)).load()
    with pytest.raises(ValueError, match="IDAT"):
        check_chunks(altered)
