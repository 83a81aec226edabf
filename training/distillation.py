"""Distillation: a student learns to give a teacher's vectors for the same crops.

Every step is drawn from the seed and its own number, so a training that was killed goes on from its last checkpoint
and ends with the weights that it would have had.
"""

from __future__ import annotations

import copy
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from storage.errors import UsageError
from training.batches import Batch, batches
from training.checkpoints import read_checkpoint, save_checkpoint
from training.losses import cosine_loss, local_loss, relational_loss
from training.pool import Pool
from training.settings import DistillationSettings, StudentSettings
from training.student import make_student

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)
WEIGHT_DECAY = 0.05
LARGEST_GRADIENT = 5.0
AVERAGE_OVER = 0.998  # decay of the running mean of the weights: about the last 500 steps


@dataclass(frozen=True)
class Progress:
    """What is told of a training while it runs.

    Attributes
    ----------
    samples : int
        Crops looked at.
    seconds : float
        Time spent, that of earlier legs included.
    input_side : int
        Side of the pictures at this step.
    losses : tuple of float
        Mean of the cosine, relational and local loss since the last report.
    student : torch.nn.Module
        The running mean of the weights: what would be exported now.
    """

    samples: int
    seconds: float
    input_side: int
    losses: tuple[float, float, float]
    student: torch.nn.Module


@dataclass(frozen=True)
class Running:
    """How the training is carried out; nothing here changes the weights.

    Attributes
    ----------
    checkpoint : Path
        Where the state is kept, and taken up from.
    checkpoint_seconds : float
        How often.
    report_samples : int
        How often ``report`` is called.
    report : callable
        Takes a :class:`Progress`.
    stop_after : int or None
        Steps after which this leg ends, for tests and for machines lent for a while.
    num_loaders : int
        Threads that draw batches ahead; of use where a GPU learns.
    """

    checkpoint: Path
    checkpoint_seconds: float = 180.0
    report_samples: int = 20_000
    report: Callable[[Progress], None] = lambda progress: None
    stop_after: int | None = None
    num_loaders: int = 0


class Distillation:
    """A training, from nothing, from given weights or from its checkpoint.

    Parameters
    ----------
    pool : Pool
        Crops and answers.
    student : StudentSettings
        Shape of the network; its dimension must be that of the answers.
    settings : DistillationSettings
        How it learns.
    device : str
        Where it computes; on a GPU in mixed precision.
    initial : dict, optional
        Weights to begin with.
    """

    def __init__(
        self,
        pool: Pool,
        student: StudentSettings,
        settings: DistillationSettings,
        device: str = "cpu",
        initial: dict[str, Any] | None = None,
    ) -> None:
        self.pool, self.settings, self.device = pool, settings, device
        self.identity = {"student": asdict(student), "training": asdict(settings)}
        self.network = make_student(student, settings.seed).to(device)
        if initial is not None:
            self.network.load_state_dict(initial)
        self.averaged = copy.deepcopy(self.network).eval()
        self.optimizer = _optimizer(self.network, settings.learning_rate)
        self.step, self.seconds = 0, 0.0
        self._losses: list[tuple[float, float, float]] = []

    def run(self, running: Running) -> torch.nn.Module:
        """Train to the end, or to the end of this leg; give the running mean of the weights."""
        if running.checkpoint.is_file():
            self._take_up(running.checkpoint)
        first, began, saved = self.step, time.monotonic() - self.seconds, time.monotonic()
        for batch in batches(self.pool, self.settings, first, running.num_loaders):
            if self.step - first == running.stop_after:
                break
            self._losses.append(self._learn(self.step, batch.to(self.device)))
            self.step += 1
            self.seconds = time.monotonic() - began
            if self._is_due(running.report_samples):
                self._tell(running)
            if time.monotonic() - saved > running.checkpoint_seconds:
                self._save(running.checkpoint)
                saved = time.monotonic()
        self._save(running.checkpoint)
        return self.averaged

    def _is_due(self, report_samples: int) -> bool:
        samples, before = self.step * self.settings.batch_size, (self.step - 1) * self.settings.batch_size
        return samples // report_samples != before // report_samples or self.step == self.settings.num_steps

    def _tell(self, running: Running) -> None:
        cosine, relational, local = (float(mean) for mean in np.mean(self._losses, axis=0))
        self._losses = []
        samples, side = self.step * self.settings.batch_size, self.settings.input_side(self.step - 1)
        running.report(Progress(samples, self.seconds, side, (cosine, relational, local), self.averaged))

    def _learn(self, step: int, batch: Batch) -> tuple[float, float, float]:
        import torch

        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.rate(step)
        self.network.train()
        with torch.autocast(self.device.split(":")[0], torch.bfloat16, enabled=self.device != "cpu"):
            vectors, local = self.network(batch.pixels.contiguous(memory_format=torch.channels_last))
        losses = (
            cosine_loss(vectors, batch.answers),
            relational_loss(vectors, batch.answers),
            local_loss(local, batch.maps),
        )
        weights = self.settings.losses
        self.optimizer.zero_grad(set_to_none=True)
        (losses[0] + weights.relational * losses[1] + weights.local * losses[2]).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimizer.step()
        self._average(step)
        return losses[0].item(), losses[1].item(), losses[2].item()

    def _average(self, step: int) -> None:
        import torch

        decay = min(AVERAGE_OVER, (step + 2) / (step + 11))
        with torch.no_grad():
            pairs = zip(self.averaged.state_dict().values(), self.network.state_dict().values(), strict=True)
            for mean, now in pairs:
                if mean.dtype.is_floating_point:
                    mean.lerp_(now, 1 - decay)
                else:
                    mean.copy_(now)

    def _save(self, path: Path) -> None:
        state: dict[str, Any] = {"network": self.network.state_dict(), "averaged": self.averaged.state_dict()}
        state["optimizer"] = self.optimizer.state_dict()
        losses = [list(row) for row in self._losses]
        save_checkpoint(
            path,
            state | {"step": self.step, "seconds": self.seconds, "losses": losses, "identity": repr(self.identity)},
        )

    def _take_up(self, path: Path) -> None:
        state = read_checkpoint(path, self.device)
        if state["identity"] != repr(self.identity):
            raise UsageError(f"{path} is of a training with other settings; use those, or another --output_dir")
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        self._losses = [(row[0], row[1], row[2]) for row in state["losses"]]
        log.info("going on after %d of %d steps", self.step, self.settings.num_steps)


def _optimizer(network: torch.nn.Module, rate: float) -> torch.optim.Optimizer:
    import torch

    matrices: list[Any] = []
    others: list[Any] = []  # the weights of sums are held small; biases, norms and the pooling's power are not
    for name, parameter in network.named_parameters():
        (matrices if parameter.ndim > 1 and name != "power" else others).append(parameter)
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate)
