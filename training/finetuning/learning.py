"""Learning epoch by epoch from pairs of views, in one process or in several.

Every epoch is drawn from the seed and its own number, so a fine-tuning that was killed goes on after its newest
checkpoint and, on a processor, ends with the weights that it would have had, bit for bit.
"""

from __future__ import annotations

import hashlib
import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from storage.errors import StageError
from training.batches import Batch, batches
from training.computing import mixed_precision
from training.finetuning.checkpoints import keep_checkpoint, newest_checkpoint
from training.finetuning.networks import Encoder, Start
from training.finetuning.optimizers import make_optimizer
from training.finetuning.pairs import EpochPairs, split_groups, validation_batches
from training.finetuning.settings import FREEZES, FinetuneRecipe
from training.losses import contrastive_loss
from training.positives import Collection
from training.processes import Processes, as_first_has, summed
from training.reporting import Epoch

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Running:
    """How a fine-tuning is carried out; nothing here changes the weights.

    Attributes
    ----------
    output_dir : Path
        Where the checkpoints lie.
    report : callable
        Takes an :class:`training.reporting.Epoch`; called by the first process alone.
    stop_after : int or None
        Epochs after which this leg ends.
    """

    output_dir: Path
    report: Callable[[Epoch], None] = lambda epoch: None
    stop_after: int | None = None


