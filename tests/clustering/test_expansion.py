from __future__ import annotations

import itertools
from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from clustering import expansion
from clustering.expansion import expand_strictly
from clustering.graph import find_edges, list_neighbours
from clustering.partition import Partition, Stage
from clustering.specified import SpecifiedSettings, start_clusters
from tests.clustering.drawn_graphs import draw_graph, snapshot
from tests.clustering.test_graph import pairs_of

Line = tuple[int, int, float]


def expanded(num_photos: int, lines: list[Line]) -> dict[int, list[int]]:
    pairs = pairs_of(num_photos, *lines)
    edges = find_edges(pairs, 0.2)
    weak = list_neighbours(edges)
    partition = start_clusters(pairs, edges, weak, SpecifiedSettings(0.35, 0.2))
    expand_strictly(partition, weak)
    return snapshot(partition)


def path(start: int, length: int) -> list[Line]:
    return [(photo, photo + 1, 0.5) for photo in range(start, start + length - 1)]


def clique(start: int, size: int) -> list[Line]:
    return [(a, b, 0.5) for a, b in itertools.combinations(range(start, start + size), 2)]


def test_one_weak_pair_joins_two_groups_of_six_that_all_know_each_other() -> None:
    assert list(expanded(12, [*clique(0, 6), *clique(6, 6), (0, 6, 0.25)])) == [0]


def test_one_photo_of_seven_is_less_than_a_sixth() -> None:
    assert list(expanded(14, [*path(0, 7), *path(7, 7), (3, 10, 0.25)])) == [0, 1]


def test_two_photos_of_seven_are_enough() -> None:
    assert list(expanded(14, [*path(0, 7), *path(7, 7), (3, 10, 0.25), (4, 11, 0.25)])) == [0]


def test_a_photo_with_more_than_six_neighbours_needs_more_than_one_of_them() -> None:
    star = [(0, other, 0.5) for other in range(1, 7)]
    assert list(expanded(8, [*star, (0, 7, 0.25)])) == [0, 1]
    assert list(expanded(7, [*star[:5], (0, 6, 0.25)])) == [0]


def test_two_photos_with_one_weak_pair_become_a_cluster_under_the_lower_number() -> None:
    assert expanded(4, [(3, 1, 0.25)]) == {0: [1, 3]}


def test_no_edges_leave_nothing_to_expand() -> None:
    assert expanded(3, []) == {}


@pytest.mark.parametrize("file_order", [False, True])
def test_result_and_order_equal_those_of_the_literal_specification(file_order: bool) -> None:
    for seed in range(110):
        graph = draw_graph(seed, file_order)
        partition, weak = graph.start()
        expand_strictly(partition, weak)
        assert snapshot(partition) == graph.literal().after_expansion, seed


def test_afterwards_no_two_clusters_agree_with_each_other() -> None:
    for seed in range(40):
        partition, weak = draw_graph(seed).start()
        expand_strictly(partition, weak)
        left = [list(partition.members(number)) for number in partition.numbers()]
        sizes = [len(members) for members in left]
        order = [photo for members in left for photo in members]
        again = Partition(weak.num_photos, _array(order), _array(sizes))
        expand_strictly(again, weak)
        assert again.sizes == sizes, seed


def test_every_join_is_recorded_with_its_stage() -> None:
    partition, weak = draw_graph(5).start()
    before = len(partition.numbers())
    expand_strictly(partition, weak)
    log, _ = partition.join_log(partition.order())
    assert len(log.stage) == before - len(partition.numbers()) > 0
    assert set(log.stage.tolist()) == {Stage.EXPANSION}


def test_twice_the_photos_are_about_twice_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    add = expansion._Expansion._add_reached
    moved: list[int] = []

    def counted(self: expansion._Expansion, kept: int, part: expansion._Frontier) -> list[int]:
        moved.append(len(part.reached))
        return add(self, kept, part)

    monkeypatch.setattr(expansion._Expansion, "_add_reached", counted)
    work = []
    for num_photos in (1000, 2000):
        moved.clear()
        rng = np.random.default_rng(0)
        photos = np.repeat(np.arange(num_photos), 2)
        others = (photos + rng.integers(1, 8, len(photos))) % num_photos
        expanded(num_photos, list(zip(photos.tolist(), others.tolist(), [0.25] * len(photos), strict=True)))
        work.append(sum(moved))
    assert 1000 < work[0] < work[1] < 2.5 * work[0]


def test_of_two_grown_clusters_the_one_with_fewer_edges_is_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    absorb = expansion._Expansion._absorb
    swaps = []

    def checked(self: expansion._Expansion, number: int, other: int) -> Iterable[int]:
        labels = self.label_of[number], self.label_of[other]
        edges = [self.num_edges[label] for label in labels]
        are_grown = all(label in self.frontiers for label in labels)
        touched = absorb(self, number, other)
        if are_grown:
            swaps.append(edges[1] > edges[0])
            assert self.label_of[number] == labels[swaps[-1]]
            assert self.num_edges[self.label_of[number]] == sum(edges)
        return touched

    monkeypatch.setattr(expansion._Expansion, "_absorb", checked)
    for seed in range(60):
        expand_strictly(*draw_graph(seed).start())
    assert sum(swaps) > 20


def _array(values: list[int]) -> NDArray[np.int64]:
    return np.array(values, dtype=np.int64)
