"""Settings of ``tools.cluster_features``; imports nothing heavy, as the script reads its defaults from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

METRICS = ("euclidean", "cosine", "hamming")
NORMALIZATIONS = ("l2", "none")
SELECTIONS = ("minmax", "rank", "silhouette")
PRESETS = ("resnet_hdbscan",)
MERGES = ("none", "average", "steps")
NOISE_ASSIGNMENTS = ("keep", "centroid", "knn")
BOOSTS = ("none", "pca", "tsne")


@dataclass(frozen=True)
class FeatureClusterSettings:
    """Settings of ``tools.cluster_features``.

    ``features`` of None is the only features file of ``outputs_dir``; of several files the features are joined.
    ``algorithm`` is a name of ``clustering.features.clusterers`` or ``auto``; ``parameters`` are those that its
    file declares, by name, each a tuple of values to try; what is not given takes the algorithm's own values.
    ``pca`` of None is 50 components, and none with ``metric`` hamming. ``batch_size`` of None clusters all photos
    at once. ``decisions`` of None is ``decisions.json`` of the results folder, when it stands. ``preset`` sets what
    is None. ``merge`` to ``split_larger_than`` are steps on the labels of any algorithm, none of which is taken
    where nothing is set; ``noise_max_distance`` is a distance, ``"auto"`` or ``"none"``.
    """

    features: tuple[Path, ...] | None = None
    outputs_dir: Path = Path("netvlad")
    image_dir: Path = Path("datasets")
    results_dir: Path = Path("results")
    algorithm: str = "hdbscan"
    parameters: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    metric: str = "euclidean"
    normalize: str = "l2"
    pca: int | None = None
    seed: int = 0
    selection: str = "minmax"
    batch_size: int | None = None
    labels: Path | None = None
    decisions: Path | None = None
    plots: bool = False
    extremes: bool = False
    diameter_quantile: float = 1.0
    max_pairs: int = 5_000_000
    num_workers: int | None = None
    follow_links: bool = False
    preset: str | None = None
    merge: str | None = None
    merge_threshold: float = 0.4
    assign_noise: str | None = None
    noise_neighbours: int = 5
    noise_max_distance: float | str = "auto"
    precision_boost: str = "none"
    split_larger_than: int | None = None
