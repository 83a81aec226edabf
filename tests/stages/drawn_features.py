"""A drawn work folder of photos and descriptors in groups, for the clusterers of descriptors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clustering.features.clusterers import feature_parameters
from stages.settings.cluster_features import FeatureClusterSettings
from storage.fingerprints import Fingerprint
from storage.formats.clusters import SINGLETONS_KEY, read_clusters
from storage.formats.features import Features, features_path, write_features
from storage.report import RunReport, SkippedPhoto
from tests.drawn_photos import save_photos


def write_vectors(
    outputs_dir: Path,
    names: Sequence[str],
    vectors: np.ndarray,
    model: str = "vlad",
    skipped: Sequence[SkippedPhoto] = (),
) -> Path:
    """Write a features file; give its path."""
    sizes = np.full((len(names), 2), 48, dtype=np.int64)
    prints = [Fingerprint(1, 1, "0" * 64) for _ in names]
    path = features_path(outputs_dir, model)
    write_features(path, Features(model, {}, list(names), vectors.astype(np.float32), sizes, prints, skipped))
    return path


def draw_work(work_dir: Path, vectors: np.ndarray, model: str = "vlad") -> list[str]:
    """Make photos and a features file of these vectors; give the names."""
    names = save_photos(work_dir / "datasets", len(vectors))
    write_vectors(work_dir / "netvlad", names, vectors, model)
    return names


def settings_of(work_dir: Path, **given: Any) -> FeatureClusterSettings:
    """Give settings for the folders of a work folder."""
    folders = {"image_dir": "datasets", "outputs_dir": "netvlad", "results_dir": "results"}
    places = {key: work_dir / folder for key, folder in folders.items()}
    parameters = {name: given.pop(name) for name in feature_parameters() if name in given}
    return FeatureClusterSettings(**({"num_workers": 1, "parameters": parameters} | places | given))


def run(work_dir: Path, **given: Any) -> RunReport:
    """Cluster the features of a work folder."""
    from stages.cluster_features import cluster_features

    return cluster_features(settings_of(work_dir, **given))


def groups_in(work_dir: Path) -> Mapping[str, list[str]]:
    """Read the clusters of a work folder."""
    return read_clusters(work_dir / "results" / "clusters.json")


def labels_in(work_dir: Path, names: Sequence[str]) -> np.ndarray:
    """Give the cluster number of each photo, -1 for those that are alone."""
    owner = {name: int(key) for key, photos in groups_in(work_dir).items() for name in photos}
    assert sorted(owner) == sorted(names) and int(SINGLETONS_KEY) == -1
    return np.array([owner[name] for name in names], dtype=np.int64)
