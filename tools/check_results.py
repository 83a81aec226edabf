"""Read every file of a work folder again and say what does not add up.

Reads   WORK_DIR/datasets, WORK_DIR/netvlad, WORK_DIR/results
Writes  nothing

Example: python -m tools.check_results --work_dir work/demo
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--work_dir", type=Path, default=Path(), help="folder with datasets, netvlad and results in it")
    add("--image_dir", type=Path, default=None, help="folder of photos; default: WORK_DIR/datasets")
    add("--outputs_dir", type=Path, default=None, help="descriptors and pairs; default: WORK_DIR/netvlad")
    add("--results_dir", type=Path, default=None, help="clusters; default: WORK_DIR/results")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Check and print the findings; exit code 1 when anything does not add up."""
    from stages.check import WorkFolders, check_results

    folders = WorkFolders(
        args.image_dir or args.work_dir / "datasets",
        args.outputs_dir or args.work_dir / "netvlad",
        args.results_dir or args.work_dir / "results",
    )
    result = check_results(folders)
    print(json.dumps(result.as_json(), indent=1) if args.json else result.as_text(), end="")
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(parse_args()))
