"""Make photos ready for other programs: one format, without frames, square, of one size; never in place.

Reads   the photos of --image_dir, which are never changed
Writes  the new photos to --export_dir, sub-folders kept, with preprocessed.json (which photo is made of which) and
        reports/preprocess_images/. Run again, it makes what is new or changed only.

Example: python -m tools.preprocess_images --image_dir photos --export_dir square --trim --square blur --size 512 512
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.tools import PHOTO_FORMATS, SQUARES, PreprocessSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    default = PreprocessSettings(Path(), Path())
    add = parser.add_argument
    add("--image_dir", type=Path, required=True, help="folder of photos")
    add("--export_dir", type=Path, required=True, help="folder that the new photos go to")
    add("--trim", action="store_true", help="cut off frames of one colour")
    add("--trim_tol", type=float, default=default.trim_tol, help="most that a frame's pixels differ, in levels of 255")
    add("--trim_max", type=float, default=default.trim_max, help="a frame wider than this share a side is none")
    add("--square", choices=SQUARES, default=default.square, help="make square; pad: black border")
    add("--size", type=int, nargs=2, metavar=("W", "H"), default=default.size, help="width and height in the end")
    add("--format", choices=PHOTO_FORMATS, default=default.format, help="keep: each photo's own")
    add("--quality", type=int, default=default.quality, help="of JPEG, WebP and HEIC, 1 to 100")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="skip larger photos")
    add("--num_workers", type=worker_count, default="auto", help="worker processes; auto: as many as pay")
    add("--timeout_s", type=float, default=default.timeout_s, help="skip a photo that takes longer, in seconds")
    add("--follow_links", action="store_true", help="follow symbolic links in --image_dir")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Make the photos and print the report."""
    from stages.preprocess import preprocess_photos

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    given["size"] = None if args.size is None else tuple(args.size)
    return print_report(preprocess_photos(PreprocessSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
