"""What ``tools.plot_features`` reads: descriptors of one model or of joined ones, and clusters where there are any."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hloc.extractors import JOINT
from hloc.joining import JoinedFeatures, join_features
from stages.feature_files import described_models, only_model
from stages.work_places import WorkPlaces
from storage.errors import StageError
from storage.formats.clusters import (
    CLUSTERS_INFO_NAME,
    CLUSTERS_NAME,
    SINGLETONS_KEY,
    read_clusters,
    read_clusters_info,
)
from storage.formats.features import MADE_BY, features_path, read_features

ALONE = -1


@dataclass(frozen=True, eq=False)
class PlotInputs:
    """Photos, their descriptors and their clusters.

    Attributes
    ----------
    features : JoinedFeatures
        Names, sorted, N, and descriptors (N, D).
    labels : ndarray, (N,), int64
        Number of each photo's cluster; -1 for photos that are alone.
    cluster_names : dict of int to str
        What a person called clusters.
    notes : list of str
        What was not there.
    """

    features: JoinedFeatures
    labels: NDArray[np.int64]
    cluster_names: dict[int, str]
    notes: list[str] = field(default_factory=list)

    @property
    def num_clusters(self) -> int:
        """Number of clusters that a photo of the map is in."""
        return len(set(self.labels.tolist()) - {ALONE})


def read_plot_inputs(model: str | None, places: WorkPlaces) -> PlotInputs:
    """Read descriptors and clusters.

    Raises
    ------
    UsageError
        When it is not clear which model is meant.
    StageError
        When there are no features, or a file is damaged.
    """
    notes: list[str] = []
    info = _read_info(places.results_dir)
    chosen = _choose_model(model, places.outputs_dir, info)
    features = join_features([read_features(features_path(places.outputs_dir, part)) for part in chosen.split(JOINT)])
    if not features.names:
        raise StageError(f"the features of {chosen} in {places.outputs_dir} hold no photo; make them with: {MADE_BY}")
    if not np.isfinite(features.descriptors).all():
        raise StageError(f"the features of {chosen} hold numbers that are not finite; make them again with: {MADE_BY}")
    labels, absent = _labels(places, features.names, notes)
    if absent:
        notes.append(f"{absent} photos of the clusters have no descriptor of {chosen}: they are not on the map")
    named = {int(key): str(each["name"]) for key, each in info.get("clusters", {}).items() if each.get("name")}
    return PlotInputs(features, labels, named, notes)


def _read_info(results_dir: Path) -> dict[str, Any]:
    path = results_dir / CLUSTERS_INFO_NAME
    return read_clusters_info(path) if path.is_file() else {}


def _choose_model(model: str | None, outputs_dir: Path, info: dict[str, Any]) -> str:
    known = described_models(outputs_dir)
    if model is not None:
        missing = [part for part in model.split(JOINT) if part not in known]
        if missing:
            raise StageError(
                f"--model {model}: {features_path(outputs_dir, missing[0])} is missing; make it with: {MADE_BY}"
            )
        return model
    of_clusters = info.get("model")
    if isinstance(of_clusters, str) and set(of_clusters.split(JOINT)) <= set(known):
        return of_clusters
    return only_model(outputs_dir, "--model")


def _labels(places: WorkPlaces, names: list[str], notes: list[str]) -> tuple[NDArray[np.int64], int]:
    path = places.results_dir / CLUSTERS_NAME
    if not path.is_file():
        notes.append(f"no colours: {path} is missing; make it with: python create_clusters.py")
        return np.full(len(names), ALONE, dtype=np.int64), 0
    clusters = read_clusters(path, places.image_dir)
    number_of = {name: int(key) for key, members in clusters.items() if key != SINGLETONS_KEY for name in members}
    labels = np.array([number_of.get(name, ALONE) for name in names], dtype=np.int64)
    return labels, len(set().union(*clusters.values()) - set(names))
