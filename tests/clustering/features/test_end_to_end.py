"""Every algorithm, metric and linkage on drawn groups, alone and in batches: properties that all results have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustering.features.batches import cluster_vectors
from clustering.features.clusterers import FEATURE_CLUSTERERS, get_feature_clusterer
from clustering.features.fits import fit_grid
from clustering.features.grid import make_grid
from clustering.features.space import FeatureSpace, prepare_vectors
from tests.clustering.features.drawn_vectors import are_same_groups, draw_bits, draw_groups

ALL = [(name, metric) for name in FEATURE_CLUSTERERS for metric in get_feature_clusterer(name).metrics]


def labels_of(name: str, metric: str, vectors: np.ndarray, batch_size: int | None = None, **chosen: Any) -> np.ndarray:
    prepared = prepare_vectors(vectors, FeatureSpace(metric, num_components=0))
    return cluster_vectors(
        prepared,
        lambda part: make_grid(name, chosen, part, metric, 0),
        lambda grid, part: fit_grid(grid.clusterers, part),
        batch_size,
        metric,
    ).labels


@pytest.mark.parametrize(("name", "metric"), ALL)
@pytest.mark.parametrize("batch_size", [None, 9])
def test_groups_are_at_least_two_and_numbered_by_first_members(name: str, metric: str, batch_size: int | None) -> None:
    vectors = draw_bits()[0] if metric == "hamming" else draw_groups([9, 8, 7, 2], spread=0.5)[0]
    labels = labels_of(name, metric, vectors, batch_size)
    assert labels.shape == (len(vectors),) and labels.dtype == np.int64 and labels.min() >= -1
    numbers, first, counts = np.unique(labels[labels >= 0], return_index=True, return_counts=True)
    assert numbers.tolist() == list(range(len(numbers)))
    assert (np.diff(first) > 0).all() and (counts > 1).all()


@pytest.mark.parametrize(
    ("linkage", "metric"),
    [(linkage, "euclidean") for linkage in ("single", "complete", "average", "centroid", "ward")]
    + [(linkage, metric) for linkage in ("single", "complete", "average") for metric in ("cosine", "hamming")],
)
def test_every_linkage_finds_groups_that_lie_apart(linkage: str, metric: str) -> None:
    vectors, truth = draw_bits(dimension=128) if metric == "hamming" else draw_groups([9, 8, 7])
    found = labels_of("agglomerative", metric, vectors, linkage=[linkage], n_clusters=[len(np.unique(truth))])
    assert are_same_groups(found, truth)


@settings(max_examples=15)
@given(st.integers(0, 1000), st.integers(5, 40))
def test_batches_of_separate_groups_give_the_groups_whatever_their_size(seed: int, batch_size: int) -> None:
    vectors, truth = draw_groups([12, 12, 12], spread=0.05, seed=seed)
    apart = np.linalg.norm(vectors[truth == 0].mean(axis=0) - vectors[truth == 1].mean(axis=0))
    others = [np.linalg.norm(vectors[truth == k].mean(axis=0) - vectors[truth == 2].mean(axis=0)) for k in (0, 1)]
    if min(apart, *others) < 1.5:
        return
    labels = labels_of("agglomerative", "euclidean", vectors, batch_size, distance_threshold=[0.4], linkage=["average"])
    kept = labels >= 0
    assert are_same_groups(labels[kept], truth[kept])
    # a photo stays alone only where its part holds no other of its group
    parts = np.array_split(np.arange(36), -(-36 // batch_size))
    for part in parts:
        for place in part[labels[part] < 0]:
            assert (truth[part] == truth[place]).sum() == 1


def test_noise_never_becomes_a_cluster() -> None:
    vectors = np.concatenate((draw_groups([10, 10])[0], 50 * np.eye(8)))
    for name in ("dbscan", "hdbscan"):
        labels = labels_of(name, "euclidean", vectors / 50, min_samples=[3])
        assert len(labels) == 28
        prepared = prepare_vectors(vectors, FeatureSpace(normalize="none", num_components=0))
        raw = get_feature_clusterer(name)(**({"eps": 1.5} if name == "dbscan" else {}), min_samples=3).fit(prepared)
        assert (raw[20:] == -1).all() and set(raw[:20].tolist()) == {0, 1}
