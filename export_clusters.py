"""Make one folder per building, the photos that belong to none in NotAssigned.

Reads <results_dir>/clusters.json and the photos of --image_dir. Writes <results_dir>/building_images/building_NN/...,
largest building first and with the photos' folders kept, <results_dir>/export.json and reports/export_clusters/. A
former export is replaced as a whole; run again without changes, it writes nothing.

Example: python export_clusters.py --image_dir datasets --results_dir results
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings.pipeline import TRANSFER_MODES, ExportSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    default = ExportSettings()
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos that was clustered")
    add("--results_dir", type=Path, default=default.results_dir, help="folder of clusters.json and of the result")
    add(
        "--mode",
        choices=TRANSFER_MODES,
        default=default.mode,
        help="copy: independent files; hardlink and symlink: no room taken; reflink: shared blocks (Btrfs, XFS, APFS)",
    )
    add("--dry_run", action="store_true", help="only say which photo would go where")
    add("--follow_links", action="store_true", help="follow symbolic links in --image_dir")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its report."""
    from stages.export import export_clusters

    settings = ExportSettings(
        image_dir=args.image_dir,
        results_dir=args.results_dir,
        mode=args.mode,
        dry_run=args.dry_run,
        follow_links=args.follow_links,
    )
    return print_report(export_clusters(settings), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
