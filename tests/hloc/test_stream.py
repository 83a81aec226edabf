from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from hloc import stream
from hloc.stream import MEMORY_PER_WORKER, PhotoWork, Prepared, automatic_workers, run_in_workers, workers_for
from storage.errors import NO_MEMORY, StageError
from storage.report import SkippedPhoto
from tests.drawn_photos import save_photos
from tests.fake_models import MeanColour, Misbehaving


def run(folder: Path, names: list[str], model: MeanColour, workers: int, timeout_s: float = 60.0) -> list:
    work = PhotoWork(folder, model.prepare, 64, 100.0)
    return list(run_in_workers(work, ((name, None) for name in names), workers, timeout_s))


@pytest.mark.parametrize("workers", [0, 2])
def test_results_come_in_the_order_of_the_names(tmp_path: Path, workers: int) -> None:
    names = save_photos(tmp_path, 20)
    results = run(tmp_path, names[::-1], MeanColour(), workers)
    assert [item.name for item in results] == names[::-1]
    assert all(isinstance(item, Prepared) and item.image_size == (48, 32) for item in results)


def test_workers_and_this_process_compute_the_same(tmp_path: Path) -> None:
    names = save_photos(tmp_path, 6)
    alone, shared = (run(tmp_path, names, MeanColour(), workers) for workers in (0, 2))
    assert all((one.value == two.value).all() for one, two in zip(alone, shared, strict=True))


@pytest.mark.parametrize("workers", [0, 1])
def test_a_photo_that_cannot_be_used_is_named_with_its_reason(tmp_path: Path, workers: int) -> None:
    names = save_photos(tmp_path, 3)
    (tmp_path / names[1]).write_bytes(b"no photo at all")
    (tmp_path / names[2]).unlink()
    good, bad, gone = run(tmp_path, names, MeanColour(), workers)
    assert isinstance(good, Prepared)
    assert isinstance(bad, SkippedPhoto) and bad.reason
    assert isinstance(gone, SkippedPhoto) and gone.name == names[2]


def test_a_crash_and_a_hang_cost_their_own_photos_only(tmp_path: Path) -> None:
    names = save_photos(tmp_path, 8)
    Image.new("RGB", (48, 32), (255, 0, 0)).save(tmp_path / "crash.png")
    Image.new("RGB", (48, 32), (0, 0, 255)).save(tmp_path / "hang.png")
    ordered = [*names[:3], "crash.png", *names[3:5], "hang.png", *names[5:]]
    results = run(tmp_path, ordered, Misbehaving(), 2, timeout_s=4.0)
    skipped = {item.name: item.reason for item in results if isinstance(item, SkippedPhoto)}
    assert set(skipped) == {"crash.png", "hang.png"}
    assert "crashed" in skipped["crash.png"]
    assert "longer than 4 s" in skipped["hang.png"]
    assert [item.name for item in results] == ordered


def test_jobs_are_taken_lazily(tmp_path: Path) -> None:
    names = save_photos(tmp_path, 2)
    taken = []

    def endless():
        while True:
            taken.append(1)
            yield names[0], None

    results = run_in_workers(PhotoWork(tmp_path, MeanColour().prepare, 64, 100.0), endless(), 1, 60.0)
    next(results)
    results.close()
    assert len(taken) < 10


@pytest.mark.parametrize(
    ("cores", "memory", "expected"),
    [(8, None, 8), (8, 100 * MEMORY_PER_WORKER, 8), (8, 3 * MEMORY_PER_WORKER + 5, 3), (8, 5, 1), (1, None, 1)],
)
def test_workers_are_as_many_as_cores_and_memory_allow(
    monkeypatch: pytest.MonkeyPatch, cores: int, memory: int | None, expected: int
) -> None:
    monkeypatch.setattr(stream, "usable_cores", lambda: cores)
    monkeypatch.setattr(stream, "available_memory", lambda: memory)
    assert automatic_workers() == expected


