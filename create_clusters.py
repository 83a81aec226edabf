"""Group the photos by their scored pairs and their positions, as far as a person has not decided otherwise.

Reads   the photos of --image_dir (their positions), OUTPUTS_DIR/pairs-MODEL.txt or --pairs_file (of pairs-MODEL.txt
        and pairs-MODEL-verified.txt the latter), RESULTS_DIR/decisions.json or --decisions where it stands, and the
        former clusters in RESULTS_DIR, whose numbers stay
Writes  RESULTS_DIR/clusters.json        number -> photos; "-1" holds the photos that are alone
        RESULTS_DIR/clusters_info.json   why the photos of each cluster are together, and what to look at

--method evidence takes probabilities (match_pairs.py): clusters join where enough photos on both sides agree.
--method specified takes any scores: strong components, careful growth, small clusters.
--method components takes any scores: whatever strong pairs connect, however long the chain.

Example: python create_clusters.py --image_dir datasets --strong_edg_thresh 0.4
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from clustering import CLUSTERERS, pair_parameters
from stages.command_line import ScriptParser, exit_codes, print_report
from stages.parameter_flags import add_parameter_flags
from stages.settings.pipeline import ClusterSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = ClusterSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos")
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="where extract_features.py wrote the pairs")
    add("--pairs_file", type=Path, default=default.pairs_file, help="scored pairs; default: those in --outputs_dir")
    add("--results_dir", type=Path, default=default.results_dir, help="where the clusters are written")
    add(
        "--method",
        choices=CLUSTERERS,
        default=default.method,
        help="how photos are grouped; default: evidence for probabilities, components for pairs of "
        "tools.compare_images, specified for other scores",
    )
    add("--decisions", type=Path, default=default.decisions, help="what a person decided; default: see above")
    add(
        "--strong_edg_thresh",
        "--strong_edge_thresh",
        type=float,
        default=default.strong_edg_thresh,
        help="score that joins: from which a pair starts a cluster (specified; default: the model's) or is in it "
        "(components; default: what the photos were compared with), or probability "
        "from which a pair counts as evidence (evidence; default: 0.8)",
    )
    add(
        "--weak_edg_thresh",
        "--weak_edge_thresh",
        type=float,
        default=default.weak_edg_thresh,
        help="score from which a pair lets clusters grow (specified; default: the model's), or from which a join that "
        "is not made is listed for review (evidence; default: 0.3)",
    )
    add("--gps_count_thresh", type=int, default=default.gps_count_thresh, help="positions a cluster needs to be merged")
    add("--gps_distance_thresh", type=float, default=default.gps_distance_thresh, help="metres between merged clusters")
    add(
        "--agreement_thresh",
        type=float,
        default=default.agreement_thresh,
        help="how well clusters must agree to be joined, 0 to 1 (evidence; default: 0.5)",
    )
    add(
        "--gps_conflict_thresh",
        type=float,
        default=default.gps_conflict_thresh,
        help="metres from which positions contradict a join (evidence; default: 1000)",
    )
    add("--file_order", action="store_true", help="number and break ties by the order of the pairs file (specified)")
    add_parameter_flags(add, pair_parameters())
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.cluster import create_clusters

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    given["parameters"] = {name: given.pop(name) for name in pair_parameters()}
    return print_report(create_clusters(ClusterSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
