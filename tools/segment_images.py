"""Cut photos into segments by one of ten methods, and paint masks on them in a browser; or, with --batch, without one.

Reads   the photos of --image_dir; or those of --work_dir, with --building N only those of that building
Writes  to --export_dir: masks that are saved in the page, masks.json, coco.json, areas.csv; and .painting, which
        holds every action, so that nothing is lost however the program ends
        to --batch: labels/NAME.png, the id of each pixel's segment; previews/NAME.jpg, or with --preview all
        sheets/NAME.jpg, the eight automatic methods side by side; segments.csv, a line per segment

Methods: edge, superpixel, kmeans, slickmeans, chanvase, felzenszwalb, quickshift, graph; grabcut takes the object in
the middle of the photo, sam needs a checkpoint (docs/segmentation.md says what each is good for). Only parameters of
the chosen method are accepted, with --preview all those of all on the sheet, in the page those of sam, too. What
stands already is left alone. Only this machine can reach the page, unless --host names another address; then only who
has the printed address can.

Examples:
  python -m tools.segment_images --image_dir photos
  python -m tools.segment_images --work_dir work/demo --building 3
  python -m tools.segment_images --image_dir photos --batch segments
  python -m tools.segment_images --image_dir photos --batch fine --method superpixel --region_size 20
  python -m tools.segment_images --work_dir work/demo --building 3 --batch segments-3 --preview all
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from segmentation import METHODS, flags
from segmentation.parameters import Parameter
from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.painting import MASK_NAMES
from stages.settings.painting_page import PaintingSettings
from stages.settings.segmentation import PREVIEWS, SegmentSettings

HOST, PORT = "127.0.0.1", 8766


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default, page = SegmentSettings(Path()), PaintingSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos; default: datasets of --work_dir")
    add("--work_dir", type=Path, default=default.work_dir, help="holds datasets and results of the pipeline")
    add("--building", type=int, default=default.building, metavar="N", help="photos of this cluster of --work_dir")
    add("--batch", type=Path, metavar="OUT", help="no page: label images of all photos go here")
    add("--export_dir", type=Path, help="masks go here; default: the image folder's name with _segmented")
    add("--method", choices=tuple(METHODS), default=default.method, help="see above")
    add("--preview", choices=PREVIEWS, default=default.preview, help="pictures of --method, of all eight, or none")
    add("--preview_side", type=int, default=default.preview_side, help="longest side of a picture, in pixels")
    add(
        "--num_workers",
        type=worker_count,
        default="auto",
        metavar="N",
        help=f"processes, 0 for none; auto: as many as pay, {PaintingSettings.num_workers} for the page",
    )
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are skipped")
    add("--timeout_s", type=float, default=default.timeout_s, help="a photo that takes longer is skipped")
    add = parser.add_argument_group("the page").add_argument
    add("--host", default=HOST, help="address to listen on; another than the default lets others in who have the token")
    add("--port", type=int, default=PORT, help="port to listen on; 0: any that is free")
    add("--no_browser", action="store_true", help="do not open a browser")
    add("--names", choices=MASK_NAMES, default=page.names, help="of mask files; default: safe on Windows only")
    add("--classes", type=Path, default=page.classes, metavar="FILE", help="class table: JSON with names and colours")
    add("--templates", type=Path, default=page.templates, metavar="DIR", help="folders templates and segments, or some")
    add("--precompute", type=int, default=page.precompute, metavar="N", help="photos segmented ahead on each side")
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
    """Serve the page until it is ended, or run the stage and print its summary."""
    values = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    given = {key: values.pop(key) for key in list(values) if key.startswith("given_")}
    values["given"] = {key.removeprefix("given_"): value for key, value in given.items() if value is not None}
    if args.batch is None:
        return _serve(values)
    from stages.segmenting.segment import segment_images

    settings = SegmentSettings(**{key: values[key] for key in _names(SegmentSettings)})
    return print_report(segment_images(settings), args)


def _serve(values: Mapping[str, Any]) -> int:
    from web.segmentation.serving import PageSettings, serve_painting

    given = {key: values[key] for key in _names(PaintingSettings)}
    if given["num_workers"] is None:
        given["num_workers"] = PaintingSettings.num_workers
    place = PageSettings(values["host"], values["port"], opens_browser=not values["no_browser"])
    serve_painting(PaintingSettings(**given), place, lambda address: print(address, flush=True))
    return 0


def _names(settings: type) -> list[str]:
    return [each.name for each in fields(settings)]


if __name__ == "__main__":
    sys.exit(main(parse_args()))
