"""Settings of ``tools.evaluate_finetuning``; imports nothing heavy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class EvaluateFinetuningSettings:
    """Settings of ``tools.evaluate_finetuning``.

    ``checkpoints`` are files of ``tools.finetune_simclr`` (``.pt``), or networks in ONNX files. ``truth`` is a
    ``labels.csv`` or a ``clusters.json``. ``start`` of None is the ``epoch-0000.pt`` beside the first checkpoint.
    ``input_side`` of None is the network's own. The interval is taken from ``num_resamples`` draws of the buildings.
    """

    checkpoints: tuple[Path, ...]
    image_dir: Path
    truth: Path
    start: Path | None = None
    output_dir: Path = Path("results/finetuning")
    k: tuple[int, ...] = (1, 5, 10)
    input_side: int | None = None
    num_resamples: int = 2000
    seed: int = 0
    num_threads: int | None = None
    follow_links: bool = False
