"""Choose thresholds by sight: what every threshold gives, with sample pairs just above and just below it.

Reads   the pairs that create_clusters.py would take, or --pairs_file; with --method all pairs of a random sample of
        --image_dir instead, for a collection that has no pairs yet; the photos, for thumbnails
Writes  to --output_dir: threshold.html (opens without a server; a click copies the flags), threshold.csv, threshold.png

The columns of threshold.csv: threshold, similar_pairs, clusters, clustered_photos, largest_cluster. A cluster here is
what pairs at or above the threshold connect.

Examples:
  python -m tools.select_threshold --work_dir work/demo
  python -m tools.select_threshold --image_dir photos --method vlad+street --sample 300 --seed 1
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.tools import ThresholdSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = ThresholdSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--work_dir", type=Path, default=default.work_dir, help="holds the next three folders")
    add("--image_dir", type=Path, default=default.image_dir, help="photos; default: datasets, in --work_dir if given")
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="pairs; default: netvlad, likewise")
    add("--results_dir", type=Path, default=default.results_dir, help="thumbnails are kept here; default: results")
    add("--pairs_file", type=Path, default=default.pairs_file, help="default: the one that create_clusters.py takes")
    text = "default: RESULTS_DIR/thresholds/NAME of the pairs"
    add("--output_dir", type=Path, default=default.output_dir, help=text)
    add("--method", default=default.method, help="score a sample by this: a model or a similarity")
    add("--sample", type=int, default=default.sample, help="photos in the sample; default: 300")
    add("--seed", type=int, default=default.seed, help="draws the sample")
    add("--num_workers", type=worker_count, default="auto", help="processes that describe the sample")
    add("--max_points", type=int, default=default.max_points, help="most thresholds on the curve")
    add(
        "--num_places",
        type=int,
        default=default.num_places,
        help="places on the curve that sample pairs are taken from",
    )
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are refused")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Count, write the page, print where it is."""
    from stages.thresholds.sweep import select_threshold
    from web.thresholds.page import threshold_page

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    return print_report(select_threshold(ThresholdSettings(**given), threshold_page), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
