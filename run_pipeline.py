"""Photos to one folder per building, in one command: all stages in order, each only as far as it is not up to date.

Reads   the photos of --image_dir, which are never changed; with --demo a street that it draws first
Writes  WORK_DIR/datasets   copies of the photos
        WORK_DIR/netvlad    descriptors, scored pairs, and the same pairs verified by local features
        WORK_DIR/results    clusters.json, clusters_info.json and building_images/, one folder per building

Example: python run_pipeline.py --image_dir PHOTOS
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, worker_count
from stages.settings.pipeline import TRANSFER_MODES, PipelineSettings
from storage.errors import UsageError


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = PipelineSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos")
    add("--demo", action="store_true", help="draw a street of damaged buildings and run on it")
    add("--work_dir", type=Path, default=default.work_dir, help="work folder; default: work/<name of the image folder>")
    add("--mode", choices=TRANSFER_MODES, default=default.mode, help="how photos get into the work folder and out")
    add("--max_side", type=int, default=default.max_side, help="make the copies smaller: longest side in pixels")
    add(
        "--model",
        default=default.model,
        help="auto (netvlad when its weights lie in the cache, else vlad+street), a name, or A+B",
    )
    add("--weights", type=Path, default=default.weights, help="weight file to use in place of the model's own")
    add("--device", default=default.device, help="where a network runs: auto, cpu, cuda (all), cuda:0,cuda:2, mps")
    add("--num_workers", type=worker_count, default="auto", help="worker processes; auto: as many as pay")
    add("--num_to_match", type=int, default=default.num_to_match, help="most similar photos to list for each photo")
    add("--no_verify", action="store_true", help="cluster by the descriptors alone, without match_pairs.py")
    add(
        "--strong_edg_thresh",
        "--strong_edge_thresh",
        type=float,
        default=None,
        help="probability, or score with --no_verify; default: the method's, or the model's",
    )
    add("--weak_edg_thresh", "--weak_edge_thresh", type=float, default=None, help="likewise")
    add("--gps_count_thresh", type=int, default=default.gps_count_thresh, help="positions a cluster needs to be merged")
    add("--gps_distance_thresh", type=float, default=default.gps_distance_thresh, help="metres between merged clusters")
    add("--seed", type=int, default=default.seed, help="of the drawn street")
    add("--overwrite", action="store_true", help="compute all descriptors anew")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--prune", action="store_true", help="remove copies whose source is gone, unless most are")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are skipped and named")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run all stages and print the closing summary."""
    if args.demo == (args.image_dir is not None):
        raise UsageError("give either --image_dir PHOTOS or --demo")
    from stages.pipeline import run_pipeline

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json", "demo")}
    result = run_pipeline(PipelineSettings(**given))
    print(json.dumps(result.as_json(), indent=1) if args.json else result.as_text(), end="")
    return result.exit_code


if __name__ == "__main__":
    sys.exit(main(parse_args()))
