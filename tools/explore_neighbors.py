"""Show queries beside their nearest neighbours, right and wrong marked: what a descriptor confuses, and why.

Reads   --pairs_file, or descriptors in --database and --queries (global-feats-MODEL.h5); the photos in --image_dir and
        --query_dir; with --truth what is right: manifest.csv, truth.csv (query,source) or labels.csv (path,building)
Writes  --output: a page in one file (.html) that opens without a server, or a picture (.png)

Without --queries every photo of the database is one; where --truth names the queries, these are, and find no other.

Examples:
  python -m tools.explore_neighbors --pairs_file netvlad/pairs-vlad.txt --truth labels.csv --only incorrect
  python -m tools.explore_neighbors --database a/global-feats-street.h5 --image_dir photos \\
      --queries b/global-feats-street.h5 --query_dir attacked --truth attacked/manifest.csv --output wrong.png
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings.retrieval import SHOWN, NeighborSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = NeighborSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--pairs_file", type=Path, default=default.pairs_file, help="scored pairs of one collection")
    add("--database", type=Path, default=default.database, metavar="FILE.h5", help="descriptors that are searched")
    add("--queries", type=Path, default=default.queries, metavar="FILE.h5", help="descriptors that are looked for")
    add("--image_dir", type=Path, default=default.image_dir, help="photos of the database, or of the pairs")
    add("--query_dir", type=Path, default=default.query_dir, help="photos of the queries; default: --image_dir")
    add("--truth", type=Path, default=default.truth, metavar="FILE.csv", help="what each query should find")
    add("--output", type=Path, default=default.output, help="a file that ends in .html or .png")
    add("--k", type=int, default=default.k, help="neighbours of each query")
    add("--at", type=int, default=default.at, help="a query is correct when one of so many first neighbours is right")
    add("--n_queries", type=int, default=default.n_queries, help="queries that are shown, drawn by --seed")
    add("--only", choices=SHOWN, default=default.only, help="which queries are shown")
    add("--tile", type=int, default=default.tile, help="longest side of a shown photo, in pixels")
    add("--seed", type=int, default=default.seed, help="of the choice of queries")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folders")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are not shown")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.retrieval.neighbors import explore_neighbors
    from web.neighbors.page import neighbors_page

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    return print_report(explore_neighbors(NeighborSettings(**given), neighbors_page), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
