"""Pairs of crops for learning without a teacher: drawn fresh at every step, from the seed and the step alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from training.batches import Batch
from training.crops import draw_crop
from training.positives import Positives
from training.settings import CropSettings

STREAM = 1  # keeps the chance of the pairs apart from that of the pool's batches


@dataclass(frozen=True, eq=False)
class Views:
    """Photos to draw pairs of crops from.

    Attributes
    ----------
    photos : sequence of ndarray of uint8, shape (H, W, 3)
        RGB.
    digest : str
        What identifies the photos, in their order.
    positives : Positives
        Which of them show the same.
    crops : CropSettings
        How crops are drawn.
    seed : int
        Of everything drawn.
    """

    photos: Sequence[NDArray[np.uint8]]
    digest: str
    positives: Positives
    crops: CropSettings
    seed: int

    def draw(self, step: int, num_pairs: int, side: int) -> Batch:
        """Draw the pairs of a step.

        Both crops are of one photo, or, where a pair joins it with others, of it and one of those. A photo comes once
        in a step while there are enough.

        Parameters
        ----------
        step : int
            Which step.
        num_pairs : int
            N.
        side : int
            S, in pixels.

        Returns
        -------
        Batch
            2 N crops; crops i and N + i are a pair.
        """
        import torch

        rng = np.random.default_rng([self.seed, step, STREAM])
        firsts = rng.choice(len(self.photos), num_pairs, replace=num_pairs > len(self.photos))
        seconds = [self.positives.other(int(first), rng) for first in firsts]
        settings = replace(self.crops, size=side)
        numbers = [*firsts.tolist(), *seconds]
        crops = np.stack([draw_crop(self.photos, number, settings, rng) for number in numbers])
        pixels = torch.from_numpy(crops).permute(0, 3, 1, 2).float()
        return Batch(pixels, groups=torch.from_numpy(self.positives.groups[numbers]))
