"""Collections drawn with known buildings: what matching would say of their pairs, and probabilities fitted to that.

A building is seen from one to four sides. Two photos of it match the better the nearer their views, in direction and in
distance; some photos are blurred or dark. Wrong matches come from where they come from in the field: buildings that
look alike, photos that match everything a little (rubble, foliage, pages of text), plain chance. The candidates are the
ten best of each photo by a descriptor that errs in the same ways.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from clustering.graph import ScoredPairs

NUM_TO_MATCH = 10
NUM_OF_BUILDINGS = 360  # photos of buildings, about
SHARE_SINGLE = 0.25  # of the photos of buildings; so many more show what no other photo shows
SIDE_DEG, STEP_DEG, SCATTER_DEG = 50.0, (20.0, 70.0), 12.0
MATCH_STRENGTH, ALIKE_STRENGTH, CHANCE_STRENGTH = 7.0, 6.0, 0.8
KNEES = (1.5, 3.0)  # of the match strength, where the fitted curve may bend
CALIBRATION_SEEDS = range(1000, 1006)


@dataclass(frozen=True)
class Kind:
    """What is hard about a collection.

    Attributes
    ----------
    share_alike : float
        Buildings that look like another one.
    share_hubs : float
        Photos that match everything a little.
    noise : float
        How much chance has a part in it.
    mean_photos : int
        Of a building; none has more than five times as many.
    """

    share_alike: float = 0.15
    share_hubs: float = 0.03
    noise: float = 1.0
    mean_photos: int = 6


KINDS = {
    "plain": Kind(),
    "buildings alike": Kind(share_alike=0.5),
    "many hubs": Kind(share_hubs=0.1),
    "noisy": Kind(noise=1.4),
    "large buildings": Kind(mean_photos=40),
}


@dataclass(frozen=True, eq=False)
class Collection:
    """Photos of known buildings.

    Attributes
    ----------
    labels : ndarray of int64, shape (N,)
        Building of each photo.
    pairs : ScoredPairs
        The candidates; scores are probabilities.
    """

    labels: NDArray[np.int64]
    pairs: ScoredPairs


@dataclass(frozen=True, eq=False)
class _Drawn:
    labels: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    evidence: NDArray[np.float64]  # (E, 2): strength of the match, similarity of the descriptors


def draw_collection(kind: Kind, seed: int) -> Collection:
    """Draw a collection of about 450 photos; the probabilities were fitted on other, plain ones."""
    drawn = _draw(kind, seed)
    probability = _calibration().predict_proba(_bent(drawn.evidence))[:, 1]
    return Collection(drawn.labels, ScoredPairs.from_arrays(len(drawn.labels), drawn.first, drawn.second, probability))


@cache
def _calibration() -> LogisticRegression:
    collections = [_draw(Kind(), seed) for seed in CALIBRATION_SEEDS]
    evidence = np.concatenate([drawn.evidence for drawn in collections])
    is_same = np.concatenate([drawn.labels[drawn.first] == drawn.labels[drawn.second] for drawn in collections])
    return LogisticRegression(C=10.0, max_iter=1000).fit(_bent(evidence), is_same)


def _bent(evidence: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([evidence, *(np.maximum(evidence[:, 0] - knee, 0) for knee in KNEES)])


def _draw(kind: Kind, seed: int) -> _Drawn:
    random = np.random.default_rng(seed)
    labels = _labels(random, kind.mean_photos)
    content = _content(random, kind, labels)
    num_photos = len(labels)
    quality = random.normal(0, 0.7, num_photos)
    hub = (random.random(num_photos) < kind.share_hubs) * random.uniform(1, 3, num_photos)
    chance = kind.noise * CHANCE_STRENGTH * _symmetric(random.normal(0, 1, (num_photos, num_photos)))
    worse = np.minimum(quality[:, None], quality)
    match = content * (1 + 0.2 * worse) + 0.9 * (hub[:, None] + hub) + chance
    similarity = 0.8 * content + 0.5 * (hub[:, None] + hub) + _symmetric(random.normal(0, 1, content.shape))
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argsort(-similarity, axis=1)[:, :NUM_TO_MATCH]
    ends = np.column_stack((np.repeat(np.arange(num_photos), NUM_TO_MATCH), nearest.ravel()))
    first, second = np.unique(np.sort(ends, axis=1), axis=0).T
    return _Drawn(labels, first, second, np.column_stack((match[first, second], similarity[first, second])))


def _labels(random: np.random.Generator, mean_photos: int) -> NDArray[np.int64]:
    """Give the building of each photo; single photos have buildings of their own, behind the others."""
    num_buildings = NUM_OF_BUILDINGS // mean_photos
    sizes = np.minimum(5 * mean_photos, 1 + random.geometric(1 / (mean_photos - 1), num_buildings))
    num_single = int(SHARE_SINGLE * sizes.sum())
    return np.concatenate((np.repeat(np.arange(num_buildings), sizes), num_buildings + np.arange(num_single)))


def _content(random: np.random.Generator, kind: Kind, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Say how much two photos have in common that a match can rest on, (N, N)."""
    num_buildings = int(labels.max()) + 1
    direction, distance = _views(random, labels)
    apart = np.abs(direction[:, None] - direction), np.abs(distance[:, None] - distance)
    nearness = np.exp(-((apart[0] / SIDE_DEG) ** 2) - (apart[1] / 1.4) ** 2)
    alike = np.zeros((num_buildings, num_buildings))
    twins = np.flatnonzero(random.random(num_buildings) < kind.share_alike)
    alike[twins, random.integers(0, num_buildings, len(twins))] = random.random(len(twins))
    alike = np.maximum(alike, alike.T)
    np.fill_diagonal(alike, 0)
    is_same = labels[:, None] == labels
    return nearness * np.where(is_same, MATCH_STRENGTH, ALIKE_STRENGTH * alike[labels][:, labels])


def _views(random: np.random.Generator, labels: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give direction in degrees and logarithm of the distance of each photo, (N,) each."""
    direction = random.uniform(0, 360, len(labels))
    distance = random.normal(0, 0.6, len(labels))
    for building in np.flatnonzero(np.bincount(labels) > 1):
        photos = np.flatnonzero(labels == building)
        sides = np.cumsum(random.uniform(*STEP_DEG, random.integers(1, 5)))
        direction[photos] = random.choice(sides, len(photos)) + random.normal(0, SCATTER_DEG, len(photos))
        if len(photos) > 3 and random.random() < 0.3:  # three shots of one view
            burst = random.choice(photos, 3, replace=False)
            direction[burst], distance[burst] = direction[burst[0]], distance[burst[0]]
    return direction, distance


def _symmetric(values: NDArray[np.float64]) -> NDArray[np.float64]:
    upper = np.triu(values, 1)
    return upper + upper.T
