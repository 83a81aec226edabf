from __future__ import annotations

import itertools

import networkx
import numpy as np
import pytest

from clustering.graph import find_edges
from clustering.grouping import Grouping
from clustering.partition import Stage
from clustering.reasons import ClusterReasons, JoinReason, _range_maximum, spanning_forest
from clustering.specified import SpecifiedSettings, cluster_specified
from tests.clustering.drawn_graphs import draw_graph
from tests.clustering.test_graph import pairs_of

Line = tuple[int, int, float]


def reasons_of(num_photos: int, *lines: Line) -> ClusterReasons:
    grouping = cluster_specified(pairs_of(num_photos, *lines), SpecifiedSettings(0.35, 0.2))
    return next(grouping.reasons.of_clusters(list(grouping.clusters)))


def grouped(seed: int, file_order: bool = False) -> tuple[Grouping, dict[tuple[int, int], float]]:
    """A clustered random graph, and the highest score of every weak pair."""
    graph = draw_graph(seed, file_order)
    edges, _ = graph.weak()
    scores = dict(zip(zip(edges.first.tolist(), edges.second.tolist(), strict=True), edges.score.tolist(), strict=True))
    return cluster_specified(graph.pairs(), graph.settings, graph.position_array()), scores


def replayed(reasons: ClusterReasons, members: list[int]) -> list[tuple[JoinReason, set[int], set[int]]]:
    """Put the cluster together again from its reasons alone; give each join with the two sides before it."""
    parts: dict[int, set[int]] = {photo: {photo} for photo in members}

    def unite(a: set[int], b: set[int]) -> None:
        for photo in (union := a | b):
            parts[photo] = union

    for first, second, _ in reasons.strong_pairs:
        unite(parts[first], parts[second])
    sides = []
    for join in reasons.joins:
        small = parts[join.smaller_side[0]]
        assert small == set(join.smaller_side)
        large_size = max(join.survivor_size, join.absorbed_size)
        if join.pairs:
            first, second, _ = join.pairs[0]
            large = parts[second if first in small else first]
            assert len(large) == large_size and not large & small
            sides.append((join, set(small), set(large)))
            unite(small, large)
    return sides


def test_strong_photos_are_held_together_by_their_best_pairs() -> None:
    reasons = reasons_of(4, (0, 1, 0.5), (1, 2, 0.6), (0, 2, 0.9), (2, 3, 0.4), (0, 3, 0.3))
    assert reasons == ClusterReasons(0, [(0, 2, 0.9), (1, 2, 0.6), (2, 3, 0.4)], [])


def test_a_join_tells_both_sides_and_the_three_best_pairs_between_them() -> None:
    between = [(0, 2, 0.21), (0, 3, 0.24), (1, 2, 0.25), (1, 3, 0.22)]
    (join,) = reasons_of(4, (0, 1, 0.5), (2, 3, 0.5), *between).joins
    assert (join.stage, join.survivor, join.absorbed) == (Stage.EXPANSION, 0, 1)
    assert (join.survivor_size, join.absorbed_size, join.smaller_side) == (2, 2, [2, 3])
    assert join.pairs == [(1, 2, 0.25), (0, 3, 0.24), (1, 3, 0.22)]
    assert join.distance_m is None


def test_the_smaller_side_is_told_when_it_is_the_survivor() -> None:
    path = [(photo, photo + 1, 0.5) for photo in range(6)]
    (join,) = reasons_of(8, *path, (3, 7, 0.25)).joins
    assert (join.stage, join.survivor, join.absorbed, join.smaller_side) == (Stage.SMALL, 1, 0, [7])
    assert (join.survivor_size, join.absorbed_size, join.pairs) == (1, 7, [(3, 7, 0.25)])


