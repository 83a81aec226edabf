from __future__ import annotations

import numpy as np
import pytest

from clustering import small_clusters
from clustering.expansion import expand_strictly
from clustering.graph import find_edges, list_neighbours
from clustering.partition import Partition, Stage
from clustering.small_clusters import merge_small_clusters
from clustering.specified import SpecifiedSettings, start_clusters
from tests.clustering.drawn_graphs import draw_graph, snapshot
from tests.clustering.test_expansion import path
from tests.clustering.test_graph import pairs_of

Line = tuple[int, int, float]


def merged(num_photos: int, lines: list[Line], file_order: bool = False) -> dict[int, list[int]]:
    pairs = pairs_of(num_photos, *lines)
    edges = find_edges(pairs, 0.2)
    weak = list_neighbours(edges, file_order)
    partition = start_clusters(pairs, edges, weak, SpecifiedSettings(0.35, 0.2, file_order=file_order))
    merge_small_clusters(partition, weak)
    return snapshot(partition)


def test_a_photo_with_one_neighbour_takes_in_the_neighbours_whole_cluster() -> None:
    assert merged(8, [*path(0, 7), (3, 7, 0.25)]) == {1: [7, 0, 1, 2, 3, 4, 5, 6]}


def test_a_photo_between_two_clusters_stays_alone() -> None:
    assert list(merged(15, [*path(0, 7), *path(7, 7), (3, 14, 0.25), (10, 14, 0.25)])) == [0, 1, 2]


def test_only_the_three_best_neighbours_count() -> None:
    ties = [(14, 0, 0.29), (14, 1, 0.28), (14, 2, 0.27), (14, 10, 0.25)]
    assert list(merged(15, [*path(0, 7), *path(7, 7), *ties])) == [1, 2]
    assert list(merged(15, [*path(0, 7), *path(7, 7), *ties[:2], ties[3]])) == [0, 1, 2]


def test_in_file_order_the_three_first_lines_count() -> None:
    ties = [(14, 10, 0.25), (14, 0, 0.29), (14, 1, 0.28), (14, 2, 0.27)]
    lines = [*path(0, 7), *path(7, 7)]
    assert list(merged(15, [*lines, *ties], file_order=True)) == [0, 1, 2]
    assert list(merged(15, [*lines, *ties[1:], ties[0]], file_order=True)) == [1, 2]


@pytest.mark.parametrize(("size", "is_small"), [(4, True), (5, False)])
def test_four_photos_are_small_and_five_are_not(size: int, is_small: bool) -> None:
    lines = [*path(0, 7), *path(7, size), (3, 8, 0.25)]
    assert (len(merged(7 + size, lines)) == 1) == is_small


def test_a_cluster_that_outgrew_four_photos_points_at_none_any_more() -> None:
    # 5..6 and 7..8 point only at each other's side; together with 9..10 they are six and stay
    lines = [*path(0, 5), *path(5, 2), *path(7, 4), (5, 7, 0.25), (10, 2, 0.25)]
    assert merged(11, lines) == {0: [0, 1, 2, 3, 4], 1: [5, 6, 7, 8, 9, 10]}


def test_a_photo_paired_only_with_itself_points_at_none() -> None:
    assert merged(3, [(0, 1, 0.5), (2, 2, 0.9)]) == {0: [0, 1], 1: [2]}


@pytest.mark.parametrize("file_order", [False, True])
def test_result_and_order_equal_those_of_the_literal_specification(file_order: bool) -> None:
    for seed in range(110):
        graph = draw_graph(seed, file_order)
        partition, weak = graph.start()
        expand_strictly(partition, weak)
        merge_small_clusters(partition, weak)
        assert snapshot(partition) == graph.literal().after_small, seed


def test_a_chain_of_single_photos_is_taken_in_from_both_ends_until_they_are_small_no_more() -> None:
    pairs = pairs_of(12, *((photo, photo + 1, 0.25) for photo in range(11)))
    weak = list_neighbours(find_edges(pairs, 0.2))
    partition = Partition(12, np.arange(12), np.ones(12, dtype=np.int64))
    merge_small_clusters(partition, weak)
    assert snapshot(partition) == {0: [0, 1, 2, 3, 4], 5: [5], 6: [6], 11: [11, 10, 9, 8, 7]}
    log, _ = partition.join_log(partition.order())
    assert set(log.stage.tolist()) == {Stage.SMALL}


def test_a_large_cluster_that_many_photos_take_in_one_after_the_other_is_not_gone_through_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved: list[int] = []
    take = small_clusters._Sets.take

    def counted(self: small_clusters._Sets, key: int) -> set[int]:
        moved.append(len(self[key]))
        return take(self, key)

    monkeypatch.setattr(small_clusters._Sets, "take", counted)
    path_and_photos = [*path(0, 300), *((photo - 300, photo, 0.25) for photo in range(300, 600))]
    assert len(merged(600, path_and_photos)) == 1
    assert 300 <= sum(moved) < 1000
