"""Learning: steps of an optimiser towards an objective, with checkpoints.

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
from training.objectives import Objective
from training.settings import StudentSettings
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
    rate : float
        Learning rate of this step.
    losses : dict of str to float
        Mean of each of the objective's losses since the last report, by name.
    student : torch.nn.Module
        The running mean of the weights: what would be exported now.
    """

    samples: int
    seconds: float
    input_side: int
    rate: float
    losses: dict[str, float]
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


class Learning:
    """A training, from nothing, from given weights or from its checkpoint.

    Parameters
    ----------
    objective : Objective
        What is learnt from what, and how.
    student : StudentSettings
        Shape of the network; its dimension must be that of a teacher's answers.
    device : str
        Where it computes; on a GPU in mixed precision.
    initial : dict, optional
        Weights to begin with.
    """

    def __init__(
        self,
        objective: Objective,
        student: StudentSettings,
        device: str = "cpu",
        initial: dict[str, Any] | None = None,
    ) -> None:
        self.objective, self.settings, self.device = objective, objective.learning, device
        self.identity = {"student": asdict(student), "training": asdict(self.settings)} | objective.identity
        if objective.anchor is not None:
            objective.anchor.to(device)
        self.network = make_student(student, self.settings.seed).to(device)
        if initial is not None:
            self.network.load_state_dict(initial)
        self.averaged = copy.deepcopy(self.network).eval()
        self.optimizer = _optimizer(self.network, self.settings.learning_rate)
        self.step, self.seconds = 0, 0.0
        self._losses: list[list[float]] = []

    def run(self, running: Running) -> torch.nn.Module:
        """Train to the end, or to the end of this leg; give the running mean of the weights."""
        if running.checkpoint.is_file():
            self._take_up(running.checkpoint)
        first, began, saved = self.step, time.monotonic() - self.seconds, time.monotonic()
        for batch in batches(self.objective.draw, range(first, self.settings.num_steps), running.num_loaders):
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
        if self.step > first or not running.checkpoint.is_file():
            self._save(running.checkpoint)
        return self.averaged

    def _is_due(self, report_samples: int) -> bool:
        samples, before = self.step * self.settings.batch_size, (self.step - 1) * self.settings.batch_size
        return samples // report_samples != before // report_samples or self.step == self.settings.num_steps

    def _tell(self, running: Running) -> None:
        means = dict(zip(self.objective.weights, map(float, np.mean(self._losses, axis=0)), strict=True))
        self._losses = []
        last = self.step - 1
        samples, side = self.step * self.settings.batch_size, self.settings.input_side(last)
        running.report(Progress(samples, self.seconds, side, self.settings.rate(last), means, self.averaged))

    def _learn(self, step: int, batch: Batch) -> list[float]:
        import torch

        for group in self.optimizer.param_groups:
            group["lr"] = self.settings.rate(step)
        self._set_mode()
        losses = self.objective.losses(self.network, batch)
        self.optimizer.zero_grad(set_to_none=True)
        self.objective.total(losses).backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimizer.step()
        self._average(step)
        return [losses[name].item() for name in self.objective.weights]

    def _set_mode(self) -> None:
        """Learn; beside an anchor, with the norms as they were: the statistics of a batch would be taken for news."""
        import torch

        self.network.train()
        if self.objective.anchor is not None:
            for module in self.network.modules():
                if isinstance(module, torch.nn.BatchNorm2d):
                    module.eval()

    def _average(self, step: int) -> None:
        import torch

        decay = min(AVERAGE_OVER, (step + 2) / (step + 11))
        means, values = (network.state_dict().values() for network in (self.averaged, self.network))
        pairs = list(zip(means, values, strict=True))
        numbers = [pair for pair in pairs if pair[0].dtype.is_floating_point]
        with torch.no_grad():
            torch._foreach_lerp_([mean for mean, _ in numbers], [now for _, now in numbers], 1 - decay)
            for mean, now in pairs:
                if not mean.dtype.is_floating_point:
                    mean.copy_(now)

    def _save(self, path: Path) -> None:
        state: dict[str, Any] = {"network": self.network.state_dict(), "averaged": self.averaged.state_dict()}
        state["optimizer"] = self.optimizer.state_dict()
        save_checkpoint(
            path,
            state
            | {"step": self.step, "seconds": self.seconds, "losses": self._losses, "identity": repr(self.identity)},
        )

    def _take_up(self, path: Path) -> None:
        state = read_checkpoint(path, self.device)
        if state["identity"] != repr(self.identity):
            raise UsageError(
                f"{path} is of a training with other settings or photos; use those, or another --output_dir"
            )
        self.network.load_state_dict(state["network"])
        self.averaged.load_state_dict(state["averaged"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.seconds = state["step"], state["seconds"]
        self._losses = state["losses"]
        log.info("going on after %d of %d steps", self.step, self.settings.num_steps)


def _optimizer(network: torch.nn.Module, rate: float) -> torch.optim.Optimizer:
    import torch

    matrices: list[Any] = []
    others: list[Any] = []  # the weights of sums are held small; biases, norms and the pooling's power are not
    for name, parameter in network.named_parameters():
        (matrices if parameter.ndim > 1 and name != "power" else others).append(parameter)
    groups = [{"params": matrices, "weight_decay": WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate)
