from __future__ import annotations

import math
import os
import random
import struct
import time
import zlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from storage.bounded_file import BoundedFile
from storage.errors import PhotoError
from storage.exif import ExifRecord, _altitude, _camera, _captured_at, _position, read_exif
from storage.listing import list_photos

EXIF_IFD, GPS_IFD = 0x8769, 0x8825
BERLIN = {1: "N", 2: (52.0, 31.0, 8.04), 3: "E", 4: (13.0, 24.0, 1.08)}
RIO = {1: "S", 2: (22.0, 54.0, 30.0), 3: "W", 4: (43.0, 10.0, 30.0), 5: b"\0", 6: 12.5}


def exif_block(gps: dict[int, Any] | None = None, photo: dict[int, Any] | None = None, **main: Any) -> bytes:
    exif = Image.Exif()
    for tag, value in main.items():
        exif[int(tag.removeprefix("tag_"), 16)] = value
    if photo:
        exif[EXIF_IFD] = photo
    if gps:
        exif[GPS_IFD] = gps
    return exif.tobytes()


def save(path: Path, block: bytes, kind: str | None = None) -> Path:
    with open(path, "wb") as file:
        Image.new("RGB", (16, 12), "red").save(file, kind or "JPEG", exif=block)
    return path


def write_tiff_block(entries: list[tuple[int, int, int, bytes]]) -> bytes:
    """Write an EXIF block whose GPS directory holds (tag, type, count, value bytes), as no library would write it."""
    start = 8 + 2 + 12 + 4
    values_start = start + 2 + 12 * len(entries) + 4
    directory, values = struct.pack("<H", len(entries)), b""
    for tag, kind, count, value in entries:
        if len(value) <= 4:
            directory += struct.pack("<HHI4s", tag, kind, count, value)
        else:
            directory += struct.pack("<HHII", tag, kind, count, values_start + len(values))
            values += value
    main = b"II*\0" + struct.pack("<IHHHIII", 8, 1, GPS_IFD, 4, 1, start, 0)
    return b"Exif\0\0" + main + directory + struct.pack("<I", 0) + values


def rationals(*pairs: tuple[int, int]) -> bytes:
    return b"".join(struct.pack("<II", *pair) for pair in pairs)


def gps_entries(latitude: bytes, longitude: bytes, references: tuple[bytes, bytes] = (b"N\0", b"E\0")) -> bytes:
    north, east = references
    return write_tiff_block(
        [
            (1, 2, len(north), north),
            (2, 5, len(latitude) // 8, latitude),
            (3, 2, len(east), east),
            (4, 5, len(longitude) // 8, longitude),
        ]
    )


GOOD_LATITUDE = rationals((52, 1), (31, 1), (804, 100))
GOOD_LONGITUDE = rationals((13, 1), (24, 1), (108, 100))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "MPO"])
def test_position_and_height_are_read_from_every_format(tmp_path: Path, kind: str) -> None:
    record = read_exif(save(tmp_path / "a.jpg", exif_block(RIO), kind))
    assert record.latitude_deg == pytest.approx(-(22 + 54 / 60 + 30 / 3600), abs=1e-9)
    assert record.longitude_deg == pytest.approx(-(43 + 10 / 60 + 30 / 3600), abs=1e-9)
    assert record.altitude_m == 12.5


def test_position_is_read_from_heic(tmp_path: Path) -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    image = pillow_heif.from_pillow(Image.new("RGB", (64, 48)))
    image.save(tmp_path / "a.heic", exif=exif_block(BERLIN))
    assert read_exif(tmp_path / "a.heic").latitude_deg == pytest.approx(52.5189, abs=1e-7)


