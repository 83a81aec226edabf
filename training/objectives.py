"""What a student learns from at a step: a teacher's answers, pairs of crops, or both; and what each loss counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from storage.errors import UsageError
from training.batches import Batch, draw_batch
from training.computing import mixed_precision
from training.losses import contrastive_loss, cosine_loss, local_loss, relational_loss
from training.pool import Pool
from training.settings import ContrastiveSettings, LearningSettings
from training.views import Views

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, eq=False)
class Objective:
    """What is learnt.

    Attributes
    ----------
    learning : LearningSettings
        How long and at what rates.
    draw : callable
        Gives the batch of a step.
    weights : dict of str to float
        What each loss counts, by its name; in the order in which losses are told.
    identity : dict
        What the weights depend on beside the settings of the learning, in a form that prints the same every time.
    temperature : float
        Of the contrastive loss.
    anchor : torch.nn.Module or None
        A student whose answers take the place of a teacher's; it does not learn.
    """

    learning: LearningSettings
    draw: Callable[[int], Batch]
    weights: dict[str, float]
    identity: dict[str, Any] = field(default_factory=dict)
    temperature: float = 0.1
    anchor: torch.nn.Module | None = None

    def losses(self, network: torch.nn.Module, batch: Batch) -> dict[str, torch.Tensor]:
        """Give the losses of a batch, by name, not weighted."""
        import torch

        pixels = batch.pixels.contiguous(memory_format=torch.channels_last)
        with mixed_precision(pixels.device.type):
            vectors, local = network(pixels)
            if self.anchor is not None:
                with torch.no_grad():
                    answers, maps = self.anchor(pixels)
                batch = replace(batch, answers=answers, maps=maps)
        found = {}
        if batch.answers is not None and batch.maps is not None:
            taught = vectors[: len(batch.answers)]
            found["cosine"] = cosine_loss(taught, batch.answers)
            found["relational"] = relational_loss(taught, batch.answers)
            found["local"] = local_loss(local[: len(batch.maps)], batch.maps)
        if batch.groups is not None:
            paired = vectors[len(vectors) - len(batch.groups) :]
            found["contrastive"] = contrastive_loss(paired, batch.groups, self.temperature)
        return found

    def total(self, losses: dict[str, torch.Tensor]) -> torch.Tensor:
        """Give the weighted sum."""
        first, *others = (self.weights[name] * loss for name, loss in losses.items())
        return sum(others, first)


def distil(pool: Pool, learning: LearningSettings) -> Objective:
    """Learn a teacher's answers to the crops of a pool."""
    return Objective(
        learning, lambda step: draw_batch(pool, learning, step), _taught(learning), {"pool": pool.identity}
    )


def contrast(views: Views, learning: LearningSettings, contrastive: ContrastiveSettings) -> Objective:
    """Learn from pairs of crops alone (SimCLR)."""
    num_pairs = _pairs(learning, 2)
    return Objective(
        learning,
        lambda step: views.draw(step, num_pairs, learning.input_side(step)),
        {"contrastive": 1.0},
        _identity(views, contrastive),
        contrastive.temperature,
    )


def distil_and_contrast(
    pool: Pool, views: Views, learning: LearningSettings, contrastive: ContrastiveSettings
) -> Objective:
    """Learn from both: half of a step's crops are the pool's, half come in pairs."""
    num_pairs = _pairs(learning, 4)

    def draw(step: int) -> Batch:
        pairs = views.draw(step, num_pairs, learning.input_side(step))
        return draw_batch(pool, learning, step, learning.batch_size // 2).with_pairs(pairs)

    weights = _taught(learning) | {"contrastive": contrastive.weight}
    identity = _identity(views, contrastive) | {"pool": pool.identity}
    return Objective(learning, draw, weights, identity, contrastive.temperature)


def adapt(
    views: Views,
    learning: LearningSettings,
    contrastive: ContrastiveSettings,
    anchor: torch.nn.Module,
    anchor_identity: str,
) -> Objective:
    """Learn from pairs of crops and keep the answers of a former student to the same crops, so that it forgets nothing.

    Parameters
    ----------
    anchor : torch.nn.Module
        The former student; it is set to evaluation.
    anchor_identity : str
        What identifies its weights.
    """
    plain = contrast(views, learning, contrastive)
    weights = _taught(learning) | {"contrastive": contrastive.weight}
    identity = plain.identity | {"anchor": anchor_identity}
    return replace(plain, weights=weights, identity=identity, anchor=anchor.eval().requires_grad_(False))


def _taught(learning: LearningSettings) -> dict[str, float]:
    return {"cosine": 1.0, "relational": learning.losses.relational, "local": learning.losses.local}


def _identity(views: Views, contrastive: ContrastiveSettings) -> dict[str, Any]:
    return {"contrastive": asdict(contrastive)} | views.collection.identity


def _pairs(learning: LearningSettings, crops_to_a_pair: int) -> int:
    """Give the pairs of a step; one alone has nothing to be told apart from."""
    num_pairs, rest = divmod(learning.batch_size, crops_to_a_pair)
    if rest or num_pairs < 2:  # noqa: PLR2004
        raise UsageError(
            f"--batch_size {learning.batch_size}: must be a multiple of {crops_to_a_pair}, and at least "
            f"{2 * crops_to_a_pair}, with this --objective"
        )
    return num_pairs
