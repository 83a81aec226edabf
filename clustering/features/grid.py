"""Several values per parameter to clusterers: every combination once, as far as it fits the vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from clustering.features.clusterers import FEATURE_CLUSTERERS, get_feature_clusterer
from clustering.features.clusterers.base import AUTO, FeatureClusterer, Vectors
from clustering.features.density import knee, neighbour_distances
from clustering.features.linkage import default_linkage
from clustering.features.space import from_euclidean
from storage.errors import UsageError

NUM_AUTO = 10  # numbers of clusters that "auto" tries
AUTO_SHARE = {"gaussian_mixture": 10}  # fewest vectors a cluster on average, of "auto"; a covariance needs several
DEFAULT_SHARE = 2
# parameter -> the least that has a meaning; the most is the number of vectors
COUNTS = {"n_clusters": 1, "min_samples": 1, "min_cluster_size": 2, "max_cluster_size": 2}

Given = Mapping[str, Sequence[Any]]


@dataclass(frozen=True)
class Grid:
    """Clusterers in the order of their parameters, and what was changed to make them fit."""

    clusterers: list[FeatureClusterer]
    notes: list[str]


def make_grid(algorithm: str, given: Given, vectors: Vectors, metric: str, seed: int) -> Grid:
    """Make the clusterers of an algorithm for some vectors.

    Parameters
    ----------
    algorithm : str
        A key of ``FEATURE_CLUSTERERS``, or ``auto`` for all that take the metric.
    given : mapping of str to sequence
        Parameter to values, in the order in which they are tried; parameters that are not given take the clusterer's
        own grid. Counts beyond the number of vectors become it.
    vectors : ndarray, (N, D)
        Prepared.

    Raises
    ------
    UsageError
        When a parameter or the metric is not one of the algorithm's.
    """
    check_given(algorithm, given, metric)
    grid = Grid([], [])
    for name in _names(algorithm, metric):
        chosen = get_feature_clusterer(name)
        values: dict[str, list[Any]] = {}
        for parameter, default in chosen.grid.items():
            wanted = given.get(parameter) or default
            if parameter == "n_clusters" and "distance_threshold" in given and parameter not in given:
                wanted = (None,)
            if parameter == "linkage":
                wanted = [default_linkage(metric) if each is None else each for each in wanted]
            values[parameter] = _clipped(parameter, wanted, name, len(vectors), grid.notes)
        grid.clusterers.extend(_combinations(chosen, values, vectors, metric, seed))
    return grid


def check_given(algorithm: str, given: Given, metric: str) -> None:
    """Refuse parameters and a metric that no chosen algorithm takes (UsageError)."""
    names = _names(algorithm, metric)
    taken = {parameter for name in names for parameter in get_feature_clusterer(name).grid}
    for parameter, values in given.items():
        if parameter not in taken:
            owners = [name for name in FEATURE_CLUSTERERS if parameter in get_feature_clusterer(name).grid]
            raise UsageError(f"--{parameter} belongs to --algorithm {' or '.join(owners)}, but it is {algorithm}")
        for value in values:
            least = COUNTS.get(parameter)
            if least is not None and isinstance(value, int) and value < least:
                raise UsageError(f"--{parameter} is {value}, but must be {least} or more")


def _names(algorithm: str, metric: str) -> list[str]:
    if algorithm == AUTO:
        return [name for name in FEATURE_CLUSTERERS if metric in get_feature_clusterer(name).metrics]
    metrics = get_feature_clusterer(algorithm).metrics
    if metric not in metrics:
        raise UsageError(f"--metric {metric}: --algorithm {algorithm} takes {' or '.join(metrics)}")
    return [algorithm]


def _clipped(parameter: str, values: Sequence[Any], name: str, most: int, notes: list[str]) -> list[Any]:
    """Give the values that fit the number of vectors, each once."""
    if parameter not in COUNTS:
        return list(dict.fromkeys(values))
    found: list[Any] = []
    for value in values:
        if value == AUTO:
            found += auto_counts(most, AUTO_SHARE.get(name, DEFAULT_SHARE))
        elif value is not None and value > most:
            notes.append(f"{name}: --{parameter} {value} is more than there are vectors: {most} taken")
            found.append(max(most, COUNTS[parameter]))
        else:
            found.append(value)
    return list(dict.fromkeys(found))


def auto_counts(num_vectors: int, share: int = DEFAULT_SHARE) -> list[int]:
    """Give the numbers of clusters that ``auto`` tries: 2 up to ``num_vectors / share``, by equal factors."""
    most = max(num_vectors // share, 2)
    return sorted({int(round(count)) for count in np.geomspace(2, most, NUM_AUTO)})


def _combinations(
    chosen: type[FeatureClusterer], values: Mapping[str, Sequence[Any]], vectors: Vectors, metric: str, seed: int
) -> list[FeatureClusterer]:
    found: list[FeatureClusterer] = []
    for combination in product(*values.values()):
        parameters = dict(zip(values, combination, strict=True))
        for each in _alternatives(parameters):
            if each.get("eps") == AUTO:
                each["eps"] = auto_radius(vectors, each["min_samples"], metric)
            found.append(chosen(metric=metric, seed=seed, **each))
    return list(dict.fromkeys(found))


def _alternatives(parameters: dict[str, Any]) -> list[dict[str, Any]]:
    """Take two parameters that exclude each other, one at a time."""
    if parameters.get("distance_threshold") is None or parameters.get("n_clusters") is None:
        return [parameters]
    return [parameters | {"distance_threshold": None}, parameters | {"n_clusters": None}]


def auto_radius(vectors: Vectors, min_samples: int, metric: str) -> float:
    """Give the radius at the knee of the distances to the ``min_samples``-th neighbour, in ``metric``."""
    distances = neighbour_distances(vectors, max(min_samples, 2))
    return float(from_euclidean(np.array([knee(distances)]), metric)[0])
