"""The demo street: photos of damaged buildings in a heap, with the truth beside them."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from demo.building import build
from demo.design import Design, choose_designs
from demo.exif import encode_photo
from demo.plan import PlannedPhoto, plan_photos
from demo.scene import choose_view, take_photo
from demo.settings import StreetSettings
from demo.singles import draw_single
from storage.atomic import remove_leftovers
from storage.errors import UsageError
from storage.lock import LOCK_FILES, work_lock
from storage.temporaries import TEMPORARY_SUFFIX
from storage.unchanged import write_if_changed, write_text_if_changed

PHOTO_FOLDER = "photos"
LABELS_NAME = "labels.csv"
# What the first number after the seed stands for, so that every part of the street has its own random numbers.
DESIGNS, BUILDINGS, SINGLES = 0, 1, 2


@dataclass(frozen=True)
class StreetTruth:
    """What is known about a drawn street.

    Attributes
    ----------
    image_dir, labels_file : Path
        The photos, and the file that says which building each shows.
    labels : dict of str to str
        Image name to building, sorted by name; a photo of something seen once has a label of its own.
    positions : dict of str to (float, float)
        Latitude and longitude in degrees of the photos that carry them.
    """

    image_dir: Path
    labels_file: Path
    labels: dict[str, str]
    positions: dict[str, tuple[float, float]] = field(default_factory=dict)


def draw_street(folder: Path, settings: StreetSettings = StreetSettings()) -> StreetTruth:  # noqa: B008
    """Draw a street and write its photos to ``folder/photos`` and the truth to ``folder/labels.csv``.

    The same settings give the same bytes, with the same versions of NumPy, OpenCV and Pillow. The labels are written
    last: where they stand, the street is whole.

    Parameters
    ----------
    folder : Path
        Where to draw; made when missing.
    settings : StreetSettings
        Size of the street and seed.

    Returns
    -------
    StreetTruth

    Raises
    ------
    UsageError
        When ``folder`` holds files that are not of this street.
    StageError
        When a photo cannot be written.
    """
    plans = plan_photos(settings)
    image_dir = folder / PHOTO_FOLDER
    truth = StreetTruth(
        image_dir,
        folder / LABELS_NAME,
        {plan.name: plan.building for plan in sorted(plans, key=lambda plan: plan.name)},
        {plan.name: plan.shot.position for plan in plans if plan.shot.position is not None},
    )
    expected = {image_dir / name for name in truth.labels} | {truth.labels_file}
    _check_folder(folder, expected)
    with work_lock(folder):
        for parent in sorted({path.parent for path in expected}):
            remove_leftovers(parent)
        _draw_photos(image_dir, plans, settings)
        write_text_if_changed(truth.labels_file, _as_csv(truth.labels))
    return truth


def _draw_photos(image_dir: Path, plans: list[PlannedPhoto], settings: StreetSettings) -> None:
    designs = choose_designs(_random(settings, DESIGNS), settings.num_buildings)
    jobs = [[plan for plan in plans if plan.subject == i] for i in range(settings.num_buildings)]
    with _one_thread_each(), ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        drawn = [pool.submit(_draw_building, image_dir, designs[i], job, settings) for i, job in enumerate(jobs)]
        drawn += [pool.submit(_draw_single, image_dir, plan, settings) for plan in plans if plan.is_single]
        for future in drawn:
            future.result()


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Keep OpenCV from threads of its own: buildings side by side keep all cores busy with less waiting."""
    former = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        yield
    finally:
        cv2.setNumThreads(former)


def _random(settings: StreetSettings, *key: int) -> np.random.Generator:
    return np.random.default_rng([settings.seed, *key])


def _draw_building(image_dir: Path, design: Design, plans: list[PlannedPhoto], settings: StreetSettings) -> None:
    subject = plans[0].subject
    building = build(design, _random(settings, BUILDINGS, subject), settings.side / 1024)
    for plan in plans:
        rng = _random(settings, BUILDINGS, subject, 1 + plan.view)
        photo = take_photo(building, choose_view(design, rng, plan.view, settings.side), rng)
        write_if_changed(image_dir / plan.name, encode_photo(photo, plan.shot))


def _draw_single(image_dir: Path, plan: PlannedPhoto, settings: StreetSettings) -> None:
    photo = draw_single(_random(settings, SINGLES, plan.view), plan.view, settings.side)
    write_if_changed(image_dir / plan.name, encode_photo(photo, plan.shot))


def _check_folder(folder: Path, expected: set[Path]) -> None:
    """Refuse a folder with other files in it than this street, its lock, and what a killed run left behind."""
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file; name a folder to draw the street into")
    expected = expected | {folder / name for name in LOCK_FILES}
    found = (path for path in folder.rglob("*") if not path.is_dir() and path.suffix != TEMPORARY_SUFFIX)
    others = sorted(path for path in found if path not in expected)
    if others:
        raise UsageError(
            f"{folder} holds other files ({others[0].relative_to(folder).as_posix()!r} and {len(others) - 1} more); "
            "name an empty folder to draw the street into"
        )


def _as_csv(labels: dict[str, str]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(("path", "building"))
    writer.writerows(labels.items())
    return buffer.getvalue()
