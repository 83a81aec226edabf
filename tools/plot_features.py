"""Draw a map of the photos by their descriptors, coloured by cluster: like photos lie near each other.

Reads   global-feats-MODEL.h5 in --outputs_dir (of joined models all), clusters.json in --results_dir, the photos
Writes  to --output_dir: map.html with sheets/ and photos/ (opens without a server), map-METHOD.png;
        with --projector the folder that TensorBoard's embedding projector opens (vectors, metadata, sprite);
        with --parquet a table for viewers of embeddings (needs pyarrow)

Methods: tsne, pca, umap (needs umap-learn). The first is shown at first and goes into the table.

Examples:
  python -m tools.plot_features --work_dir work/demo
  python -m tools.plot_features --work_dir work/demo --methods pca --projector projector --parquet map.parquet
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.tools import PlotSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = PlotSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--work_dir", type=Path, default=default.work_dir, help="holds the next three folders")
    add("--image_dir", type=Path, default=default.image_dir, help="photos; default: datasets, in --work_dir if given")
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="features; default: netvlad, likewise")
    add("--results_dir", type=Path, default=default.results_dir, help="clusters; default: results, likewise")
    add("--output_dir", type=Path, default=default.output_dir, help="default: RESULTS_DIR/map")
    add("--model", default=default.model, help="default: that of the clusters, or of the only features file")
    add("--methods", nargs="+", default=default.methods, metavar="METHOD", help="one or more of tsne, pca, umap")
    add("--perplexity", type=float, default=default.perplexity, help="neighbours that t-SNE and UMAP care for")
    add("--seed", type=int, default=default.seed, help="of everything random")
    add("--projector", type=Path, default=default.projector, metavar="DIR", help="also write this folder")
    add("--parquet", type=Path, default=default.parquet, metavar="FILE.parquet", help="also write this table")
    add("--num_workers", type=worker_count, default="auto", help="processes that make thumbnails; auto: all cores")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Draw, write, print where it is."""
    from stages.plot import plot_features
    from web.plot.page import map_page

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    given["methods"] = tuple(given["methods"])
    return print_report(plot_features(PlotSettings(**given), map_page), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
