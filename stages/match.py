"""The stage of ``match_pairs.py``: candidate pairs to verified pairs, each with its probability."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.feature_keeping import Described
from hloc.feature_run import Resources
from hloc.matching import create_matcher
from hloc.matching.description import MatchRun, describe_photos
from hloc.matching.former import FormerPairs
from hloc.matching.rows import Photos, remove_unfinished, verification_settings
from hloc.matching.search import Found, Listed, Search, SearchSettings
from stages.checks import settings_as_json
from stages.match_inputs import MatchInputs, gather_inputs, read_suggestions
from stages.photo_exif import open_exif_source
from stages.settings.pipeline import MatchSettings
from stages.work_folder import clear_leftovers
from storage.errors import StageError, UnreadableFileError
from storage.fingerprints import sha256_of_file
from storage.formats.calibration import Calibration
from storage.formats.hdf5 import digest
from storage.formats.local_features import LocalFeatureStore
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
from storage.formats.pairs import read_origin, verified_path, write_pairs
from storage.lock import work_lock
from storage.report import RunReport, check_accounting

logger = logging.getLogger(__name__)
STAGE = "match_pairs"

SAME, UNSURE = 0.5, 0.1  # probabilities from which a pair is called the same building, and unsure
LEAST_OVERLAY = 3  # matches left out, from which a pair that is not the same is called overlay
PROBABILITY_DECIMALS = 6


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
    started = time.monotonic()
    inputs = gather_inputs(settings)
    outputs_dir = inputs.pairs_file.parent
    with work_lock(outputs_dir):
        clear_leftovers(outputs_dir, STAGE)
        run = _run(settings, outputs_dir)
        described = describe_photos(run, inputs.on_disk)
        if not described.fingerprints:
            raise StageError(f"none of the {len(inputs.on_disk)} photos in {settings.image_dir} can be used")
        report = _report(settings, inputs, described)
        made_of = _made_of(settings, inputs, run, described)
        former = _read_former(outputs_dir, inputs.model)
        if former is not None and _is_current(former, settings, inputs, made_of):
            remove_unfinished(run)  # of a run that was killed when all was written
            report.counts |= _counts(former)
            report.is_current = not described.computed
            return report
        search = _search(settings, inputs, run, described, former)
        known = open_exif_source(settings.image_dir, inputs.pairs_file, inputs.model)
        found = search.find(read_suggestions(settings.image_dir, search.photos.names, known))
        content = _sorted_by_name(search, found, made_of)
        _write(settings, inputs, content)
        remove_unfinished(run)
        report.counts |= _counts(content)
        report.seconds = time.monotonic() - started
        report.write(outputs_dir)
    return report


def _run(settings: MatchSettings, outputs_dir: Path) -> MatchRun:
    matcher = create_matcher(settings.matcher, settings.num_keypoints)
    resources = Resources(settings.num_workers, 1, settings.max_megapixels, settings.timeout_s)
    return MatchRun(settings.image_dir, outputs_dir, matcher, resources)


def _made_of(
    settings: MatchSettings, inputs: MatchInputs, run: MatchRun, described: Described[LocalFeatureStore]
) -> dict[str, Any]:
    """Give what the results hang on: equal values, equal results."""
    fingerprints = described.fingerprints
    calibration = inputs.calibration
    return {
        "model": inputs.model,
        **verification_settings(run),
        "max_pairs": settings.max_pairs,
        "num_rounds": settings.num_rounds,
        "pairs_sha256": sha256_of_file(inputs.pairs_file),
        "photos_checksum": digest(list(fingerprints), [known.sha256 for known in fingerprints.values()]),
        "calibration_checksum": digest(calibration.names, np.array(_numbers(calibration))),
    }


def _numbers(calibration: Calibration) -> list[float]:
    return [*calibration.means, *calibration.scales, *calibration.coefficients, calibration.intercept]


def _read_former(outputs_dir: Path, model: str) -> MatchesFile | None:
    """Give the content of the matches file; None when there is none that is whole."""
    path = matches_path(outputs_dir, model)
    try:
        return read_matches(path) if path.is_file() else None
    except UnreadableFileError:
        raise
    except StageError as error:
        logger.warning("%s (it is made anew now)", error)
        return None


def _is_current(former: MatchesFile, settings: MatchSettings, inputs: MatchInputs, made_of: dict[str, Any]) -> bool:
    """Say whether the matches file is made of the same, and table and pairs stand beside it."""
    path = _pairs_made(settings, inputs)
    try:
        origin = read_origin(path) if path.is_file() else None
    except UnreadableFileError:
        raise
    except StageError as error:
        logger.warning("%s (it is made anew now)", error)
        return False
    if origin is None or former.settings != made_of or not table_path(path.parent, inputs.model).is_file():
        return False
    return origin.get("matches_checksum") == former.checksum


# -- verification -----------------------------------------------------------------------------------------------------


def _search(
    settings: MatchSettings,
    inputs: MatchInputs,
    run: MatchRun,
    described: Described[LocalFeatureStore],
    former: MatchesFile | None,
) -> Search:
    photos = Photos.of(described.fingerprints)
    listed = Listed.of(photos, inputs.pairs)
    limits = SearchSettings(settings.num_rounds, settings.max_pairs)
    return Search(run, photos, listed, inputs.calibration, limits, FormerPairs.of(former, run))


def _sorted_by_name(search: Search, found: Found, made_of: dict[str, Any]) -> MatchesFile:
    """Number the photos, and sort the pairs, by name."""
    photos = search.photos
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
        search.listed.scores_of(found.matches)[order],
        probability[order],
        _verdicts(probability, found)[order],
        found.looked_again[order],
    )


def _verdicts(probability: NDArray[np.float64], found: Found) -> NDArray[np.uint8]:
    verdicts = np.full(len(probability), VERDICTS.index("different"), np.uint8)
    verdicts[found.matches.num_overlay >= LEAST_OVERLAY] = VERDICTS.index("overlay")
    verdicts[probability >= UNSURE] = VERDICTS.index("unsure")
    verdicts[probability >= SAME] = VERDICTS.index("same")
    return verdicts


# -- outputs ----------------------------------------------------------------------------------------------------------


def _pairs_made(settings: MatchSettings, inputs: MatchInputs) -> Path:
    return verified_path(inputs.pairs_file.parent, inputs.model, settings.pairs_format)


def _write(settings: MatchSettings, inputs: MatchInputs, content: MatchesFile) -> None:
    """Write the table, then the pairs, which name the table's checksum: what is named is on disk already."""
    outputs_dir = inputs.pairs_file.parent
    write_matches(matches_path(outputs_dir, inputs.model), content)
    write_table(table_path(outputs_dir, inputs.model), content)
    origin = {
        **content.settings,
        "num_photos": len(content.names),
        "matches_checksum": content.checksum,
        "is_probability": True,
        "skipped": [asdict(photo) for photo in inputs.skipped],
    }
    write_pairs(_pairs_made(settings, inputs), _rows(content), origin)


def _rows(content: MatchesFile) -> Iterator[tuple[str, str, float]]:
    rows = zip(content.matches.first.tolist(), content.matches.second.tolist(), content.probability, strict=True)
    for first, second, probability in rows:
        one, other = sorted((content.names[first], content.names[second]))
        yield one, other, float(probability)


def _report(settings: MatchSettings, inputs: MatchInputs, described: Described[LocalFeatureStore]) -> RunReport:
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
        "pairs": str(_pairs_made(settings, inputs)),
        "matches": str(matches_path(outputs_dir, inputs.model)),
        "table": str(table_path(outputs_dir, inputs.model)),
    }
    check_accounting(report, report.counts["photos"], described=len(described.fingerprints))
    return report


def _counts(content: MatchesFile) -> dict[str, int]:
    by_source = {f"pairs_by_{name}": int((content.source == index).sum()) for index, name in enumerate(SOURCES)}
    by_verdict = {f"called_{name}": int((content.verdict == index).sum()) for index, name in enumerate(VERDICTS)}
    return {"pairs": len(content.matches)} | by_source | by_verdict
