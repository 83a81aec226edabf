"""A painting session from its settings: photos, desk and tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from segmentation import check_method, flags, method_parameters
from segmentation.method_parameters import SamParameters
from stages.checks import check_apart, check_range
from stages.image_folder import follows_links
from stages.segmenting.jobs import JobQueue
from stages.segmenting.label_jobs import Segmentation
from stages.segmenting.painting_desk import DeskSettings, PaintingDesk
from stages.segmenting.painting_tools import PaintingTools
from stages.segmenting.photo_shelf import PhotoShelf
from stages.segmenting.segment import photos_of
from stages.settings.painting_page import EXPORT_SUFFIX, PaintingSettings
from stages.settings.segmentation import SegmentSettings
from storage.formats.paint_classes import read_classes
from storage.listing import list_photos
from storage.mask_folder import MaskFolder

SAM = "sam"


def settle(settings: PaintingSettings) -> tuple[PaintingSettings, list[str]]:
    """Check settings; give them with all folders named, and the photos that are asked for, sorted.

    Raises
    ------
    UsageError
        When a setting is wrong, or a folder lies in the other.
    StageError
        When there is no photo, or no such building.
    """
    check_range("--precompute", settings.precompute, 0, 1000)
    check_range("--num_workers", settings.num_workers, 0)
    check_range("--max_megapixels", settings.max_megapixels, 1e-6)
    check_range("--timeout_s", settings.timeout_s, 1e-3)
    check_method(settings.method)
    asked = SegmentSettings(
        Path(),
        image_dir=settings.image_dir,
        work_dir=settings.work_dir,
        building=settings.building,
        follow_links=settings.follow_links,
    )
    image_dir, names = photos_of(asked)
    export_dir = settings.export_dir or default_export_dir(image_dir)
    check_apart(image_dir, export_dir, "--image_dir", "--export_dir")
    return replace(settings, image_dir=image_dir, export_dir=export_dir), names


def default_export_dir(image_dir: Path) -> Path:
    """Give the folder beside an image folder that masks go to."""
    real = image_dir.absolute()
    return real.with_name(real.name + EXPORT_SUFFIX)


def start_painting(settings: PaintingSettings, names: Sequence[str], everyone: Sequence[str] = ()) -> PaintingTools:
    """Begin a session; call under the lock of ``export_dir``.

    Parameters
    ----------
    settings : PaintingSettings
        As :func:`settle` gives them.
    names : sequence of str
        The photos by number.
    everyone : sequence of str
        All photos of the image folder; none: they are listed.
    """
    assert settings.image_dir is not None and settings.export_dir is not None
    how, sam = _methods(settings)
    masks = MaskFolder(settings.export_dir, settings.names)
    follows = follows_links(settings.image_dir, settings.follow_links)
    shelf = PhotoShelf(settings.image_dir, names, follows, settings.max_megapixels)
    jobs = JobQueue(settings.num_workers, settings.timeout_s)
    desk = PaintingDesk(shelf, masks, jobs, DeskSettings(how, sam, precompute=settings.precompute))
    desk.others = list(everyone) or list_photos(settings.image_dir, follows)
    if settings.classes is not None:
        desk.keep_classes(read_classes(settings.classes))
    return PaintingTools(desk, settings.templates)


def _methods(settings: PaintingSettings) -> tuple[Segmentation, SamParameters]:
    """Give what photos are segmented by, and Segment Anything, whose flags are taken with every method."""
    takers = flags()
    for_sam: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for flag, value in settings.given.items():
        methods = takers.get(flag, {})
        if SAM in methods and (settings.method == SAM or settings.method not in methods):
            for_sam[flag] = value
        else:
            own[flag] = value  # one that the method does not take is refused below
    sam = method_parameters(SAM, for_sam)
    assert isinstance(sam, SamParameters)
    if settings.method == SAM:
        return Segmentation(SAM, sam), sam
    return Segmentation(settings.method, method_parameters(settings.method, own)), sam