def test_exif_behind_the_pixels_of_a_png_is_found(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    whole = (tmp_path / "a.png").read_bytes()
    block = exif_block(BERLIN)[6:]
    chunk = struct.pack(">I", len(block)) + b"eXIf" + block + struct.pack(">I", zlib.crc32(b"eXIf" + block))
    end = whole.index(b"IEND") - 4
    (tmp_path / "a.png").write_bytes(whole[:end] + chunk + whole[end:])
    assert read_exif(tmp_path / "a.png").longitude_deg == pytest.approx(13.4003, abs=1e-7)


@pytest.mark.parametrize(
    ("north", "east", "signs"), [("N", "E", (1, 1)), ("N", "W", (1, -1)), ("S", "E", (-1, 1)), ("S", "W", (-1, -1))]
)
def test_the_references_give_the_signs(tmp_path: Path, north: str, east: str, signs: tuple[int, int]) -> None:
    record = read_exif(save(tmp_path / "a.jpg", exif_block({**BERLIN, 1: north, 3: east})))
    assert record.latitude_deg == pytest.approx(signs[0] * 52.5189, abs=1e-7)
    assert record.longitude_deg == pytest.approx(signs[1] * 13.4003, abs=1e-7)


@pytest.mark.parametrize(
    "references", [(b"", b"E\0"), (b"N\0", b"X\0"), (b"s\0", b"E\0"), (b"E\0", b"N\0"), (b"\0\0", b"E")]
)
def test_no_or_another_reference_is_no_position(tmp_path: Path, references: tuple[bytes, bytes]) -> None:
    record = read_exif(save(tmp_path / "a.jpg", gps_entries(GOOD_LATITUDE, GOOD_LONGITUDE, references)))
    assert (record.latitude_deg, record.longitude_deg) == (None, None)


def test_the_same_block_with_good_references_is_a_position(tmp_path: Path) -> None:
    record = read_exif(save(tmp_path / "a.jpg", gps_entries(GOOD_LATITUDE, GOOD_LONGITUDE)))
    assert record.latitude_deg == pytest.approx(52.5189, abs=1e-7)


@pytest.mark.parametrize(
    ("latitude", "degrees"),
    [
        (rationals((525189, 10000)), 52.5189),
        (rationals((52, 1), (31134, 1000)), 52.5189),
        (rationals((52, 1), (31, 1), (60, 1)), 52 + 32 / 60),
        (rationals((0, 1), (0, 1), (0, 1)), 0.0),
        (rationals((90, 1), (0, 1), (0, 1)), 90.0),
    ],
)
def test_fewer_numbers_with_fractions_are_a_position_too(tmp_path: Path, latitude: bytes, degrees: float) -> None:
    record = read_exif(save(tmp_path / "a.jpg", gps_entries(latitude, GOOD_LONGITUDE)))
    assert record.latitude_deg == pytest.approx(degrees, abs=1e-7)
    assert record.longitude_deg == pytest.approx(13.4003, abs=1e-7)


@pytest.mark.parametrize(
    "latitude",
    [
        rationals((0, 0), (0, 0), (0, 0)),
        rationals((52, 1), (31, 1), (5, 0)),
        rationals((52, 0)),
        rationals((900, 1), (0, 1), (0, 1)),
        rationals((90, 1), (0, 1), (1, 100)),
        rationals((52, 1), (61, 1), (0, 1)),
        rationals((52, 1), (31, 1), (4_000_000_000, 1)),
        rationals((52, 1), (31, 1), (8, 1), (1, 1)),
        b"",
    ],
)
def test_numbers_that_make_no_sense_are_no_position(tmp_path: Path, latitude: bytes) -> None:
    record = read_exif(save(tmp_path / "a.jpg", gps_entries(latitude, GOOD_LONGITUDE)))
    assert (record.latitude_deg, record.longitude_deg) == (None, None)


def test_zero_zero_is_no_position_but_greenwich_is_one(tmp_path: Path) -> None:
    zero = rationals((0, 1), (0, 1), (0, 1))
    assert read_exif(save(tmp_path / "a.jpg", gps_entries(zero, zero))).latitude_deg is None
    record = read_exif(save(tmp_path / "b.jpg", gps_entries(GOOD_LATITUDE, zero, (b"N\0", b"W\0"))))
    assert record.latitude_deg == pytest.approx(52.5189, abs=1e-7)
    assert math.copysign(1, record.longitude_deg or 0.0) == 1  # not -0.0


@pytest.mark.parametrize(
    ("gps", "expected"),
    [
        ({6: IFDRational(125, 10)}, 12.5),
        ({6: IFDRational(125, 10), 5: b"\x00"}, 12.5),
        ({6: IFDRational(125, 10), 5: b"\x01"}, -12.5),
        ({6: 12.5, 5: [1]}, -12.5),
        ({6: IFDRational(1, 0)}, None),
        ({6: 1e12}, None),
        ({6: "high"}, None),
        ({}, None),
    ],
)
def test_height_is_below_the_sea_where_the_reference_says_so(gps: dict[int, Any], expected: float | None) -> None:
    assert _altitude(gps) == expected


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({0x9003: "2019:05:06 07:08:09"}, "2019-05-06T07:08:09"),
        ({0x9003: "2019:05:06 07:08:09", 0x9291: "12 ", 0x9011: "+02:00"}, "2019-05-06T07:08:09.12+02:00"),
        ({0x9003: "2019:05:06 07:08:09", 0x9292: "99", 0x9012: "+02:00"}, "2019-05-06T07:08:09"),
        ({0x9003: "2019:05:06 07:08:09", 0x9291: "x", 0x9011: "2 h"}, "2019-05-06T07:08:09"),
        ({0x9003: "0000:00:00 00:00:00", 0x9004: "2018:01:01 00:00:00"}, "2018-01-01T00:00:00"),
        ({0x9003: "    :  :     :  :  ", 0x0132: "2017:12:31 23:59:59\0"}, "2017-12-31T23:59:59"),
        ({0x9003: "2019:05:06 07:08:09", 0x0132: "2020:01:01 00:00:00"}, "2019-05-06T07:08:09"),
        ({0x9003: b"2019:05:06 07:08:09\0"}, "2019-05-06T07:08:09"),
        ({0x9003: "2019-05-06T07:08:09"}, "2019-05-06T07:08:09"),
        ({0x9003: "2019:02:30 07:08:09"}, None),
        ({0x9003: "2019:05:06 24:00:00"}, None),
        ({0x9003: 20190506}, None),
        ({}, None),
    ],
)
def test_the_best_time_that_is_a_date_is_taken(tags: dict[int, Any], expected: str | None) -> None:
    assert _captured_at(tags) == expected


