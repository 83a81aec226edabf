"""Group the photos by their scored pairs: strong components, careful growth, small clusters, positions.

Reads   the photos of --image_dir (their positions), OUTPUTS_DIR/pairs-MODEL.txt or --pairs_file
Writes  RESULTS_DIR/clusters.json        number -> photos; "-1" holds the photos that are alone
        RESULTS_DIR/clusters_info.json   why the photos of each cluster are together

Example: python create_clusters.py --image_dir datasets --strong_edg_thresh 0.4
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings import CLUSTER_METHODS, ClusterSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = ClusterSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos")
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="where extract_features.py wrote the pairs")
    add("--pairs_file", type=Path, default=default.pairs_file, help="scored pairs; default: those in --outputs_dir")
    add("--results_dir", type=Path, default=default.results_dir, help="where the clusters are written")
    add("--method", choices=CLUSTER_METHODS, default=default.method, help="how photos are grouped")
    add(
        "--strong_edg_thresh",
        "--strong_edge_thresh",
        type=float,
        default=default.strong_edg_thresh,
        help="score from which a pair starts a cluster; default: the model's",
    )
    add(
        "--weak_edg_thresh",
        "--weak_edge_thresh",
        type=float,
        default=default.weak_edg_thresh,
        help="score from which a pair lets clusters grow; default: the model's",
    )
    add("--gps_count_thresh", type=int, default=default.gps_count_thresh, help="positions a cluster needs to be merged")
    add("--gps_distance_thresh", type=float, default=default.gps_distance_thresh, help="metres between merged clusters")
    add("--file_order", action="store_true", help="number photos and break ties by the order of the pairs file")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.cluster import create_clusters

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    return print_report(create_clusters(ClusterSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
