"""Several values per parameter to clusterers: every combination once, as far as it fits the vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from clustering.features.clusterers import FEATURE_CLUSTERERS, feature_parameters, get_feature_clusterer
from clustering.features.clusterers.base import AUTO, FeatureClusterer, Vectors
from clustering.features.density import knee, neighbour_distances
from clustering.features.space import from_euclidean
from clustering.parameters import owned_parameters, parameters_of
from storage.errors import UsageError

NUM_AUTO = 10  # numbers of clusters that "auto" tries

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
        values = {
            parameter: _clipped(parameter, wanted, chosen, len(vectors), grid.notes)
            for parameter, wanted in chosen.values(given).items()
        }
        grid.clusterers.extend(_combinations(chosen, values, vectors, metric, seed))
    return grid


def check_given(algorithm: str, given: Given, metric: str) -> None:
    """Refuse parameters, values and a metric that no chosen algorithm takes (UsageError)."""
    taken = owned_parameters({name: get_feature_clusterer(name) for name in _names(algorithm, metric)})
    for parameter, values in given.items():
        if parameter not in taken:
            owners = feature_parameters().get(parameter)
            if owners is None:
                raise UsageError(f"--{parameter}: no algorithm has such a parameter")
            raise UsageError(f"--{parameter} belongs to --algorithm {' or '.join(owners)}, but it is {algorithm}")
        for declared in taken[parameter].values():
            for value in values:
                declared.check(parameter, value)


def _names(algorithm: str, metric: str) -> list[str]:
    if algorithm == AUTO:
        return [name for name in FEATURE_CLUSTERERS if metric in get_feature_clusterer(name).metrics]
    metrics = get_feature_clusterer(algorithm).metrics
    if metric not in metrics:
        raise UsageError(f"--metric {metric}: --algorithm {algorithm} takes {' or '.join(metrics)}")
    return [algorithm]


def _clipped(
    parameter: str, values: Sequence[Any], chosen: type[FeatureClusterer], most: int, notes: list[str]
) -> list[Any]:
    """Give the values that fit the number of vectors, each once."""
    declared = parameters_of(chosen)[parameter]
    if not declared.is_count:
        return list(dict.fromkeys(values))
    found: list[Any] = []
    for value in values:
        if value == AUTO:
            found += auto_counts(most, chosen.auto_share)
        elif value is not None and value > most:
            notes.append(f"{chosen.name}: --{parameter} {value} is more than there are vectors: {most} taken")
            found.append(max(most, int(declared.least or 1)))
        else:
            found.append(value)
    return list(dict.fromkeys(found))


def auto_counts(num_vectors: int, share: int = FeatureClusterer.auto_share) -> list[int]:
    """Give the numbers of clusters that ``auto`` tries: 2 up to ``num_vectors / share``, by equal factors."""
    most = max(num_vectors // share, 2)
    return sorted({int(round(count)) for count in np.geomspace(2, most, NUM_AUTO)})


def _combinations(
    chosen: type[FeatureClusterer], values: Mapping[str, Sequence[Any]], vectors: Vectors, metric: str, seed: int
) -> list[FeatureClusterer]:
    found: list[FeatureClusterer] = []
    for combination in product(*values.values()):
        parameters = dict(zip(values, combination, strict=True))
        settled = chosen.settle(parameters, vectors, metric)
        found += [chosen(metric=metric, seed=seed, **each) for each in settled]
    return list(dict.fromkeys(found))


def auto_radius(vectors: Vectors, min_samples: int, metric: str) -> float:
    """Give the radius at the knee of the distances to the ``min_samples``-th neighbour, in ``metric``."""
    distances = neighbour_distances(vectors, max(min_samples, 2))
    return float(from_euclidean(np.array([knee(distances)]), metric)[0])
