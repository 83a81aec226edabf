"""R10: damaged EXIF and positions are read without an error, to nothing or to values in range; good ones exactly."""

from __future__ import annotations

import io
import random
import struct
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from storage.exif import read_exif
from tests.drawn_photos import draw_photo
from tests.reliability.campaign import Campaign
from tests.reliability.fuzz_targets import check_exif

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "MPO")
MOST_ERROR = 1e-7
TWIN_EVERY = 20  # one attempt of so many is a valid position
NUMBERS = (0, 1, 2, 8, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 2**31 - 1, 2**31, 2**32 - 1)


def parts(degrees: float, denominators: tuple[int, int, int]) -> tuple[IFDRational, ...]:
    """Write degrees as degrees, minutes and seconds with these denominators."""
    seconds = round(abs(degrees) * 3600 * denominators[2])
    whole, rest = divmod(seconds, 3600 * denominators[2])
    minutes, rest = divmod(rest, 60 * denominators[2])
    numerators = (whole * denominators[0], minutes * denominators[1], rest)
    return tuple(IFDRational(*pair) for pair in zip(numerators, denominators, strict=True))


def exif_block(latitude: float, longitude: float, seconds: int = 100_000) -> bytes:
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0112] = "Maker", "Model", 6
    exif[0x8769] = {0x9003: "2019:05:06 07:08:09", 0x9291: "12", 0x9011: "+02:00"}
    exif[0x8825] = {
        1: "N" if latitude >= 0 else "S",
        2: parts(latitude, (1, 1, seconds)),
        3: "E" if longitude >= 0 else "W",
        4: parts(longitude, (1, 1, seconds)),
        5: b"\0",
        6: 12.5,
    }
    return exif.tobytes()


@cache
def whole_photo(file_format: str) -> tuple[bytes, int, int]:
    """Give a photo with EXIF, and where the block lies in it."""
    block = exif_block(-22.5, -43.25)
    whole = saved(file_format, block)
    start = whole.find(block[6:14])
    # A TIFF has its own directories, at its end.
    return (whole, start, start + len(block)) if start > 8 else (whole, 4, len(whole))


def saved(file_format: str, block: bytes) -> bytes:
    buffer = io.BytesIO()
    options = {"save_all": True, "append_images": [draw_photo(1, 16, 12)]} if file_format == "MPO" else {}
    draw_photo(0, 16, 12).save(buffer, file_format, exif=block, **options)  # type: ignore[arg-type]
    return buffer.getvalue()


def flip_bytes(content: bytearray, places: range, random: random.Random) -> None:
    for _ in range(random.choice((1, 1, 2, 8, 40))):
        content[random.choice(places)] = random.choice((0, 1, 255, random.randrange(256)))


def set_numbers(content: bytearray, places: range, random: random.Random) -> None:
    """Write numbers of two and four bytes where types, counts, offsets and denominators may lie."""
    for _ in range(random.choice((1, 2, 5))):
        place, number = random.choice(places), random.choice(NUMBERS)
        packed = (
            struct.pack(random.choice(("<I", ">I")), number) if random.random() < 0.6 else struct.pack("<Q", number)[:2]
        )
        content[place : place + len(packed)] = packed


def copy_within(content: bytearray, places: range, random: random.Random) -> None:
    """Put one part of the block in the place of another: entries twice, directories that lead to themselves."""
    size = random.choice((4, 8, 12, 24))
    source, target = random.choice(places), random.choice(places)
    content[target : target + size] = content[source : source + size]


def cut(content: bytearray, places: range, random: random.Random) -> None:
    del content[random.choice(places) :]


MUTATIONS: tuple[Callable[[bytearray, range, random.Random], None], ...] = (flip_bytes, set_numbers, copy_within, cut)


def mutate(random: random.Random) -> bytes:
    whole, start, end = whole_photo(random.choice(FORMATS))
    content = bytearray(whole)
    random.choice(MUTATIONS)(content, range(start, min(end, len(content)) - 1), random)
    return bytes(content)


def check_twin(path: Path, random: random.Random) -> None:
    latitude, longitude = random.uniform(-90, 90), random.uniform(-180, 180)
    path.write_bytes(saved(random.choice(FORMATS), exif_block(latitude, longitude, random.choice((100_000, 65_536)))))
    found = read_exif(path)
    assert found.latitude_deg == pytest.approx(latitude, abs=MOST_ERROR)
    assert found.longitude_deg == pytest.approx(longitude, abs=MOST_ERROR)


def test_mutated_exif_gives_nothing_or_values_in_range(campaign: Campaign, tmp_path: Path) -> None:
    twins = 0
    for attempt in campaign.attempts(fast=400, full=100_000):
        with attempt:
            if attempt.number % TWIN_EVERY:
                check_exif(mutate(attempt.random))
            else:
                twins += 1
                check_twin(tmp_path / "twin", attempt.random)
    campaign.note(f"{twins:,} valid positions exact to 1e-7 degrees")
