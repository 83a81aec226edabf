"""Everything that can be chosen for an autoencoder; nothing heavy is imported here, so that ``--help`` answers at once.

The two architectures are those of clusterimg (Python package ``icas`` 1.1).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from storage.errors import UsageError
from training.shared_settings import TrainingRun, check_choices, check_least, check_positive

LOSSES = ("mse", "l1", "perceptual")
SCHEDULES = ("constant", "step")
STEP_EPOCHS, STEP_FACTOR = 10, 0.1  # of the schedule ``step``
MODEL_FILE = "autoencoder.onnx"


@dataclass(frozen=True)
class Layer:
    """A 3 x 3 convolution (in a decoder a transposed one) with what follows it.

    Attributes
    ----------
    ins, outs : int
        Channels.
    stride : int
        By which a side is divided; in a decoder multiplied.
    has_norm : bool
        Whether the channels of a batch are normalised before the ReLU.
    dropout : float
        Share of the channels that are left out while learning.
    pools : bool
        Whether a maximum of 2 x 2 follows, whose places are kept; in a decoder values go back to such places.
    """

    ins: int
    outs: int
    stride: int
    has_norm: bool = False
    dropout: float = 0.0
    pools: bool = False


@dataclass(frozen=True)
class Architecture:
    """An encoder and the decoder that undoes it.

    Attributes
    ----------
    encoder, decoder : tuple of Layer
        From the picture to the latent, and back.
    side : int
        Side in pixels of the pictures when nothing else is asked for.
    """

    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    side: int

    @property
    def stride(self) -> int:
        """Pixels of the picture to one place of the latent."""
        return math.prod(layer.stride * (2 if layer.pools else 1) for layer in self.encoder)


_BEGIN = (Layer(3, 16, 2), Layer(16, 32, 2, has_norm=True), Layer(32, 64, 2, has_norm=True, pools=True))
_END = (Layer(64, 32, 2, has_norm=True, dropout=0.3), Layer(32, 16, 2, dropout=0.2), Layer(16, 3, 2))
# Norms of the large decoder stand after its second and third layer only.
_LARGE_END = (Layer(64, 32, 2, dropout=0.3), *_END[1:])
ARCHITECTURES = {
    "small": Architecture(
        (*_BEGIN, Layer(64, 128, 1, dropout=0.2, pools=True), Layer(128, 256, 1)),
        (Layer(256, 128, 1, pools=True), Layer(128, 64, 1, has_norm=True, dropout=0.4, pools=True), *_END),
        side=64,
    ),
    "large": Architecture(
        (
            *_BEGIN,
            Layer(64, 128, 2, dropout=0.2, pools=True),
            Layer(128, 128, 1, dropout=0.3, pools=True),
            Layer(128, 128, 1, dropout=0.4, pools=True),
            Layer(128, 256, 1),
        ),
        (
            Layer(256, 128, 1, pools=True),
            Layer(128, 128, 1, has_norm=True, pools=True),
            Layer(128, 128, 1, has_norm=True, pools=True),
            Layer(128, 64, 2, dropout=0.4, pools=True),
            *_LARGE_END,
        ),
        side=256,
    ),
}


@dataclass(frozen=True)
class AutoencoderSettings:
    """What an autoencoder learns, and how.

    Attributes
    ----------
    architecture : str
        A key of :data:`ARCHITECTURES`.
    size : tuple of int or None
        Width and height of the pictures in pixels, multiples of the architecture's stride; None for a square of the
        architecture's own side.
    loss : str
        One of :data:`LOSSES`: the mean squared or absolute difference of pixels, or the mean squared difference of
        what VGG19 sees.
    epochs : int
        How often all pictures are looked at, at most.
    patience : int
        Epochs without a better validation loss after which the training ends.
    learning_rate : float
        Of Adam (Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015), in the first epoch.
    schedule : str
        ``constant``, or ``step``: a tenth of the rate after every ten epochs.
    batch_size : int
        Pictures in a step.
    validation_share : float
        Share of the photos that is not learnt from and says which epoch was best; one photo at least.
    seed : int
        Of the weights, the split, the order of the pictures and the dropout.
    """

    architecture: str = "small"
    size: tuple[int, int] | None = None
    loss: str = "mse"
    epochs: int = 100
    patience: int = 10
    learning_rate: float = 1e-3
    schedule: str = "constant"
    batch_size: int = 16
    validation_share: float = 0.1
    seed: int = 0

    @property
    def shape(self) -> Architecture:
        """The architecture itself."""
        return ARCHITECTURES[self.architecture]

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the pictures in pixels."""
        return self.size or (self.shape.side, self.shape.side)

    def rate(self, epoch: int) -> float:
        """Give the learning rate of an epoch, counted from 0."""
        steps = epoch // STEP_EPOCHS if self.schedule == "step" else 0
        return float(self.learning_rate * STEP_FACTOR**steps)

    def identity(self) -> dict[str, Any]:
        """Give what the weights after an epoch depend on: how many epochs there will be is not part of it."""
        chosen = asdict(self) | {"size": list(self.picture_size)}
        return {key: value for key, value in chosen.items() if key not in ("epochs", "patience")}

    def check(self) -> None:
        """Raise UsageError, naming the flag, when a value is out of range."""
        check_choices(self, {"architecture": tuple(ARCHITECTURES), "loss": LOSSES, "schedule": SCHEDULES})
        check_least(self, {"epochs": 1, "patience": 1, "batch_size": 1, "seed": 0})
        check_positive(self, ("learning_rate",))
        if not 0 < self.validation_share < 1:
            raise UsageError(f"--validation_share {self.validation_share:g}: must be above 0 and below 1")
        stride = self.shape.stride
        if any(side < stride or side % stride for side in self.picture_size):
            size = "{}x{}".format(*self.picture_size)
            raise UsageError(
                f"--size {size}: both sides must be multiples of {stride} pixels for --architecture {self.architecture}"
            )


@dataclass(frozen=True)
class AutoencoderRecipe(TrainingRun):
    """One training, from folders of photos to an ONNX file.

    Attributes
    ----------
    learning : AutoencoderSettings
        What is learnt, and how.
    follow_links : bool
        Whether symbolic links in the image folders are followed.
    """

    learning: AutoencoderSettings = AutoencoderSettings()
    follow_links: bool = False
