"""What ``tools.cluster_features`` writes: clusters, reasons, tables, plots, contact sheets."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from clustering.features.batches import Clustered
from clustering.features.cluster_statistics import ClusterStatistics
from clustering.features.clusterers.base import Labels, Vectors
from clustering.features.density import neighbour_distances
from clustering.features.fits import Fit
from clustering.features.linkage import cut_height, linkage_tree
from clustering.features.minimum_sizes import SizeTrial
from clustering.features.space import NUM_COMPONENTS, from_euclidean
from stages.feature_clustering.inputs import FeatureInputs
from stages.feature_clustering.plots import (
    draw_dendrogram,
    draw_neighbour_distances,
    draw_size_diameter,
    draw_sizes,
    draw_violins,
)
from stages.feature_clustering.preset import SIZES_NAME, has_steps, sizes_text
from stages.feature_clustering.reasons import ToldOfFeatures, describe_features
from stages.feature_clustering.sheets import SIDE, draw_extremes
from stages.feature_clustering.tables import selection_text, statistics_text
from stages.image_folder import follows_links
from stages.settings.cluster_features import FeatureClusterSettings
from stages.thumbnails import ThumbnailWork, make_thumbnails
from storage.atomic import make_folder, remove_leftovers, write_text
from storage.folders import paths_in
from storage.formats.clusters import (
    CLUSTERS_INFO_NAME,
    CLUSTERS_NAME,
    SINGLETONS_KEY,
    clusters_text,
    write_clusters_info,
)
from storage.formats.decisions import DecidedCluster
from storage.formats.hdf5 import digest
from storage.progress import progress_bar
from storage.report import PROJECT_VERSION, RunReport, SkippedPhoto
from storage.unchanged import write_if_changed

FOLDER, EXTREMES, THUMBNAILS = "cluster_features", "extremes", "thumbnails"
PLOTS = ("sizes.png", "size_diameter.png", "violins.png", "dendrogram.png", "k_distance.png")


@dataclass
class Made:
    """Clusters of vectors, and all that is known of them.

    Attributes
    ----------
    labels : ndarray of int64, (N,)
        Of all photos; -1 for those that are alone.
    rows : ndarray of int64, (M,)
        Photo of each vector.
    vectors, reduced : ndarray, (M, D) and (M, K)
        As they are measured, and as they were clustered.
    statistics : mapping of int to ClusterStatistics
        By label.
    is_decided : ndarray of bool, (N,)
        Photos that decisions moved.
    found : Clustered
        All fits.
    chosen : Fit or None
        The best of them; None where each batch has its own.
    trials : list of SizeTrial
        Minimum sizes of clusters that were tried.
    parents : dict of int to dict
        Vector to the cluster that it was in before that was split.
    number_of, clusters, singletons, next_number, cluster_names, decided
        Label to number; number to image names; names of the others; what ``clusters_info.json`` tells besides.
    """

    labels: Labels
    rows: NDArray[np.int64]
    vectors: Vectors
    reduced: Vectors
    statistics: Mapping[int, ClusterStatistics]
    is_decided: NDArray[np.bool_]
    found: Clustered
    chosen: Fit | None
    number_of: dict[int, int] = field(default_factory=dict)
    clusters: dict[int, list[str]] = field(default_factory=dict)
    singletons: list[str] = field(default_factory=list)
    next_number: int = 0
    cluster_names: dict[int, str] = field(default_factory=dict)
    decided: dict[int, DecidedCluster] = field(default_factory=dict)
    trials: list[SizeTrial] = field(default_factory=list)
    parents: dict[int, dict[str, int]] = field(default_factory=dict)


def write_results(settings: FeatureClusterSettings, inputs: FeatureInputs, made: Made, report: RunReport) -> None:
    """Write everything; ``clusters.json`` last, as the other files speak of it."""
    folder = settings.results_dir / FOLDER
    make_folder(folder)
    remove_leftovers(folder)
    by_number = {made.number_of[label]: each for label, each in made.statistics.items()}
    write_text(folder / "statistics.csv", statistics_text(by_number, settings.diameter_quantile))
    _write_plots(settings, made, folder, report)
    _write_extremes(settings, inputs, made, folder, report)
    if made.trials:
        write_text(folder / SIZES_NAME, sizes_text(made.trials))
        report.outputs["sizes"] = str(folder / SIZES_NAME)
    else:
        (folder / SIZES_NAME).unlink(missing_ok=True)
    write_text(folder / "selection.csv", selection_text(made.found.fits))
    text = clusters_text(
        {str(number): names for number, names in made.clusters.items()} | {SINGLETONS_KEY: made.singletons}
    )
    told = ToldOfFeatures(
        inputs.names,
        made.labels,
        _units(made.vectors),
        made.reduced,
        made.rows,
        made.statistics,
        made.number_of,
        made.cluster_names,
        made.is_decided,
        made.decided,
        made.parents,
    )
    info = _header(settings, inputs, made, report) | {"clusters_sha256": sha256(text.encode("utf-8")).hexdigest()}
    write_clusters_info(settings.results_dir / CLUSTERS_INFO_NAME, info | describe_features(told))
    write_text(settings.results_dir / CLUSTERS_NAME, text)


def _units(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    is_unit = np.allclose(lengths, 1, atol=1e-5)
    return vectors if is_unit else np.asarray(vectors / np.where(lengths > 0, lengths, 1))


def _header(settings: FeatureClusterSettings, inputs: FeatureInputs, made: Made, report: RunReport) -> dict[str, Any]:
    import sklearn

    chosen = made.chosen
    is_bits = settings.metric == "hamming"
    unseen = [photo.name for photo in report.skipped if photo not in inputs.skipped]
    return {
        "project_version": PROJECT_VERSION,
        "versions": {
            "python": platform.python_version(),
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "scikit-learn": sklearn.__version__,
        },
        "model": inputs.features.model,
        "method": settings.algorithm if chosen is None else chosen.clusterer.name,
        "settings": {},
        "parameters": {
            **({} if chosen is None else chosen.clusterer.parameters()),
            "metric": settings.metric,
            "normalize": "none" if is_bits else settings.normalize,
            "pca": 0 if is_bits else NUM_COMPONENTS if settings.pca is None else settings.pca,
            "selection": settings.selection,
            "batch_size": settings.batch_size,
            "seed": settings.seed,
            **(_step_parameters(settings) if has_steps(settings) else {}),
        },
        "pairs_file": "",
        # with a photo that a contact sheet lacks it is that of other inputs, so that the next run draws the sheet anew
        "inputs_checksum": digest([inputs.checksum, *unseen]) if unseen else inputs.checksum,
        "counts": dict(report.counts),
        "skipped": [{"name": photo.name, "reason": photo.reason} for photo in inputs.skipped],
        "next_number": made.next_number,
    }


def _step_parameters(settings: FeatureClusterSettings) -> dict[str, Any]:
    names = ("preset", "merge", "merge_threshold", "assign_noise", "noise_neighbours", "noise_max_distance")
    return {name: getattr(settings, name) for name in (*names, "precision_boost", "split_larger_than")}


# -- pictures ---------------------------------------------------------------------------------------------------------


def _write_plots(settings: FeatureClusterSettings, made: Made, folder: Path, report: RunReport) -> None:
    plots = _plots(made) if settings.plots else {}
    for name in PLOTS:
        if name in plots:
            write_if_changed(folder / name, plots[name])
            report.outputs[name] = str(folder / name)
        else:  # one of a former run would speak of other clusters
            (folder / name).unlink(missing_ok=True)


def _plots(made: Made) -> dict[str, bytes]:
    statistics = [each for _, each in sorted(made.statistics.items())]
    plots = {}
    if statistics:
        plots = {
            "sizes.png": draw_sizes([each.size for each in statistics]),
            "size_diameter.png": draw_size_diameter(statistics),
            "violins.png": draw_violins(statistics),
        }
    if made.chosen is None:
        return plots
    parameters, metric = made.chosen.clusterer.parameters(), made.chosen.clusterer.metric
    if made.chosen.clusterer.name == "agglomerative":
        tree = linkage_tree(made.reduced, parameters["linkage"], metric)
        if not tree[:, 2].any():  # equal vectors: nothing to draw
            return plots
        below = parameters["distance_threshold"]
        cut = cut_height(tree, parameters["n_clusters"]) if below is None else below
        plots["dendrogram.png"] = draw_dendrogram(tree, cut, f"the last joins, linkage {parameters['linkage']}")
    if made.chosen.clusterer.name == "dbscan":
        count = max(parameters["min_samples"], 2)
        distances = from_euclidean(neighbour_distances(made.reduced, count), metric)
        plots["k_distance.png"] = draw_neighbour_distances(np.asarray(distances), count, parameters["eps"])
    return plots


def _rows(each: ClusterStatistics) -> list[tuple[str, list[int]]]:
    """Give the rows of a contact sheet, each with its heading."""
    if not each.farthest:
        return [("all photos, the nearest to the centroid first", each.closest)]
    return [("nearest to the centroid", each.closest), ("farthest from it", each.farthest)]


def _thumbnails(settings: FeatureClusterSettings, names: list[str]) -> dict[str, Path | SkippedPhoto]:
    is_linked = follows_links(settings.image_dir, settings.follow_links)
    work = ThumbnailWork(settings.image_dir, settings.results_dir / THUMBNAILS, SIDE, is_linked)
    return dict(zip(names, make_thumbnails(names, work), strict=True))


def _write_extremes(
    settings: FeatureClusterSettings, inputs: FeatureInputs, made: Made, folder: Path, report: RunReport
) -> None:
    numbers = {made.number_of[label]: label for label in made.statistics} if settings.extremes else {}
    kept = {f"cluster-{number}.png" for number in numbers}
    for path in paths_in(folder / EXTREMES, "cluster-*.png"):
        if path.name not in kept:
            path.unlink()
    sheets = {
        number: [
            (heading, [inputs.names[made.rows[place]] for place in places])
            for heading, places in _rows(made.statistics[label])
        ]
        for number, label in sorted(numbers.items())
    }
    thumbnails = _thumbnails(settings, sorted({name for rows in sheets.values() for _, row in rows for name in row}))
    shown = {name: found for name, found in thumbnails.items() if isinstance(found, Path)}
    report.skipped += [
        SkippedPhoto(name, f"cannot be shown: {found.reason}")
        for name, found in thumbnails.items()
        if isinstance(found, SkippedPhoto)
    ]
    for number, rows in progress_bar(sheets.items(), len(sheets), "contact sheets"):
        each, called = made.statistics[numbers[number]], made.cluster_names.get(number)
        title = f"cluster {number}{f', {called}' if called else ''}: {each.size} photos, diameter {each.diameter:.3g}"
        write_if_changed(folder / EXTREMES / f"cluster-{number}.png", draw_extremes(title, rows, shown))
    if numbers:
        report.outputs["contact sheets"] = str(folder / EXTREMES)
