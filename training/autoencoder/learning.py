"""Learning epoch by epoch: the best one is kept, the last one can be gone on from.

Every epoch is drawn from the seed and its own number, so a training that was killed goes on after its last whole epoch
and, on a processor, ends with the weights that it would have had, bit for bit.
"""

from __future__ import annotations

import copy
import logging
import math
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import StageError, UsageError
from training.autoencoder.export import as_values
from training.autoencoder.losses import Loss
from training.autoencoder.network import make_autoencoder
from training.autoencoder.settings import AutoencoderSettings
from training.checkpoints import read_checkpoint, save_checkpoint
from training.computing import mixed_precision
from training.reporting import Epoch

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
MADE_BY = "python -m tools.train_autoencoder"
SPLIT, ORDER, DROPOUT = range(3)  # what is drawn from the seed, each by a generator of its own


@dataclass(frozen=True, eq=False)
class Pictures:
    """What is learnt from.

    Attributes
    ----------
    pictures : sequence of ndarray of uint8, shape (H, W, 3)
        RGB, all of one size.
    digest : str
        What identifies the photos, in their order.
    """

    pictures: Sequence[NDArray[np.uint8]]
    digest: str

    def batch(self, numbers: NDArray[np.int64], device: str) -> torch.Tensor:
        """Give the values (B, 3, H, W) of the pictures of these numbers."""
        import torch

        return as_values(torch.from_numpy(np.stack([self.pictures[number] for number in numbers])).to(device))


class AutoencoderLearning:
    """A training, from nothing or from its checkpoint.

    Parameters
    ----------
    pictures : Pictures
        At least two.
    settings : AutoencoderSettings
        What is learnt, and how.
    loss : Loss
        What is made small, on the same device.
    device : str
        Where it computes; on a GPU in mixed precision.

    Raises
    ------
    StageError
        When there are fewer than two pictures.
    """

    def __init__(self, pictures: Pictures, settings: AutoencoderSettings, loss: Loss, device: str = "cpu") -> None:
        import torch

        self.pictures, self.settings, self.loss, self.device = pictures, settings, loss, device
        self.identity = settings.identity() | {"loss": loss.identity, "photos": pictures.digest}
        self.learnt_from, self.validated_on = split(len(pictures.pictures), settings)
        self.network = make_autoencoder(settings.architecture, settings.seed).to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=settings.learning_rate)
        self.epoch, self.best_epoch, self.best_loss, self.seconds = 0, 0, math.inf, 0.0
        self.best: dict[str, Any] = {}

    def run(
        self, checkpoint: Path, report: Callable[[Epoch], None] = lambda epoch: None, stop_after: int | None = None
    ) -> torch.nn.Module:
        """Train to the end; give the network of the best epoch, in evaluation, on the processor.

        Parameters
        ----------
        checkpoint : Path
            Where the state is kept after each epoch, and taken up from.
        report : callable
            Takes an :class:`Epoch`.
        stop_after : int, optional
            Epochs after which this leg ends.

        Raises
        ------
        StageError
            When the loss is no number any more.
        UsageError
            When the checkpoint is of a training with other settings or photos.
        """
        if checkpoint.is_file():
            self._take_up(checkpoint)
        first, began = self.epoch, time.monotonic() - self.seconds
        while self._goes_on() and self.epoch - first != stop_after:
            rate = self.settings.rate(self.epoch)
            training_loss = self._learn(rate)
            validation_loss = self._validate()
            self.epoch += 1
            if validation_loss < self.best_loss:
                self.best_epoch, self.best_loss = self.epoch, validation_loss
                self.best = copy.deepcopy(self.network.state_dict())
            self.seconds = time.monotonic() - began
            report(Epoch(self.epoch, self.seconds, rate, training_loss, validation_loss))
            self._save(checkpoint)
        best = make_autoencoder(self.settings.architecture)
        best.load_state_dict(self.best)
        return best.eval()

    def _goes_on(self) -> bool:
        without_gain = self.epoch - self.best_epoch
        return self.epoch < self.settings.epochs and without_gain < self.settings.patience

    def _learn(self, rate: float) -> float:
        """Look at each picture once; give the mean loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        self.network.train()
        order = self._drawn(ORDER).permutation(self.learnt_from)
        total = 0.0
        with self._dropout():
            for numbers in self._batches(order):
                loss = self._loss(numbers)
                self.optimizer.zero_grad(set_to_none=True)
                loss.backward()
                self.optimizer.step()
                total += len(numbers) * loss.item()
        return self._checked(total / len(order))

    def _validate(self) -> float:
        import torch

        self.network.eval()
        with torch.inference_mode():
            losses = [len(numbers) * self._loss(numbers).item() for numbers in self._batches(self.validated_on)]
        return self._checked(sum(losses) / len(self.validated_on))

    def _loss(self, numbers: NDArray[np.int64]) -> torch.Tensor:
        pictures = self.pictures.batch(numbers, self.device)
        with mixed_precision(pictures.device.type):
            return self.loss.between(self.network(pictures), pictures)

    def _batches(self, order: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        for start in range(0, len(order), self.settings.batch_size):
            yield order[start : start + self.settings.batch_size]

    def _checked(self, loss: float) -> float:
        if not math.isfinite(loss):
            raise StageError(
                f"the loss is no number any more in epoch {self.epoch + 1}; use a lower --learning_rate than "
                f"{self.settings.learning_rate:g}, and another --output_dir"
            )
        return loss

    def _drawn(self, what: int) -> np.random.Generator:
        return np.random.default_rng([self.settings.seed, what, self.epoch])

    @contextmanager
    def _dropout(self) -> Iterator[None]:
        """Draw an epoch's dropout from its own seed, and leave the global generator as it was."""
        import torch

        with torch.random.fork_rng(devices=[] if self.device == "cpu" else [self.device]):
            torch.manual_seed(int(self._drawn(DROPOUT).integers(2**62)))
            yield

    def _save(self, path: Path) -> None:
        state: dict[str, Any] = {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}
        state |= {"best": self.best, "best_epoch": self.best_epoch, "best_loss": self.best_loss}
        save_checkpoint(path, state | {"epoch": self.epoch, "seconds": self.seconds, "identity": repr(self.identity)})

    def _take_up(self, path: Path) -> None:
        state = read_checkpoint(path, self.device, MADE_BY)
        if state.get("identity") != repr(self.identity):
            raise UsageError(
                f"{path} is of a training with other settings or photos; use those, or another --output_dir"
            )
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.best, self.best_epoch, self.best_loss = state["best"], state["best_epoch"], state["best_loss"]
        self.epoch, self.seconds = state["epoch"], state["seconds"]
        log.info("going on after epoch %d", self.epoch)


def split(count: int, settings: AutoencoderSettings) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Give the numbers of the pictures that are learnt from, and of those that say which epoch is best; both sorted.

    Raises
    ------
    StageError
        When there are fewer than two pictures.
    """
    if count < 2:  # noqa: PLR2004
        raise StageError("one photo cannot be both learnt from and validated on; give more --images")
    validated = min(count - 1, max(1, round(count * settings.validation_share)))
    order = np.random.default_rng([settings.seed, SPLIT]).permutation(count)
    return np.sort(order[validated:]), np.sort(order[:validated])
