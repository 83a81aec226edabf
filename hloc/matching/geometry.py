"""Which matches of two photos move together: one similarity seen from every match, then an affine map, then a camera.

Sources: Lowe, "Distinctive image features from scale-invariant keypoints" (IJCV 2004), section 7.3, for the vote of
single matches on scale, rotation and place; Philbin et al., "Object retrieval with large vocabularies and fast spatial
matching" (CVPR 2007), section 4, for the map that a single match proposes and its refinement; Barath et al.,
"MAGSAC++" (CVPR 2020), computed by OpenCV, for the homography; RANSAC for the fundamental matrix. Figures:
``benchmarks/matching.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from hloc.matching.maps import Moments, Points, angle_difference, is_sane, scale_and_turn

# Lengths are shares of the longest side of the photo that points are mapped into.
LOOSE_TOLERANCE = 0.05  # of the map that one match proposes: its angle and size are known to a few per cent only
# Of maps fitted to all that agree, ever closer; façades are seen at an angle, so the last is no pixel.
FITTING_TOLERANCES = (0.03, 0.0225, 0.017, 0.0125)
WIDE_TOLERANCE = 0.05  # around an affine map: what stands before or behind its wall
CAMERA_TOLERANCE = 0.004  # of homography and epipolar lines

SCALE_FACTOR = 1.8  # a match agrees with a map when its own scale is within this factor of the map's,
TURN_DEG = 30.0  # and its own rotation within this angle

MAX_VOTES = 600  # best matches that are looked at; the vote takes their square in time
NUM_PROPOSALS = 3  # best proposals that are refined
LEAST_INLIERS = 3
LEAST_FOR_AFFINE = 6
LEAST_FOR_CAMERA = 8  # with fewer matches, seven or eight parameters explain anything
MAX_TRIALS, CONFIDENCE = 300, 0.999

Keypoints = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Alignment:
    """How the points of one photo lie in another.

    Attributes
    ----------
    inliers : ndarray of int, shape (K,)
        Indices of the matches that agree, ascending.
    transform : ndarray of float64, shape (2, 3)
        Affine map from the first photo's pixels to the second's; zeros when nothing agrees.
    kind : str
        What the inliers agree with: ``none``, ``similarity``, ``affine``, ``homography`` or ``fundamental``.
    """

    inliers: NDArray[np.intp]
    transform: Points
    kind: str


NO_ALIGNMENT = Alignment(np.zeros(0, np.intp), np.zeros((2, 3)), "none")


def align(first: Keypoints, second: Keypoints, distinctiveness: NDArray[np.floating], side: float) -> Alignment:
    """Find the largest set of matches that one map explains.

    Parameters
    ----------
    first, second : ndarray of float32, shape (N, 4)
        Matched keypoints: x, y, diameter in pixels, angle in degrees.
    distinctiveness : ndarray, shape (N,)
        Higher is better; the best ``MAX_VOTES`` matches are looked at.
    side : float
        Longest side of the second photo, in pixels.

    Returns
    -------
    Alignment
        The same for the same matches in any order, up to ties.
    """
    chosen = np.sort(np.argsort(-distinctiveness, kind="stable")[:MAX_VOTES])
    if len(chosen) < LEAST_INLIERS:
        return NO_ALIGNMENT
    moves = _Moves.of(first[chosen], second[chosen])
    best = moves.refine(moves.proposals(LOOSE_TOLERANCE * side), side)
    return Alignment(chosen[best.inliers], best.transform, best.kind)


@dataclass(frozen=True, eq=False)
class _Moves:
    """Matches as places (4, N): x, y and x, y; and what each alone says of scale and rotation."""

    places: Points
    log_scale: NDArray[np.float64]
    turn: NDArray[np.float64]

    @classmethod
    def of(cls, first: Keypoints, second: Keypoints) -> _Moves:
        log_scale = np.log(np.maximum(second[:, 2], 1e-3) / np.maximum(first[:, 2], 1e-3)).astype(np.float64)
        turn = (second[:, 3] - first[:, 3]).astype(np.float64)
        return cls(np.concatenate([first[:, :2].T, second[:, :2].T]).astype(np.float64), log_scale, turn)

    def proposals(self, tolerance: float) -> NDArray[np.bool_]:
        """Give the matches (P, N) that agree with the map of one match, for the maps with most of them."""
        votes = self._votes(tolerance)
        counts = np.count_nonzero(votes, axis=1)
        return votes[np.argsort(-counts, kind="stable")[:NUM_PROPOSALS]]

    def _votes(self, tolerance: float) -> NDArray[np.bool_]:
        """Say which match (column) agrees with the map that another (row) proposes.

        The square of what a map of scale and rotation misses is a sum of products of what the map says and what the
        match says: one product of matrices gives all of them, less what is allowed.
        """
        x, y, u, v = self.places - self.places.mean(axis=1, keepdims=True)
        scale, angle = np.exp(self.log_scale), np.deg2rad(self.turn)
        cosine, sine, one = np.cos(angle), np.sin(angle), np.ones_like(scale)
        along, across = scale * cosine, scale * sine
        right, down = u - (along * x - across * y), v - (along * y + across * x)
        limits = (tolerance * np.maximum(1, scale)) ** 2
        maps = [scale**2, right**2 + down**2 - limits, one]
        maps += [2 * (along * right + across * down), 2 * (along * down - across * right)]
        maps += [-2 * along, -2 * across, -2 * right, -2 * down]
        matches = np.stack([x**2 + y**2, one, u**2 + v**2, x, y, x * u + y * v, x * v - y * u, u, v])
        votes = np.stack(maps, axis=1) @ matches < 0
        grown = np.subtract.outer(self.log_scale, self.log_scale)
        votes &= np.abs(grown, out=grown) < np.log(SCALE_FACTOR)
        if self.is_turned:
            directions = np.stack([cosine, sine])
            votes &= directions.T @ directions > np.cos(np.deg2rad(TURN_DEG))
        return np.asarray(votes)

    @property
    def is_turned(self) -> bool:
        """False when no match turns, as between upright features: then nothing about rotation need be computed."""
        return bool(self.turn.any())

    def refine(self, proposals: NDArray[np.bool_], side: float) -> Alignment:
        """Fit a map to each set of voters (P, N), take those that agree with it, and again, ever closer; give the best.

        All proposals go together: there are few of them and of matches, so that the number of calls is what counts.
        """
        moments = Moments.of(self.places)
        inliers, fitted = proposals, np.zeros((0, 2, 3))
        kinds: list[str] = []
        for tolerance in FITTING_TOLERANCES:
            maps = moments.fit(inliers[np.count_nonzero(inliers, axis=1) >= LEAST_INLIERS], LEAST_FOR_AFFINE)
            kept = [(kind, transform) for kind, transform in maps if is_sane(transform)]
            if not kept:
                return NO_ALIGNMENT
            kinds, fitted = [kind for kind, _ in kept], np.stack([transform for _, transform in kept])
            inliers = self.agreeing(fitted, max(tolerance * side, 1.0))
        counts = np.count_nonzero(inliers, axis=1)
        best = int(counts.argmax())
        if counts[best] < LEAST_INLIERS:
            return NO_ALIGNMENT
        return Alignment(np.flatnonzero(inliers[best]), fitted[best], kinds[best])

    def agreeing(self, transforms: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
        """Say which matches lie within ``tolerance`` pixels of maps (P, 2, 3), and have their scale and rotation."""
        log_scales, turns = np.array([scale_and_turn(transform) for transform in transforms]).T[..., None]
        missed = transforms[:, :, :2] @ self.places[:2]
        missed += transforms[:, :, 2:]
        missed -= self.places[2:]
        missed *= missed
        limits = (tolerance * np.maximum(1.0, np.exp(log_scales))) ** 2
        agrees: NDArray[np.bool_] = missed[:, 0] + missed[:, 1] < limits
        agrees &= np.abs(self.log_scale - log_scales) < np.log(SCALE_FACTOR)
        if self.is_turned or np.abs(turns).max() >= TURN_DEG:
            agrees &= np.abs(angle_difference(self.turn, turns)) < TURN_DEG
        return agrees


def with_camera(first: Keypoints, second: Keypoints, found: Alignment, side: float) -> Alignment:
    """Add the matches that a homography or the epipolar lines of two views explain, near to what a map explains.

    An affine map holds for one wall seen from afar. The matches around it, twice as far off as usual, are offered to
    both models of a camera; the one that explains more counts, if it explains more than the affine map.

    Parameters
    ----------
    first, second : ndarray of float32, shape (N, 4)
        Matched keypoints.
    found : Alignment
        What :func:`align` gave for them.
    side : float
        Longest side of the second photo, in pixels.
    """
    if len(found.inliers) < LEAST_FOR_CAMERA:
        return found
    moves = _Moves.of(first, second)
    around = np.flatnonzero(moves.agreeing(found.transform[None], WIDE_TOLERANCE * side)[0])
    best = found
    start, end = moves.places[:2, around].T.copy(), moves.places[2:, around].T.copy()
    for kind, fit in CAMERAS.items():
        if len(around) <= len(best.inliers):  # it cannot explain more
            break
        is_inlier = fit(start, end, max(CAMERA_TOLERANCE * side, 1.0))
        if np.count_nonzero(is_inlier) > len(best.inliers):
            best = Alignment(around[is_inlier], found.transform, kind)
    return best


def _homography(start: Points, end: Points, tolerance: float) -> NDArray[np.bool_]:
    _, mask = cv2.findHomography(start, end, cv2.USAC_MAGSAC, tolerance, maxIters=MAX_TRIALS, confidence=CONFIDENCE)
    return _as_mask(mask, len(start))


def _fundamental(start: Points, end: Points, tolerance: float) -> NDArray[np.bool_]:
    # Not MAGSAC: on points that lie twice in the same place OpenCV's stops the program or never ends (its issues 19639
    # and 24967, and 34 of 500 drawn cases).
    _, mask = cv2.findFundamentalMat(start, end, cv2.FM_RANSAC, tolerance, CONFIDENCE, MAX_TRIALS)
    return _as_mask(mask, len(start))


def _as_mask(mask: Any, count: int) -> NDArray[np.bool_]:
    """Turn what OpenCV gives, which is None where it found nothing, into a mask (N,)."""
    return np.zeros(count, bool) if mask is None else np.asarray(mask, bool).ravel()


CAMERAS = {"homography": _homography, "fundamental": _fundamental}
