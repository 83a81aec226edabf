"""Group the photos by their descriptors: k-means, agglomerative, DBSCAN, a Gaussian mixture or HDBSCAN.

Reads   global-feats-MODEL.h5 of --outputs_dir or --features (several are joined), the names of the photos in
        --image_dir, RESULTS_DIR/decisions.json or --decisions, the former clusters, whose numbers stay
Writes  RESULTS_DIR/clusters.json, clusters_info.json   as create_clusters.py does: export, review, reports read them
        RESULTS_DIR/cluster_features/selection.csv      all fits, their scores, which one was chosen
        RESULTS_DIR/cluster_features/statistics.csv     how wide each cluster is, how far from the others
        RESULTS_DIR/cluster_features/sizes.csv          with --min_cluster_size auto, all sizes that were tried
        with --plots and --extremes pictures, with --labels evaluation.json beside them

Several values of a parameter are all tried, in all combinations; the best fit is taken by silhouette, Davies-Bouldin
and Calinski-Harabasz. --algorithm auto tries all algorithms.

Examples:
  python -m tools.cluster_features --algorithm hdbscan --min_cluster_size 2 3 5
  python -m tools.cluster_features --preset resnet_hdbscan
  python -m tools.cluster_features --algorithm agglomerative --metric cosine --distance_threshold 0.3 0.4 --plots
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from clustering.features.clusterers import FEATURE_CLUSTERERS, feature_parameters
from clustering.features.clusterers.base import AUTO
from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.parameter_flags import add_parameter_flags, number_or
from stages.settings.cluster_features import (
    BOOSTS,
    MERGES,
    METRICS,
    NOISE_ASSIGNMENTS,
    NORMALIZATIONS,
    PRESETS,
    SELECTIONS,
    FeatureClusterSettings,
)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = FeatureClusterSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add(
        "--features",
        type=Path,
        nargs="+",
        default=default.features,
        metavar="FILE",
        help="features of one model, or one file a model to join them; default: those in --outputs_dir, "
        "of one model or of those that pairs join",
    )
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="where extract_features.py wrote the features")
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos")
    add("--results_dir", type=Path, default=default.results_dir, help="where the clusters are written")
    add("--algorithm", choices=(*FEATURE_CLUSTERERS, AUTO), default=default.algorithm, help="how photos are grouped")
    add_parameter_flags(add, feature_parameters(), are_several=True)
    _add_steps(add)
    add("--metric", choices=METRICS, default=default.metric, help="of distances; hamming takes vectors of bits")
    add("--normalize", choices=NORMALIZATIONS, default=default.normalize, help="l2: every vector to length 1 first")
    add("--pca", type=int, default=default.pca, help="principal components kept, 0 for none; default: 50")
    add(
        "--selection",
        choices=SELECTIONS,
        default=default.selection,
        help="by which of its three scores a fit is chosen: the first two take all, in different sums",
    )
    add("--batch_size", type=int, default=default.batch_size, help="photos clustered at once; default: all")
    add("--seed", type=int, default=default.seed, help="of everything random")
    add("--decisions", type=Path, default=default.decisions, help="what a person decided; default: see above")
    add("--labels", type=Path, default=default.labels, metavar="CSV", help="path,building: measure the clusters by it")
    add("--plots", action="store_true", help="write plots (sizes, diameters, violins; dendrogram; k-distance)")
    add("--extremes", action="store_true", help="write a contact sheet of each cluster's extreme members")
    add("--diameter_quantile", type=float, default=default.diameter_quantile, help="of the distances in a cluster")
    add("--max_pairs", type=int, default=default.max_pairs, help="most pairs that a diameter is taken of")
    add("--num_workers", type=worker_count, default=default.num_workers, help="fits at once; auto: all cores")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    return parser.parse_args(argv)


def _add_steps(add: Callable[..., Any]) -> None:
    """Add the flags of what is done to the labels of the best fit."""
    default = FeatureClusterSettings()
    add("--preset", choices=PRESETS, default=default.preset, help="HDBSCAN, close clusters joined, noise assigned")
    add("--merge", choices=MERGES, default=default.merge, help="join clusters of close means; default: none")
    add("--merge_threshold", type=float, default=default.merge_threshold, help="cosine distance of joined clusters")
    add("--assign_noise", choices=NOISE_ASSIGNMENTS, default=default.assign_noise, help="default: keep")
    add("--noise_neighbours", type=int, default=default.noise_neighbours, help="photos that vote in --assign_noise knn")
    add(
        "--noise_max_distance",
        type=number_or(float, "auto", "none"),
        default=default.noise_max_distance,
        help="farther noise stays noise; auto: as far as three quarters of the cluster's own photos",
    )
    add("--precision_boost", choices=BOOSTS, default=default.precision_boost, help="vote on noise in this space")
    add("--split_larger_than", type=int, default=default.split_larger_than, help="split clusters of more photos")


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.cluster_features import cluster_features

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    if args.features is not None:
        given["features"] = tuple(args.features)
    told = {name: given.pop(name) for name in feature_parameters()}
    given["parameters"] = {name: tuple(values) for name, values in told.items() if values is not None}
    return print_report(cluster_features(FeatureClusterSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
