"""What the probability is made of: a few numbers per pair, each larger where the same building is likelier.

None depends on the model of the candidates beyond the order of its scores, nor on the photo's size; what a photo
matches by habit (foliage, rubble, a page of text) is measured on the collection and taken off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from storage.formats.matches import PairMatches

# Places that agree by chance: mean over pairs of different buildings, linear in the number of matches. Fixed by
# benchmarks/bench_calibration.py.
CHANCE_PLACES, CHANCE_PER_MATCH = 0.35, 0.018

MOST_SURPRISE = 12.0  # nats; beyond it chance is out of the question, and more adds nothing
GUIDED_RANGE = (-2.0, 6.0)
MOST_EXCESS = 2.0
WORST_RANK = 10  # of a photo that the descriptor did not list; lists may be of any length
USUAL_QUARTILE = 25  # of a photo's numbers of matches: most of its candidates are not its building
PRIOR_MATCHES = 5.0

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Pairs with everything that their probability hangs on.

    Attributes
    ----------
    num_photos : int
        Photos that the rows of ``matches`` number.
    matches : PairMatches
        What the local features say.
    ranks : ndarray of int, shape (E, 2)
        Place of the second photo in the list of the first, and the other way round, from 0; ``WORST_RANK`` or more
        where it is not listed.
    """

    num_photos: int
    matches: PairMatches
    ranks: NDArray[np.intp]


def surprise(candidates: Candidates) -> FloatArray:
    """Say how unlikely it is that so many places agree by chance, given the number of matches, in nats.

    It is the logarithm of the likelihood ratio of two Poisson distributions: with the mean that was found, and with
    the mean of chance (after Desolneux, Moisan and Morel, "Meaningful alignments", IJCV 2000).
    """
    matches = candidates.matches
    chance = CHANCE_PLACES + CHANCE_PER_MATCH * matches.num_matches.astype(np.float64)
    found = np.maximum(matches.num_places, chance)
    return np.minimum(found * np.log(found / chance) - (found - chance), MOST_SURPRISE)


def match_excess(candidates: Candidates) -> FloatArray:
    """Compare the number of matches with what the two photos usually have: hubs have many with everything."""
    matches, usual = candidates.matches, usual_matches(candidates)
    expected = np.sqrt((usual[matches.first] + PRIOR_MATCHES) * (usual[matches.second] + PRIOR_MATCHES))
    return np.clip(np.log((matches.num_matches + PRIOR_MATCHES) / expected), -MOST_EXCESS, MOST_EXCESS)


def usual_matches(candidates: Candidates) -> FloatArray:
    """Give the lower quartile of each photo's numbers of matches, (N,); 0 for a photo in no pair."""
    matches = candidates.matches
    photos = np.concatenate([matches.first, matches.second])
    counts = np.concatenate([matches.num_matches, matches.num_matches])
    order = np.lexsort((counts, photos))
    starts = np.searchsorted(photos[order], np.arange(candidates.num_photos + 1))
    lengths = np.diff(starts)
    usual = np.zeros(candidates.num_photos)
    has_pairs = lengths > 0
    places = starts[:-1] + (lengths - 1) * USUAL_QUARTILE // 100
    usual[has_pairs] = counts[order][places[has_pairs]]
    return usual


def guided_excess(candidates: Candidates) -> FloatArray:
    """Compare what the second look found with what it finds under wrong maps, in standard deviations."""
    matches = candidates.matches
    excess = (matches.num_guided - matches.by_chance.astype(np.float64)) / np.sqrt(matches.by_chance + 1.0)
    return np.where(matches.num_guided > 0, np.clip(excess, *GUIDED_RANGE), 0.0)


def coverage(candidates: Candidates) -> FloatArray:
    """Give the square root of the larger share of a photo that inliers cover: a street sign covers little of both."""
    return np.sqrt(candidates.matches.coverage.max(axis=1, initial=0.0).astype(np.float64))


def best_rank(candidates: Candidates) -> FloatArray:
    """Give minus the logarithm of the better of the two places in the descriptor's lists."""
    return -np.log1p(np.minimum(candidates.ranks.min(axis=1), WORST_RANK))


def worst_rank(candidates: Candidates) -> FloatArray:
    """Give minus the logarithm of the worse of the two places in the descriptor's lists."""
    return -np.log1p(np.minimum(candidates.ranks.max(axis=1), WORST_RANK))


def overlay_share(candidates: Candidates) -> FloatArray:
    """Give minus the share of the matches that were left out as overlay."""
    matches = candidates.matches
    return -(matches.num_overlay / (matches.num_overlay + matches.num_matches + PRIOR_MATCHES))


EVIDENCE: dict[str, Callable[[Candidates], FloatArray]] = {
    "surprise": surprise,
    "match_excess": match_excess,
    "guided_excess": guided_excess,
    "coverage": coverage,
    "best_rank": best_rank,
    "worst_rank": worst_rank,
    "overlay_share": overlay_share,
}


def evidence_of(candidates: Candidates) -> FloatArray:
    """Give all evidence, (E, F), columns in the order of ``EVIDENCE``."""
    return np.column_stack([measure(candidates) for measure in EVIDENCE.values()])
