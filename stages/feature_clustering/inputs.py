"""What ``tools.cluster_features`` reads: features, the photos on disk, what a person decided."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hloc.extractors import JOINT
from hloc.joining import JoinedFeatures, join_features
from stages.clustering.decisions import check_decisions
from stages.feature_files import only_model
from stages.image_folder import photos_in
from stages.settings.cluster_features import FeatureClusterSettings
from storage.errors import StageError, UsageError
from storage.fingerprints import sha256_of_file
from storage.formats.clusters import INFO_VERSION
from storage.formats.decisions import DECISIONS_NAME, Decisions, read_decisions
from storage.formats.features import MADE_BY, features_path, read_features
from storage.formats.hdf5 import digest
from storage.report import PROJECT_VERSION, SkippedPhoto

# what changes no label: asked for again, these are made without clustering anew
_OUTPUT_ONLY = ("features", "outputs_dir", "image_dir", "results_dir", "decisions", "labels", "num_workers")


@dataclass(frozen=True, eq=False)
class FeatureInputs:
    """What is clustered, and what identifies it.

    Attributes
    ----------
    features : JoinedFeatures
        Names, sorted, and vectors (N, D).
    names : list of str
        Image names of all photos that get into a group, sorted: those with a vector, and those on disk that have none
        for no known reason.
    rows : ndarray of int64, (N,)
        Place of each vector's photo in ``names``.
    is_usable : ndarray of bool, (N,)
        False for a zero vector: a photo without any feature.
    skipped : list of SkippedPhoto
        Photos on disk that could not be described.
    decisions : Decisions
        What a person decided; empty without a file.
    checksum : str
        sha256 over all of it and the settings.
    notes : list of str
        What is odd about it, in sentences.
    """

    features: JoinedFeatures
    names: list[str]
    rows: NDArray[np.int64]
    is_usable: NDArray[np.bool_]
    skipped: list[SkippedPhoto]
    decisions: Decisions
    checksum: str
    notes: list[str]


def gather_feature_inputs(settings: FeatureClusterSettings) -> FeatureInputs:
    """Read and check everything.

    Raises
    ------
    UsageError
        When it is not clear which features are meant, or decisions contradict each other.
    StageError
        When a file is missing or damaged.
    """
    files = _files(settings)
    parts = [read_features(path) for path in files]
    models = [part.model for part in parts]
    if len(set(models)) < len(models):
        raise UsageError(f"--features: two files are of one model ({', '.join(models)}); give each model once")
    features = join_features(parts)
    if not features.names:
        raise StageError(f"{_shown(files)} holds no photo; make it with: {MADE_BY}")
    if not np.isfinite(features.descriptors).all():
        raise StageError(f"{_shown(files)} holds numbers that are not finite; make it again with: {MADE_BY}")
    on_disk = photos_in(settings.image_dir, settings.follow_links)
    there = set(on_disk)
    skipped = [photo for photo in features.skipped if photo.name in there]
    known = set(features.names)
    fresh = sorted(there - known - {photo.name for photo in skipped})
    names = sorted([*features.names, *fresh])
    place = {name: number for number, name in enumerate(names)}
    decisions, decided = _read_decisions(settings)
    lengths = np.abs(features.descriptors).max(axis=1)
    return FeatureInputs(
        features,
        names,
        np.array([place[name] for name in features.names], dtype=np.int64),
        np.asarray(lengths > 0) | (settings.metric == "hamming"),
        skipped,
        decisions,
        digest([PROJECT_VERSION, str(INFO_VERSION), _settings_text(settings), features.checksum, decided], on_disk),
        _notes(features.names, fresh, there, decisions, names),
    )


def _files(settings: FeatureClusterSettings) -> tuple[Path, ...]:
    if settings.features:
        return settings.features
    model = only_model(settings.outputs_dir, "--features")
    return tuple(features_path(settings.outputs_dir, part) for part in model.split(JOINT))


def _shown(paths: tuple[Path, ...] | list[Path]) -> str:
    return ", ".join(map(str, paths))


def _settings_text(settings: FeatureClusterSettings) -> str:
    kept = [each.name for each in fields(settings) if each.name not in _OUTPUT_ONLY]
    ordered = {"parameters": sorted(settings.parameters.items())}
    return repr({name: getattr(settings, name) for name in kept} | ordered)


def _read_decisions(settings: FeatureClusterSettings) -> tuple[Decisions, str]:
    path = settings.decisions or settings.results_dir / DECISIONS_NAME
    if settings.decisions is None and not path.exists():
        return Decisions(), "none"
    decisions = read_decisions(path)
    check_decisions(decisions, path)
    return decisions, sha256_of_file(path)


def _notes(
    described: list[str], fresh: list[str], there: set[str], decisions: Decisions, names: list[str]
) -> list[str]:
    notes = []
    if gone := sum(name not in there for name in described):
        notes.append(f"{gone} photos of the features are not in the image folder; they stay in their clusters")
    if fresh:
        notes.append(f"{len(fresh)} photos have no descriptor yet and stay alone; make it with: {MADE_BY}")
    if forgotten := len(decisions.photos().difference(names)):
        notes.append(f"{forgotten} photos of {DECISIONS_NAME} are gone; what was decided about them stays in the file")
    return notes
