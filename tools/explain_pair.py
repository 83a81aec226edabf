"""Explain why two photos are in one building, or are not, and draw the matches between them.

A and B are image names, ends of image names (img_0012, street/img_0012.jpg) or paths into --image_dir.

Reads   both photos of --image_dir; as far as they stand, the pairs and local features in --outputs_dir, and
        clusters.json, clusters_info.json and decisions.json in --results_dir
Writes  --output, or RESULTS_DIR/explained/A--B.png: both photos, the matches that agree as lines, the numbers

A pair that match_pairs.py did not look at is matched now; nothing is written but the picture.

Example: python -m tools.explain_pair img_0012 img_0047
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes
from stages.settings.tools import ExplainSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = ExplainSettings("", "")
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("first", metavar="A", help="the photo on the left")
    add("second", metavar="B", help="the photo on the right")
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos")
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="where match_pairs.py wrote the pairs")
    add("--results_dir", type=Path, default=default.results_dir, help="where create_clusters.py wrote the clusters")
    add("--pairs_file", type=Path, default=default.pairs_file, help="default: those that the clusters were made of")
    add("--decisions", type=Path, default=default.decisions, help="default: decisions.json of --results_dir")
    add(
        "--calibration", type=Path, default=default.calibration, help="what match_pairs.py was given; default: built in"
    )
    add("--output", type=Path, default=default.output, metavar="FILE.png", help="default: see above")
    add("--max_side", type=int, default=default.max_side, help="longest side of a drawn photo, in pixels")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are refused")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Explain, draw, print."""
    from stages.explain import explain_pair

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    found = explain_pair(ExplainSettings(**given))
    print(json.dumps(found.as_json(), indent=1) + "\n" if args.json else found.as_text(), end="")
    return found.exit_code


if __name__ == "__main__":
    sys.exit(main(parse_args()))
