"""Estimate how many comparisons tools.compare_images will make, by each --skip, in batches and in all.

Reads   nothing
Writes  nothing; prints a table, or JSON with --json. docs/workload.md explains the numbers.

The estimate is for a collection of classes. The --similar_share of each class is similar to each other, every other
photo is like none; photos come in random order.

Examples:
  python -m tools.estimate_workload --num_photos 20000 --num_classes 5 --batch_size 2500 --similar_share 0.5
  python -m tools.estimate_workload --class_sizes 9000 6000 3000 2000 --batch_size 2500 --rescue_outliers
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from stages.command_line import ScriptParser, exit_codes
from stages.settings.compare import WorkloadSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = WorkloadSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--num_photos", type=int, default=default.num_photos, help="photos of the collection")
    add("--num_classes", type=int, default=default.num_classes, help="classes, all of one size")
    add("--class_sizes", type=int, nargs="+", metavar="SIZE", help="photos of each class, instead of those two")
    add("--batch_size", type=int, default=default.batch_size, help="photos of a batch; default: one batch of all")
    add("--similar_share", type=float, default=default.similar_share, help="similar photos of each class, 0 to 1")
    add("--rescue_outliers", action="store_true", help="photos without a pair are compared across batches, too")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Estimate and print."""
    from stages.workload import estimate_workload

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    given["class_sizes"] = None if given["class_sizes"] is None else tuple(given["class_sizes"])
    result = estimate_workload(WorkloadSettings(**given))
    print(json.dumps(result.as_json(), indent=1) if args.json else result.as_text())
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
