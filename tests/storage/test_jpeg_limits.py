"""What a JPEG may consist of."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from storage.errors import PhotoError
from storage.jpeg_limits import MAX_SCANS, MAX_SEGMENTS, check_scans, check_segments, num_scans
from storage.photos import MAX_MEGAPIXELS, load_photo, photo_size
from tests.drawn_photos import draw_photo
from tests.reliability.hostile_photos import encoded, jpeg_segment, jpeg_with, thousand_scans


@pytest.mark.parametrize(
    ("options", "expected"), [({}, 1), ({"progressive": True}, 10), ({"restart_marker_rows": 1}, 1)]
)
def test_scans_are_counted(options: dict[str, object], expected: int) -> None:
    assert num_scans(io.BytesIO(encoded("JPEG", **options))) == expected


def test_scans_of_a_thumbnail_and_behind_the_end_do_not_count() -> None:
    thumbnail = jpeg_segment(0xE1, b"Exif\0\0" + encoded("JPEG", draw_photo(1, 16, 16)))
    whole = jpeg_with(thumbnail) + encoded("JPEG") * (MAX_SCANS + 9)
    assert num_scans(io.BytesIO(whole)) == 1
    check_scans(io.BytesIO(whole))


def test_the_count_ends_soon_after_the_limit() -> None:
    assert num_scans(io.BytesIO(thousand_scans(MAX_SCANS + 900, 16))) == MAX_SCANS + 1


@pytest.mark.timeout(30)
def test_a_photo_of_very_many_scans_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(thousand_scans(3000))
    with pytest.raises(PhotoError, match="damaged JPEG: it has more than 256 scans"):
        load_photo(tmp_path / "a.jpg", 64)


def test_segments_up_to_the_limit_pass_and_the_file_stays_where_it_was() -> None:
    file = io.BytesIO(jpeg_with(*[jpeg_segment(0xE2, b"x")] * (MAX_SEGMENTS - 20)))
    file.seek(7)
    check_segments(file)
    assert file.tell() == 7


def test_more_segments_are_refused_from_the_header(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg_with(jpeg_segment(0xE1, b"Exif\0\0a") * 2000))
    with pytest.raises(PhotoError, match="damaged JPEG: it has more than 512 segments"):
        photo_size(tmp_path / "a.jpg", MAX_MEGAPIXELS)


@pytest.mark.parametrize("num_bytes", [2, 600, 5000])
def test_fill_bytes_before_a_marker_are_no_damage(tmp_path: Path, num_bytes: int) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg_with(b"\xff" * num_bytes + jpeg_segment(0xFE, b"note")))
    assert load_photo(tmp_path / "a.jpg").shape == (48, 64, 3)


@pytest.mark.timeout(30)
def test_fill_bytes_by_the_million_end(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg_with(b"\xff" * 3_000_000))
    with pytest.raises(PhotoError, match="its parts are absurdly many"):
        photo_size(tmp_path / "a.jpg", MAX_MEGAPIXELS)


def test_tables_between_scans_are_bounded() -> None:
    whole = encoded("JPEG")
    check_scans(io.BytesIO(whole[:-2] + jpeg_segment(0xDB, b"") * 2000 + whole[-2:]))
    with pytest.raises(ValueError, match="more than 10000 markers"):
        check_scans(io.BytesIO(whole[:-2] + jpeg_segment(0xDB, b"") * 20_000 + whole[-2:]))


@pytest.mark.parametrize("offset", range(-3, 4))
def test_a_marker_on_the_border_of_two_blocks_is_found(offset: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encoded("JPEG", progressive=True)
    monkeypatch.setattr("storage.jpeg_limits._BLOCK", whole.index(b"\xff\xda") - 2 + offset)
    assert num_scans(io.BytesIO(whole)) == 10


class Counting(io.BytesIO):
    """Counts the bytes that are read."""

    num_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.num_read += len(content)
        return content


def test_what_stands_behind_the_picture_is_not_read() -> None:
    file = Counting(encoded("JPEG") + bytes(50_000_000))
    check_scans(file)
    assert file.num_read < 2_000_000