class Finetuning:
    """A fine-tuning, from its start or from its newest checkpoint.

    Parameters
    ----------
    collection : Collection
        What is learnt from.
    recipe : FinetuneRecipe
        How.
    encoder : Encoder
        The network, as it is begun with.
    start : Start
        What it was built from.
    processes : Processes
        Who works on it together.

    Raises
    ------
    UsageError
        When there are fewer photos than a step takes.
    """

    def __init__(
        self,
        collection: Collection,
        recipe: FinetuneRecipe,
        encoder: Encoder,
        start: Start,
        processes: Processes | None = None,
    ) -> None:
        self.recipe, self.settings, self.start = recipe, recipe.learning, start
        self.processes = processes or Processes()
        self.device = self.processes.device(recipe.device)
        learnt, validated = split_groups(collection.positives, self.settings.validation_share, self.settings.seed)
        self.num_learnt_from, self.num_validated_on = len(learnt), len(validated)
        self.pairs = EpochPairs(collection, learnt, self.settings, self.processes)
        self._validated_on = (collection, validated)
        self.encoder = encoder.module.to(self.device)
        self.head = make_head(encoder.dimension, self.settings.projection, self.settings.seed).to(self.device)
        freeze(encoder, self.settings.freeze)
        self.optimizer = make_optimizer((self.encoder, self.head), self.settings)
        self.epoch, self.seconds = 0, 0.0
        known = {"processes": self.processes.count, "start": _digest_of(self.encoder)}
        self.identity = repr(recipe.identity() | collection.identity | known)

    def run(self, running: Running) -> torch.nn.Module:
        """Learn to the end, or to the end of this leg; give the encoder, in evaluation, on the processor.

        Raises
        ------
        StageError
            When the loss is no number any more.
        UsageError
            When the newest checkpoint is of another fine-tuning.
        """
        self._take_up(running.output_dir)
        if self.epoch == 0:
            self._keep(running.output_dir)
        judged = validation_batches(*self._validated_on, self.settings, self.processes)
        whole = self._in_step()
        first, began = self.epoch, time.monotonic() - self.seconds
        while self.epoch < self.settings.epochs and self.epoch - first != running.stop_after:
            training_loss = self._learn(whole)
            validation_loss = self._validate(judged)
            self.epoch += 1
            self.seconds = time.monotonic() - began
            if self.processes.is_first:
                rate = self._rate(self.epoch * self.pairs.num_steps - 1)
                running.report(Epoch(self.epoch, self.seconds, rate, training_loss, validation_loss))
            if self.epoch % self.recipe.save_every == 0 or self.epoch == self.settings.epochs:
                self._keep(running.output_dir)
        return self.encoder.cpu().eval()

    def _in_step(self) -> torch.nn.Module:
        """Give encoder and head as one module whose gradients are those of all processes."""
        import torch

        whole = torch.nn.Sequential(self.encoder, self.head)
        if self.processes.count == 1:
            return whole
        is_on_gpu = self.device != "cpu"
        if is_on_gpu and not self.settings.keep_norms:  # PyTorch has norms over all processes for GPUs alone
            whole = torch.nn.SyncBatchNorm.convert_sync_batchnorm(whole)
            self.encoder, self.head = whole[0], whole[1]
        places = [self.processes.local_rank] if is_on_gpu else None
        return torch.nn.parallel.DistributedDataParallel(whole, device_ids=places)

    def _rate(self, step: int) -> float:
        highest = self.settings.highest_rate(self.pairs.photos_of_step)
        return highest * self.settings.rate_share(step, self.pairs.num_steps)

    def _learn(self, whole: torch.nn.Module) -> float:
        """Look at each photo once; give the mean loss over all processes."""
        import torch

        torch.nn.Sequential(self.encoder, self.head).train()
        hold_norms(self.encoder, self.settings.keep_norms)
        total, parts = 0.0, self.settings.accumulate
        drawn = batches(
            lambda part: self.pairs.draw(self.epoch, part), range(self.pairs.num_steps * parts), self.recipe.num_workers
        )
        for step, several in enumerate(_in_parts(drawn, parts)):
            for group in self.optimizer.param_groups:
                group["lr"] = self._rate(self.epoch * self.pairs.num_steps + step)
            self.optimizer.zero_grad(set_to_none=True)
            for part, batch in enumerate(several):
                is_last = part + 1 == parts  # only then are gradients exchanged
                with whole.no_sync() if self.processes.count > 1 and not is_last else nullcontext():  # type: ignore[operator]
                    loss = self._loss(whole, batch) / parts
                    loss.backward()
                total += loss.item()
            self.optimizer.step()
        return self._checked(total / self.pairs.num_steps)

    def _validate(self, judged: list[Batch]) -> float | None:
        """Give the mean loss over the photos that are not learnt from; every process takes part."""
        import torch

        if not judged:
            return None
        as_first_has(self.encoder)
        as_first_has(self.head)
        whole = torch.nn.Sequential(self.encoder, self.head).eval()
        with torch.no_grad():
            losses = [len(batch.pixels) * self._loss(whole, batch).item() for batch in judged]
        return self._checked(sum(losses) / sum(len(batch.pixels) for batch in judged))

    def _loss(self, whole: torch.nn.Module, batch: Batch) -> torch.Tensor:
        batch = batch.to(self.device)
        assert batch.groups is not None, "views come in groups"
        with mixed_precision(batch.pixels.device.type) if self.recipe.amp else nullcontext():
            vectors = whole(batch.pixels / 255)
        return contrastive_loss(vectors, batch.groups, self.settings.temperature)

    def _checked(self, loss: float) -> float:
        """Give the mean over all processes, so that all of them go on or none does."""
        mean = summed([loss], self.device)[0] / self.processes.count
        if not math.isfinite(mean):
            raise StageError(
                f"the loss is no number any more in epoch {self.epoch + 1}; use a lower --learning_rate than "
                f"{self.settings.highest_rate(self.pairs.photos_of_step):g}, and another --output_dir"
            )
        return mean

    def _keep(self, output_dir: Path) -> None:
        if self.processes.is_first:
            state: dict[str, Any] = {"model": self.recipe.model, "shape": self.start.shape, "epoch": self.epoch}
            state |= {"encoder": self.encoder.state_dict(), "head": self.head.state_dict()}
            state |= {"optimizer": self.optimizer.state_dict(), "seconds": self.seconds, "identity": self.identity}
            keep_checkpoint(output_dir, self.epoch, state, self.recipe.keep_last)

    def _take_up(self, output_dir: Path) -> None:
        state = newest_checkpoint(output_dir, self.identity, self.device)
        if state is None:
            return
        self.encoder.load_state_dict(state["encoder"])
        self.head.load_state_dict(state["head"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.epoch, self.seconds = state["epoch"], state["seconds"]
        log.info("going on after epoch %d", self.epoch)


def make_head(dimension: int, projected: int, seed: int) -> torch.nn.Module:
    """Make the head that the loss is computed on, two layers (Chen et al. 2020, section 2.1); for 0 numbers nothing."""
    import torch

    if projected == 0:
        return torch.nn.Identity()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = [torch.nn.Linear(dimension, dimension), torch.nn.ReLU(), torch.nn.Linear(dimension, projected)]
    return torch.nn.Sequential(*layers)


def freeze(encoder: Encoder, until: str) -> None:
    """Keep the first parts of a network as they are, up to one of ``FREEZES``."""
    for part in encoder.parts[: FREEZES.index(until)]:
        for module in part:
            module.requires_grad_(False)


def hold_norms(network: torch.nn.Module, holds_all: bool) -> None:
    """Let the norms of frozen parts, or all of them, use and keep the statistics that they have."""
    import torch

    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm) and (holds_all or not module.weight.requires_grad):
            module.eval()


def _in_parts(drawn: Iterator[Batch], parts: int) -> Iterator[list[Batch]]:
    several: list[Batch] = []
    for batch in drawn:
        several.append(batch)
        if len(several) == parts:
            yield several
            several = []


def _digest_of(module: torch.nn.Module) -> str:
    content = hashlib.sha256()
    for name, value in module.state_dict().items():
        content.update(name.encode())
        content.update(value.cpu().contiguous().numpy().tobytes())
    return content.hexdigest()
