"""What a drawn photo carries beside the picture, read back by the room that the pipeline reads with."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from demo.exif import Shot, _sexagesimal, encode_photo
from storage.exif import read_exif
from storage.photos import load_photo

TAKEN = datetime(2023, 5, 9, 14, 3, 59)


@pytest.fixture
def photo() -> NDArray[np.uint8]:
    """Red on the left, blue on the right, a green bar on top."""
    picture = np.zeros((48, 80, 3), np.uint8)
    picture[:, :40, 0] = 220
    picture[:, 40:, 2] = 220
    picture[:12] = (0, 200, 0)
    return picture


def store(folder: Path, photo: NDArray[np.uint8], **values: object) -> Path:
    path = folder / "photo.jpg"
    path.write_bytes(encode_photo(photo, Shot(TAKEN, "Maker", "Model 1", **values)))  # type: ignore[arg-type]
    return path


@pytest.mark.parametrize(
    "position",
    [(45.8131, 15.9775), (-33.4372, -70.6506), (40.7128, -74.0060), (-1.2921, 36.8219)],
    ids=["NE", "SW", "NW", "SE"],
)
def test_a_position_is_read_back_in_every_quarter_of_the_globe(
    tmp_path: Path, photo: NDArray[np.uint8], position: tuple[float, float]
) -> None:
    found = read_exif(store(tmp_path, photo, position=position))
    assert (found.latitude_deg, found.longitude_deg) == pytest.approx(position, abs=2e-6)


def test_a_photo_without_a_fix_has_no_position(tmp_path: Path, photo: NDArray[np.uint8]) -> None:
    assert read_exif(store(tmp_path, photo)).latitude_deg is None


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_a_photo_stored_turned_is_loaded_upright(tmp_path: Path, photo: NDArray[np.uint8], orientation: int) -> None:
    loaded = load_photo(store(tmp_path, photo, orientation=orientation))
    assert loaded.shape == photo.shape
    assert np.abs(loaded.astype(int) - photo).mean() < 8


@pytest.mark.parametrize(("orientation", "size"), [(1, (80, 48)), (3, (80, 48)), (6, (48, 80)), (8, (48, 80))])
def test_a_quarter_turn_swaps_the_stored_sides(
    tmp_path: Path, photo: NDArray[np.uint8], orientation: int, size: tuple[int, int]
) -> None:
    with Image.open(store(tmp_path, photo, orientation=orientation)) as stored:
        assert stored.size == size


def test_camera_and_time_are_in_the_file(tmp_path: Path, photo: NDArray[np.uint8]) -> None:
    with Image.open(store(tmp_path, photo)) as stored:
        exif = stored.getexif()
    assert (exif[271], exif[272]) == ("Maker", "Model 1")
    assert exif.get_ifd(0x8769)[36867] == "2023:05:09 14:03:59"


def test_the_same_photo_gives_the_same_bytes(photo: NDArray[np.uint8]) -> None:
    shot = Shot(TAKEN, "Maker", "Model 1", (1.0, 2.0))
    assert encode_photo(photo, shot) == encode_photo(photo, shot)


@given(st.floats(0, 180))
def test_degrees_minutes_and_seconds_add_up(degrees: float) -> None:
    whole, minutes, seconds = (float(part) for part in _sexagesimal(degrees))
    assert 0 <= minutes < 60 and 0 <= seconds < 60
    assert whole + minutes / 60 + seconds / 3600 == pytest.approx(degrees, abs=2e-6)
