"""What the student sees at a step: drawn from the seed and the step's number alone, by as many threads as help."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from training.pool import Pool
from training.settings import LearningSettings

if TYPE_CHECKING:
    import torch

GAIN, SHIFT = 0.08, 6.0  # small: a teacher's answer would hardly change, and the student learns not to care
AHEAD_PER_LOADER = 2


@dataclass(frozen=True, eq=False)
class Batch:
    """The crops of one step: first those that a teacher has answered, last those that come in pairs.

    Attributes
    ----------
    pixels : torch.Tensor, float32 (B, 3, S, S)
        RGB, 0 to 255.
    answers : torch.Tensor, float32 (P, D), or None
        A teacher's answers to the first P.
    maps : torch.Tensor, float32 (P, D, g, g), or None
        The same at each place.
    groups : torch.Tensor, int64 (V,), or None
        Of the last V, which are pairs (crops i and V/2 + i): those with the same number are no negatives.
    """

    pixels: torch.Tensor
    answers: torch.Tensor | None = None
    maps: torch.Tensor | None = None
    groups: torch.Tensor | None = None

    @classmethod
    def of_pairs(cls, crops: Sequence[NDArray[np.uint8]], groups: NDArray[np.int64]) -> Batch:
        """Give a batch of pairs.

        Parameters
        ----------
        crops : sequence of ndarray of uint8, shape (S, S, 3)
            RGB, 2 N; crops i and N + i are a pair.
        groups : ndarray of int64, shape (N,)
            Of the pairs.
        """
        import torch

        pixels = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float()
        return cls(pixels, groups=torch.from_numpy(np.concatenate([groups, groups])))

    def to(self, device: str) -> Batch:
        """Give the batch on another device."""
        parts = (self.pixels, self.answers, self.maps, self.groups)
        pixels, *others = (None if part is None else part.to(device, non_blocking=True) for part in parts)
        assert pixels is not None
        return Batch(pixels, *others)

    def with_pairs(self, pairs: Batch) -> Batch:
        """Give these crops and those of another batch behind them."""
        import torch

        return Batch(torch.cat([self.pixels, pairs.pixels]), self.answers, self.maps, pairs.groups)


def draw_batch(pool: Pool, settings: LearningSettings, step: int, size: int | None = None) -> Batch:
    """Draw the batch of a step: crops of the pool, half of them mirrored, their colours shifted a little.

    Parameters
    ----------
    size : int, optional
        Number of crops, by default the batch size of the settings.
    """
    import torch

    rng = np.random.default_rng([settings.seed, step])
    size, side = size or settings.batch_size, settings.input_side(step)
    taken = pool.take(rng.integers(len(pool), size=size))
    is_flipped = rng.random(size) < 0.5
    crops = np.stack([_view(crop, side, flip) for crop, flip in zip(taken.crops, is_flipped, strict=True)])
    maps = np.where(is_flipped[:, None, None, None], taken.maps[:, :, ::-1], taken.maps).astype(np.float32)
    gain = np.exp(rng.normal(0, GAIN, (size, 3, 1, 1))).astype(np.float32)
    shift = rng.normal(0, SHIFT, (size, 3, 1, 1)).astype(np.float32)
    pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float() * torch.from_numpy(gain) + torch.from_numpy(shift)
    answers = torch.from_numpy(taken.answers.astype(np.float32))
    return Batch(pixels.clamp(0, 255), answers, torch.from_numpy(maps).permute(0, 3, 1, 2))


def batches(draw: Callable[[int], Batch], steps: range, num_loaders: int) -> Iterator[Batch]:
    """Give the batches of some steps, in order.

    Parameters
    ----------
    draw : callable
        Draws the batch of a step.
    num_loaders : int
        Threads that draw ahead; 0 draws each when it is asked for, which is best where the same cores learn.
    """
    if num_loaders == 0:
        yield from map(draw, steps)
        return
    ahead: deque[Future[Batch]] = deque()
    with ThreadPoolExecutor(num_loaders) as loaders:
        for step in steps:
            ahead.append(loaders.submit(draw, step))
            if len(ahead) > AHEAD_PER_LOADER * num_loaders:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _view(crop: NDArray[np.uint8], side: int, is_flipped: bool) -> NDArray[np.uint8]:
    if side != len(crop):
        crop = np.asarray(cv2.resize(crop, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
    return crop[:, ::-1] if is_flipped else crop