def test_time_and_camera_are_read_from_a_file(tmp_path: Path) -> None:
    block = exif_block(
        photo={0x9003: "2019:05:06 07:08:09"}, tag_010f="Canon\0", tag_0110="Canon EOS  5D\n", tag_0112=8
    )
    assert read_exif(save(tmp_path / "a.jpg", block)) == ExifRecord(
        captured_at="2019-05-06T07:08:09", camera="Canon EOS 5D", orientation=8
    )


@pytest.mark.parametrize(
    ("make", "model", "camera"),
    [
        ("Apple", "iPhone 13", "Apple iPhone 13"),
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D60", "NIKON D60"),
        ("samsung", "SAMSUNG S9", "SAMSUNG S9"),
        ("Apple", None, "Apple"),
        (None, "iPhone", "iPhone"),
        (None, None, None),
    ],
)
def test_a_camera_is_not_named_twice(make: str | None, model: str | None, camera: str | None) -> None:
    assert _camera(make, model) == camera


@pytest.mark.parametrize(("stored", "orientation"), [(1, 1), (6, 6), (8, 8), (0, 1), (9, 1)])
def test_the_orientation_is_one_to_eight(tmp_path: Path, stored: int, orientation: int) -> None:
    assert read_exif(save(tmp_path / "a.jpg", exif_block(tag_0112=stored))).orientation == orientation


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF"])
def test_a_photo_without_exif_has_an_empty_record(tmp_path: Path, kind: str) -> None:
    with open(tmp_path / "a.jpg", "wb") as file:
        Image.new("RGB", (4, 4)).save(file, kind)
    assert read_exif(tmp_path / "a.jpg") == ExifRecord()


def test_files_that_are_no_photos_have_an_empty_record(tmp_path: Path) -> None:
    for content in (b"text", b"\xff\xd8\xff", b"II*\0", b"\x89PNG\r\n\x1a\n", bytes(1000), b"RIFF\0\0\0\0WEBPVP8X"):
        (tmp_path / "a.jpg").write_bytes(content)
        assert read_exif(tmp_path / "a.jpg") == ExifRecord()


