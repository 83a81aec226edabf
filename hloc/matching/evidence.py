"""What the probability is made of: a few numbers per pair, each larger where the same building is likelier.

None depends on the photo's size, nor on the unit of the scores that the model of the candidates gives; what a photo
matches by habit (foliage, rubble, a page of text) is measured on the collection and taken off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hloc.matching.chance import surprise_of
from hloc.matching.guided import MOST_FOR_GUIDED
from storage.formats.matches import PairMatches

GUIDED_RANGE = (0.0, 6.0)  # standard deviations above wrong maps
ENOUGH_FOR_GUIDED = 3.0  # nats of surprise from which the second look counts in full
MOST_DISTINCTIVE = 5.0  # ten matches at half the distance of the next best
MOST_EXCESS = 2.0
WORST_RANK = 10  # of a photo that the descriptor did not list; lists may be of any length
USUAL_QUARTILE = 25  # of a photo's numbers of matches: most of its candidates are not its building
PRIOR_MATCHES = 5.0
SMALLEST_REACH = 1e-9
MOST_OVERLAY = 0.05  # share of the matches; an app may stamp all photos of a collection

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
        Place of the second photo in the list of the first, and the other way round; see :func:`ranks_of`.
    closeness : ndarray, shape (E,)
        Score compared with the best ones of both photos; see :func:`closeness_of`.
    """

    num_photos: int
    matches: PairMatches
    ranks: NDArray[np.intp]
    closeness: FloatArray

    @classmethod
    def of(cls, num_photos: int, matches: PairMatches, scores: FloatArray) -> Candidates:
        """Take pairs and their scores (E,), NaN where the descriptor lists none."""
        ranks, closeness = ranks_of(num_photos, matches, scores), closeness_of(num_photos, matches, scores)
        return cls(num_photos, matches, ranks, closeness)


def ranks_of(num_photos: int, matches: PairMatches, scores: FloatArray) -> NDArray[np.intp]:
    """Count, for both photos of each pair (E, 2), the listed pairs of that photo with a greater score.

    A pair that either photo lists counts as listed by both. One that is not listed has rank ``WORST_RANK``, and no
    rank is beyond it.
    """
    listed = np.flatnonzero(np.isfinite(scores))
    photos = np.concatenate([matches.first[listed], matches.second[listed]]).astype(np.int64)
    both = np.concatenate([scores[listed], scores[listed]])
    order = np.lexsort((-both, photos))
    starts = np.searchsorted(photos[order], np.arange(num_photos + 1))
    is_new = np.ones(len(order), bool)  # equal scores of one photo share a rank
    is_new[1:] = (np.diff(photos[order]) != 0) | (np.diff(both[order]) != 0)
    shared = np.maximum.accumulate(np.where(is_new, np.arange(len(order)), 0))
    rank = np.empty(len(order), np.intp)
    rank[order] = shared - starts[photos[order]]
    ranks = np.full((len(matches), 2), WORST_RANK, np.intp)
    ranks[listed] = np.minimum(rank, WORST_RANK).reshape(2, -1).T
    return ranks


def closeness_of(num_photos: int, matches: PairMatches, scores: FloatArray) -> FloatArray:
    """Compare each pair's score (E,) with the best scores of its two photos: 1 is as good, 0 as bad as what is listed.

    As bad is the median, over the photos, of the least score that a photo is listed with. A pair that is not listed
    has 0.
    """
    listed = np.flatnonzero(np.isfinite(scores))
    closeness = np.zeros(len(matches))
    if not len(listed):
        return closeness
    photos, both = np.concatenate([matches.first[listed], matches.second[listed]]), np.tile(scores[listed], 2)
    best, least = np.full(num_photos, -np.inf), np.full(num_photos, np.inf)
    np.maximum.at(best, photos, both)
    np.minimum.at(least, photos, both)
    floor = float(np.median(least[np.isfinite(least)]))
    reach = np.maximum(best - floor, SMALLEST_REACH)
    shared = np.sqrt(reach[matches.first[listed]] * reach[matches.second[listed]])
    closeness[listed] = np.clip((scores[listed] - floor) / shared, 0, 1)
    return closeness


def surprise(candidates: Candidates) -> FloatArray:
    """Say how unlikely it is that so many places agree by chance; see :func:`hloc.matching.chance.surprise_of`."""
    return surprise_of(candidates.matches.num_places, candidates.matches.num_matches)


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


def distinctiveness(candidates: Candidates) -> FloatArray:
    """Say by how much the matches that agree passed the ratio test: those of chance only just do."""
    return np.minimum(candidates.matches.distinctiveness.astype(np.float64), MOST_DISTINCTIVE)


def guided_excess(candidates: Candidates) -> FloatArray:
    """Compare what the second look found with what it finds under wrong maps, in standard deviations.

    Under a map that chance made, rows of windows agree as well; so the excess counts as far as the map itself is a
    surprise. Where it is so great that no second look was needed, it counts in full.
    """
    matches, trust = candidates.matches, surprise(candidates)
    excess = (matches.num_guided - matches.by_chance.astype(np.float64)) / np.sqrt(matches.by_chance + 1.0)
    needless = trust >= MOST_FOR_GUIDED
    return np.where(needless, GUIDED_RANGE[1], np.clip(excess, *GUIDED_RANGE)) * (
        np.minimum(trust, ENOUGH_FOR_GUIDED) / ENOUGH_FOR_GUIDED
    )


def coverage(candidates: Candidates) -> FloatArray:
    """Give the square root of the larger share of a photo that inliers cover: a street sign covers little of both."""
    return np.sqrt(candidates.matches.coverage.max(axis=1, initial=0.0).astype(np.float64))


def best_rank(candidates: Candidates) -> FloatArray:
    """Give minus the logarithm of the better of the two places in the descriptor's lists."""
    return -np.log1p(_worth(candidates, candidates.ranks.min(axis=1)))


def worst_rank(candidates: Candidates) -> FloatArray:
    """Give minus the logarithm of the worse of the two places in the descriptor's lists."""
    return -np.log1p(_worth(candidates, candidates.ranks.max(axis=1)))


def _worth(candidates: Candidates, ranks: NDArray[np.intp]) -> FloatArray:
    """Say what ranks are worth, as ranks of a great collection: of three photos each is another's nearest."""
    return np.minimum(ranks + WORST_RANK**2 / max(candidates.num_photos - 1, 1), WORST_RANK)


def closeness(candidates: Candidates) -> FloatArray:
    """Give the score compared with the best of both photos; it says nothing among a handful of photos."""
    return candidates.closeness * max(0.0, 1 - WORST_RANK / max(candidates.num_photos - 1, 1))


def overlay_share(candidates: Candidates) -> FloatArray:
    """Give minus the share of the matches that were left out as overlay: what is left may be of it too."""
    matches = candidates.matches
    share = matches.num_overlay / (matches.num_overlay + matches.num_matches + PRIOR_MATCHES)
    return -np.minimum(share, MOST_OVERLAY)


EVIDENCE: dict[str, Callable[[Candidates], FloatArray]] = {
    "surprise": surprise,
    "distinctiveness": distinctiveness,
    "match_excess": match_excess,
    "guided_excess": guided_excess,
    "coverage": coverage,
    "best_rank": best_rank,
    "worst_rank": worst_rank,
    "closeness": closeness,
    "overlay_share": overlay_share,
}


def evidence_of(candidates: Candidates) -> FloatArray:
    """Give all evidence, (E, F), columns in the order of ``EVIDENCE``."""
    return np.column_stack([measure(candidates) for measure in EVIDENCE.values()])
