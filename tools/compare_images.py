"""Compare photos pair by pair with a classical similarity, and keep the pairs that are similar.

Reads   the photos of --image_dir
Writes  to --outputs_dir: pairs-METHOD.txt (or .h5) and its origin .json, which create_clusters.py, match_pairs.py and
        the other tools take; features-METHOD-.../, the feature of each photo, computed once

docs/similarities.md says what each method is good for. Higher scores are more similar; a pair at or above --threshold
is written.

--skip exact   leaves out pairs whose photos are in one cluster already: the same clusters, fewer comparisons
--skip leader  the rule of clusterimg: of two similar photos the later one is compared with nothing any more. Fastest,
               but the result depends on the order of the photos, and chains of similar photos may be broken
--skip none    compares all pairs

With --batch_size photos are compared within batches (by file size, then by name); then one representative of each
cluster is compared with those of other batches. --option dontmerge stops before that, --option merge goes on there.

Examples:
  python -m tools.compare_images --image_dir datasets --method phash
  python -m tools.compare_images --image_dir datasets --method ssim --batch_size 500 --rescue_outliers
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hloc.similarities import SIMILARITIES
from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.compare import HASH_SCALES, MINHASH_TOKENS, OPTIONS, ORB_SCORES, SKIPS, CompareSettings
from stages.settings.pipeline import PAIRS_FORMATS


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = CompareSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos")
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="where pairs and features are written")
    add("--method", choices=SIMILARITIES, default=default.method, help="similarity")
    add("--threshold", type=float, default=default.threshold, help="least score of a similar pair; default: METHOD's")
    add("--size", type=int, nargs=2, metavar=("W", "H"), help="pixels that photos are brought to; default: METHOD's")
    add("--scale", type=float, nargs=2, metavar=("FX", "FY"), help="factors of width and height instead of --size")
    add("--hash_size", type=int, default=default.hash_size, help="bits along a side of a hash; default: METHOD's")
    add("--hash_scale", choices=HASH_SCALES, default=default.hash_scale, help="rows: as clusterimg scored hashes")
    add("--minhash_tokens", choices=MINHASH_TOKENS, default=default.minhash_tokens, help="axes: as in clusterimg")
    add("--orb_score", choices=ORB_SCORES, default=default.orb_score, help="ratio: as in clusterimg")
    add("--skip", choices=SKIPS, default=default.skip, help="which pairs are not compared, see above")
    add("--batch_size", type=int, default=default.batch_size, help="photos of a batch; default: one batch of all")
    add("--option", choices=OPTIONS, default=default.option, help="dontmerge or merge, see above; empty: all at once")
    add("--rescue_outliers", action="store_true", help="compare photos without a pair across batches, too")
    add("--num_workers", type=worker_count, default="auto", help="processes and threads; auto: as many as pay")
    add("--pairs_format", choices=PAIRS_FORMATS, default=default.pairs_format, help="hdf5: smaller, read faster")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are skipped")
    add("--timeout_s", type=float, default=default.timeout_s, help="photos that take longer are skipped")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.compare import compare_images

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    for pair in ("size", "scale"):
        given[pair] = None if given[pair] is None else tuple(given[pair])
    return print_report(compare_images(CompareSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
