"""The stage of ``create_clusters.py``: scored pairs and positions to clusters, with the reason for each."""

from __future__ import annotations

import logging
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from clustering import get_clusterer
from clustering.graph import ScoredPairs
from clustering.grouping import Grouping
from clustering.specified import SpecifiedSettings
from hloc.extractors import MODELS, default_thresholds
from stages.checks import follows_links, settings_as_json
from stages.cluster_reasons import describe_reasons
from stages.settings import ClusterSettings
from storage.atomic import remove_leftovers, write_text
from storage.errors import DamagedFileError, PhotoError, StageError, UsageError
from storage.exif import read_exif
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import (
    CLUSTERS_INFO_NAME,
    CLUSTERS_NAME,
    SINGLETONS_KEY,
    clusters_text,
    read_clusters_info,
    write_clusters_info,
)
from storage.formats.hdf5 import digest
from storage.formats.pairs import Pairs, read_origin, read_pairs
from storage.listing import list_photos
from storage.lock import work_lock
from storage.progress import progress_bar
from storage.report import PROJECT_VERSION, RunReport, SkippedPhoto, check_accounting

logger = logging.getLogger(__name__)
STAGE = "create_clusters"
FALLBACK_MODEL = "netvlad"
FALLBACK_THRESHOLDS = MODELS[FALLBACK_MODEL].thresholds
Names = Sequence[str]


@dataclass(frozen=True)
class _Inputs:
    """What the clusters are made of, and what identifies it."""

    pairs_file: Path
    model: str | None
    on_disk: Names
    skipped: list[SkippedPhoto]
    thresholds: SpecifiedSettings
    checksum: str


def create_clusters(settings: ClusterSettings) -> RunReport:
    """Group the photos of a folder by their scored pairs and positions.

    Writes ``clusters.json`` and ``clusters_info.json`` to ``settings.results_dir``; ``docs/formats.md`` specifies
    both.

    Raises
    ------
    UsageError
        When a setting is out of range, or it is not clear which pairs are meant.
    StageError
        When there are no photos or no pairs file, or one is damaged.
    """
    started = time.monotonic()
    inputs = _gather(settings)
    with work_lock(settings.results_dir):
        remove_leftovers(settings.results_dir)
        former = _current_info(settings.results_dir, inputs.checksum)
        report = _report(settings, inputs)
        if former is not None:
            report.counts, report.is_current = former["counts"], True
            return report
        names, pairs = _numbered_pairs(inputs)
        positions, num_positions = _positions(settings.image_dir, names, inputs)
        grouping = get_clusterer(settings.method)(pairs, inputs.thresholds, positions)
        clusters = _named(grouping, names, inputs)
        report.counts = _counts(names, clusters, inputs, num_positions)
        report.notes += _notes(inputs, names)
        check_accounting(
            report,
            report.counts["photos"],
            clustered=report.counts["clustered"],
            singletons=report.counts["singletons"],
        )
        text = clusters_text(clusters)
        info = _header(settings, inputs, report, text) | {"clusters": describe_reasons(grouping, names)}
        write_clusters_info(settings.results_dir / CLUSTERS_INFO_NAME, info)
        write_text(settings.results_dir / CLUSTERS_NAME, text)
        report.seconds = time.monotonic() - started
        report.write(settings.results_dir)
    return report


# -- inputs -----------------------------------------------------------------------------------------------------------


def _gather(settings: ClusterSettings) -> _Inputs:
    pairs_file = _find_pairs_file(settings)
    origin = read_origin(pairs_file) if pairs_file.is_file() else None
    on_disk = list_photos(settings.image_dir, follows_links(settings))
    model = str(origin["model"]) if origin else _model_in_name(pairs_file)
    thresholds = _thresholds(settings, model)
    skipped = [SkippedPhoto(**photo) for photo in (origin or {}).get("skipped", []) if photo["name"] in set(on_disk)]
    checksum = digest(
        [PROJECT_VERSION, settings.method, repr(thresholds), sha256_of_input(pairs_file)],
        [f"{photo.name}\n{photo.reason}" for photo in skipped],
        list(_identities(settings.image_dir, on_disk)),
    )
    return _Inputs(pairs_file, model, on_disk, skipped, thresholds, checksum)


def sha256_of_input(path: Path) -> str:
    """Give the sha256 of the pairs file; StageError when it is missing."""
    try:
        return sha256_of_file(path)
    except FileNotFoundError:
        raise StageError(f"{path} is missing; make it with: python extract_features.py") from None
    except OSError as error:
        raise StageError(f"cannot read {path}: {error.strerror or error}") from error


def _find_pairs_file(settings: ClusterSettings) -> Path:
    if settings.pairs_file is not None:
        return settings.pairs_file
    found = sorted(settings.outputs_dir.glob("pairs-*.txt"))
    if not found:
        raise StageError(f"no pairs-*.txt in {settings.outputs_dir}; make one with: python extract_features.py")
    if len(found) > 1:
        listed = ", ".join(str(path) for path in found)
        raise UsageError(f"several pairs files in {settings.outputs_dir}; choose one by --pairs_file: {listed}")
    return found[0]


def _model_in_name(pairs_file: Path) -> str | None:
    name = pairs_file.stem.removeprefix("pairs-")
    return name if default_thresholds(name) else None


