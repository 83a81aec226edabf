"""Make the photos of a work folder smaller, so that the later stages are quicker.

Reads and replaces the photos of --image_dir, which copy_images.py made; originals are never touched. With --export_dir
it reads any folder and writes the smaller photos there. Also writes manifest.json and reports/resize_images/ in the
folder that it works in. Run again, it changes nothing more.

Example: python resize_images.py --image_dir datasets --resize_coefficient 2
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.pipeline import ResizeSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    default = ResizeSettings()
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos")
    add("--resize_coefficient", type=int, default=default.resize_coefficient, help="divide both sides by this")
    add("--max_side", type=int, default=default.max_side, help="longest side wanted, in pixels, instead")
    add("--export_dir", type=Path, default=default.export_dir, help="write the smaller photos here, not in place")
    add("--quality", type=int, default=default.quality, help="of JPEG, WebP and HEIC, 1 to 100")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="skip larger photos")
    add("--num_workers", type=worker_count, default="auto", help="worker processes; auto: as many as pay")
    add("--timeout_s", type=float, default=default.timeout_s, help="skip a photo that takes longer, in seconds")
    add("--follow_links", action="store_true", help="follow symbolic links in --image_dir")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its report."""
    from stages.resize import resize_photos

    settings = ResizeSettings(
        image_dir=args.image_dir,
        resize_coefficient=args.resize_coefficient,
        max_side=args.max_side,
        export_dir=args.export_dir,
        quality=args.quality,
        max_megapixels=args.max_megapixels,
        num_workers=args.num_workers,
        timeout_s=args.timeout_s,
        follow_links=args.follow_links,
    )
    return print_report(resize_photos(settings), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
