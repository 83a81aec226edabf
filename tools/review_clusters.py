"""Look at the clusters in a browser and correct them; every correction is kept in decisions.json.

Reads   the photos, pairs and clusters of --work_dir, as run_pipeline.py leaves them
Writes  RESULTS_DIR/decisions.json and review.jsonl with every action; clusters.json and clusters_info.json when the
        corrections are applied; small pictures in RESULTS_DIR/thumbnails

Only this machine can reach the page, unless --host names another address; then only who has the printed address can.

Example: python -m tools.review_clusters --work_dir work/photos
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes

HOST, PORT = "127.0.0.1", 8765


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--work_dir", type=Path, default=Path("."), help="work folder: holds the three folders below")
    add("--image_dir", type=Path, help="folder of photos; default: WORK_DIR/datasets")
    add("--outputs_dir", type=Path, help="where match_pairs.py wrote the pairs; default: WORK_DIR/netvlad")
    add("--results_dir", type=Path, help="where create_clusters.py wrote the clusters; default: WORK_DIR/results")
    add("--host", default=HOST, help="address to listen on; another than the default lets others in who have the token")
    add("--port", type=int, default=PORT, help="port to listen on; 0: any that is free")
    add("--no_browser", action="store_true", help="do not open a browser")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Open the review and serve it until it is interrupted."""
    from web.review.serving import ServeSettings, serve_review

    folders = {"image_dir": "datasets", "outputs_dir": "netvlad", "results_dir": "results"}
    given = {name: getattr(args, name) or args.work_dir / folder for name, folder in folders.items()}
    settings = ServeSettings(
        **given, host=args.host, port=args.port, opens_browser=not args.no_browser, follow_links=args.follow_links
    )
    serve_review(settings, lambda address: print(address, flush=True))
    return 0


if __name__ == "__main__":
    sys.exit(main(parse_args()))
