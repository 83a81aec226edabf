"""What the student sees at a step: drawn from the seed and the step's number alone, by as many threads as help."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pool import Pool
from training.settings import DistillationSettings

if TYPE_CHECKING:
    import torch

GAIN, SHIFT = 0.08, 6.0  # small: a teacher's answer would hardly change, and the student learns not to care
AHEAD_PER_LOADER = 2


@dataclass(frozen=True, eq=False)
class Batch:
    """The crops of one step.

    Attributes
    ----------
    pixels : torch.Tensor, float32 (B, 3, S, S)
        RGB, 0 to 255.
    answers : torch.Tensor, float32 (B, D)
        The teacher's.
    maps : torch.Tensor, float32 (B, D, g, g)
        The same at each place.
    """

    pixels: torch.Tensor
    answers: torch.Tensor
    maps: torch.Tensor

    def to(self, device: str) -> Batch:
        """Give the batch on another device."""
        return Batch(*(part.to(device, non_blocking=True) for part in (self.pixels, self.answers, self.maps)))


def draw_batch(pool: Pool, settings: DistillationSettings, step: int) -> Batch:
    """Draw the batch of a step: crops of the pool, half of them mirrored, their colours shifted a little."""
    import torch

    rng = np.random.default_rng([settings.seed, step])
    size, side = settings.batch_size, settings.input_side(step)
    taken = pool.take(rng.integers(len(pool), size=size))
    is_flipped = rng.random(size) < 0.5
    crops = np.stack([_view(crop, side, flip) for crop, flip in zip(taken.crops, is_flipped, strict=True)])
    maps = np.where(is_flipped[:, None, None, None], taken.maps[:, :, ::-1], taken.maps).astype(np.float32)
    gain = np.exp(rng.normal(0, GAIN, (size, 3, 1, 1))).astype(np.float32)
    shift = rng.normal(0, SHIFT, (size, 3, 1, 1)).astype(np.float32)
    pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float() * torch.from_numpy(gain) + torch.from_numpy(shift)
    answers = torch.from_numpy(taken.answers.astype(np.float32))
    return Batch(pixels.clamp(0, 255), answers, torch.from_numpy(maps).permute(0, 3, 1, 2))


def batches(pool: Pool, settings: DistillationSettings, first: int, num_loaders: int) -> Iterator[Batch]:
    """Give the batches from step ``first`` on, in order.

    Parameters
    ----------
    num_loaders : int
        Threads that draw ahead; 0 draws each when it is asked for, which is best where the same cores learn.
    """
    steps = range(first, settings.num_steps)
    if num_loaders == 0:
        yield from (draw_batch(pool, settings, step) for step in steps)
        return
    ahead: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(num_loaders) as loaders:
        for step in steps:
            ahead.append(loaders.submit(draw_batch, pool, settings, step))
            if len(ahead) > AHEAD_PER_LOADER * num_loaders:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _view(crop: NDArray[np.uint8], side: int, is_flipped: bool) -> NDArray[np.uint8]:
    if side != len(crop):
        crop = np.asarray(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    return crop[:, ::-1] if is_flipped else crop
