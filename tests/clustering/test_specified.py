from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from clustering import CLUSTERERS, get_clusterer
from clustering.grouping import Grouping
from clustering.specified import SpecifiedSettings, cluster_specified
from storage.errors import UsageError
from tests.clustering.drawn_graphs import draw_graph
from tests.clustering.test_graph import pairs_of

SETTINGS = SpecifiedSettings(0.35, 0.2)


@pytest.mark.parametrize("file_order", [False, True])
def test_every_photo_is_in_exactly_one_group(file_order: bool) -> None:
    for seed in range(40):
        graph = draw_graph(seed, file_order)
        grouping = cluster_specified(graph.pairs(), graph.settings, graph.position_array())
        places = Counter(photo for photos in grouping.clusters.values() for photo in photos)
        places.update(grouping.singletons)
        assert places == Counter(range(graph.num_photos))
        assert all(len(photos) > 1 for photos in grouping.clusters.values())
        assert list(grouping.clusters) == sorted(grouping.clusters)


def test_the_order_of_lines_and_of_the_two_photos_of_a_pair_changes_nothing() -> None:
    for seed in range(40):
        graph, rng = draw_graph(seed), random.Random(seed)
        lines = [line if rng.random() < 0.5 else (line[1], line[0], line[2]) for line in graph.lines]
        rng.shuffle(lines)
        other = replace(graph, lines=lines)
        one, two = (cluster_specified(g.pairs(), g.settings, g.position_array()) for g in (graph, other))
        assert (one.clusters, one.singletons) == (two.clusters, two.singletons)
        assert list(one.reasons.of_clusters(list(one.clusters))) == list(two.reasons.of_clusters(list(two.clusters)))


def test_photos_without_pairs_in_between_change_only_the_numbers_of_photos() -> None:
    def described(grouping: Grouping, spread: int) -> list[list[int]]:
        return [[photo // spread for photo in photos] for photos in grouping.clusters.values()]

    for seed in range(20):
        graph = draw_graph(seed)
        spread = replace(graph, num_photos=3 * graph.num_photos, lines=[(3 * a, 3 * b, s) for a, b, s in graph.lines])
        one, two = cluster_specified(graph.pairs(), SETTINGS), cluster_specified(spread.pairs(), SETTINGS)
        assert described(one, 1) == described(two, 3)


def test_members_are_ascending_in_the_default_order() -> None:
    grouping = cluster_specified(draw_graph(7).pairs(), SETTINGS)
    assert all(photos == sorted(photos) for photos in grouping.clusters.values())


def test_singletons_that_were_clusters_come_before_photos_without_an_edge() -> None:
    grouping = cluster_specified(pairs_of(4, (3, 3, 0.5), (1, 1, 0.25)), SETTINGS)
    assert (grouping.clusters, grouping.singletons) == ({}, [3, 1, 0, 2])


def test_no_photos_give_no_groups() -> None:
    grouping = cluster_specified(pairs_of(0), SETTINGS, np.empty((0, 2)))
    assert (grouping.clusters, grouping.singletons) == ({}, [])


def test_two_runs_give_the_same() -> None:
    graph = draw_graph(8)
    one, two = (cluster_specified(graph.pairs(), graph.settings, graph.position_array()) for _ in range(2))
    assert (one.clusters, one.singletons) == (two.clusters, two.singletons)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ((0.2, 0.35), "weak_edg_thresh must not be above"),
        ((float("nan"), 0.2), "weak_edg_thresh"),
        ((0.35, 0.2, 0), "gps_count_thresh must be 1 or more, got 0"),
        ((0.35, 0.2, 4, -1.0), "gps_distance_thresh must be 0 metres or more"),
        ((0.35, 0.2, 4, float("nan")), "gps_distance_thresh"),
    ],
)
def test_thresholds_out_of_range_are_refused(values: tuple[float, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        SpecifiedSettings(*values)  # type: ignore[arg-type]


def test_positions_of_another_number_of_photos_are_refused() -> None:
    with pytest.raises(ValueError, match=r"\(3, 2\)"):
        cluster_specified(pairs_of(3), SETTINGS, np.empty((2, 2)))


def test_every_registered_clusterer_can_be_got() -> None:
    assert {name: get_clusterer(name) for name in CLUSTERERS}["specified"] is SpecifiedSettings


def test_an_unknown_clusterer_is_refused_with_the_known_names() -> None:
    with pytest.raises(UsageError, match=r"'best'.*specified"):
        get_clusterer("best")
