from __future__ import annotations

import numpy as np
import pytest

from clustering.components import initial_partition, strong_components, strong_components_in_file_order
from clustering.graph import appearance_order, find_edges, list_neighbours
from tests.clustering.drawn_graphs import draw_graph, snapshot
from tests.clustering.test_graph import pairs_of


def test_components_are_numbered_by_their_lowest_photo() -> None:
    strong = find_edges(pairs_of(7, (6, 2, 0.5), (3, 1, 0.5), (1, 4, 0.5)), 0.35)
    order, sizes = strong_components(strong)
    assert (order.tolist(), sizes.tolist()) == ([1, 3, 4, 2, 6], [3, 2])


def test_no_strong_edges_give_no_components() -> None:
    order, sizes = strong_components(find_edges(pairs_of(3), 0.35))
    assert (len(order), len(sizes)) == (0, 0)


def test_file_order_walks_into_the_depth_first() -> None:
    pairs = pairs_of(6, (4, 2, 0.5), (4, 1, 0.5), (2, 5, 0.5), (0, 3, 0.5))
    strong = list_neighbours(find_edges(pairs, 0.35), file_order=True)
    order, sizes = strong_components_in_file_order(strong, appearance_order(pairs, 0.35))
    assert (order.tolist(), sizes.tolist()) == ([4, 2, 5, 1, 0, 3], [4, 2])


def test_a_chain_of_a_hundred_thousand_photos_is_walked_without_recursion() -> None:
    num_photos = 100_000
    chain = np.arange(num_photos - 1)
    lines = (chain.tolist(), (chain + 1).tolist(), [0.5] * (num_photos - 1))
    pairs = pairs_of(num_photos, *zip(*lines, strict=True))
    strong = list_neighbours(find_edges(pairs, 0.35), file_order=True)
    order, sizes = strong_components_in_file_order(strong, appearance_order(pairs, 0.35))
    assert sizes.tolist() == [num_photos] and order[-1] == num_photos - 1


def test_photos_with_weak_edges_only_are_numbered_after_the_components() -> None:
    pairs = pairs_of(5, (0, 4, 0.25), (2, 3, 0.5), (3, 1, 0.25))
    weak = list_neighbours(find_edges(pairs, 0.2))
    components = strong_components(find_edges(pairs, 0.35))
    partition = initial_partition(weak, *components, np.array([0, 1, 2, 3, 4]))
    assert snapshot(partition) == {0: [2, 3], 1: [0], 2: [1], 3: [4]}


@pytest.mark.parametrize("file_order", [False, True])
def test_components_equal_those_of_the_literal_specification(file_order: bool) -> None:
    for seed in range(60):
        graph = draw_graph(seed, file_order)
        partition, _ = graph.start()
        strong = graph.literal().after_strong
        assert {number: snapshot(partition)[number] for number in strong} == strong, seed
