"""What a worker makes of one photo."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from segmentation import create_segmenter, method_parameters
from stages.segmenting.work import SegmentJob, SegmentWork, preview_name
from storage.errors import PhotoError
from storage.formats.label_images import read_label_image
from storage.formats.segment_records import read_segment_records
from tests.drawn_segments import draw_facade

SETTINGS = {"method": "kmeans", "parameters": {"k": 3}}
MADE_BY = SETTINGS | {"sizes": {"color_importance": 5.0}}


@pytest.fixture
def work(tmp_path: Path) -> SegmentWork:
    (tmp_path / "photos" / "b").mkdir(parents=True)
    Image.fromarray(draw_facade(60, 40).photo).save(tmp_path / "photos" / "b" / "x.png")
    segmenter = create_segmenter("kmeans", method_parameters("kmeans", {"k": 3}))
    return SegmentWork(
        tmp_path / "photos",
        tmp_path / "out",
        segmenter,
        SETTINGS,
        "method",
        {},
        32,
        follow_links=False,
        max_megapixels=1,
    )


def test_label_image_preview_and_record_say_the_same(work: SegmentWork) -> None:
    made = work("b/x.png", SegmentJob("b/x.png", {}))
    image = read_label_image(work.folder / "labels" / "b" / "x.png")
    labels = image.labels
    assert image.settings == MADE_BY
    record = read_segment_records(work.folder)["b/x.png"]
    assert made.value == labels.max() == 3 and made.image_size == (60, 40)
    assert [row[1] for row in record.rows] == np.bincount(labels.ravel())[1:].tolist()
    assert sorted(record.files) == ["labels/b/x.png", "previews/b/x.jpg"] and record.settings == MADE_BY
    with Image.open(work.folder / "previews" / "b" / "x.jpg") as preview:
        assert max(preview.size) == 32


def test_shares_add_up_and_colours_are_levels(work: SegmentWork) -> None:
    work("b/x.png", SegmentJob("b/x.png", {}))
    rows = read_segment_records(work.folder)["b/x.png"].rows
    assert sum(row[2] for row in rows) == pytest.approx(1, abs=1e-5)
    assert all(0 <= level <= 255 for row in rows for level in row[7:])


def test_its_own_former_result_is_replaced_and_another_file_is_not(work: SegmentWork) -> None:
    work("b/x.png", SegmentJob("b/x.png", {}))
    known = read_segment_records(work.folder)["b/x.png"].files
    label_image = work.folder / "labels" / "b" / "x.png"
    Image.fromarray(draw_facade(60, 40, seed=5).photo[::-1].copy()).save(work.image_dir / "b" / "x.png")
    before = label_image.read_bytes()
    work("b/x.png", SegmentJob("b/x.png", known))
    assert label_image.read_bytes() != before
    label_image.write_bytes(b"mine")
    with pytest.raises(PhotoError, match="did not write"):
        work("b/x.png", SegmentJob("b/x.png", known))
    assert label_image.read_bytes() == b"mine"


def test_a_photo_that_is_too_large_is_refused(work: SegmentWork) -> None:
    Image.new("RGB", (1200, 1000)).save(work.image_dir / "b" / "x.png")
    with pytest.raises(PhotoError, match="more than 1 megapixels"):
        work("b/x.png", SegmentJob("b/x.png", {}))
    assert not work.folder.exists()


def test_nothing_is_left_of_a_photo_that_changes_meanwhile(work: SegmentWork, monkeypatch: pytest.MonkeyPatch) -> None:
    path = work.image_dir / "b" / "x.png"

    def segment(photo: np.ndarray) -> np.ndarray:
        Image.new("RGB", (9, 9)).save(path)
        return np.ones(photo.shape[:2], np.int32)

    monkeypatch.setattr(work.segmenter, "segment", segment)
    with pytest.raises(PhotoError, match="changed while it was being read"):
        work("b/x.png", SegmentJob("b/x.png", {}))
    assert not [path for path in work.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize(
    "error", [cv2.error("(-4:Insufficient memory)\nin function 'alloc'"), RuntimeError("out of it")]
)
def test_a_photo_that_the_method_fails_on_is_skipped_with_the_reason(
    work: SegmentWork, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def segment(_: np.ndarray) -> np.ndarray:
        raise error

    monkeypatch.setattr(work.segmenter, "segment", segment)
    with pytest.raises(
        PhotoError, match=r"^--method kmeans failed on it \((.*Insufficient memory\) in.*|out of it)\)$"
    ):
        work("b/x.png", SegmentJob("b/x.png", {}))
    assert not work.folder.exists()


def test_names_of_pictures_follow_the_label_image() -> None:
    assert preview_name("b/x~2.png", "method") == "previews/b/x~2.jpg"
    assert preview_name("b/x.png", "all") == "sheets/b/x.jpg"
