"""Copy photos into a work folder, byte for byte, and keep a manifest of where each came from.

Reads the photos of --image_dir, which are never changed. Writes <export_dir>/<name of image_dir>/... with the folders
kept, <export_dir>/manifest.json and <export_dir>/reports/copy_images/. Run again, it copies only what is new or was
replaced.

Example: python copy_images.py --image_dir ~/photos/after_the_quake
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings.pipeline import TRANSFER_MODES, CopySettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, required=True, help="folder of photos, read at any depth")
    add("--export_dir", type=Path, default=CopySettings.export_dir, help="work folder that the copies go to")
    add(
        "--mode",
        choices=TRANSFER_MODES,
        default=CopySettings.mode,
        help="copy: independent files; hardlink and symlink: no room taken; reflink: shared blocks (Btrfs, XFS, APFS)",
    )
    add("--dry_run", action="store_true", help="only say what would be copied")
    add("--follow_links", action="store_true", help="follow symbolic links in --image_dir")
    add("--prune", action="store_true", help="remove copies whose source is gone, unless most are")
    add("--afresh", action="store_true", help="copy again, at full size, what resize_images.py made smaller")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its report."""
    from stages.copy import copy_photos

    settings = CopySettings(
        image_dir=args.image_dir,
        export_dir=args.export_dir,
        mode=args.mode,
        dry_run=args.dry_run,
        follow_links=args.follow_links,
        prune=args.prune,
        afresh=args.afresh,
    )
    return print_report(copy_photos(settings), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
