"""Pairs of crops for learning without a teacher: drawn fresh at every step, from the seed and the step alone."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from training.batches import Batch
from training.crops import draw_crop
from training.positives import Collection
from training.settings import CropSettings

STREAM = 1  # keeps the chance of the pairs apart from that of the pool's batches


@dataclass(frozen=True, eq=False)
class Views:
    """Pairs of crops of a collection.

    Attributes
    ----------
    collection : Collection
        The photos.
    crops : CropSettings
        How crops are drawn.
    seed : int
        Of everything drawn.
    """

    collection: Collection
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
        photos, positives = self.collection.photos, self.collection.positives
        rng = np.random.default_rng([self.seed, step, STREAM])
        firsts = rng.choice(len(photos), num_pairs, replace=num_pairs > len(photos))
        seconds = [positives.other(int(first), rng) for first in firsts]
        settings = replace(self.crops, size=side)
        crops = [draw_crop(photos, number, settings, rng) for number in [*firsts.tolist(), *seconds]]
        return Batch.of_pairs(crops, positives.groups[firsts])
