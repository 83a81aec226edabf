"""The stage of ``match_pairs.py``: candidate pairs to verified pairs, each with its probability."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.feature_run import Resources
from hloc.matching import create_matcher
from hloc.matching.description import Description, MatchRun, describe_photos
from hloc.matching.evidence import EVIDENCE
from hloc.matching.former import FormerMatches
from hloc.matching.rows import Photos, remove_unfinished
from hloc.matching.search import Found, Listed, Search, SearchSettings, Suggestions
from hloc.matching.verification import VERIFICATION_VERSION
from hloc.probability import DEFAULT_CALIBRATION
from stages.checks import check_range, follows_links, settings_as_json
from stages.settings import MatchSettings
from storage.atomic import remove_leftovers
from storage.errors import PhotoError, StageError, UsageError
from storage.exif import read_exif
from storage.fingerprints import sha256_of_file
from storage.formats.calibration import Calibration, read_calibration
from storage.formats.hdf5 import digest
from storage.formats.matches import (
    SOURCES,
    VERDICTS,
    MatchesFile,
    matches_path,
    read_matches,
    table_path,
    write_matches,
    write_table,
)
from storage.formats.pairs import Pairs, read_origin, read_pairs, verified_path, write_pairs
from storage.listing import list_photos
from storage.lock import work_lock
from storage.progress import progress_bar
from storage.report import RunReport, SkippedPhoto, check_accounting

logger = logging.getLogger(__name__)
STAGE = "match_pairs"

SAME, UNSURE = 0.5, 0.1  # probabilities from which a pair is called the same building, and unsure
LEAST_OVERLAY = 3  # matches left out, from which a pair that is not the same is called overlay
PROBABILITY_DECIMALS = 6


@dataclass(frozen=True, eq=False)
class _Inputs:
    """What the pairs are verified from."""

    pairs_file: Path
    model: str
    pairs: Pairs
    on_disk: list[str]
    skipped: list[SkippedPhoto]
    calibration: Calibration


def match_pairs(settings: MatchSettings) -> RunReport:
    """Verify candidate pairs by local features.

    Writes ``pairs-<model>-verified.txt``, ``matches-<model>.h5`` and ``matches-<model>.tsv`` beside the pairs file;
    ``docs/formats.md`` specifies them.

    Raises
    ------
    UsageError
        When a setting is out of range.
    StageError
        When there are no photos or no pairs, or a file is damaged or cannot be written.
    """
    _check(settings)
    started = time.monotonic()
    inputs = _gather(settings)
    outputs_dir = inputs.pairs_file.parent
    with work_lock(outputs_dir):
        remove_leftovers(outputs_dir)
        run = _run(settings, outputs_dir)
        described = describe_photos(run, inputs.on_disk)
        if not described.fingerprints:
            raise StageError(f"none of the {len(inputs.on_disk)} photos in {settings.image_dir} can be used")
        report = _report(settings, inputs, described)
        made_of = _made_of(settings, inputs, run, described)
        former = _read_former(outputs_dir, inputs.model)
        if former is not None and _is_current(former, outputs_dir, made_of):
            report.counts |= _counts(former)
            report.is_current = not described.computed
            return report
        content = _sorted_by_name(*_verify(settings, inputs, run, described, former), made_of)
        _write(outputs_dir, inputs, content)
        remove_unfinished(run)
        report.counts |= _counts(content)
        report.seconds = time.monotonic() - started
        report.write(outputs_dir)
    return report


# -- inputs -----------------------------------------------------------------------------------------------------------


def _check(settings: MatchSettings) -> None:
    check_range("--max_pairs", settings.max_pairs, 0)
    check_range("--num_rounds", settings.num_rounds, 1, 5)
    check_range("--max_megapixels", settings.max_megapixels, 1e-6)
    check_range("--timeout_s", settings.timeout_s, 1e-6)
    if settings.num_workers is not None:
        check_range("--num_workers", settings.num_workers, 0)


def _gather(settings: MatchSettings) -> _Inputs:
    pairs_file = settings.pairs_file or _find_pairs_file(settings.outputs_dir)
    origin = read_origin(pairs_file) if pairs_file.is_file() else None
    on_disk = list_photos(settings.image_dir, follows_links(settings))
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
    return _Inputs(pairs_file, model, pairs, usable, skipped, calibration)


def _find_pairs_file(outputs_dir: Path) -> Path:
    found = [path for path in sorted(outputs_dir.glob("pairs-*.txt")) if not path.stem.endswith("-verified")]
    if not found:
        raise StageError(f"no pairs-*.txt in {outputs_dir}; make one with: python extract_features.py")
    if len(found) > 1:
        listed = ", ".join(str(path) for path in found)
        raise UsageError(f"several pairs files in {outputs_dir}; choose one by --pairs_file: {listed}")
    return found[0]


def _run(settings: MatchSettings, outputs_dir: Path) -> MatchRun:
    matcher = create_matcher(settings.matcher, settings.num_keypoints)
    resources = Resources(settings.num_workers, 1, settings.max_megapixels, settings.timeout_s)
    return MatchRun(settings.image_dir, outputs_dir, matcher, resources)


def _made_of(settings: MatchSettings, inputs: _Inputs, run: MatchRun, described: Description) -> dict[str, Any]:
    """Give what the results hang on: equal values, equal results."""
    fingerprints = described.fingerprints
    calibration = inputs.calibration
    return {
        "model": inputs.model,
        **run.matcher.settings(),
        "verification": VERIFICATION_VERSION,
        "max_pairs": settings.max_pairs,
        "num_rounds": settings.num_rounds,
        "pairs_sha256": sha256_of_file(inputs.pairs_file),
        "photos_checksum": digest(list(fingerprints), [known.sha256 for known in fingerprints.values()]),
        "calibration_checksum": digest(calibration.names, np.array(_numbers(calibration))),
    }


def _numbers(calibration: Calibration) -> list[float]:
    return [*calibration.means, *calibration.scales, *calibration.coefficients, calibration.intercept]


def _read_former(outputs_dir: Path, model: str) -> MatchesFile | None:
    """Give the matches file of the run before, when it stands and is whole."""
    try:
        return read_matches(matches_path(outputs_dir, model))
    except StageError as error:
        logger.info("verifying: %s", error)
        return None


def _is_current(former: MatchesFile, outputs_dir: Path, made_of: dict[str, Any]) -> bool:
    """Tell whether the matches, and the files that belong to them, were made of the same."""
    model = made_of["model"]
    try:
        origin = read_origin(verified_path(outputs_dir, model)) or {}
    except StageError as error:
        logger.info("verifying: %s", error)
        return False
    is_whole = origin.get("matches_checksum") == former.checksum and table_path(outputs_dir, model).is_file()
    return is_whole and former.settings == made_of


# -- verification -----------------------------------------------------------------------------------------------------


def _verify(
    settings: MatchSettings, inputs: _Inputs, run: MatchRun, described: Description, former: MatchesFile | None
) -> tuple[Photos, Listed, Found]:
    photos = Photos.of(described.fingerprints)
    listed = Listed.of(photos, inputs.pairs)
    limits = SearchSettings(settings.num_rounds, settings.max_pairs)
    search = Search(run, photos, listed, inputs.calibration, limits, former=FormerMatches.of(former, run))
    return photos, listed, search.find(_suggestions(settings.image_dir, photos.names))


def _suggestions(image_dir: Path, names: Sequence[str]) -> Suggestions:
    positions, times, cameras = np.full((len(names), 2), np.nan), [], []
    for row, name in enumerate(progress_bar(names, len(names), "positions and times")):
        try:
            record = read_exif(image_dir / name)
        except PhotoError as error:
            raise StageError(f"{image_dir / name} {error.reason}, but was there a moment ago; run again") from error
        if record.latitude_deg is not None and record.longitude_deg is not None:
            positions[row] = record.latitude_deg, record.longitude_deg
        times.append(record.captured_at)
        cameras.append(record.camera)
    return Suggestions(positions, times, cameras)


def _sorted_by_name(photos: Photos, listed: Listed, found: Found, made_of: dict[str, Any]) -> MatchesFile:
    """Number the photos, and sort the pairs, by name."""
    names = sorted(photos.names)
    place = {name: row for row, name in enumerate(names)}
    row_of = np.array([place[name] for name in photos.names], np.int32)
    hashes = dict(zip(photos.names, (known.sha256 for known in photos.fingerprints), strict=True))
    first, second = row_of[found.matches.first], row_of[found.matches.second]
    order = np.lexsort((np.maximum(first, second), np.minimum(first, second)))
    probability = np.round(found.probability, PROBABILITY_DECIMALS)
    return MatchesFile(
        made_of,
        names,
        [hashes[name] for name in names],
        replace(found.matches, first=first, second=second).take(order),
        found.source[order],
        listed.scores_of(found.matches)[order],
        probability[order],
        _verdicts(probability, found)[order],
    )


def _verdicts(probability: NDArray[np.float64], found: Found) -> NDArray[np.uint8]:
    verdicts = np.full(len(probability), VERDICTS.index("different"), np.uint8)
    verdicts[found.matches.num_overlay >= LEAST_OVERLAY] = VERDICTS.index("overlay")
    verdicts[probability >= UNSURE] = VERDICTS.index("unsure")
    verdicts[probability >= SAME] = VERDICTS.index("same")
    return verdicts


# -- outputs ----------------------------------------------------------------------------------------------------------


def _write(outputs_dir: Path, inputs: _Inputs, content: MatchesFile) -> None:
    """Write the table, then the pairs, which name the table's checksum: what is named is on disk already."""
    write_matches(matches_path(outputs_dir, inputs.model), content)
    write_table(table_path(outputs_dir, inputs.model), content)
    origin = {
        **content.settings,
        "features_checksum": content.settings["photos_checksum"],
        "num_photos": len(content.names),
        "matches_checksum": content.checksum,
        "is_probability": True,
        "skipped": [asdict(photo) for photo in inputs.skipped],
    }
    write_pairs(verified_path(outputs_dir, inputs.model), _rows(content), origin)


