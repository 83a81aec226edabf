"""Split photos by class into a database of one template each and queries that should find it, as search tests need.

Reads   --csv, a table with a photo and its class in each line; the photos in --image_dir, at any depth
Writes  to --export_dir: database/ (the template of each class), queries/ (its other photos), truth.csv (which template
        each query should find)

Nothing in --image_dir is renamed, moved or deleted. The table may name a photo by its whole image name, by the end of
it, or without its ending, as long as only one photo fits. Photos that it names and that are not there are named.

Examples:
  python -m tools.split_templates --csv memes.csv --image_dir memes --export_dir split
  python -m tools.split_templates --csv posts.csv --no_header --file_column 1 --class_column 2 \\
      --image_dir memes --export_dir split --mode hardlink
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings.pipeline import TRANSFER_MODES
from stages.settings.retrieval import SplitSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = SplitSettings(Path(), Path(), Path())
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--csv", type=Path, required=True, help="the table, UTF-8")
    add("--image_dir", type=Path, required=True, help="the photos that it names")
    add("--export_dir", type=Path, required=True, help="where the two folders go; not in --image_dir")
    add("--file_column", default=default.file_column, metavar="NAME", help="column that names the photo")
    add("--class_column", default=default.class_column, metavar="NAME", help="column that names its class")
    add(
        "--template",
        default=default.template,
        metavar="RULE",
        help="first: the first photo of a class by name; else the column that marks the template, by 1 or yes",
    )
    add("--no_header", action="store_true", help="there is no heading line; columns are numbers, 1 for the first")
    add("--mode", choices=TRANSFER_MODES, default=default.mode, help="how photos are put there")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.retrieval.split import split_templates

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    return print_report(split_templates(SplitSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
