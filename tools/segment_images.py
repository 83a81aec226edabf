"""Cut photos into segments by one of ten methods, for masks and labels: a label image and a picture of each photo.

Reads   the photos of --image_dir; or those of --work_dir, with --building N only those of that building
Writes  to --batch: labels/NAME.png, the id of each pixel's segment; previews/NAME.jpg, or with --preview all
        sheets/NAME.jpg, the eight automatic methods side by side; segments.csv, a line per segment

Methods: edge, superpixel, kmeans, slickmeans, chanvase, felzenszwalb, quickshift, graph; grabcut takes the object in
the middle of the photo, sam needs a checkpoint (docs/segmentation.md says what each is good for). Only parameters of
the chosen method are accepted, with --preview all those of all on the sheet. What stands already is left alone.

Examples:
  python -m tools.segment_images --image_dir photos --batch segments
  python -m tools.segment_images --image_dir photos --batch fine --method superpixel --region_size 20
  python -m tools.segment_images --work_dir work/demo --building 3 --batch segments-3 --preview all
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from segmentation import METHODS, flags
from segmentation.parameters import Parameter
from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.segmentation import PREVIEWS, SegmentSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = SegmentSettings(Path())
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos; default: datasets of --work_dir")
    add("--work_dir", type=Path, default=default.work_dir, help="holds datasets and results of the pipeline")
    add("--building", type=int, default=default.building, metavar="N", help="photos of this cluster of --work_dir")
    add("--batch", type=Path, required=True, metavar="OUT", help="where the results go; not in the image folder")
    add("--method", choices=tuple(METHODS), default=default.method, help="see above")
    add("--preview", choices=PREVIEWS, default=default.preview, help="pictures of --method, of all eight, or none")
    add("--preview_side", type=int, default=default.preview_side, help="longest side of a picture, in pixels")
    add("--num_workers", type=worker_count, default=default.num_workers, metavar="N", help="processes; 0 for none")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are skipped")
    add("--timeout_s", type=float, default=default.timeout_s, help="a photo that takes longer is skipped")
    _add_parameters(parser.add_argument_group("parameters of methods").add_argument)
    return parser.parse_args(argv)


def _add_parameters(add: Callable[..., Any]) -> None:
    """Add a flag for each parameter of any method, in both spellings where it has two."""
    for name, takers in flags().items():
        first = next(iter(takers.values()))
        spellings = {f"--{name}", f"--{name.replace('_', '-')}"} | (
            {f"--{first.spelling}"} if first.spelling else set()
        )
        ordered = sorted(spellings, key=lambda flag: (flag != f"--{name}", flag))
        add(*ordered, default=None, metavar="VALUE", dest=f"given_{name}", help=_said(takers))


def _said(takers: Mapping[str, Parameter]) -> str:
    """Give the help text of a flag: what it does, who takes it, and the default of each."""
    first = next(iter(takers.values()))
    by_default: dict[str, list[str]] = {}
    for method, each in takers.items():
        shown = "none" if each.default is None else f"{each.default:g}" if each.kind is float else str(each.default)
        by_default.setdefault(shown, []).append(method)
    defaults = "; ".join(f"{', '.join(methods)}: {shown}" for shown, methods in by_default.items())
    return f"{first.help} ({first.allowed}; {defaults})".replace("%", "%%")


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.segmenting.segment import segment_images

    values = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    given = {key: values.pop(key) for key in list(values) if key.startswith("given_")}
    values["given"] = {key.removeprefix("given_"): value for key, value in given.items() if value is not None}
    return print_report(segment_images(SegmentSettings(**values)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
