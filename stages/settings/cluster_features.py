"""Settings of ``tools.cluster_features``; imports nothing heavy, as the script reads its defaults from it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ALGORITHMS = ("kmeans", "agglomerative", "dbscan", "gaussian_mixture", "hdbscan", "auto")
METRICS = ("euclidean", "cosine", "hamming")
LINKAGES = ("single", "complete", "average", "centroid", "ward")
NORMALIZATIONS = ("l2", "none")
SELECTIONS = ("minmax", "rank", "silhouette")
SELECTION_METHODS = ("eom", "leaf")
PRESETS = ("resnet_hdbscan",)
MERGES = ("none", "average", "steps")
NOISE_ASSIGNMENTS = ("keep", "centroid", "knn")
BOOSTS = ("none", "pca", "tsne")
SIZE_RULES = ("rule", "auto")  # in the place of a minimum size: by the number of photos, or the best of several
# parameters of the algorithms: several values of one make a grid
PARAMETERS = (
    "n_clusters",
    "max_iter",
    "eps",
    "min_samples",
    "min_cluster_size",
    "max_cluster_size",
    "cluster_selection_method",
    "linkage",
    "distance_threshold",
)


@dataclass(frozen=True)
class FeatureClusterSettings:
    """Settings of ``tools.cluster_features``.

    ``features`` of None is the only features file of ``outputs_dir``; of several files the features are joined. Each
    parameter of an algorithm is a tuple of values to try; None is the algorithm's own grid, ``"auto"`` what follows
    from the photos. ``pca`` of None is 50 components, and none with ``metric`` hamming. ``batch_size`` of None
    clusters all photos at once. ``decisions`` of None is ``decisions.json`` of the results folder, when it stands.
    ``preset`` sets what is None. ``merge`` to ``split_larger_than`` are steps on the labels of any algorithm, none of
    which is taken where nothing is set; ``noise_max_distance`` is a distance, ``"auto"`` or ``"none"``.
    """

    features: tuple[Path, ...] | None = None
    outputs_dir: Path = Path("netvlad")
    image_dir: Path = Path("datasets")
    results_dir: Path = Path("results")
    algorithm: str = "hdbscan"
    n_clusters: tuple[int | str, ...] | None = None
    max_iter: tuple[int, ...] | None = None
    eps: tuple[float | str, ...] | None = None
    min_samples: tuple[int, ...] | None = None
    min_cluster_size: tuple[int | str, ...] | None = None
    max_cluster_size: tuple[int, ...] | None = None
    cluster_selection_method: tuple[str, ...] | None = None
    linkage: tuple[str, ...] | None = None
    distance_threshold: tuple[float, ...] | None = None
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
