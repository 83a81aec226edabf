"""Which further pairs are worth a look: neighbours of verified neighbours, photos of near by and of just then.

Source of the idea: Chum et al., "Total recall" (ICCV 2007), query expansion; here the graph of verified pairs is
walked instead of the descriptors averaged, so that it serves every model. Figures: ``benchmarks/matching.md``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

Pair = tuple[int, int]

EARTH_RADIUS_M = 6_371_008.8
NEAR_M = 60.0  # across a street and its façades, and the error of a phone's position
SOON_S = 60.0  # two photos of one camera within a minute


def expand(
    tested: Iterable[Pair], strengths: Mapping[Pair, float], listed: Mapping[int, Sequence[int]], budget: int
) -> list[Pair]:
    """Propose neighbours of verified neighbours, and what the descriptor lists for these, best first, for each photo.

    A photo that is reached over the pairs i-j and j-k counts the weaker of the two strengths; over several j they add
    up. Where the second step is only listed by the descriptor (j lists k), it counts an eighth of the first.

    Parameters
    ----------
    tested : iterable of pair
        Pairs (smaller row first) that have been looked at.
    strengths : mapping of pair to float
        Probability of those of them that were verified.
    listed : mapping of int to sequence of int
        For each photo, the photos that the descriptor listed as its most similar.
    budget : int
        Most new pairs that one photo may ask for.

    Returns
    -------
    list of pair
        New pairs, smaller row first, sorted.
    """
    verified: dict[int, dict[int, float]] = defaultdict(dict)
    for (one, other), strength in strengths.items():
        verified[one][other] = verified[other][one] = strength
    known, found = set(tested), set()
    for photo in sorted(verified):
        votes: dict[int, float] = defaultdict(float)
        for middle, strength in sorted(verified[photo].items()):
            for third, other_strength in sorted(verified[middle].items()):
                votes[third] += min(strength, other_strength)
            for third in listed.get(middle, ()):
                votes[third] += strength / 8
        fresh = [third for third in votes if third != photo and _pair(photo, third) not in known]
        found |= {_pair(photo, third) for third in sorted(fresh, key=lambda third: (-votes[third], third))[:budget]}
    return sorted(found)


def near_positions(positions: NDArray[np.float64], budget: int, radius_m: float = NEAR_M) -> list[Pair]:
    """Propose for each photo its nearest others by position.

    Parameters
    ----------
    positions : ndarray, shape (N, 2)
        Latitude and longitude in degrees; NaN where there is none.
    budget : int
        Most pairs that one photo may ask for.
    radius_m : float
        Farthest distance.
    """
    has_position = np.flatnonzero(np.isfinite(positions).all(axis=1))
    if len(has_position) < 2 or budget < 1:
        return []
    places = _on_sphere(positions[has_position])
    _, nearest = KDTree(places).query(places, k=min(budget + 1, len(places)), distance_upper_bound=radius_m)
    found = set()
    for row, others in enumerate(np.asarray(nearest)):
        found |= {_pair(has_position[row], has_position[other]) for other in others if other < len(places)}
    return sorted(pair for pair in found if pair[0] != pair[1])


def near_times(times: Sequence[str | None], cameras: Sequence[str | None], budget: int) -> list[Pair]:
    """Propose for each photo those that the same camera took within a minute before and after.

    Parameters
    ----------
    times : sequence of str or None
        Time of capture, ISO 8601; what is not a time is left out.
    cameras : sequence of str or None
        Make and model.
    budget : int
        Most pairs that one photo may ask for; the nearest in time.
    """
    by_camera: dict[str, list[tuple[float, int]]] = defaultdict(list)
    for row, (time, camera) in enumerate(zip(times, cameras, strict=True)):
        seconds = _seconds(time)
        if seconds is not None:
            by_camera[camera or ""].append((seconds, row))
    found = set()
    for shots in by_camera.values():
        shots.sort()
        for place, (seconds, row) in enumerate(shots):
            around = shots[max(0, place - budget) : place + budget + 1]
            near = [(abs(other - seconds), other_row) for other, other_row in around if other_row != row]
            found |= {_pair(row, other) for gap, other in sorted(near)[:budget] if gap <= SOON_S}
    return sorted(found)


def _seconds(time: str | None) -> float | None:
    """Give the camera's clock in seconds; its offset from UTC does not matter within one camera and minute."""
    if time is None:
        return None
    try:
        return (datetime.fromisoformat(time).replace(tzinfo=None) - datetime(1970, 1, 1)).total_seconds()
    except ValueError:  # no time, so no neighbours in time
        return None


def _on_sphere(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    latitude, longitude = np.deg2rad(positions).T
    around = np.cos(latitude)
    return EARTH_RADIUS_M * np.column_stack([around * np.cos(longitude), around * np.sin(longitude), np.sin(latitude)])


def _pair(one: int, other: int) -> Pair:
    one, other = int(one), int(other)
    return (one, other) if one < other else (other, one)
