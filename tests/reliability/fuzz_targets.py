"""What fuzzers call: bytes in; a defect is raised, the errors that users see are not."""

from __future__ import annotations

import io
import json
import math
import os
import random
import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageCms, PngImagePlugin

from storage.errors import PhotoError, StageError
from storage.exif import read_exif
from storage.formats.clusters import read_clusters
from storage.formats.decisions import read_decisions
from storage.formats.labels import read_labels
from storage.formats.pairs import read_pairs
from storage.formats.review import ReviewJournal
from storage.formats.rle import text_counts
from storage.formats.tf_checkpoint import read_tf_index
from storage.formats.truth import read_truth
from storage.photos import load_photo_sizes, photo_size
from storage.plain_jpeg import read_plain_jpeg
from storage.resizing import read_stored
from tests.conftest import ROOT
from tests.drawn_photos import draw_photo
from tests.reliability.own_files import OWN_FILES, OwnFile

MAX_MEGAPIXELS = 1.0  # so that a fuzzer is not slowed down by large pictures
FOLDER = tempfile.gettempdir()
CHECKPOINTS = ROOT / "tests" / "archives" / "simclr-tensorflow"


def _file(content: bytes, ending: str = "") -> Path:
    path = Path(FOLDER) / f"fuzzed-{os.getpid()}{ending}"
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


def exif_seeds() -> list[bytes]:
    """Give those of the photos that can hold EXIF."""
    return [seed for seed in photo_seeds() if b"MM\0*" in seed or b"II*\0" in seed]


@dataclass(frozen=True)
class Target:
    """What is fuzzed: ``check`` takes bytes, ``seeds`` gives good ones."""

    check: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def _reader(ending: str, read: Callable[[Path], Any], *texts: str) -> Target:
    """Give the target of a reader of one file, whose good content is text."""

    def check(content: bytes) -> None:
        try:
            read(_file(content, ending))
        except StageError as error:
            assert str(error).strip()

    return Target(check, lambda: [text.encode() for text in texts])


def _own(file: OwnFile) -> Target:
    """Give the target of a kind of file of the program, with what belongs to it beside it."""
    folder = Path(tempfile.mkdtemp(prefix="fuzzed-", dir=FOLDER))
    file.write(folder)
    path = folder / file.name
    whole = path.read_bytes()

    def check(content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        try:
            file.read(folder)
        except StageError as error:
            assert str(error).strip()

    return Target(check, lambda: [whole, _without_checksum(whole)])


def _without_checksum(whole: bytes) -> bytes:
    """Take the checksum out of JSON, so that what lies behind its check is met as well."""
    try:
        content = json.loads(whole)
    except ValueError:
        return whole
    return json.dumps({key: value for key, value in content.items() if key != "checksum"}).encode()


def _decode_rle(path: Path) -> None:
    try:
        text_counts(path.read_text(encoding="utf-8", errors="replace"))
    except ValueError as error:
        raise StageError(str(error)) from error


DECISIONS = (
    '{"format": "decisions", "format_version": 2, "must_link": [["a.jpg", "b.jpg"]], "cannot_link": [["a.jpg", "c"]], '
    '"clusters": [{"name": "Hall", "locked": true, "note": "n", "representatives": ["a.jpg"], "photos": ["a.jpg"]}], '
    '"positions": {"a.jpg": [45.0, 15.5]}}'
)
JOURNAL = '{"format":"review-journal","format_version":1}\n{"action":"move","photos":["a.jpg"]}\n'


@cache
def targets() -> dict[str, Target]:
    """Give all targets by name."""
    named = {
        "photo": Target(check_photo, photo_seeds),
        "exif": Target(check_exif, exif_seeds),
        "pairs.txt": _reader(".txt", read_pairs, "a.jpg\tb.jpg\t0.5\n", "name0,name1,score\na,b,1e-3\n", "a b 0.25\n"),
        "clusters.json": _reader(".json", read_clusters, '{"0": ["a.jpg", "b.jpg"], "-1": ["c.jpg"]}'),
        "decisions.json": _reader(".json", read_decisions, DECISIONS),
        "labels.csv": _reader(".csv", read_labels, 'path,building\na.jpg,"Hall, old"\nb.jpg,single\n'),
        "truth.csv": _reader(".csv", read_truth, "query,source,attack\na.png,a.jpg,rotation\n"),
        "review.jsonl": _reader(".jsonl", ReviewJournal, JOURNAL),
        "run lengths": _reader(".txt", _decode_rle, "0A1b2C"),
        "tensorflow index": Target(
            _reader(".index", read_tf_index).check, lambda: [path.read_bytes() for path in CHECKPOINTS.glob("*.index")]
        ),
    }
    return named | {f"own {file.name.split('/')[0]} {number}": _own(file) for number, file in enumerate(OWN_FILES)}


def mutated(seeds: Sequence[bytes], random: random.Random) -> bytes:
    """Give a seed with some of it changed, as fuzzers do."""
    content = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 2, 4, 16))):
        _MUTATIONS[random.randrange(len(_MUTATIONS))](content, seeds, random)
    return bytes(content)


def _flip(content: bytearray, _seeds: Sequence[bytes], random: random.Random) -> None:
    if content:
        content[random.randrange(len(content))] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))


def _insert(content: bytearray, _seeds: Sequence[bytes], random: random.Random) -> None:
    place = random.randrange(len(content) + 1)
    content[place:place] = random.choice(TOKENS)


def _overwrite(content: bytearray, _seeds: Sequence[bytes], random: random.Random) -> None:
    token, place = random.choice(TOKENS), random.randrange(len(content) + 1)
    content[place : place + len(token)] = token


def _copy(content: bytearray, seeds: Sequence[bytes], random: random.Random) -> None:
    other = random.choice(seeds)
    start, place = random.randrange(len(other)), random.randrange(len(content) + 1)
    content[place : place + random.choice((0, 8))] = other[start : start + random.choice((4, 12, 100))]


def _remove(content: bytearray, _seeds: Sequence[bytes], random: random.Random) -> None:
    place = random.randrange(len(content) + 1)
    del content[place : place + random.choice((1, 4, 40, len(content)))]


_MUTATIONS = (_flip, _flip, _insert, _overwrite, _copy, _remove)
TOKENS = (
    *(struct.pack(form, number) for form in ("<H", ">H", "<I", ">I") for number in (0, 1, 0x7FFF, 0xFFFF)),
    *(struct.pack(form, number) for form in ("<I", ">I", "<Q") for number in (2**31 - 1, 2**31, 2**32 - 1)),
    *(
        b"null",
        b"true",
        b"-1",
        b"1e999",
        b"NaN",
        b"[]",
        b"{}",
        b'""',
        b"[[[[[[[[",
        b'"\\ud800"',
        b'{"a":',
        b"0.5",
        b"9" * 40,
    ),
    *(b"../", b"/", b"\0", b"\n", b"\t", b",", b'"', b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xe2\x80\xa8"),
)
