"""Plots of clusters: PNG files, equal for equal numbers, of any number of clusters."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from clustering.features.cluster_statistics import ClusterStatistics, measure_clusters
from clustering.features.linkage import linkage_tree
from stages.feature_clustering.plots import (
    MOST_TICKS,
    check_matplotlib,
    count_ticks,
    draw_dendrogram,
    draw_neighbour_distances,
    draw_size_diameter,
    draw_sizes,
    draw_violins,
)
from stages.figures import ACCENT, MAIN
from storage.errors import StageError
from tests.clustering.features.drawn_vectors import draw_groups

pytest.importorskip("matplotlib", reason="plots need matplotlib")
VECTORS, TRUTH = draw_groups([9, 7, 5, 4], spread=0.5)
STATISTICS = list(measure_clusters(VECTORS, TRUTH).values())


def picture(content: bytes) -> np.ndarray:
    with Image.open(BytesIO(content)) as image:
        assert image.format == "PNG"
        return np.asarray(image.convert("RGB")).astype(int)


def num_of_colour(shown: np.ndarray, colour: str) -> int:
    wanted = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return int((np.abs(shown - wanted).sum(axis=2) < 12).sum())


def test_equal_numbers_give_equal_files() -> None:
    assert draw_size_diameter(STATISTICS) == draw_size_diameter(STATISTICS)


def test_bars_are_as_high_as_the_clusters_are_large() -> None:
    few, many = (num_of_colour(picture(draw_sizes(sizes)), MAIN) for sizes in ([50, 2, 2, 2], [50, 50, 50, 50]))
    assert many > 1.5 * few > 0


def test_more_clusters_than_bars_are_no_error() -> None:
    assert picture(draw_sizes(range(2, 1000))).shape == (660, 1080, 3)


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (1, 12, [1, 2, 3, 4, 6, 8, 10]),
        (2, 80, [2, 5, 10, 20, 50]),
        (1, 4000, [1, 3, 10, 30, 100, 300, 1000, 3000]),
        (7, 7, [7]),
        (13, 18, [13, 18]),
    ],
)
def test_axes_of_counts_are_labelled_with_a_few_round_counts(least: float, most: float, expected: list[int]) -> None:
    assert count_ticks(least, most) == expected


def test_any_counts_have_between_one_and_nine_labels_within_them() -> None:
    for least, most in ((2, 10**7), (1, 1), (95, 105), (10**5, 10**6 - 1)):
        ticks = count_ticks(least, most)
        assert 1 <= len(ticks) <= MOST_TICKS and least <= ticks[0] and ticks[-1] <= most


def test_a_cluster_of_two_has_a_bar_that_is_seen() -> None:
    assert num_of_colour(picture(draw_sizes([2, 2, 2])), MAIN) > 1000


@pytest.mark.parametrize("statistics", [STATISTICS, STATISTICS[:1], [STATISTICS[0]] * 5])
def test_violins_of_few_and_of_equal_clusters_are_drawn(statistics: list[ClusterStatistics]) -> None:
    assert num_of_colour(picture(draw_violins(statistics)), MAIN) > 20


def test_a_cluster_without_others_has_violins() -> None:
    alone = list(measure_clusters(VECTORS, np.zeros(25, dtype=np.int64)).values())
    assert picture(draw_violins(alone)).shape == (660, 1080, 3)


def test_a_dendrogram_shows_where_it_was_cut() -> None:
    tree = linkage_tree(VECTORS, "ward", "euclidean")
    uncut, cut = (picture(draw_dendrogram(tree, height, "ward")) for height in (None, float(tree[-3, 2])))
    assert num_of_colour(uncut, ACCENT) == 0 < num_of_colour(cut, ACCENT)


def test_a_long_chain_has_a_dendrogram() -> None:
    tree = linkage_tree(np.cumsum(np.arange(1.0, 3001.0))[:, None], "single", "euclidean")
    assert num_of_colour(picture(draw_dendrogram(tree, None, "single")), MAIN) > 100


@pytest.mark.parametrize("draw", [lambda: np.linspace(0, 1, 5000) ** 8, lambda: np.ones(3)])
def test_the_curve_of_neighbour_distances_shows_its_knee(draw: Callable[[], np.ndarray]) -> None:
    shown = picture(draw_neighbour_distances(draw(), 5, 0.4))
    assert num_of_colour(shown, ACCENT) > 100


def test_without_matplotlib_plots_are_refused_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(StageError, match="pip install matplotlib"):
        check_matplotlib()
