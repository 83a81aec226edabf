"""Everything that can be chosen for a training; nothing heavy is imported here, so that ``--help`` answers at once."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

INPUT_SIDE = 224  # of whole photos when the descriptor is used
WARMUP_SHARE = 1 / 30  # of the steps
LAST_RATE = 0.005  # of the first, so that the last steps still move


@dataclass(frozen=True)
class CropSettings:
    """How crops are drawn.

    Attributes
    ----------
    size : int
        Side of the square crops in pixels.
    min_area : float
        Smallest share of the photo's area; the side of the share is drawn evenly, so small and large ones come alike.
    max_stretch : float
        Most by which the aspect is changed, as a factor.
    mixed : float
        Share of crops that are blended with, or pasted beside, a crop of another photo.
    perspective, blur : float
        Share of crops that are seen slightly from the side, or blurred.
    colour : float
        Strength of the changes of brightness, contrast and colour; 0 for none.
    """

    size: int = 224
    min_area: float = 0.05
    max_stretch: float = 1.5
    mixed: float = 0.15
    perspective: float = 0.25
    blur: float = 0.15
    colour: float = 1.0


@dataclass(frozen=True)
class StudentSettings:
    """Shape of the network.

    Attributes
    ----------
    dimension : int
        Length of the descriptor.
    widths : tuple of int
        Channels at strides 4, 8, 16 and 32.
    bottlenecks : tuple of int
        Channels of the 3 x 3 convolutions at the same strides.
    depths : tuple of int
        Number of residual blocks at the same strides.
    pooling : str
        ``gem`` or ``mean``.
    """

    dimension: int = 384
    widths: tuple[int, ...] = (32, 96, 224, 384)
    bottlenecks: tuple[int, ...] = (16, 48, 112, 192)
    depths: tuple[int, ...] = (1, 2, 4, 2)
    pooling: str = "gem"


@dataclass(frozen=True)
class LossWeights:
    """What counts how much.

    Attributes
    ----------
    relational : float
        Of the squared difference of the two similarity matrices of a batch (Park et al., "Relational Knowledge
        Distillation", 2019).
    local : float
        Of the agreement at each of the 4 x 4 places of a crop: sixteen answers of the teacher in place of one.
    """

    relational: float = 20.0
    local: float = 0.5


@dataclass(frozen=True)
class PoolSettings:
    """What the pool holds.

    Attributes
    ----------
    num_crops : int
        Crops in all, rounded up to whole shards.
    shard_size : int
        Crops in one file.
    dimension : int
        Length of the projected answers: that of the student's descriptor.
    stored_side : int
        Side in pixels at which crops are kept: the largest that the student sees.
    basis_crops : int
        Crops, drawn beside the pool's, that the projection of the answers is fitted to.
    seed : int
        Of the crops.
    crops : CropSettings
        How crops are drawn.
    """

    num_crops: int = 32_000
    shard_size: int = 1000
    dimension: int = 384
    stored_side: int = 160
    basis_crops: int = 4000
    seed: int = 7
    crops: CropSettings = field(default_factory=CropSettings)

    @property
    def num_shards(self) -> int:
        """Number of files."""
        return -(-self.num_crops // self.shard_size)


@dataclass(frozen=True)
class DistillationSettings:
    """How the student learns.

    Attributes
    ----------
    num_samples : int
        Crops to look at in all; with flips and colours, most are looked at several times.
    batch_size : int
        Crops in a step.
    learning_rate : float
        Of AdamW, at its highest; a short warm-up, then half a cosine.
    input_stages : tuple of (float, int)
        From which share of the training on, with which side in pixels: most steps are made with small pictures, which
        cost less, the last ones with large ones.
    losses : LossWeights
        What counts how much.
    seed : int
        Of the weights and of the batches.
    """

    num_samples: int = 256_000
    batch_size: int = 128
    learning_rate: float = 2e-3
    input_stages: tuple[tuple[float, int], ...] = ((0.0, 96), (0.6, 128), (0.9, 160))
    losses: LossWeights = field(default_factory=LossWeights)
    seed: int = 11

    @property
    def num_steps(self) -> int:
        """Number of steps."""
        return max(1, self.num_samples // self.batch_size)

    def input_side(self, step: int) -> int:
        """Give the side of the student's pictures at a step."""
        reached = [side for share, side in self.input_stages if step / self.num_steps >= share]
        return reached[-1]

    def rate(self, step: int) -> float:
        """Give the learning rate at a step."""
        warmup = max(1, round(self.num_steps * WARMUP_SHARE))
        cosine = 0.5 * (1 + math.cos(math.pi * step / self.num_steps))
        return self.learning_rate * min(1.0, (step + 1) / warmup) * (LAST_RATE + (1 - LAST_RATE) * cosine)


@dataclass(frozen=True)
class Recipe:
    """One training, from folders of photos to an ONNX file.

    Attributes
    ----------
    images : tuple of Path
        Folders of photos to learn from.
    teacher : Path
        The teacher's file.
    output_dir : Path
        Where everything is written.
    groups, judge : Path or None
        CSV files path,building of the photos to learn from, and of those to be judged on.
    initial : Path or None
        A checkpoint whose weights to begin with.
    input_side : int
        Side in pixels of whole photos when the descriptor is used.
    device : str
        ``cpu`` or ``cuda``.
    num_threads : int or None
        Threads of the processor; None for torch's own choice.
    num_workers : int
        Processes that make crops and ask the teacher.
    student, pool, learning
        What is learnt, from what, and how.
    """

    images: tuple[Path, ...]
    teacher: Path
    output_dir: Path
    groups: Path | None = None
    judge: Path | None = None
    initial: Path | None = None
    input_side: int = INPUT_SIDE
    device: str = "cpu"
    num_threads: int | None = None
    num_workers: int = 1
    student: StudentSettings = field(default_factory=StudentSettings)
    pool: PoolSettings = field(default_factory=PoolSettings)
    learning: DistillationSettings = field(default_factory=DistillationSettings)

    def choices(self) -> dict[str, Any]:
        """Give what the weights depend on beside photos and teacher, as JSON values."""
        return {
            "student": asdict(self.student),
            "pool": asdict(self.pool),
            "learning": asdict(self.learning),
            "input_side": self.input_side,
        }
