"""Make one features file and one pairs file of the shards that several machines computed.

Reads   OUTPUTS_DIR/shards/i-of-n/          what extract_features.py --shard i/n wrote, for all i from 1 to n
Writes  OUTPUTS_DIR/global-feats-MODEL.h5   one descriptor per photo
        OUTPUTS_DIR/pairs-MODEL.txt         the best pairs with their scores

Both are what extract_features.py would have written on one machine. Shards that are missing, overlap, or were made
with different settings are refused, and it is said what to do.

Example: python -m tools.merge_features --outputs_dir netvlad
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings.pipeline import SEARCHES, MergeSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = MergeSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="where the shards were written")
    add("--model", default=default.model, help="default: the one that the shards were made with")
    add(
        "--image_dir", type=Path, default=default.image_dir, help="check that the shards hold the photos of this folder"
    )
    add("--num_to_match", type=int, default=default.num_to_match, help="default: as the shards were called with")
    add("--min_score", type=float, default=default.min_score, help="default: as the shards were called with")
    add("--search", choices=SEARCHES, default=default.search, help="default: as the shards were called with")
    add("--layout", choices=("packed", "hloc"), default=default.layout, help="default: as the shards were called with")
    add("--overwrite", action="store_true", help="replace a features file that holds other photos or settings")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.merge import merge_features

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    return print_report(merge_features(MergeSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
