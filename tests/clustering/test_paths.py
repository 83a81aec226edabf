"""The strongest chain of pairs, against all chains tried one by one."""

from __future__ import annotations

from itertools import pairwise, permutations

import numpy as np
import pytest

from clustering.graph import Edges, ScoredPairs, find_edges
from clustering.paths import widest_path

Weights = dict[tuple[int, int], float]


def edges_of(num_photos: int, weights: Weights) -> Edges:
    first, second = [pair[0] for pair in weights], [pair[1] for pair in weights]
    return find_edges(ScoredPairs.from_arrays(num_photos, first, second, list(weights.values())), -np.inf)


def random_weights(seed: int, num_photos: int) -> Weights:
    random = np.random.default_rng(seed)
    every = [(one, two) for one in range(num_photos) for two in range(one + 1, num_photos)]
    # few values, so that ties are common
    return {pair: float(random.integers(1, 6)) / 5 for pair in every if random.random() < 0.4}


def best_by_trying_all(num_photos: int, weights: Weights, start: int, goal: int) -> tuple[float, int, list[int]] | None:
    """Give minus the width, the number of pairs and the chain: the least of all chains."""
    middle = [photo for photo in range(num_photos) if photo not in (start, goal)]
    chains = [[start, *between, goal] for count in range(len(middle) + 1) for between in permutations(middle, count)]
    found = []
    for chain in chains:
        widths = [weights.get((min(pair), max(pair))) for pair in pairwise(chain)]
        if None not in widths:
            found.append((-min(width for width in widths if width is not None), len(chain), chain))
    return min(found) if found else None


@pytest.mark.parametrize("seed", range(60))
def test_the_chain_is_the_best_of_all_that_there_are(seed: int) -> None:
    num_photos = 3 + seed % 4
    weights = random_weights(seed, num_photos)
    found = widest_path(edges_of(num_photos, weights), 0, num_photos - 1)
    best = best_by_trying_all(num_photos, weights, 0, num_photos - 1)
    assert found == ([] if best is None else best[2])


def test_a_chain_of_good_pairs_is_stronger_than_a_poor_pair() -> None:
    assert widest_path(edges_of(3, {(0, 2): 0.5, (0, 1): 0.9, (1, 2): 0.8}), 0, 2) == [0, 1, 2]


def test_of_equally_strong_chains_the_shortest_is_given() -> None:
    assert widest_path(edges_of(3, {(0, 2): 0.8, (0, 1): 0.9, (1, 2): 0.8}), 0, 2) == [0, 2]


def test_photos_that_nothing_connects_have_no_chain() -> None:
    assert widest_path(edges_of(4, {(0, 1): 0.9, (2, 3): 0.9}), 0, 3) == []


def test_the_way_back_is_as_strong_as_the_way_there() -> None:
    weights = random_weights(7, 9)
    edges = edges_of(9, weights)
    for goal in range(1, 9):
        there, back = widest_path(edges, 0, goal), widest_path(edges, goal, 0)
        widths = [
            min((weights[min(pair), max(pair)] for pair in pairwise(chain)), default=0) for chain in (there, back)
        ]
        assert widths[0] == widths[1] and len(there) == len(back)


def test_an_infinite_score_is_stronger_than_all_others() -> None:
    edges = edges_of(4, {(0, 1): float("inf"), (1, 3): float("inf"), (0, 3): 1.0, (0, 2): 1.0, (2, 3): 1.0})
    assert widest_path(edges, 0, 3) == [0, 1, 3]


def test_a_chain_of_many_thousand_photos_is_found() -> None:
    count = 20_000
    weights = {(photo, photo + 1): 0.5 for photo in range(count - 1)}
    assert widest_path(edges_of(count, weights), 0, count - 1) == list(range(count))