def test_a_block_that_claims_very_many_entries_ends_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = save(tmp_path / "a.jpg", exif_block(BERLIN))
    whole = bytearray(path.read_bytes())
    start = whole.index(b"Exif") + 6
    whole[start + 8 : start + 10] = b"\xff\xff"
    # The block alone, which Pillow cannot open, and zeros enough for all entries.
    path.write_bytes(whole[: whole.index(b"\xff\xdb")] + bytes(1_200_000))
    reads = []

    class CountedFile(BoundedFile):
        def read(self, size: int = -1) -> bytes:
            reads.append(size)
            return super().read(size)

    monkeypatch.setattr("storage.exif.BoundedFile", CountedFile)
    assert read_exif(path).orientation == 1
    assert 1000 < len(reads) < 10_000


@pytest.mark.timeout(10)
def test_a_heic_box_without_size_does_not_stop_the_run(tmp_path: Path) -> None:
    # ExifRead's own reader never returns from such a file.
    boxes = struct.pack(">I4s4sI4s", 20, b"ftyp", b"heic", 0, b"mif1")
    boxes += struct.pack(">I4sI", 100, b"meta", 0) + bytes(88)
    (tmp_path / "a.heic").write_bytes(boxes)
    assert read_exif(tmp_path / "a.heic") == ExifRecord()