def _thresholds(settings: ClusterSettings, model: str | None) -> SpecifiedSettings:
    default_strong, default_weak = default_thresholds(model) or FALLBACK_THRESHOLDS
    strong, weak = settings.strong_edg_thresh, settings.weak_edg_thresh
    return SpecifiedSettings(
        default_strong if strong is None else strong,
        min(default_weak, strong if strong is not None else 1.0) if weak is None else weak,
        settings.gps_count_thresh,
        settings.gps_distance_thresh,
        settings.file_order,
    )


def _identities(image_dir: Path, names: Names) -> Iterator[str]:
    """Give what tells that a photo, and so its position, is as it was."""
    for name in names:
        status = (image_dir / name).stat()
        yield f"{name}\n{status.st_size}\n{status.st_mtime_ns}"


def _current_info(results_dir: Path, checksum: str) -> dict[str, Any] | None:
    """Give the info of the clusters that stand, when they were made of the same inputs and are whole."""
    try:
        info = read_clusters_info(results_dir / CLUSTERS_INFO_NAME)
        text_checksum = sha256_of_file(results_dir / CLUSTERS_NAME)
    except (StageError, OSError):
        return None
    is_current = info.get("inputs_checksum") == checksum and info.get("clusters_sha256") == text_checksum
    return info if is_current else None


def _numbered_pairs(inputs: _Inputs) -> tuple[list[str], ScoredPairs]:
    """Number the photos on disk and in pairs by sorted name, without those that have no descriptor."""
    pairs = read_pairs(inputs.pairs_file, inputs.on_disk)
    skipped = {photo.name for photo in inputs.skipped}
    names = sorted({*inputs.on_disk, *pairs.names} - skipped)
    if skipped & set(pairs.names):
        raise DamagedFileError(f"{inputs.pairs_file} pairs photos that have no descriptor; make it again")
    return names, _renumbered(pairs, names)


def _renumbered(pairs: Pairs, names: Names) -> ScoredPairs:
    place = {name: number for number, name in enumerate(names)}
    numbers = np.array([place[name] for name in pairs.names], dtype=np.int64)
    return ScoredPairs.from_arrays(len(names), numbers[pairs.first], numbers[pairs.second], pairs.scores)


def _positions(image_dir: Path, names: Names, inputs: _Inputs) -> tuple[NDArray[np.float64], int]:
    """Read latitude and longitude of all photos, (N, 2) degrees, NaN where there is none; and how many have one."""
    positions = np.full((len(names), 2), np.nan)
    on_disk = set(inputs.on_disk)
    for number, name in enumerate(progress_bar(names, len(names), "positions")):
        if name not in on_disk:
            continue
        try:
            record = read_exif(image_dir / name)
        except PhotoError as error:
            logger.warning("%s: no position (%s)", name, error.reason)
            continue
        if record.latitude_deg is not None and record.longitude_deg is not None:
            positions[number] = record.latitude_deg, record.longitude_deg
    return positions, int(np.isfinite(positions[:, 0]).sum())


# -- outputs ----------------------------------------------------------------------------------------------------------


def _named(grouping: Grouping, names: Names, inputs: _Inputs) -> dict[str, list[str]]:
    clusters = {str(number): [names[photo] for photo in members] for number, members in grouping.clusters.items()}
    return clusters | {SINGLETONS_KEY: [names[photo] for photo in grouping.singletons]}


def _counts(names: Names, clusters: Mapping[str, Sequence[str]], inputs: _Inputs, num_positions: int) -> dict[str, int]:
    singletons = len(clusters[SINGLETONS_KEY])
    clustered = sum(map(len, clusters.values())) - singletons
    return {
        "photos": len(names) + len(inputs.skipped),
        "clusters": len(clusters) - 1,
        "clustered": clustered,
        "singletons": singletons,
        "skipped": len(inputs.skipped),
        "with_position": num_positions,
    }


def _notes(inputs: _Inputs, names: Names) -> list[str]:
    notes = []
    gone = len(set(names) - set(inputs.on_disk))
    if gone:
        notes.append(f"{gone} photos of the pairs file are not in the image folder; they stay in their clusters")
    if default_thresholds(inputs.model) is None:
        notes.append(f"the model of these pairs is not known: the default thresholds are those of {FALLBACK_MODEL}")
    return notes


def _report(settings: ClusterSettings, inputs: _Inputs) -> RunReport:
    report = RunReport(STAGE, settings_as_json(settings), skipped=list(inputs.skipped))
    report.settings |= {
        "pairs_file": inputs.pairs_file.as_posix(),
        "strong_edg_thresh": inputs.thresholds.strong_edg_thresh,
        "weak_edg_thresh": inputs.thresholds.weak_edg_thresh,
    }
    report.outputs = {
        "clusters": str(settings.results_dir / CLUSTERS_NAME),
        "reasons": str(settings.results_dir / CLUSTERS_INFO_NAME),
    }
    return report


def _header(settings: ClusterSettings, inputs: _Inputs, report: RunReport, text: str) -> dict[str, Any]:
    return {
        "project_version": PROJECT_VERSION,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__},
        "model": inputs.model,
        "method": settings.method,
        "settings": asdict(inputs.thresholds),
        "pairs_file": inputs.pairs_file.name,
        "inputs_checksum": inputs.checksum,
        "clusters_sha256": sha256(text.encode("utf-8")).hexdigest(),
        "counts": dict(report.counts),
        "skipped": [{"name": photo.name, "reason": photo.reason} for photo in inputs.skipped],
    }
