"""Replay recorded actions of painting on a photo and write its masks.

Reads   the photo, its label image (PNG: a whole number per pixel, 0 is edge), a script of actions (paint-script)
Writes  to --export_dir: a mask per colour, all classes in one PNG, masks.json, coco.json, areas.csv

A mask that stood there before is never overwritten: it is kept beside the new one as NAME.1.bak.

Example:
  python -m tools.paint_masks --image photos/a.jpg --labels labels/a.png --script actions.json --export_dir masks
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings.painting import MASK_NAMES, MASK_SEGMENTATIONS, PaintSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = PaintSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image", type=Path, required=True, help="the photo")
    add("--labels", type=Path, required=True, help="its label image, of the same size")
    add("--script", type=Path, required=True, help="the actions; paths in it are relative to its folder")
    add("--export_dir", type=Path, required=True, help="where the masks go")
    add("--image_dir", type=Path, default=default.image_dir, help="masks keep sub-folders below it; default: none")
    add("--names", choices=MASK_NAMES, default=default.names, help="of mask files; default: safe on Windows only")
    add("--segmentation", choices=MASK_SEGMENTATIONS, default=default.segmentation, help="how coco.json has masks")
    add("--continue_masks", action="store_true", help="begin with the masks in --export_dir")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="largest photo accepted")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Replay, write, print where it is."""
    from stages.segmenting.paint_masks import paint_masks

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    return print_report(paint_masks(PaintSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
