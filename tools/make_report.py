"""Make a folder of static pages that shows the buildings, opens from the disk, and can be mailed or printed.

Reads   clusters.json, clusters_info.json and the run reports of a work folder, and the photos of --image_dir
Writes  --export_dir, or RESULTS_DIR/report: index.html with everything that it needs beside it; buildings.csv,
        photos.csv, buildings.geojson, buildings.kml; sheets/, a contact sheet per building. RESULTS_DIR/thumbnails
        keeps the pictures for the next time.

A former report is brought up to date: only what changed is made again. The pages ask nobody for anything, unless
--map_tiles names a server of map tiles.

Example: python -m tools.make_report --work_dir work/demo
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.tools import ReportSettings
from stages.work_places import work_places


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = ReportSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--work_dir", type=Path, help="work folder of run_pipeline.py, with datasets/, netvlad/ and results/ in it")
    add("--image_dir", type=Path, help="folder of photos; default: WORK_DIR/datasets")
    add("--outputs_dir", type=Path, help="folder of descriptors and pairs; default: WORK_DIR/netvlad")
    add("--results_dir", type=Path, help="folder of the clusters; default: WORK_DIR/results")
    add("--export_dir", type=Path, help="where the report goes; default: RESULTS_DIR/report")
    add("--title", help="title of the pages; default: the name of the work folder")
    add("--thumbnail_side", type=int, default=default.thumbnail_side, help="longest side of small pictures, in pixels")
    add("--photo_side", type=int, default=default.photo_side, help="longest side of large pictures, in pixels")
    add("--no_contact_sheets", action="store_true", help="leave the PNG contact sheets out")
    add("--map_tiles", metavar="URL", help="show map tiles of this address, with {z}, {x} and {y} in it, when online")
    add("--map_attribution", default=default.map_attribution, help="whose tiles they are; shown on the map")
    add("--num_workers", type=worker_count, default="auto", help="processes that make pictures; auto: all cores")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are skipped")
    add("--timeout_s", type=float, default=default.timeout_s, help="a photo that takes longer is skipped")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Make the report and print what was done."""
    from web.report.make import make_report

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json", "work_dir")}
    given |= asdict(work_places(args))
    given["title"] = args.title or (args.work_dir or Path()).absolute().name or ReportSettings.title
    return print_report(make_report(ReportSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
