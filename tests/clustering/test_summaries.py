from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustering.graph import Edges, ScoredPairs, find_edges
from clustering.summaries import nearest_neighbours, summarise

Pair = tuple[int, int, float]


def edges(num_photos: int, pairs: list[Pair]) -> Edges:
    first, second, score = zip(*pairs, strict=True) if pairs else ((), (), ())
    return find_edges(ScoredPairs.from_arrays(num_photos, first, second, score), -np.inf)


def test_the_photo_that_most_others_resemble_comes_first() -> None:
    star = [(2, photo, 0.8) for photo in (0, 1, 3, 4)]
    assert summarise(edges(5, star), {7: [0, 1, 2, 3, 4]}).representatives[7][0] == 2


def test_the_next_shows_what_the_first_does_not() -> None:
    # two views: 0, 1, 2 and 3, 4; one pair between them
    pairs = [(0, 1, 0.9), (0, 2, 0.9), (1, 2, 0.5), (3, 4, 0.9), (2, 3, 0.3)]
    chosen = summarise(edges(5, pairs), {0: [0, 1, 2, 3, 4]}).representatives[0]
    assert chosen[0] == 0 and chosen[1] in (3, 4) and len(chosen) == 4


def test_a_small_cluster_is_represented_by_all_its_photos() -> None:
    assert summarise(edges(3, [(0, 2, 0.9)]), {0: [0, 2]}).representatives == {0: [0, 2]}


def test_photos_without_a_pair_can_represent_too() -> None:
    assert summarise(edges(4, []), {0: [1, 3]}).representatives == {0: [1, 3]}


def test_pairs_to_other_clusters_do_not_count() -> None:
    pairs = [(0, 1, 0.5), (1, 2, 0.5), (0, 3, 0.9), (0, 4, 0.9)]
    assert summarise(edges(5, pairs), {0: [0, 1, 2], 1: [3, 4]}).representatives[0][0] == 1


def test_cohesion_is_the_mean_of_the_scored_pairs_within() -> None:
    found = summarise(edges(5, [(0, 1, 0.9), (1, 2, 0.3), (2, 3, 0.1), (1, 0, 0.2)]), {0: [0, 1, 2], 5: [3, 4]})
    assert found.cohesion == {0: pytest.approx(0.6)}


def test_no_clusters_have_no_summaries() -> None:
    found = summarise(edges(3, [(0, 1, 0.2)]), {})
    assert (found.representatives, found.cohesion) == ({}, {})


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7), st.sampled_from([-0.2, 0.3, 0.6, 0.9, 1.5]))))
def test_representatives_are_different_photos_of_their_cluster(pairs: list[Pair]) -> None:
    clusters = {0: [0, 1, 2, 3, 4], 3: [5, 6, 7]}
    for number, chosen in summarise(edges(8, pairs), clusters).representatives.items():
        assert len(set(chosen)) == min(4, len(clusters[number])) and set(chosen) <= set(clusters[number])


def test_the_nearest_is_the_other_photo_of_the_best_pair() -> None:
    found = nearest_neighbours(edges(5, [(0, 1, 0.2), (2, 0, 0.4), (0, 0, 1.0), (1, 2, 0.9)]), [0, 3])
    assert found == {0: (2, 0.4)}


def test_of_equally_near_photos_the_lowest_is_named() -> None:
    assert nearest_neighbours(edges(4, [(3, 1, 0.5), (3, 0, 0.5), (2, 3, 0.5)]), [3]) == {3: (0, 0.5)}