def test_a_photo_with_damaged_pixels_keeps_its_position(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", exif_block(BERLIN))
    path.write_bytes(path.read_bytes()[:-60])
    assert read_exif(path).latitude_deg == pytest.approx(52.5189, abs=1e-7)


def test_what_pillow_cannot_open_exifread_reads(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", exif_block(BERLIN))
    whole = path.read_bytes()
    path.write_bytes(whole[: whole.index(b"\xff\xdb")])  # the block alone, without any picture
    with pytest.raises(OSError, match="cannot identify"):
        Image.open(path)
    assert read_exif(path).latitude_deg == pytest.approx(52.5189, abs=1e-7)


def test_a_file_that_cannot_be_opened_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PhotoError, match="does not exist"):
        read_exif(tmp_path / "gone.jpg")
    with pytest.raises(PhotoError, match="is a folder"):
        read_exif(tmp_path)
    (tmp_path / "empty.jpg").touch()
    with pytest.raises(PhotoError, match="empty"):
        read_exif(tmp_path / "empty.jpg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with a name")
@pytest.mark.timeout(10)
def test_a_pipe_is_refused_without_waiting_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jpg")
    with pytest.raises(PhotoError, match="no regular file"):
        read_exif(tmp_path / "a.jpg")


NUMBERS = st.one_of(
    st.integers(),
    st.floats(),
    st.builds(IFDRational, st.integers(-(2**31), 2**32), st.integers(0, 2**32)),
    st.booleans(),
)
VALUES = st.one_of(
    NUMBERS, st.text(max_size=3), st.binary(max_size=3), st.none(), st.lists(NUMBERS, max_size=4).map(tuple)
)
REFERENCES = st.one_of(st.sampled_from(["N", "S", "E", "W", b"N\0", "", None, 1]), VALUES)


@given(st.fixed_dictionaries({1: REFERENCES, 2: VALUES, 3: REFERENCES, 4: VALUES, 5: VALUES, 6: VALUES}))
def test_any_gps_values_give_a_position_in_range_or_none(gps: dict[int, Any]) -> None:
    latitude, longitude = _position(gps)
    assert (latitude is None) == (longitude is None)
    if latitude is not None and longitude is not None:
        assert -90 <= latitude <= 90
        assert -180 <= longitude <= 180
    altitude = _altitude(gps)
    assert altitude is None or math.isfinite(altitude)


@given(st.dictionaries(st.sampled_from([0x9003, 0x9004, 0x0132, 0x9291, 0x9011]), VALUES | st.text("0123456789:+- ")))
def test_any_time_values_give_a_time_or_none(tags: dict[int, Any]) -> None:
    captured_at = _captured_at(tags)
    assert captured_at is None or captured_at[10] == "T"


@given(st.floats(-89.99, 89.99), st.floats(-179.99, 179.99))
def test_written_positions_read_back_within_a_ten_millionth_degree(latitude: float, longitude: float) -> None:
    def parts(degrees: float) -> tuple[IFDRational, ...]:
        minutes, seconds = divmod(round(abs(degrees) * 3600 * 100_000), 60 * 100_000)
        return IFDRational(minutes // 60), IFDRational(minutes % 60), IFDRational(seconds, 100_000)

    gps = {1: "N" if latitude >= 0 else "S", 2: parts(latitude), 3: "E" if longitude >= 0 else "W", 4: parts(longitude)}
    found = _position(gps)
    if found == (None, None):
        assert max(abs(latitude), abs(longitude)) < 1e-8
    else:
        assert found == pytest.approx((latitude, longitude), abs=1e-7)


def test_two_thousand_damaged_blocks_give_a_sensible_record(tmp_path: Path) -> None:
    chance = random.Random(11)
    block = exif_block(RIO, {0x9003: "2019:05:06 07:08:09"}, tag_010f="Maker", tag_0110="Model", tag_0112=6)
    positions = 0
    for kind, rounds in (("JPEG", 800), ("PNG", 300), ("WEBP", 300), ("TIFF", 600)):
        path = save(tmp_path / "a.jpg", block, kind)
        whole = path.read_bytes()
        start = max(whole.find(block[6:14]), 8)
        for _ in range(rounds):
            damaged = bytearray(whole)
            for _ in range(chance.choice((1, 1, 2, 8))):
                place = chance.randrange(start, min(start + len(block), len(whole)))
                damaged[place] = chance.choice((0, 1, 255, chance.randrange(256)))
            path.write_bytes(damaged)
            record = read_exif(path)
            assert record.orientation in range(1, 9)
            assert (record.latitude_deg is None) == (record.longitude_deg is None)
            if record.latitude_deg is not None and record.longitude_deg is not None:
                positions += 1
                assert abs(record.latitude_deg) <= 90
                assert abs(record.longitude_deg) <= 180
    assert 400 < positions < 2000


def test_damaged_exif_leaves_standard_error_clean(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = save(tmp_path / "a.jpg", exif_block(BERLIN))
    damaged = bytearray(path.read_bytes())
    start = damaged.index(b"Exif")
    damaged[start + 20 : start + 60] = b"\xff" * 40
    path.write_bytes(damaged)
    read_exif(path)
    assert capfd.readouterr().err == ""


def test_pixels_are_not_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_image: Image.Image) -> None:
        raise AssertionError("decoded")

    for kind in ("JPEG", "PNG", "WEBP", "TIFF"):
        with_exif = save(tmp_path / f"{kind}.jpg", exif_block(BERLIN), kind)
        without = save(tmp_path / f"{kind}_none.jpg", b"", kind)
        with monkeypatch.context() as patched:
            patched.setattr("PIL.ImageFile.ImageFile.load", refuse)
            assert read_exif(with_exif).latitude_deg is not None
            assert read_exif(without).latitude_deg is None


def test_all_real_photos_with_gps_have_plausible_positions(shared_dir: Path) -> None:
    folder = shared_dir / "photos" / "gps"
    records = {name: read_exif(folder / name) for name in list_photos(folder)}
    assert len(records) == 32
    for name, record in records.items():
        expected = (52.519, 13.400) if name.startswith("berlin") else (55.699, 13.195)
        assert (record.latitude_deg, record.longitude_deg) == pytest.approx(expected, abs=0.005), name


def test_real_drone_photos_are_west_of_greenwich(shared_dir: Path) -> None:
    folder = shared_dir / "photos" / "large"
    for name in list_photos(folder):
        record = read_exif(folder / name)
        assert record.camera == "DJI FC300S"
        assert record.longitude_deg == pytest.approx(-91.994, abs=0.001)


def test_reading_real_photos_takes_milliseconds(shared_dir: Path) -> None:
    folder = shared_dir / "photos" / "gps"
    read_exif(folder / "01.jpg")  # imports
    times = []
    for name in list_photos(folder):
        start = time.perf_counter()
        read_exif(folder / name)
        times.append(time.perf_counter() - start)
    assert sorted(times)[len(times) // 2] < 0.02  # 2 ms in truth; the rest is for a busy machine
