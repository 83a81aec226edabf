"""Maps of one photo's points into another's: fitted, judged, applied.

Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns" (PAMI 1991).
Figures: ``benchmarks/matching.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, degrees, hypot, isfinite, log
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_STRETCH = 3.5  # longest over shortest axis of a map; beyond it a façade is seen at more than 70 degrees
MAX_GROWTH = 30.0

# Squared, about the shortest over the longest axis of the points: below it they are taken for a line, of which sums
# of products say too little. Points lie on 32nds of a pixel, so that all but lines are far from it.
LEAST_SPREAD = 1e-7

Points = NDArray[np.float64]
Linear = tuple[tuple[float, float], tuple[float, float]]


def angle_difference(one: NDArray[Any], other: Any) -> NDArray[Any]:
    """Give ``one - other`` in degrees, between -180 and 180."""
    return np.asarray((one - other + 180.0) % 360.0 - 180.0)


def map_points(transform: Points, points: Points) -> Points:
    """Map points (N, 2) by an affine map (2, 3)."""
    return np.asarray(points @ transform[:, :2].T + transform[:, 2])


def scale_and_turn(transform: Points) -> tuple[float, float]:
    """Give the logarithm of the scale and the rotation, in degrees, of an affine map (2, 3)."""
    (a, b, _), (c, d, _) = transform.tolist()
    return log(max(abs(a * d - b * c), 1e-12)) / 2, degrees(atan2(c - b, a + d))


def is_sane(transform: Points) -> bool:
    """Say whether a map is one that two photos of a wall can have: not mirrored, flattened or blown up beyond 30."""
    (a, b, right), (c, d, down) = transform.tolist()
    if not all(map(isfinite, (a, b, right, c, d, down))) or a * d - b * c <= 0:
        return False
    # The singular values of two by two numbers, in closed form: this is asked ten times a pair.
    turning, mirroring = hypot(a + d, c - b) / 2, hypot(a - d, b + c) / 2
    longest, shortest = turning + mirroring, abs(turning - mirroring)
    return longest < MAX_STRETCH * shortest and longest > 1 / MAX_GROWTH and shortest < MAX_GROWTH


@dataclass(frozen=True, eq=False)
class Moments:
    """What maps of least squares are fitted by: the products of coordinates of each point, for sums over any points.

    Attributes
    ----------
    places : ndarray of float64, shape (4, N)
        x and y of the points, x and y of where they are to be mapped, about ``means``.
    means : tuple of float
        Of the four.
    products : ndarray of float64, shape (N, 12)
        Of each point: 1, its four coordinates, and the products of x and y with all four but yx.
    """

    places: Points
    means: tuple[float, float, float, float]
    products: Points

    @classmethod
    def of(cls, places: Points) -> Moments:
        """Take points (4, N)."""
        means = places.mean(axis=1)
        places = places - means[:, None]
        x, y = places[:2]
        products = np.vstack([np.ones_like(x), places, x * places, y * places[1:]])
        return cls(places, tuple(means.tolist()), products.T)

    def fit(self, chosen: NDArray[np.bool_], least_for_affine: int) -> list[tuple[str, Points]]:
        """Fit a map (2, 3) to each choice (P, N) of points; give with it what it is.

        An affine map to ``least_for_affine`` points or more, to fewer one of scale, rotation and shift, not mirrored.
        Of points on one line, the affine map is that with the smallest numbers.
        """
        fitted = []
        for choice, (count, *sums) in zip(chosen, (chosen @ self.products).tolist(), strict=True):
            means = [value / count for value in sums[:4]]
            products = _about(means, sums, count)
            if count < least_for_affine:
                fitted.append(("similarity", self._with_shift(_similarity(products), means)))
            elif _are_spread(products):
                fitted.append(("affine", self._with_shift(_affine(products), means)))
            else:
                fitted.append(("affine", self._of_line(choice)))
        return fitted

    def _with_shift(self, linear: Linear, means: list[float]) -> Points:
        (a, b), (c, d) = linear
        x, y, u, v = (mean + own for mean, own in zip(self.means, means, strict=True))
        return np.array([[a, b, u - a * x - b * y], [c, d, v - c * x - d * y]])

    def _of_line(self, choice: NDArray[np.bool_]) -> Points:
        places = self.places[:, choice] + np.array(self.means)[:, None]
        rows = np.column_stack([*places[:2], np.ones(places.shape[1])])
        return np.asarray(np.linalg.lstsq(rows, places[2:].T, rcond=None)[0].T)


def _about(means: list[float], sums: list[float], count: float) -> list[float]:
    """Give the sums of products xx, xy, xu, xv, yy, yu, yv about the means of x, y, u, v."""
    x, y, u, v = (mean * count for mean in means)
    taken = (x * means[0], x * means[1], x * means[2], x * means[3], y * means[1], y * means[2], y * means[3])
    return [value - off for value, off in zip(sums[4:], taken, strict=True)]


def _are_spread(products: list[float]) -> bool:
    xx, xy, _, _, yy, _, _ = products
    return xx * yy - xy * xy > LEAST_SPREAD * ((xx + yy) / 2) ** 2


def _affine(products: list[float]) -> Linear:
    xx, xy, xu, xv, yy, yu, yv = products
    spread = xx * yy - xy * xy
    first = (yy * xu - xy * yu) / spread, (xx * yu - xy * xu) / spread
    return first, ((yy * xv - xy * yv) / spread, (xx * yv - xy * xv) / spread)


def _similarity(products: list[float]) -> Linear:
    xx, _, xu, xv, yy, yu, yv = products
    around = max(xx + yy, 1e-12)
    along, across = (xu + yv) / around, (xv - yu) / around
    return (along, -across), (across, along)
