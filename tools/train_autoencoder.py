"""Train an autoencoder on folders of unlabelled photos; its latent is the descriptor of --model autoencoder.

Every photo is fitted into a picture of one size, with grey bars beside it. The network learns to draw the picture
again from its latent. A tenth of the photos is not learnt from: they say which epoch was best, and when to stop.

Reads   the photos of one folder or more (--images); with --loss perceptual the weights of VGG19
        (python -m tools.download_models vgg19)
Writes  to --output_dir: autoencoder.onnx (load it with extract_features.py --model autoencoder --weights FILE),
        recipe.json, photos.csv (every photo with its SHA-256), curve.csv (losses, epoch by epoch), checkpoint.pt,
        reports/train_autoencoder/. Killed at any moment, the same command goes on; more --epochs go on, too.

Examples:
  python -m tools.train_autoencoder --images photos --output_dir autoencoder
  python -m tools.train_autoencoder --images photos --output_dir large --architecture large --loss l1 --device cuda
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from stages.command_line import ScriptParser, exit_codes, print_report
from storage.errors import UsageError
from training.autoencoder.settings import (
    ARCHITECTURES,
    LOSSES,
    SCHEDULES,
    AutoencoderRecipe,
    AutoencoderSettings,
)

LEARNING = (
    ("architecture", "loss", "epochs", "patience", "learning_rate", "schedule", "batch_size", "validation_share")
    + ("seed",)
)  # fmt: skip
RUNNING = ("output_dir", "device", "num_threads", "tensorboard", "follow_links")


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    learning = AutoencoderSettings()
    parser = ScriptParser(__doc__)
    add = parser.add_argument
    add("--images", type=Path, nargs="+", required=True, help="folders of photos to learn from")
    add("--output_dir", type=Path, required=True, help="where everything is written")
    add("--architecture", choices=tuple(ARCHITECTURES), default=learning.architecture, help="the network")
    sides = ", ".join(f"{shape.side} for {name}" for name, shape in ARCHITECTURES.items())
    add("--size", help=f"of the pictures, SIDE or WIDTHxHEIGHT in pixels (default: {sides})", default=argparse.SUPPRESS)
    add("--loss", choices=LOSSES, default=learning.loss, help="what is made small")
    add("--epochs", type=int, default=learning.epochs, help="most looks at every photo")
    add("--patience", type=int, default=learning.patience, help="epochs without gain after which it ends")
    add("--learning_rate", type=float, default=learning.learning_rate, help="of Adam, at the beginning")
    add("--schedule", choices=SCHEDULES, default=learning.schedule, help="step: a tenth after every 10 epochs")
    add("--batch_size", type=int, default=learning.batch_size, help="pictures in a step")
    add("--validation_share", type=float, default=learning.validation_share, help="share of photos not learnt from")
    add("--seed", type=int, default=learning.seed, help="of everything random")
    add("--device", default=AutoencoderRecipe.device, help="cpu, cuda or cuda:N")
    add("--num_threads", type=int, help="threads of the processor; all by default")
    add("--tensorboard", action="store_true", help="write scalars to OUTPUT_DIR/tensorboard too")
    add("--follow_links", action="store_true", help="follow symbolic links in the image folders")
    return parser.parse_args(argv)


@exit_codes
def main(args: argparse.Namespace) -> int:
    """Train and export; print where the model lies and how well it reconstructs."""
    recipe = _recipe(args)
    from training.autoencoder.recipe import train_autoencoder

    return print_report(train_autoencoder(recipe), args)


def _recipe(args: argparse.Namespace) -> AutoencoderRecipe:
    size = _size(args.size) if "size" in args else None
    learning = AutoencoderSettings(size=size, **{name: getattr(args, name) for name in LEARNING})
    running = {name: getattr(args, name) for name in RUNNING}
    return AutoencoderRecipe(images=tuple(args.images), learning=learning, **running)


def _size(text: str) -> tuple[int, int]:
    try:
        width, *height = (int(side) for side in text.split("x"))
        (tall,) = height or [width]
    except ValueError:
        raise UsageError(f"--size {text}: must be SIDE or WIDTHxHEIGHT in pixels, such as 64 or 96x64") from None
    return width, tall


if __name__ == "__main__":
    sys.exit(main(parse_args()))
