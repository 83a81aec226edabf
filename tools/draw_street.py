"""Draw a street of damaged buildings: photos in a heap, and labels.csv that says which building each shows.

Reads nothing. Writes the photos to EXPORT_DIR/photos and the truth to EXPORT_DIR/labels.csv; the same settings give
the same photos. A folder that holds other files is refused.

Example:
  python -m tools.draw_street --export_dir street --seed 3 --contact_sheet street.png
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from demo.settings import StreetSettings
from stages.command_line import ScriptParser, exit_codes
from storage.errors import UsageError

log = logging.getLogger(__name__)
HELP = {
    "seed": "another seed gives another street",
    "num_buildings": "buildings with several photos each",
    "min_views": "fewest photos of one building",
    "max_views": "most photos of one building",
    "num_singles": "photos of things that are seen once",
    "side": "longest side of a photo, in pixels",
}


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    parser.add_argument("--export_dir", type=Path, required=True, help="where to draw; a new or empty folder")
    default = StreetSettings()
    for name, text in HELP.items():
        parser.add_argument(f"--{name}", type=int, default=getattr(default, name), help=text)
    parser.add_argument(
        "--contact_sheet", type=Path, metavar="FILE.png", help="also draw all photos small, one row per building"
    )
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Draw the street and say what it holds."""
    settings = StreetSettings(**{name: getattr(args, name) for name in HELP})
    _check_sheet(args.contact_sheet, args.export_dir)
    from demo import draw_street

    start = time.monotonic()
    log.info("drawing %d buildings", settings.num_buildings)
    truth = draw_street(args.export_dir, settings)
    result: dict[str, Any] = {
        "image_dir": str(truth.image_dir),
        "labels": str(truth.labels_file),
        "photos": len(truth.labels),
        "buildings": settings.num_buildings,
        "singles": settings.num_singles,
        "with_position": len(truth.positions),
    }
    if args.contact_sheet is not None:
        from demo.contact_sheet import draw_contact_sheet
        from storage.unchanged import write_if_changed

        write_if_changed(args.contact_sheet, draw_contact_sheet(truth.image_dir, truth.labels))
        result["contact_sheet"] = str(args.contact_sheet)
    result["seconds"] = round(time.monotonic() - start, 1)
    print(json.dumps(result, indent=1) if args.json else _as_text(result))
    return 0


def _check_sheet(sheet: Path | None, export_dir: Path) -> None:
    if sheet is None:
        return
    if sheet.suffix.lower() != ".png":
        raise UsageError(f"--contact_sheet {sheet}: the name must end in .png")
    if sheet.resolve().is_relative_to(export_dir.resolve()):
        raise UsageError(f"--contact_sheet {sheet} lies inside --export_dir {export_dir}; put it elsewhere")


def _as_text(result: dict[str, Any]) -> str:
    return "\n".join(f"{name.replace('_', ' ')}: {value}" for name, value in result.items())


if __name__ == "__main__":
    sys.exit(main(parse_args()))
