"""Describe every photo by a vector and pair each photo with its most similar others.

Reads   the photos of --image_dir
Writes  OUTPUTS_DIR/global-feats-MODEL.h5   one descriptor per photo
        OUTPUTS_DIR/pairs-MODEL.txt         the best pairs with their scores; .h5 with --pairs_format hdf5

With --keep_local_features also OUTPUTS_DIR/local-feats-rootsift-2000/, which match_pairs.py would write otherwise.
With --shard i/n it describes every n-th photo only, to OUTPUTS_DIR/shards/i-of-n/, so that n machines share the work;
python -m tools.merge_features then makes the two files above of all shards.

Example: python extract_features.py --image_dir datasets --num_to_match 20
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report, worker_count
from stages.settings.pipeline import PAIRS_FORMATS, SEARCHES, ExtractSettings

ENGINES = ("auto", "torch", "ncnn", "openvino", "onnxruntime")
PRECISIONS = ("fp32", "bf16", "fp16", "int8")
LAYOUTS = ("NCHW", "NHWC")


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = ExtractSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--image_dir", type=Path, default=default.image_dir, help="folder of photos")
    add("--outputs_dir", type=Path, default=default.outputs_dir, help="where descriptors and pairs are written")
    add("--num_to_match", type=int, default=default.num_to_match, help="most similar photos to list for each photo")
    add("--min_score", type=float, default=default.min_score, help="pairs below this score are left out")
    add(
        "--search",
        choices=SEARCHES,
        default=default.search,
        help="auto: exact below 300,000 photos and where usearch is not installed, else by an index",
    )
    add(
        "--model",
        default=default.model,
        help="auto (netvlad when its weights lie in the cache, else vlad+street), a name, A+B, onnx:FILE",
    )
    add("--weights", type=Path, default=default.weights, help="weight file to use in place of the model's own")
    add("--device", default=default.device, help="where a network runs: auto, cpu, cuda (all), cuda:0,cuda:2, mps")
    add(
        "--batch_size",
        type=int,
        default=default.batch_size,
        help="photos of equal shape a GPU takes at once; default: 32, mps 8; a processor takes one",
    )
    add("--num_workers", type=worker_count, default="auto", help="worker processes; auto: as many as pay")
    add("--resize_max", type=int, default=default.resize_max, help="longest side in pixels; default: the model's own")
    add("--half", action="store_true", help="store descriptors as 16-bit floats")
    add("--layout", choices=("packed", "hloc"), default=default.layout, help="hloc: also write hloc's per-image layout")
    add("--overwrite", action="store_true", help="make everything anew, take nothing over")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    add("--max_megapixels", type=float, default=default.max_megapixels, help="larger photos are skipped and named")
    add("--timeout_s", type=float, default=default.timeout_s, help="photos that take longer are skipped and named")
    add("--engine", choices=ENGINES, default=default.engine, help="what computes a network of PyTorch; default: auto")
    add("--precision", choices=PRECISIONS, default=default.precision, help="that a network computes in; default: fp32")
    add("--compile", action="store_const", const=True, default=default.compile, help="let PyTorch compile a network")
    add("--jpeg_decoder", choices=("cpu", "gpu"), default=default.jpeg_decoder, help="gpu: nvJPEG on an NVIDIA GPU")
    add(
        "--input_size", metavar="HxW", default=default.input_size, help="for onnx:FILE: the picture it takes, in pixels"
    )
    add("--input_mean", metavar="R,G,B", default=default.input_mean, help="for onnx:FILE: of values from 0 to 1")
    add("--input_std", metavar="R,G,B", default=default.input_std, help="for onnx:FILE: of values from 0 to 1")
    add("--input_layout", choices=LAYOUTS, default=default.input_layout, help="for onnx:FILE; default: NCHW")
    add("--shard", metavar="i/n", default=default.shard, help="describe part i of n only; see above")
    add("--distributed", choices=("ray",), default=default.distributed, help="share the work on a Ray cluster")
    add("--ray_address", default=default.ray_address, help="of the cluster; default: one is started on this machine")
    add("--pairs_format", choices=PAIRS_FORMATS, default=default.pairs_format, help="hdf5: smaller, read faster")
    add(
        "--keep_local_features",
        action="store_true",
        help="of vlad: match_pairs.py then need not detect them again; about 260 kB a photo",
    )
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Run the stage and print its summary."""
    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    if args.shard is not None:
        from stages.extract_shard import extract_shard

        return print_report(extract_shard(ExtractSettings(**given)), args)
    if args.distributed is not None:
        from stages.distributed.extraction import extract_with_ray

        return print_report(extract_with_ray(ExtractSettings(**given)), args)
    from stages.extract import extract_features

    return print_report(extract_features(ExtractSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