def test_a_merge_by_position_tells_metres_and_no_pairs() -> None:
    positions = np.array([[46, 7], [46, 7], [46.0001, 7], [46.0001, 7]])
    pairs = pairs_of(4, (0, 1, 0.5), (2, 3, 0.5))
    grouping = cluster_specified(pairs, SpecifiedSettings(0.35, 0.2, gps_count_thresh=2), positions)
    (join,) = next(grouping.reasons.of_clusters([0])).joins
    assert (join.stage, join.pairs, join.smaller_side) == (Stage.GPS, [], [2, 3])
    assert join.distance_m == pytest.approx(11.12, abs=0.01)


def test_a_merge_by_position_names_no_pairs_even_where_there_are_weak_ones() -> None:
    paths = [(photo, photo + 1, 0.5) for photo in [*range(6), *range(7, 13)]]
    pairs = pairs_of(14, *paths, (3, 10, 0.25))
    grouping = cluster_specified(pairs, SpecifiedSettings(0.35, 0.2, 1), np.full((14, 2), 46.0))
    (join,) = next(grouping.reasons.of_clusters([0])).joins
    assert (join.stage, join.pairs, join.distance_m) == (Stage.GPS, [], 0)


@pytest.mark.parametrize("file_order", [False, True])
def test_reasons_alone_put_every_cluster_together_again(file_order: bool) -> None:
    num_joins = 0
    for seed in range(60):
        graph = draw_graph(seed, file_order)
        grouping = cluster_specified(graph.pairs(), graph.settings)
        for reasons in grouping.reasons.of_clusters(list(grouping.clusters)):
            members = grouping.clusters[reasons.number]
            sides = replayed(reasons, members)
            assert len(members) == 1 + len(reasons.strong_pairs) + len(reasons.joins), seed
            assert len(sides) == len(reasons.joins)
            assert not sides or sides[-1][1] | sides[-1][2] == set(members)
            num_joins += len(sides)
    assert num_joins > 100


def test_the_pairs_of_a_join_are_the_best_between_the_two_sides() -> None:
    for seed in range(40):
        graph = draw_graph(seed)
        grouping, scores = cluster_specified(graph.pairs(), graph.settings), grouped(seed)[1]
        for reasons in grouping.reasons.of_clusters(list(grouping.clusters)):
            for join, small, large in replayed(reasons, grouping.clusters[reasons.number]):
                pairs = [tuple(sorted(pair)) for pair in itertools.product(small, large)]
                between = sorted((-scores[p], p) for p in pairs if p in scores)
                assert join.pairs == [(*pair, -negative) for negative, pair in between[:3]]


def test_strong_pairs_weigh_as_much_as_a_maximum_spanning_forest() -> None:
    for seed in range(40):
        graph = draw_graph(seed)
        edges = find_edges(graph.pairs(), graph.settings.strong_edg_thresh)
        reference = networkx.Graph()
        reference.add_weighted_edges_from(zip(edges.first, edges.second, edges.score, strict=True))
        chosen = spanning_forest(edges)
        expected = networkx.maximum_spanning_tree(reference).size(weight="weight")
        assert edges.score[chosen].sum() == pytest.approx(expected), seed


def test_reasons_can_be_asked_for_one_cluster() -> None:
    grouping, _ = grouped(11)
    every = {reasons.number: reasons for reasons in grouping.reasons.of_clusters(list(grouping.clusters))}
    number = max(every)
    assert list(grouping.reasons.of_clusters([number])) == [every[number]]


def test_no_clusters_have_no_reasons() -> None:
    grouping = cluster_specified(pairs_of(3), SpecifiedSettings(0.35, 0.2))
    assert list(grouping.reasons.of_clusters(list(grouping.clusters))) == []


def test_the_maximum_of_many_ranges_is_that_of_each_range() -> None:
    rng = np.random.default_rng(0)
    values = rng.integers(-1, 50, 100)
    starts = rng.integers(0, 99, 300)
    ends = rng.integers(starts + 1, 101)
    expected = [values[start:end].max() for start, end in zip(starts, ends, strict=True)]
    assert _range_maximum(values, starts, ends).tolist() == expected
