"""How many matches agree by chance, and how much of a surprise more of them are.

Source: Desolneux, Moisan and Morel, "Meaningful alignments" (IJCV 2000), for judging an agreement by how often chance
makes it. Figures: ``benchmarks/matching.md``.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Distinct places that agree with one map: mean over pairs of different buildings, linear in the number of matches.
CHANCE_PLACES, CHANCE_PER_MATCH = 1.0, 0.011

MOST_SURPRISE = 12.0  # nats; beyond it chance is out of the question, and more adds nothing


def surprise_of(num_places: Any, num_matches: Any) -> NDArray[np.float64]:
    """Say how unlikely it is that so many places agree by chance, given the number of matches, in nats.

    It is the logarithm of the likelihood ratio of two Poisson distributions: with the mean that was found, and with
    the mean of chance; 0 where chance is the likelier, ``MOST_SURPRISE`` at most.

    Parameters
    ----------
    num_places, num_matches : array-like of int, shape (E,)
        Distinct places that agree with one map; matches in all.
    """
    chance = CHANCE_PLACES + CHANCE_PER_MATCH * np.asarray(num_matches, np.float64)
    found = np.maximum(np.asarray(num_places, np.float64), chance)
    return np.minimum(found * np.log(found / chance) - (found - chance), MOST_SURPRISE)