@dataclass(frozen=True)
class Failing:
    """Work that fails as each name says."""

    def __call__(self, name: str, _argument: None) -> str:
        if name == "opencv.jpg":
            cv2.resize(np.zeros((0, 0, 3), np.uint8), (4, 4))
        if name == "defect.jpg":
            raise ZeroDivisionError("division\nby zero")
        if name == "usual.jpg":
            return str(len(bytearray(800 << 20)))
        if name == "large.jpg":
            return str(len(bytearray(4 << 30)))
        if name == "disk.jpg":
            raise StageError("cannot write there")
        return name


def may_be_interrupted(name: str, argument: None) -> bool:
    return signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows cannot hold signals back")
def test_workers_are_out_of_reach_of_ctrl_c_from_their_first_moment() -> None:
    assert list(run_in_workers(may_be_interrupted, [("a.jpg", None)], 1, 60.0)) == [False]
    assert may_be_interrupted("a.jpg", None)


def test_an_error_of_any_kind_costs_its_own_photo_only() -> None:
    names = ["a.jpg", "defect.jpg", "opencv.jpg", "z.jpg"]
    first, defect, opencv, last = run_in_workers(Failing(), [(name, None) for name in names], 0, 60.0)
    assert (first, last) == ("a.jpg", "z.jpg")
    assert defect == SkippedPhoto(
        "defect.jpg", "cannot be computed (ZeroDivisionError: division by zero): save it anew, or leave it out"
    )
    assert isinstance(opencv, SkippedPhoto) and opencv.reason.startswith("cannot be computed (error: OpenCV")


def test_an_error_of_the_run_ends_it() -> None:
    with pytest.raises(StageError, match="cannot write there"):
        list(run_in_workers(Failing(), [("disk.jpg", None)], 0, 60.0))


def test_a_photo_above_the_usual_limit_has_its_size_where_the_limit_is_higher(tmp_path: Path) -> None:
    Image.new("1", (12_000, 10_000)).save(tmp_path / "large.png")
    work = PhotoWork(tmp_path, MeanColour().prepare, 64, 121.0)
    assert work("large.png").image_size == (12_000, 10_000)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit holds on Linux")
@pytest.mark.slow
@pytest.mark.parametrize("photo_format", ["WEBP", "PNG", "JPEG", "TIFF", "BMP", "GIF"])
def test_the_largest_photo_of_every_format_has_memory(tmp_path: Path, photo_format: str) -> None:
    Image.new("RGB", (10_000, 9_800)).save(tmp_path / "large", photo_format)
    work = PhotoWork(tmp_path, MeanColour().prepare, None, 100.0)
    (found,) = run_in_workers(work, [("large", None)], 1, 300.0, max_megapixels=100.0)
    assert isinstance(found, Prepared) and found.image_size == (10_000, 9_800)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit holds on Linux")
def test_a_photo_that_takes_too_much_memory_costs_itself_only() -> None:
    jobs = [(name, None) for name in ("a.jpg", "large.jpg", "z.jpg")]
    first, large, last = run_in_workers(Failing(), jobs, 1, 60.0, max_megapixels=100.0)
    assert (first, last) == ("a.jpg", "z.jpg")
    assert large == SkippedPhoto("large.jpg", NO_MEMORY) and "--num_workers 0" in NO_MEMORY


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the limit holds on Linux")
def test_computing_has_the_memory_that_it_takes_however_small_the_largest_photo() -> None:
    (result,) = run_in_workers(Failing(), [("usual.jpg", None)], 1, 60.0, max_megapixels=1.0)
    assert result == str(800 << 20)


@pytest.mark.parametrize(
    ("asked", "num_jobs", "per_worker", "expected"),
    [
        (None, 100, 1, 4),
        (None, 3, 1, 3),
        (None, 9, 10, 1),
        (None, 11, 10, 2),
        (None, 100, 10, 4),
        (None, 0, 10, 0),
        (2, 9, 10, 2),
        (8, 3, 1, 3),
        (0, 100, 1, 0),
    ],
)
def test_there_are_as_many_workers_as_were_asked_for_or_pay(
    monkeypatch: pytest.MonkeyPatch, asked: int | None, num_jobs: int, per_worker: int, expected: int
) -> None:
    monkeypatch.setattr(stream, "automatic_workers", lambda: 4)
    assert workers_for(asked, num_jobs, per_worker) == expected
