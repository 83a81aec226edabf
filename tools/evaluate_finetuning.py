"""Say whether a fine-tuning helped: checkpoints against their start, on photos whose buildings are known.

Take photos of buildings that the fine-tuning has not seen. One sentence for each checkpoint says whether it is better
or worse than the start, by how much, and how sure that is (a bootstrap over buildings).

Reads   checkpoints of tools.finetune_simclr, or networks as ONNX files (--checkpoints, --start), the photos
        (--image_dir), and which show the same building (--truth: labels.csv or clusters.json)
Writes  to --output_dir: evaluation.csv and evaluation.json (recall@k, mAP, B-cubed F1, cluster statistics, gains),
        buildings.csv (the statistics of each building), recall.png, statistics.png, reports/evaluate_finetuning/

Example:
  python -m tools.evaluate_finetuning --checkpoints finetuned/checkpoints/*.pt --image_dir other_photos \\
      --truth other_photos/labels.csv --output_dir finetuned/evaluation
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from stages.settings.finetuning import EvaluateFinetuningSettings


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    default = EvaluateFinetuningSettings((), Path(), Path())
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--checkpoints", type=Path, nargs="+", required=True, metavar="FILE", help="what is measured")
    add("--image_dir", type=Path, required=True, help="photos")
    add("--truth", type=Path, required=True, help="labels.csv or clusters.json: which show the same building")
    add("--start", type=Path, help="what they began with; default: epoch-0000.pt beside the first")
    add("--output_dir", type=Path, default=default.output_dir, help="where everything is written")
    add("--k", type=int, nargs="+", default=default.k, help="depths of the recall")
    add("--input_side", type=int, help="longest side of the photos as the network sees them; default: its own")
    add("--num_resamples", type=int, default=default.num_resamples, help="draws of buildings for the interval")
    add("--seed", type=int, default=default.seed, help="of the draws")
    add("--num_threads", type=int, help="threads of the processor; all by default")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folder")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Measure, write, say which is better."""
    from stages.finetuning.evaluate import evaluate_finetuning

    given = {key: value for key, value in vars(args).items() if key not in ("quiet", "json")}
    given |= {"checkpoints": tuple(args.checkpoints), "k": tuple(args.k)}
    return print_report(evaluate_finetuning(EvaluateFinetuningSettings(**given)), args)


if __name__ == "__main__":
    sys.exit(main(parse_args()))
