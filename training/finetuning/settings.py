"""Everything that can be chosen for a fine-tuning; nothing heavy is imported here, so ``--help`` answers at once."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from storage.errors import UsageError
from storage.simclr_files import MEGABYTES as SIMCLR_MODELS
from training.shared_settings import TrainingRun, check_choices, check_least, check_positive, half_cosine

MODELS = ("tiny", "street", "resnet18", "resnet50", *SIMCLR_MODELS)
OPTIMIZERS = ("lars", "adamw", "sgd")
SCHEDULES = ("cosine", "none")
LEAST_SIDE = 32  # pixels; what the last map of every network is one place of
FREEZES = ("none", "stem", "stage1", "stage2", "stage3")
PUBLISHED, RANDOM = "default", "none"  # as --weights
MODEL_FILE, CHECKPOINTS_FOLDER = "finetuned.onnx", "checkpoints"
SIMCLR_FILE = "finetuned.pt"  # in place of the ONNX file, which cannot hold the largest of these networks
MADE_BY = "python -m tools.finetune_simclr"


@dataclass(frozen=True)
class ViewSettings:
    """How a photo becomes a view: the augmentations of SimCLR (Chen et al. 2020, appendix A).

    Attributes
    ----------
    size : int
        Side of the square views in pixels.
    jitter : float
        Strength j of the changes of colour: brightness, contrast and saturation by up to 0.8 j, hue by up to 0.2 j.
    min_area : float
        Smallest share of the photo's area that a view shows.
    """

    size: int = 224
    jitter: float = 1.0
    min_area: float = 0.08


@dataclass(frozen=True)
class FinetuneSettings:
    """How a network learns.

    Attributes
    ----------
    epochs : int
        How often all photos are looked at.
    batch_size : int
        Photos of a step, for each process and each of its ``accumulate`` parts; each gives two views.
    accumulate : int
        Parts of a step whose gradients are added up. The negatives of a view are those of its own part.
    optimizer : str
        One of ``OPTIMIZERS``.
    learning_rate : float or None
        The highest; None for 0.075 times the root of all photos of a step (the SimCLR paper's) for ``lars``, else
        2e-4.
    warmup_epochs : float
        In which the rate rises from 0.
    schedule : str
        ``cosine``: then falls to 0 by half a cosine; ``none``: stays.
    weight_decay, momentum : float
        Of the optimiser; AdamW has no momentum of this kind.
    nesterov : bool
        Look ahead, for ``lars`` and ``sgd``.
    lars_all : bool
        Adapt the rate of biases and norms too, and decay them. The paper leaves both out.
    temperature : float
        Of the contrastive loss.
    projection : int
        Numbers of the head's output that the loss is computed on, which is thrown away afterwards; 0 for none: the
        loss is computed on the descriptor itself.
    freeze : str
        Up to which part the network stays as it was.
    keep_norms : bool
        Whether norms stay as they were: statistics of few photos are poor news.
    validation_share : float
        Share of the photos (of their groups) that is not learnt from; 0 for none.
    seed : int
        Of everything drawn.
    views : ViewSettings
        How views are made.
    """

    epochs: int = 100
    batch_size: int = 32
    accumulate: int = 1
    optimizer: str = "lars"
    learning_rate: float | None = None
    warmup_epochs: float = 10.0
    schedule: str = "cosine"
    weight_decay: float = 1e-6
    momentum: float = 0.9
    nesterov: bool = False
    lars_all: bool = False
    temperature: float = 0.1
    projection: int = 128
    freeze: str = "none"
    keep_norms: bool = False
    validation_share: float = 0.1
    seed: int = 0
    views: ViewSettings = ViewSettings()

    def highest_rate(self, photos_of_step: int) -> float:
        """Give the highest learning rate, where a step looks at so many photos in all processes."""
        if self.learning_rate is not None:
            return self.learning_rate
        return 0.075 * math.sqrt(photos_of_step) if self.optimizer == "lars" else 2e-4

    def rate_share(self, step: int, steps_of_epoch: int) -> float:
        """Give the share of the highest rate that a step, counted from 0, is made with."""
        num_steps = self.epochs * steps_of_epoch
        warmup = min(self.warmup_epochs, self.epochs) * steps_of_epoch
        if step < warmup:
            return (step + 1) / max(1.0, warmup) if warmup >= 1 else 1.0
        if self.schedule == "none":
            return 1.0
        return half_cosine((step - warmup) / max(1.0, num_steps - warmup))

    def check(self) -> None:
        """Raise UsageError, naming the flag, when a value is out of range."""
        check_choices(self, {"optimizer": OPTIMIZERS, "schedule": SCHEDULES, "freeze": FREEZES})
        least = {"epochs": 1, "batch_size": 1, "accumulate": 1, "warmup_epochs": 0, "weight_decay": 0}
        check_least(self, least | {"projection": 0, "seed": 0})
        _check_between("momentum", self.momentum, 0, 1)
        _check_between("validation_share", self.validation_share, 0, 1)
        check_positive(self, ("temperature", "learning_rate"))
        if self.optimizer == "lars" and self.weight_decay == 0:
            raise UsageError("--weight_decay 0: LARS adapts rates by it; give a small one, or --optimizer sgd")
        if self.nesterov and (self.optimizer == "adamw" or self.momentum == 0):
            raise UsageError("--nesterov: needs --optimizer lars or sgd, and a --momentum above 0")
        check_least(self.views, {"size": LEAST_SIDE})
        if not 0 <= self.views.jitter <= 1:
            raise UsageError(f"--jitter {self.views.jitter:g}: must be 0 to 1")


def _check_between(flag: str, value: float, least: float, below: float) -> None:
    if not least <= value < below:
        raise UsageError(f"--{flag} {value:g}: must be {least:g} or more and below {below:g}")


@dataclass(frozen=True)
class FinetuneRecipe(TrainingRun):
    """One fine-tuning, from folders of photos to an ONNX file.

    Attributes
    ----------
    model : str
        A name of :data:`MODELS`.
    weights : Path or None
        What is begun with; None for random weights.
    pairs_file, clusters : Path or None
        Which photos show the same building: verified pairs, or groups (``clusters.json``, ``labels.csv``).
    min_positive_score : float
        Pairs with a lower score are not believed.
    learning : FinetuneSettings
        How it learns.
    whiten : bool
        Whether the exported network ends in a whitening that was learnt on the photos.
    input_side : int or None
        Longest side in pixels of the whole photos that the exported network sees; None for the model's own.
    save_every, keep_last : int
        Epochs from one checkpoint to the next, and how many of them stay.
    amp : bool
        Whether a GPU computes in bfloat16 where PyTorch thinks it safe; weights stay float32.
    num_workers : int
        Threads that draw views ahead.
    follow_links : bool
        Whether links in the image folders are followed.
    """

    model: str = "street"
    weights: Path | None = None
    pairs_file: Path | None = None
    clusters: Path | None = None
    min_positive_score: float = 0.9
    learning: FinetuneSettings = FinetuneSettings()
    whiten: bool = False
    input_side: int | None = None
    save_every: int = 10
    keep_last: int = 3
    amp: bool = True
    num_workers: int = 0
    follow_links: bool = False

    def check(self) -> None:
        """Raise UsageError, naming the flag, when a value is out of range."""
        self.learning.check()
        if self.whiten and self.model in SIMCLR_MODELS:
            raise UsageError(f"--whiten: the weight file of --model {self.model} has no place for a whitening")
        if self.pairs_file is not None and self.clusters is not None:
            raise UsageError("--pairs_file and --clusters: give one of the two")
        check_least(self, {"save_every": 1, "keep_last": 1, "num_workers": 0, "input_side": LEAST_SIDE})

    @property
    def model_file(self) -> Path:
        """Where the network is written."""
        return self.output_dir / (SIMCLR_FILE if self.model in SIMCLR_MODELS else MODEL_FILE)

    def identity(self) -> dict[str, Any]:
        """Give what the weights depend on beside photos, positives, start and processes, as JSON values."""
        return {"model": self.model, "learning": asdict(self.learning), "amp": self.amp and self.device != "cpu"}
