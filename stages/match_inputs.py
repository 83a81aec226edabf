"""What ``match_pairs.py`` reads: candidate pairs, photos, calibration, and what EXIF suggests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from hloc.matching.evidence import EVIDENCE
from hloc.matching.search import Suggestions
from hloc.probability import DEFAULT_CALIBRATION
from stages.checks import check_range, only_pairs_file
from stages.image_folder import photos_in
from stages.photo_exif import ExifSource
from stages.settings.pipeline import MatchSettings
from storage.errors import PhotoError, StageError
from storage.formats.calibration import Calibration, read_calibration
from storage.formats.pairs import VERIFIED, Pairs, list_pairs_files, read_origin, read_pairs
from storage.progress import progress_bar
from storage.report import SkippedPhoto


@dataclass(frozen=True, eq=False)
class MatchInputs:
    """What the pairs are verified from.

    Attributes
    ----------
    pairs_file : Path
        The candidates.
    model : str
        What listed them.
    pairs : Pairs
        As listed.
    on_disk : list of str
        Photos of the image folder that have a descriptor, sorted.
    skipped : list of SkippedPhoto
        Those that have none.
    calibration : Calibration
        Evidence to probability.
    """

    pairs_file: Path
    model: str
    pairs: Pairs
    on_disk: list[str]
    skipped: list[SkippedPhoto]
    calibration: Calibration


def gather_inputs(settings: MatchSettings) -> MatchInputs:
    """Check the settings, find the inputs and read them.

    Raises
    ------
    UsageError
        When a setting is out of range, or it is not clear which pairs are meant.
    StageError
        When a file is missing or damaged, or the pairs are those of other photos.
    """
    _check(settings)
    pairs_file = settings.pairs_file or _find_pairs_file(settings.outputs_dir)
    origin = read_origin(pairs_file) if pairs_file.is_file() else None
    on_disk = photos_in(settings.image_dir, settings.follow_links)
    pairs = read_pairs(pairs_file, on_disk)
    missing = sorted(set(pairs.names) - set(on_disk))
    if missing:
        raise StageError(
            f"{pairs_file} pairs {len(missing)} photos that are not in {settings.image_dir}, {missing[0]!r} for one; "
            "give the folder that the pairs were made of, or make them again with: python extract_features.py"
        )
    model = str(origin["model"]) if origin else pairs_file.stem.removeprefix("pairs-")
    calibration = read_calibration(settings.calibration or DEFAULT_CALIBRATION, list(EVIDENCE))
    unusable = {photo["name"]: photo["reason"] for photo in (origin or {}).get("skipped", [])}
    skipped = [SkippedPhoto(name, unusable[name]) for name in on_disk if name in unusable]
    usable = [name for name in on_disk if name not in unusable]
    return MatchInputs(pairs_file, model, pairs, usable, skipped, calibration)


def _check(settings: MatchSettings) -> None:
    check_range("--max_pairs", settings.max_pairs, 0)
    check_range("--num_rounds", settings.num_rounds, 1, 5)
    check_range("--max_megapixels", settings.max_megapixels, 1e-6)
    check_range("--timeout_s", settings.timeout_s, 1e-6)
    if settings.num_workers is not None:
        check_range("--num_workers", settings.num_workers, 0)


def _find_pairs_file(outputs_dir: Path) -> Path:
    candidates = [path for path in list_pairs_files(outputs_dir) if not path.stem.endswith(VERIFIED)]
    return only_pairs_file(candidates, outputs_dir)


def read_suggestions(image_dir: Path, names: Sequence[str], known: ExifSource | None = None) -> Suggestions:
    """Give position, time and camera of photos, those that are ``known`` without opening them."""
    source = known or ExifSource(image_dir, {})
    positions, times, cameras = np.full((len(names), 2), np.nan), [], []
    for row, name in enumerate(progress_bar(names, len(names), "positions and times")):
        try:
            record = source.record(name)
        except PhotoError as error:
            raise StageError(f"{image_dir / name} {error.reason}, but was there a moment ago; run again") from error
        if record.latitude_deg is not None and record.longitude_deg is not None:
            positions[row] = record.latitude_deg, record.longitude_deg
        times.append(record.captured_at)
        cameras.append(record.camera)
    return Suggestions(positions, times, cameras)
