"""Several minimum sizes of HDBSCAN from one tree: the labels that each gives by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from clustering.features import density_hierarchy, density_validity
from clustering.features.clusterers.hdbscan import HdbscanClusterer
from clustering.features.fits import fit_grid
from tests.clustering.features.test_density_hierarchy import drawn

SIZES = (2, 3, 5, 8, 13)


def of_sizes(**chosen: Any) -> list[HdbscanClusterer]:
    return [HdbscanClusterer(min_cluster_size=size, **chosen) for size in SIZES]


def are_as_alone(together: list[Any], clusterers: list[HdbscanClusterer], vectors: NDArray[np.float64]) -> bool:
    return all(np.array_equal(found, each.fit(vectors)) for found, each in zip(together, clusterers, strict=True))


@pytest.fixture
def trees(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The samples of every tree that is made."""
    made: list[int] = []

    def counted(vectors: NDArray[Any], min_samples: int) -> Any:
        made.append(min_samples)
        return original(vectors, min_samples)

    original = density_validity.reachability_tree
    monkeypatch.setattr(density_validity, "reachability_tree", counted)
    return made


@pytest.mark.parametrize("method", ["eom", "leaf"])
@pytest.mark.parametrize("min_samples", [1, 2])
def test_sizes_of_one_tree_have_the_labels_of_each_alone(min_samples: int, method: str) -> None:
    clusterers = of_sizes(min_samples=min_samples, cluster_selection_method=method)
    for seed in range(4):
        vectors = drawn(seed)
        assert are_as_alone(HdbscanClusterer.fit_all(clusterers, vectors), clusterers, vectors)


def test_a_grid_of_sizes_makes_one_tree(trees: list[int]) -> None:
    fits = fit_grid(of_sizes(min_samples=2), drawn(0))
    assert trees == [2] and [fit.num_clusters > 0 for fit in fits] == [True] * len(SIZES)


def test_one_and_two_samples_share_a_tree_and_more_do_not() -> None:
    one, two, three = (HdbscanClusterer(min_cluster_size=7, min_samples=count).work_key() for count in (1, 2, 3))
    assert one == two != three
    assert HdbscanClusterer(min_cluster_size=2).work_key() == one
    assert HdbscanClusterer(min_cluster_size=3).work_key() != HdbscanClusterer(min_cluster_size=4).work_key()


def test_metrics_and_a_limit_of_sizes_keep_fits_apart() -> None:
    one = HdbscanClusterer(min_cluster_size=5, min_samples=2)
    assert one.work_key() != replace(one, metric="cosine").work_key()
    assert one.work_key() != replace(one, max_cluster_size=9).work_key()


def test_where_vectors_are_equal_each_size_is_fitted_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.repeat(drawn(1), 3, axis=0)
    monkeypatch.setattr(
        density_hierarchy, "dense_clusters", lambda *_: pytest.fail("the order of equal joins is not known")
    )
    clusterers = of_sizes(min_samples=2)
    together = HdbscanClusterer.fit_all(clusterers, vectors)
    assert are_as_alone(together, clusterers, vectors)


@pytest.mark.parametrize("count", [2, 6])
def test_sizes_beyond_the_vectors_are_noise_as_each_alone_gives(count: int) -> None:
    clusterers, vectors = of_sizes(min_samples=2), drawn(0)[:count]
    together = HdbscanClusterer.fit_all(clusterers, vectors)
    assert are_as_alone(together, clusterers, vectors)
    assert isinstance(together[-1], np.ndarray) and (together[-1] == -1).all()


def test_one_vector_is_an_error_of_every_size() -> None:
    found = HdbscanClusterer.fit_all(of_sizes(min_samples=2), drawn(0)[:1])
    assert all(isinstance(each, ValueError) for each in found)
