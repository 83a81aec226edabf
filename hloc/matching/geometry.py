"""Which matches of two photos move together: one similarity seen from every match, then an affine map, then a camera.

Sources: Lowe, "Distinctive image features from scale-invariant keypoints" (IJCV 2004), section 7.3, for the vote of
single matches on scale, rotation and place; Philbin et al., "Object retrieval with large vocabularies and fast spatial
matching" (CVPR 2007), section 4, for the map that a single match proposes and its refinement; Barath et al.,
"MAGSAC++" (CVPR 2020), computed by OpenCV, for the homography; RANSAC for the fundamental matrix. Figures:
``benchmarks/matching.md``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Lengths are shares of the longest side of the photo that points are mapped into.
LOOSE_TOLERANCE = 0.05  # of the map that one match proposes: its angle and size are known to a few per cent only
# Of maps fitted to all that agree, ever closer; façades are seen at an angle, so the last is no pixel.
FITTING_TOLERANCES = (0.03, 0.0225, 0.017, 0.0125)
WIDE_TOLERANCE = 0.05  # around an affine map: what stands before or behind its wall
CAMERA_TOLERANCE = 0.004  # of homography and epipolar lines

SCALE_FACTOR = 1.8  # a match agrees with a map when its own scale is within this factor of the map's,
TURN_DEG = 30.0  # and its own rotation within this angle
MAX_STRETCH = 3.5  # longest over shortest axis of a map; beyond it a façade is seen at more than 70 degrees

MAX_VOTES = 600  # best matches that are looked at; the vote takes their square in time
NUM_PROPOSALS = 3  # best proposals that are refined
LEAST_INLIERS = 3
LEAST_FOR_AFFINE = 6
LEAST_FOR_CAMERA = 8  # with fewer matches, seven or eight parameters explain anything
MAX_TRIALS, CONFIDENCE = 300, 0.999

Keypoints = NDArray[np.float32]
Points = NDArray[np.float64]


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
    best = NO_ALIGNMENT
    for votes in moves.proposals(LOOSE_TOLERANCE * side):
        found = moves.refine(votes, side)
        if len(found.inliers) > len(best.inliers):
            best = found
    return Alignment(chosen[best.inliers], best.transform, best.kind)


@dataclass(frozen=True, eq=False)
class _Moves:
    """Matches as points, and what each alone says of scale and rotation."""

    first: Points
    second: Points
    log_scale: NDArray[np.float64]
    turn: NDArray[np.float64]

    @classmethod
    def of(cls, first: Keypoints, second: Keypoints) -> _Moves:
        log_scale = np.log(np.maximum(second[:, 2], 1e-3) / np.maximum(first[:, 2], 1e-3)).astype(np.float64)
        turn = (second[:, 3] - first[:, 3]).astype(np.float64)
        return cls(first[:, :2].astype(np.float64), second[:, :2].astype(np.float64), log_scale, turn)

    def proposals(self, tolerance: float) -> list[NDArray[np.bool_]]:
        """Give the matches (N,) that agree with the map of one match, for the maps with most of them."""
        votes = self._votes(tolerance)
        counts = votes.sum(axis=1)
        return [
            votes[index]
            for index in np.argsort(-counts, kind="stable")[:NUM_PROPOSALS]
            if counts[index] >= LEAST_INLIERS
        ]

    def _votes(self, tolerance: float) -> NDArray[np.bool_]:
        start = (self.first[:, 0] + 1j * self.first[:, 1]).astype(np.complex64)
        end = (self.second[:, 0] + 1j * self.second[:, 1]).astype(np.complex64)
        heading = np.exp(1j * np.deg2rad(self.turn)).astype(np.complex64)
        scale = self.log_scale.astype(np.float32)
        factor = np.exp(scale) * heading
        missed = np.outer(factor, start) + (end - factor * start)[:, None] - end
        squared = missed.real**2 + missed.imag**2  # np.abs of complex numbers takes three times as long
        votes: NDArray[np.bool_] = squared < ((tolerance * np.maximum(1, np.exp(scale))) ** 2)[:, None]
        votes &= np.abs(scale[:, None] - scale) < np.log(SCALE_FACTOR)
        votes &= (np.outer(heading.real, heading.real) + np.outer(heading.imag, heading.imag)) > np.cos(
            np.deg2rad(TURN_DEG)
        )
        return votes

    def refine(self, votes: NDArray[np.bool_], side: float) -> Alignment:
        """Fit a map to the voters, take those that agree with it, and again, ever closer."""
        inliers, fitted, kind = votes, np.zeros((2, 3)), "none"
        for tolerance in FITTING_TOLERANCES:
            if inliers.sum() < LEAST_INLIERS:
                return NO_ALIGNMENT
            is_affine = inliers.sum() >= LEAST_FOR_AFFINE
            fitted = (fit_affine if is_affine else fit_similarity)(self.first[inliers], self.second[inliers])
            kind = "affine" if is_affine else "similarity"
            if not is_sane(fitted):
                return NO_ALIGNMENT
            inliers = self.agreeing(fitted, max(tolerance * side, 1.0))
        return Alignment(np.flatnonzero(inliers), fitted, kind) if inliers.sum() >= LEAST_INLIERS else NO_ALIGNMENT

    def agreeing(self, transform: Points, tolerance: float) -> NDArray[np.bool_]:
        """Say which matches lie within ``tolerance`` pixels of a map, and have its scale and rotation."""
        log_scale, turn = scale_and_turn(transform)
        missed = np.linalg.norm(map_points(transform, self.first) - self.second, axis=1)
        agrees: NDArray[np.bool_] = missed < tolerance * max(1.0, float(np.exp(log_scale)))
        agrees &= np.abs(self.log_scale - log_scale) < np.log(SCALE_FACTOR)
        agrees &= np.abs(angle_difference(self.turn, turn)) < TURN_DEG
        return agrees


def angle_difference(one: NDArray[Any], other: Any) -> NDArray[Any]:
    """Give ``one - other`` in degrees, between -180 and 180."""
    return np.asarray((one - other + 180.0) % 360.0 - 180.0)


def map_points(transform: Points, points: Points) -> Points:
    """Map points (N, 2) by an affine map (2, 3)."""
    return np.asarray(points @ transform[:, :2].T + transform[:, 2])


def scale_and_turn(transform: Points) -> tuple[float, float]:
    """Give the logarithm of the scale and the rotation, in degrees, of an affine map (2, 3)."""
    (a, b), (c, d) = transform[:, :2]
    return float(np.log(max(abs(a * d - b * c), 1e-12)) / 2), float(np.rad2deg(np.arctan2(c - b, a + d)))


def is_sane(transform: Points) -> bool:
    """Say whether a map is one that two photos of a wall can have: not mirrored, flattened or blown up beyond 30."""
    linear = transform[:, :2]
    if not np.isfinite(transform).all() or np.linalg.det(linear) <= 0:
        return False
    longest, shortest = np.linalg.svd(linear, compute_uv=False)
    return bool(longest < MAX_STRETCH * shortest and longest > 1 / 30 and shortest < 30)


def fit_affine(start: Points, end: Points) -> Points:
    """Fit the affine map (2, 3) of least squares."""
    rows = np.column_stack([start, np.ones(len(start))])
    return np.asarray(np.linalg.lstsq(rows, end, rcond=None)[0].T)


def fit_similarity(start: Points, end: Points) -> Points:
    """Fit the map (2, 3) of scale, rotation and shift of least squares (Umeyama 1991, without mirroring)."""
    one, other = start[:, 0] + 1j * start[:, 1], end[:, 0] + 1j * end[:, 1]
    centred = one - one.mean()
    factor = (centred.conj() * (other - other.mean())).sum() / max(float((np.abs(centred) ** 2).sum()), 1e-12)
    offset = other.mean() - factor * one.mean()
    return np.array([[factor.real, -factor.imag, offset.real], [factor.imag, factor.real, offset.imag]])


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
    around = np.flatnonzero(moves.agreeing(found.transform, WIDE_TOLERANCE * side))
    best = found
    for kind, is_inlier in _cameras(moves.first[around], moves.second[around], max(CAMERA_TOLERANCE * side, 1.0)):
        if is_inlier.sum() > len(best.inliers):
            best = Alignment(around[is_inlier], found.transform, kind)
    return best


def _cameras(start: Points, end: Points, tolerance: float) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    _, mask = cv2.findHomography(start, end, cv2.USAC_MAGSAC, tolerance, maxIters=MAX_TRIALS, confidence=CONFIDENCE)
    if mask is not None:
        yield "homography", mask.ravel().astype(bool)
    # Not MAGSAC: on points that lie twice in the same place OpenCV's stops the program or never ends (its issues 19639
    # and 24967, and 34 of 500 drawn cases).
    _, mask = cv2.findFundamentalMat(start, end, cv2.FM_RANSAC, tolerance, CONFIDENCE, MAX_TRIALS)
    if mask is not None:
        yield "fundamental", mask.ravel().astype(bool)
