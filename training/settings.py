"""Everything that can be chosen for a training; nothing heavy is imported here, so that ``--help`` answers at once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from training.shared_settings import TrainingRun, half_cosine

INPUT_SIDE = 384  # of a square with the area at which whole photos are seen when the descriptor is used
WARMUP_SHARE = 1 / 30  # of the steps
LAST_RATE = 0.005  # of the first, so that the last steps still move
OBJECTIVES = ("distill", "simclr", "both")


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
class ContrastiveSettings:
    """How a student learns without a teacher: two crops of one photo are to be more alike than crops of two photos.

    Attributes
    ----------
    weight : float
        Of the contrastive loss beside the losses to a teacher's answers; of no effect without those.
    temperature : float
        Of the contrastive loss (Chen et al., "A Simple Framework for Contrastive Learning", 2020, where 0.1 is best).
    crops : CropSettings
        How crops are drawn, at the side that the student sees. Larger shares than for a teacher, who says what a small
        share shows, and never mixed, because a crop must show one photo.
    """

    weight: float = 0.1
    temperature: float = 0.1
    crops: CropSettings = field(default_factory=lambda: CropSettings(min_area=0.2, mixed=0.0))


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
class LearningSettings:
    """How the student learns.

    Attributes
    ----------
    num_samples : int
        Crops to look at in all; with flips and colours, most are looked at several times.
    batch_size : int
        Crops in a step; with both objectives, half are the pool's and half are drawn in pairs.
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
        falling = LAST_RATE + (1 - LAST_RATE) * half_cosine(step / self.num_steps)
        return self.learning_rate * min(1.0, (step + 1) / warmup) * falling


ADAPTATION = LearningSettings(
    num_samples=24_000, batch_size=64, learning_rate=2e-4, input_stages=((0.0, 128),)
)  # a few minutes on a laptop; little is changed, because little is known of photos without a teacher


@dataclass(frozen=True)
class Recipe(TrainingRun):
    """One training, from folders of photos to an ONNX file.

    Attributes
    ----------
    teacher : Path or None
        The teacher's file.
    objective : str
        One of ``OBJECTIVES``: what a teacher answers, what pairs of crops tell, or both. Both without a teacher is
        adaptation: the weights that the training begins with are the teacher.
    groups, judge : Path or None
        CSV files path,building of the photos to learn from, and of those to be judged on.
    initial : Path or None
        A checkpoint, or an exported student, whose weights to begin with.
    positives : Path or None
        A pairs file: which photos show the same.
    min_positive_score : float
        Pairs with a lower score are not believed.
    pool_dir : Path or None
        Where the pool of crops lies; None for a folder of the output's. Trainings with the same crops can share one.
    input_side : int
        Side in pixels of whole photos when the descriptor is used.
    num_workers : int
        Processes that make crops and ask the teacher.
    student, pool, learning, contrastive
        What is learnt, from what, and how.
    """

    teacher: Path | None = None
    objective: str = "distill"
    groups: Path | None = None
    judge: Path | None = None
    initial: Path | None = None
    positives: Path | None = None
    min_positive_score: float = 0.0
    pool_dir: Path | None = None
    input_side: int = INPUT_SIDE
    num_workers: int = 1
    student: StudentSettings = field(default_factory=StudentSettings)
    pool: PoolSettings = field(default_factory=PoolSettings)
    learning: LearningSettings = field(default_factory=LearningSettings)
    contrastive: ContrastiveSettings = field(default_factory=ContrastiveSettings)

    def choices(self) -> dict[str, Any]:
        """Give what the weights depend on beside photos, teacher and initial weights, as JSON values."""
        chosen: dict[str, Any] = {"objective": self.objective, "student": asdict(self.student)}
        chosen |= {"learning": asdict(self.learning), "input_side": self.input_side}
        if self.objective != "simclr":
            chosen["pool"] = asdict(self.pool)
        if self.objective != "distill":
            chosen |= {"contrastive": asdict(self.contrastive), "min_positive_score": self.min_positive_score}
        return chosen
