"""Maps of descriptors: like photos lie together, and every run gives the same map, not its mirror image."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from clustering.projection import ProjectionSettings, check_method, colour_clusters, morton_order, project
from storage.errors import StageError, UsageError

GROUPS = 3


def grouped(num_photos: int = 36, dimension: int = 60, seed: int = 0) -> NDArray[np.float32]:
    """Give unit vectors in three groups that stand in turn."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(GROUPS, dimension))
    vectors = centres[np.arange(num_photos) % GROUPS] + 0.2 * random.normal(size=(num_photos, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def on_map(method: str, vectors: NDArray[np.float32], seed: int = 0) -> NDArray[np.float64]:
    if method == "umap":
        pytest.importorskip("umap", reason="UMAP is optional")
    return project(vectors, ProjectionSettings(method, seed))


@pytest.mark.parametrize("method", ["pca", "tsne", "umap"])
def test_the_nearest_on_the_map_is_of_the_same_group(method: str) -> None:
    points = on_map(method, grouped())
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert np.mean(apart.argmin(axis=1) % GROUPS == np.arange(len(points)) % GROUPS) > 0.95


@pytest.mark.parametrize("method", ["pca", "tsne", "umap"])
def test_a_map_is_centred_fills_its_frame_and_is_the_same_again(method: str) -> None:
    points = on_map(method, grouped())
    assert np.abs(points).max() == pytest.approx(1) and np.abs(points.mean(axis=0)).max() < 1e-4
    assert np.ptp(points[:, 0]) >= np.ptp(points[:, 1]) * 0.5
    assert np.array_equal(points, on_map(method, grouped()))


def test_mirrored_descriptors_give_the_same_map() -> None:
    assert np.allclose(on_map("pca", grouped()), on_map("pca", -grouped()), atol=1e-5)


def test_the_photo_farthest_out_lies_on_the_positive_side() -> None:
    for seed in range(5):
        points = on_map("pca", grouped(seed=seed))
        farthest = np.abs(points).argmax(axis=0)
        assert (points[farthest, [0, 1]] > 0).all()


@pytest.mark.parametrize("num_photos", [0, 1, 2, 3, 4, 5, 6])
def test_few_photos_have_a_map_too(num_photos: int) -> None:
    for method in ("pca", "tsne"):
        points = on_map(method, grouped(num_photos))
        assert points.shape == (num_photos, 2) and np.isfinite(points).all()


def test_photos_that_are_all_the_same_lie_in_the_middle() -> None:
    assert not on_map("pca", np.ones((6, 4), dtype=np.float32)).any()


def test_descriptors_of_one_number_have_a_map() -> None:
    points = on_map("tsne", np.linspace(0, 1, 12, dtype=np.float32)[:, None])
    assert points.shape == (12, 2) and np.isfinite(points).all()


def test_an_unknown_method_is_named() -> None:
    with pytest.raises(UsageError, match="--methods lle: is not known; choose from tsne, pca, umap"):
        check_method("lle")


def test_without_umap_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StageError, match="pip install umap-learn"):
        check_method("umap")


# -- colours


@settings(max_examples=40)
@given(st.lists(st.integers(-1, 30), max_size=60), st.integers(1, 7), st.integers(0, 99))
def test_every_cluster_has_a_colour_and_photos_alone_have_none(labels: list[int], num_colours: int, seed: int) -> None:
    points = np.random.default_rng(seed).uniform(-1, 1, (len(labels), 2))
    colours = colour_clusters(points, np.array(labels, dtype=np.int64), num_colours)
    assert set(colours) == set(labels) - {-1} and set(colours.values()) <= set(range(num_colours))
    if len(colours) <= num_colours:
        assert len(set(colours.values())) == len(colours)


def test_neighbours_on_the_map_differ_in_colour() -> None:
    labels = np.arange(40)
    points = np.column_stack((labels / 20.0 - 1, np.zeros(40)))
    colours = colour_clusters(points, labels, 7)
    assert all(colours[number] != colours[number + 1] for number in range(39))


# -- order of the tiles


def test_an_order_along_the_map_names_every_photo_once_and_jumps_little() -> None:
    points = np.random.default_rng(2).uniform(-1, 1, (400, 2))
    order = morton_order(points)
    assert sorted(order.tolist()) == list(range(400))
    steps = np.linalg.norm(np.diff(points[order], axis=0), axis=1).mean()
    assert steps < 0.25 * np.linalg.norm(np.diff(points, axis=0), axis=1).mean()