def _rows(content: MatchesFile) -> Iterator[tuple[str, str, float]]:
    rows = zip(content.matches.first.tolist(), content.matches.second.tolist(), content.probability, strict=True)
    for first, second, probability in rows:
        one, other = sorted((content.names[first], content.names[second]))
        yield one, other, float(probability)


def _report(settings: MatchSettings, inputs: _Inputs, described: Description) -> RunReport:
    report = RunReport(STAGE, settings_as_json(settings))
    outputs_dir = inputs.pairs_file.parent
    report.settings["pairs_file"] = inputs.pairs_file.as_posix()
    report.skipped = [*inputs.skipped, *described.skipped]
    report.counts = {
        "photos": len(inputs.on_disk) + len(inputs.skipped),
        "with_local_features": len(described.fingerprints),
        "computed_now": len(described.computed),
        "skipped": len(set(report.skipped)),
    }
    report.outputs = {
        "pairs": str(verified_path(outputs_dir, inputs.model)),
        "matches": str(matches_path(outputs_dir, inputs.model)),
        "table": str(table_path(outputs_dir, inputs.model)),
    }
    check_accounting(report, report.counts["photos"], described=len(described.fingerprints))
    return report


def _counts(content: MatchesFile) -> dict[str, int]:
    by_source = {f"pairs_by_{name}": int((content.source == index).sum()) for index, name in enumerate(SOURCES)}
    by_verdict = {f"called_{name}": int((content.verdict == index).sum()) for index, name in enumerate(VERDICTS)}
    return {"pairs": len(content.matches)} | by_source | by_verdict
