"""Draw ``docs/demo.jpg``: the folders that the program made of the demo street, one row each, named and counted.

Reads ``results/building_images/`` of a work folder and nothing else, so the picture shows what a user gets.

Example: python run_pipeline.py --demo
         python benchmarks/demo_picture.py --work_dir work/demo --output docs/demo.jpg
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from storage.atomic import atomic_path  # noqa: E402

WIDTH, HEIGHT, GAP, MARGIN = 1400, 104, 5, 140  # of the picture, a row, between photos, for the names
PAPER, INK, QUIET = (246, 246, 244), (30, 30, 30), (110, 110, 110)
ALONE = "NotAssigned"


def folders_of(export_dir: Path) -> dict[str, list[Path]]:
    """Give the exported folders with their photos, those of buildings first."""
    folders = [folder for folder in export_dir.iterdir() if folder.is_dir()]
    folders.sort(key=lambda folder: (folder.name == ALONE, folder.name))
    return {folder.name: sorted(path for path in folder.rglob("*") if path.is_file()) for folder in folders}


def draw_sheet(folders: dict[str, list[Path]]) -> Image.Image:
    """Draw a row for each folder: its name, the number of its photos, and as many of them as have room."""
    sheet = Image.new("RGB", (WIDTH, len(folders) * (HEIGHT + GAP) + GAP), PAPER)
    draw = ImageDraw.Draw(sheet)
    name_font, count_font = ImageFont.load_default(17), ImageFont.load_default(15)
    for row, (name, photos) in enumerate(folders.items()):
        top, left = GAP + row * (HEIGHT + GAP), MARGIN
        draw.text((10, top + HEIGHT // 2 - 20), name, INK, name_font)
        draw.text((10, top + HEIGHT // 2 + 2), f"{len(photos)} photos", QUIET, count_font)
        for path in photos:
            tile = _tile(path)
            if left + tile.width > WIDTH - GAP:
                break
            sheet.paste(tile, (left, top))
            left += tile.width + GAP
    return sheet


def _tile(path: Path) -> Image.Image:
    with Image.open(path) as photo:
        upright = ImageOps.exif_transpose(photo).convert("RGB")
    return upright.resize((max(1, round(upright.width * HEIGHT / upright.height)), HEIGHT), Image.Resampling.LANCZOS)


def main(args: argparse.Namespace) -> int:
    """Write the picture and print where it is."""
    sheet = draw_sheet(folders_of(args.work_dir / "results" / "building_images"))
    with atomic_path(args.output) as temporary:
        sheet.save(temporary, "JPEG", quality=85, optimize=True)
    print(args.output)
    return 0


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work_dir", type=Path, default=Path("work/demo"))
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "demo.jpg")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main(parse_args()))
