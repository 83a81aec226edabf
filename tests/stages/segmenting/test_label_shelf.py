"""Label images: which file one gets, that it is made once, and what a page may ask for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from segmentation import AUTOMATIC, create_segmenter, method_parameters
from segmentation.method_parameters import SamParameters
from stages.segmenting.jobs import Job, JobQueue, Rank
from stages.segmenting.label_jobs import Segmentation, labels_file, make_labels
from stages.segmenting.label_shelf import LabelShelf
from stages.segmenting.photo_shelf import PhotoShelf
from storage.errors import PhotoError, StageError, UsageError
from storage.formats.label_images import LabelImage, read_label_image
from storage.paint_folder import PaintFolder
from storage.photos import load_photo
from tests.drawn_painting_session import HEIGHT, NAMES, WIDTH, draw_photos

CHECKPOINT = Path("weights/sam_vit_b_01ec64.pth")


def by(method: str = "graph", **given: object) -> Segmentation:
    return Segmentation(method, method_parameters(method, given))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    draw_photos(tmp_path / "photos")
    return tmp_path


@pytest.fixture
def shelf(folder: Path) -> Iterator[LabelShelf]:
    jobs = JobQueue(0, 60)
    photos = PhotoShelf(folder / "photos", NAMES, False, 100)
    yield LabelShelf(
        photos, PaintFolder(folder / "masks"), jobs, SamParameters(checkpoint=CHECKPOINT, points_per_side=9)
    )
    jobs.end()


def ended(shelf: LabelShelf, job: Job) -> Job:
    return shelf.jobs.find(job.number, 60)


def test_the_file_is_another_for_another_method_parameter_or_photo(folder: Path) -> None:
    photo, other = folder / "photos" / "a.png", folder / "photos" / "b.png"
    files = [labels_file(photo, how) for how in (by(), by(k=16.0), by("superpixel"), by(grid_megapixels=0))]
    files.append(labels_file(other, by()))
    os.utime(photo, ns=(1, 1))
    files.append(labels_file(photo, by()))
    Image.new("RGB", (9, 9)).save(photo)
    os.utime(photo, ns=(1, 1))
    files.append(labels_file(photo, by()))
    assert len(set(files)) == len(files)


def test_the_file_is_the_same_for_the_same(folder: Path) -> None:
    photo = folder / "photos" / "a.png"
    assert labels_file(photo, by(k="auto")) == labels_file(photo, by())


def test_a_photo_that_is_gone_has_no_file(folder: Path) -> None:
    with pytest.raises(PhotoError, match="cannot be read"):
        labels_file(folder / "photos" / "gone.png", by())


def test_made_labels_are_those_of_the_method_with_its_settings(folder: Path) -> None:
    photo, target = folder / "photos" / "a.png", folder / "deep" / "labels.png"
    count = make_labels(photo, by("superpixel", region_size=10), target, 100)
    expected = create_segmenter("superpixel", method_parameters("superpixel", {"region_size": 10})).segment(
        load_photo(photo)
    )
    found = read_label_image(target)
    assert np.array_equal(found.labels, expected) and count == expected.max()
    assert found.settings == by("superpixel", region_size=10).as_json()


def test_a_photo_above_the_limit_is_refused(folder: Path) -> None:
    with pytest.raises(PhotoError, match="megapixels"):
        make_labels(folder / "photos" / "a.png", by(), folder / "labels.png", 0.001)
    assert not (folder / "labels.png").exists()


def test_labels_are_made_by_a_job_and_then_stand(shelf: LabelShelf) -> None:
    job = ended(shelf, shelf.segment(0, by()))
    assert job.state == "done" and job.result is not None
    file = job.result["file"]
    assert shelf.stands(0, file) and not shelf.stands(1, file)
    assert job.result["count"] == shelf.read(0, file).labels.max()
    assert job.result["action"] == {"action": "labels", "file": file}


def test_labels_that_stand_are_a_job_that_is_done(shelf: LabelShelf) -> None:
    first = ended(shelf, shelf.segment(0, by()))
    again = shelf.segment(0, by())
    assert again is not first and again.state == "done" and again.result == first.result


def test_the_count_of_labels_of_an_earlier_session_is_known(shelf: LabelShelf) -> None:
    first = ended(shelf, shelf.segment(0, by()))
    later = LabelShelf(shelf.shelf, shelf.folder, shelf.jobs, SamParameters())
    assert later.segment(0, by()).result == first.result


def test_a_damaged_photo_fails_its_job_with_the_reason(shelf: LabelShelf, folder: Path) -> None:
    (folder / "photos" / "a.png").write_bytes(b"no photo")
    job = ended(shelf, shelf.segment(0, by()))
    assert job.state == "failed" and job.error.startswith("the photo ")


def test_the_sheet_is_all_automatic_methods_in_order(shelf: LabelShelf) -> None:
    jobs = shelf.sheet(0, {"superpixel": {"region_size": 8}, "kmeans": {"k": 3}})
    assert tuple(jobs) == AUTOMATIC
    results = {method: ended(shelf, job).result for method, job in jobs.items()}
    assert all(results.values())
    assert results["kmeans"]["count"] == 3  # type: ignore[index]
    assert {job.rank for job in jobs.values()} == {Rank.SHEET}


def test_a_sheet_that_is_cancelled_leaves_other_jobs(shelf: LabelShelf) -> None:
    jobs = shelf.sheet(0, {})
    other = shelf.segment(1, by())
    shelf.cancel_sheet(0)
    assert ended(shelf, other).state == "done"
    assert {ended(shelf, job).state for job in jobs.values()} <= {"done", "cancelled"}
    assert shelf.sheet(1, {}) and [job for job in jobs.values() if job.state == "cancelled"]


@pytest.mark.parametrize("given", [{"sam": {}}, {"magic": {}}, {"graph": {"k": -1}}, {"graph": {"ruler": 1}}])
def test_a_wrong_sheet_is_refused_before_anything_begins(shelf: LabelShelf, given: dict[str, dict[str, int]]) -> None:
    with pytest.raises(UsageError):
        shelf.sheet(0, given)
    assert shelf.jobs.jobs() == []


def test_a_page_names_parameters_but_no_files_or_devices(shelf: LabelShelf) -> None:
    assert shelf.segmentation("graph", {"k": "40"}).parameters.as_json()["k"] == 40
    for name in ("checkpoint", "model_type", "device"):
        with pytest.raises(UsageError, match=f"--{name} is given on the command line"):
            shelf.segmentation("sam", {name: "x"})


def test_the_checkpoint_of_the_command_line_is_taken_and_the_rest_is_the_pages(shelf: LabelShelf) -> None:
    found = shelf.segmentation("sam", {"points_per_side": 4}).parameters
    assert isinstance(found, SamParameters)
    assert (found.checkpoint, found.points_per_side) == (CHECKPOINT, 4)


def test_labels_that_were_made_here_can_be_taken(shelf: LabelShelf) -> None:
    labels = np.arange(HEIGHT * WIDTH, dtype=np.int32).reshape(HEIGHT, WIDTH) // 100
    told = shelf.put(0, LabelImage(labels, {"method": "grabcut"}))
    assert told["count"] == labels.max() and np.array_equal(shelf.read(0, told["file"]).labels, labels)
    with pytest.raises(StageError, match="make it again"):
        shelf.read(1, told["file"])


def test_a_full_cache_forgets_what_was_not_used(folder: Path) -> None:
    jobs = JobQueue(0, 60)
    photos = PhotoShelf(folder / "photos", NAMES, False, 100)
    shelf = LabelShelf(photos, PaintFolder(folder / "masks", max_cache_bytes=1), jobs, SamParameters())
    try:
        files = [ended(shelf, shelf.segment(photo, by())).result["file"] for photo in range(3)]  # type: ignore[index]
        assert [shelf.stands(photo, file) for photo, file in enumerate(files)] == [False, False, True]
    finally:
        jobs.end()
