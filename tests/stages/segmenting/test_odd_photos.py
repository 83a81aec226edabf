"""Photos of unusual modes and sizes, through every method of the stage that needs no weights."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segmentation import AUTOMATIC
from stages.segmenting.segment import segment_images
from stages.settings.segmentation import SegmentSettings
from storage.formats.label_images import read_label_image

RANDOM = np.random.default_rng(0)
SIZES = {"one_pixel": (1, 1), "two_pixels": (2, 1), "three_high": (1, 3), "flat": (20_000, 1), "upright": (1, 20_000)}


def noise(width: int, height: int, channels: int = 3) -> np.ndarray:
    return RANDOM.integers(0, 256, (height, width, channels), dtype=np.uint8)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos")
    for name, size in SIZES.items():
        Image.fromarray(noise(*size)).save(folder / f"{name}.png")
    Image.fromarray(noise(40, 30)[:, :, 0]).save(folder / "grey.png")
    Image.fromarray(noise(40, 30, 4)).save(folder / "transparent.png")
    Image.fromarray(noise(40, 30)[:, :, 0].astype(np.uint16) * 257).save(folder / "deep_grey.png")
    Image.fromarray(noise(40, 30)).convert("P").save(folder / "palette.png")
    Image.fromarray(noise(40, 30)[:, :, 0]).convert("1").save(folder / "black_and_white.png")
    Image.fromarray(noise(40, 30, 4), "CMYK").save(folder / "cmyk.jpg")
    return folder


@pytest.mark.parametrize("method", [*AUTOMATIC, "grabcut"])
def test_every_method_takes_photos_of_any_mode_and_size(photos: Path, tmp_path: Path, method: str) -> None:
    report = segment_images(SegmentSettings(tmp_path / "out", photos, method=method, num_workers=0))
    assert report.exit_code == 0 and report.counts["segmented"] == len(SIZES) + 6
    for photo in photos.iterdir():
        labels = read_label_image(tmp_path / "out" / "labels" / f"{photo.stem}.png").labels
        with Image.open(photo) as picture, Image.open(tmp_path / "out" / "previews" / f"{photo.stem}.jpg") as preview:
            assert labels.shape == (picture.height, picture.width)
            assert max(preview.size) == min(max(picture.size), 1024)
        assert labels.max() >= 1 or method == "edge"


def test_sheets_show_photos_of_any_mode_and_size(photos: Path, tmp_path: Path) -> None:
    report = segment_images(SegmentSettings(tmp_path / "out", photos, preview="all", num_workers=0))
    assert report.exit_code == 0
    assert len(list((tmp_path / "out" / "sheets").iterdir())) == len(SIZES) + 6
