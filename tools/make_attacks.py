"""Make altered copies of photos to test near-duplicate search with: noise, blur, JPEG, crops, turns, text and more.

Reads   the photos in --image_dir, at any depth
        --params: JSON such as {"rotation": [90, 180]}, as a file or to the letter
Writes  to --export_dir: NAME_ATTACK.png for each photo and attack; manifest.csv, the truth: which photo each is made
        of, by which attack; .attacks/, by which the next run knows its own

A copy depends on the photo, its name, the attack and --seed alone. What stands already is left alone.

Examples:
  python -m tools.make_attacks --image_dir photos --export_dir attacked
  python -m tools.make_attacks --image_dir photos --export_dir attacked --attacks rotation text_length_20 --sample 200
  python -m tools.make_attacks --image_dir photos --export_dir turned --attacks rotation --params grids.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from attacks import FAMILIES
from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.retrieval import FILE_FORMATS, AttackSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = AttackSettings(Path(), Path())
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, required=True, help="photos to attack")
    add("--export_dir", type=Path, required=True, help="where the copies go; not in --image_dir")
    families = f"all, families ({', '.join(FAMILIES)}), or ids such as rotation_20_and_rescaling"
    add("--attacks", nargs="+", default=default.attacks, metavar="ATTACK", help=families)
    add("--params", default=default.params, metavar="JSON", help="lists of parameters by family, or a file with them")
    add("--seed", type=int, default=default.seed, help="of everything random")
    add("--font", type=Path, default=default.font, metavar="FILE", help=".ttf or .otf; default: Aileron, with Pillow")
    add("--format", choices=FILE_FORMATS, default=default.format, help="of the copies; jpg adds a loss of its own")
    add("--limit", type=int, default=default.limit, metavar="N", help="the first N photos by name only")
    add("--sample", type=int, default=default.sample, metavar="N", help="N photos drawn by --seed only")
    add("--num_workers", type=worker_count, default=default.num_workers, metavar="N", help="processes; 0 for none")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are skipped")
    add("--timeout_s", type=float, default=default.timeout_s, help="a photo that takes longer is skipped")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.retrieval.attack import make_attacks

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    given["attacks"] = tuple(given["attacks"])
    return print_report(make_attacks(AttackSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
