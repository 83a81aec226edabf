"""Measure indexes: what they find of what queries should find, how fast, in how much memory.

Reads   --database, --queries, --distractors: global-feats-MODEL.h5, or folders features-METHOD-... of the hashes that
        tools.compare_images keeps; --truth: manifest.csv, truth.csv (query,source) or labels.csv (path,building)
Writes  to --results_dir: search.json, search.csv, and search-groups.csv where the truth names attacks

Files of one model are put one after another, those of several models are joined. Without --queries every photo of the
database is one; where --truth names the queries, these are, and find no other. A photo never finds itself. --index is
flat, ivf, hnsw, pq, or a string for the index factory of faiss. Several values of a flag are several runs. All but
flat needs faiss: pip install -r requirements-search.txt

--rerank compares the first --num_rerank neighbours of each query by local features, which it needs the photos for:
those that agree with one map come first, most inliers ahead, all others keep their order.

Examples:
  python -m tools.search_experiment --database netvlad/global-feats-vlad.h5 --truth manifest.csv
  python -m tools.search_experiment --database db/global-feats-street.h5 --queries q/global-feats-street.h5 \\
      --truth attacked/manifest.csv --index flat ivf hnsw --metric cosine l2 --nprobe 1 8 32 --ef_search 16 64
  python -m tools.search_experiment --database db/global-feats-street.h5 --queries q/global-feats-street.h5 \\
      --truth attacked/manifest.csv --rerank rootsift_rotated --image_dir photos --query_dir attacked
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from hloc.matching import MATCHERS
from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.search import BACKENDS, METRICS, SearchSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = SearchSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    several = {"nargs": "+", "type": int}
    files = {"nargs": "+", "type": Path, "metavar": "F"}
    add("--database", **files, default=default.database, help="what is searched")
    add("--queries", **files, default=default.queries, help="what is looked for; default: photos of the database")
    add("--distractors", **files, default=default.distractors, help="searched too, and never right")
    add("--truth", type=Path, default=default.truth, metavar="FILE.csv", help="what each query should find")
    add("--id_regex", default=default.id_regex, metavar="REGEX", help="or: image names with the same group 1 are right")
    add("--results_dir", type=Path, default=default.results_dir, help="where results are written")
    add("--index", nargs="+", default=default.index, help="flat, ivf, hnsw, pq or a factory string")
    add("--metric", nargs="+", choices=METRICS, default=default.metric, help="default: cosine, of hashes hamming")
    add("--k", **several, default=default.k, help="neighbours of a query")
    add("--nlist", **several, default=default.nlist, help="ivf: lists; default: int(4*sqrt(photos))")
    add("--nprobe", **several, default=default.nprobe, help="ivf: lists that a search looks at")
    add("--hnsw_m", **several, default=default.hnsw_m, help="hnsw: links of a node")
    add("--ef_construction", **several, default=default.ef_construction, help="hnsw: candidates while building")
    add("--ef_search", **several, default=default.ef_search, help="hnsw: candidates while searching")
    add("--pq_m", **several, default=default.pq_m, help="pq: parts of a vector, a byte each; default: up to 64")
    add("--repeats", type=int, default=default.repeats, help="timed searches for all queries")
    add("--warmup", type=int, default=default.warmup, help="searches before these, not timed")
    add("--backend", choices=BACKENDS, default=default.backend, help="auto: faiss where it is installed")
    folder = {"type": Path, "metavar": "FOLDER"}
    add("--rerank", choices=tuple(MATCHERS), default=default.rerank, help="order the first by local features")
    add("--num_rerank", type=int, default=default.num_rerank, help="neighbours of a query that are re-ranked")
    add("--num_keypoints", type=int, default=default.num_keypoints, help="most keypoints of a photo for --rerank")
    add("--image_dir", **folder, default=default.image_dir, help="photos of --database, for --rerank")
    add("--query_dir", **folder, default=default.query_dir, help="those of --queries; default: --image_dir")
    add("--distractor_dir", **folder, default=default.distractor_dir, help="of --distractors; default: --image_dir")
    add("--num_workers", type=worker_count, default="auto", help="worker processes of --rerank; auto: as many as pay")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    from stages.retrieval.search_experiment import search_experiment

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    return print_report(search_experiment(SearchSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
