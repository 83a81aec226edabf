"""Verify candidate pairs by local features: the probability that both photos show the same building.

Reads   the photos of --image_dir, --pairs_file or the only pairs-MODEL.txt (or .h5) in --outputs_dir
Writes  beside the pairs file:
        pairs-MODEL-verified.txt   name0 <TAB> name1 <TAB> probability; .h5 with --pairs_format hdf5
        matches-MODEL.tsv, .h5     matches, inliers, coverage, map and verdict of each pair
        local-feats-MATCHER/       the local features of each photo, computed once

Example: python match_pairs.py --image_dir datasets --pairs_file netvlad/pairs-vlad.txt
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hloc.matching import MATCHERS
from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.pipeline import PAIRS_FORMATS, MatchSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = MatchSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos")
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="where extract_features.py wrote the pairs")
    add("--pairs_file", type=Path, default=default.pairs_file, help="candidate pairs; default: those in --outputs_dir")
    add("--matcher", choices=MATCHERS, default=default.matcher, help="local feature")
    add("--num_keypoints", type=int, default=default.num_keypoints, help="most keypoints of a photo")
    add("--max_pairs", type=int, default=default.max_pairs, help="most further pairs a photo may ask for in a round")
    add("--num_rounds", type=int, default=default.num_rounds, help="1: no neighbours of verified neighbours")
    add("--calibration", type=Path, default=default.calibration, help="made by tools.calibrate; default: built in")
    add("--num_workers", type=worker_count, default="auto", help="worker processes; auto: as many as pay")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are skipped")
    add("--timeout_s", type=float, default=default.timeout_s, help="photos that take longer are skipped")
    add("--pairs_format", choices=PAIRS_FORMATS, default=default.pairs_format, help="hdf5: smaller, read faster")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.match import match_pairs

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    return print_report(match_pairs(MatchSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
