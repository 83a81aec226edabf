"""One pair of photos: matches, what of them is overlay, the map that the others agree with, the second look."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hloc.matching.base import LoadedFeatures, Matcher, Matches
from hloc.matching.chance import surprise_of
from hloc.matching.geometry import align, with_camera
from hloc.matching.guided import LEAST_FOR_GUIDED, MOST_FOR_GUIDED, guided_matches
from hloc.matching.overlay import find_overlay

# Raised when the same photos give other numbers than before, so that unfinished and former results are not mixed in.
VERIFICATION_VERSION = 2

LEAST_RATIO = 0.1  # of distances; copies of a photo have 0

GRID = 16  # cells along the longest side, for coverage
CELL = 1 / 256  # of the longest side: keypoints closer than this are one place seen at two sizes


Rows = NDArray[np.intp]
NO_ROWS: Rows = np.zeros(0, np.intp)


@dataclass(frozen=True, eq=False)
class Verification:
    """What the local features of two photos say.

    Attributes
    ----------
    num_matches : int
        Matches without those of overlays.
    inliers : ndarray of int, shape (K, 2)
        Keypoint rows of the matches that agree with one map, of either photo.
    num_places : int
        Distinct places among them, of the photo with fewer.
    distinctiveness : float
        Sum over the inliers of log(1 / ratio of distances): six matches that only just
        passed the ratio test say less than six that nothing else resembled.
    coverage : tuple of float
        Share of the cells of a grid over each photo that hold an inlier.
    transform : ndarray of float64, shape (2, 3)
        From the first photo's pixels to the second's; zeros where nothing agrees.
    kind : str
        What the inliers agree with.
    num_guided : int
        Places that agree with the map at the second look.
    by_chance : float
        Mean number that agrees with maps that are wrong on purpose.
    overlay : ndarray of int, shape (S, 2)
        Keypoint rows of matches at the same place of both photos.
    """

    num_matches: int
    inliers: NDArray[np.intp]
    num_places: int
    distinctiveness: float
    coverage: tuple[float, float]
    transform: NDArray[np.float64]
    kind: str
    num_guided: int
    by_chance: float
    overlay: NDArray[np.intp]


def verify(
    matcher: Matcher,
    first: LoadedFeatures,
    second: LoadedFeatures,
    excluded: tuple[Rows, Rows] = (NO_ROWS, NO_ROWS),
    overlay_guard: bool = True,
) -> Verification:
    """Match two photos and check that the matches belong to one map.

    Parameters
    ----------
    matcher : Matcher
        What made the features.
    first, second : LoadedFeatures
        The two photos.
    excluded : tuple of two arrays of int
        Keypoint rows of either photo that are known to be overlay: matches between two such do not count.
    overlay_guard : bool
        False leaves only what ``excluded`` says out.
    """
    matches = matcher.match(first, second)
    is_overlay = np.zeros(len(matches.first), bool)
    if overlay_guard:
        is_overlay = find_overlay(first.stored, second.stored, matches)
    if len(excluded[0]) and len(excluded[1]):
        is_overlay |= np.isin(matches.first, excluded[0]) & np.isin(matches.second, excluded[1])
    return judge(first, second, matches.only(~is_overlay), matches.only(is_overlay))


def judge(first: LoadedFeatures, second: LoadedFeatures, matches: Matches, overlay: Matches) -> Verification:
    """Check that matches belong to one map; ``overlay`` are those that were left out before."""
    one, other = first.stored.keypoints[matches.first], second.stored.keypoints[matches.second]
    found = with_camera(one, other, align(one, other, -matches.ratios, second.side), second.side)
    inliers = np.column_stack([matches.first[found.inliers], matches.second[found.inliers]])
    num_places, num_guided, by_chance = count_places(first, second, inliers), 0, 0.0
    if LEAST_FOR_GUIDED <= surprise_of(num_places, len(matches.first)) < MOST_FOR_GUIDED:
        guided = guided_matches(first, second, found.transform)
        num_guided = count_places(first, second, np.column_stack([guided.first, guided.second]))
        by_chance = guided.by_chance
    return Verification(
        len(matches.first),
        inliers,
        num_places,
        _distinctiveness(matches.ratios[found.inliers]),
        (coverage(first, inliers[:, 0]), coverage(second, inliers[:, 1])),
        found.transform,
        found.kind,
        num_guided,
        by_chance,
        np.column_stack([overlay.first, overlay.second]),
    )


def _distinctiveness(ratios: NDArray[np.float32]) -> float:
    return float(np.log(1 / np.clip(ratios, LEAST_RATIO, 1)).sum())


def count_places(first: LoadedFeatures, second: LoadedFeatures, pairs: NDArray[np.intp]) -> int:
    """Count distinct places among matched keypoints, in the photo that has fewer."""
    return min(_num_cells(first, pairs[:, 0], CELL), _num_cells(second, pairs[:, 1], CELL))


def coverage(photo: LoadedFeatures, rows: NDArray[np.intp]) -> float:
    """Give the share of a photo's grid cells that hold one of the keypoints ``rows``."""
    width, height = photo.stored.photo_size
    cell = photo.side / GRID
    total = max(1, round(width / cell)) * max(1, round(height / cell))
    return min(1.0, _num_cells(photo, rows, 1 / GRID) / total)


def _num_cells(photo: LoadedFeatures, rows: NDArray[np.intp], cell: float) -> int:
    places = np.floor(photo.stored.keypoints[rows, :2] / (cell * photo.side)).astype(np.int64)
    return len(set((places[:, 1] * 100_003 + places[:, 0]).tolist()))  # a set is made sooner than few rows are sorted
