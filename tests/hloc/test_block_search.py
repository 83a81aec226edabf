from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hloc.block_search import Asked, Reduction, propose_pair, rank_block
from hloc.proposals import Proposals, propose_between
from hloc.retrieval import SearchWay, find_neighbours
from hloc.scoring import NO_PAIR
from tests.hloc.test_retrieval import unit_vectors


def search(vectors: NDArray[np.floating], asked: Asked, seed: int | None = None) -> NDArray[np.int64]:
    """All tasks one after another, in the order of the plan or in any order."""
    reduction, pairs = Reduction(asked, vectors), list(asked.pairs())
    if seed is not None:
        np.random.default_rng(seed).shuffle(pairs)
    for pair in pairs:
        reduction.add(pair, propose_pair(vectors, asked, pair, reduction.limits(pair)))
    for block in range(asked.num_blocks):
        reduction.put(block, rank_block(vectors, asked, reduction.is_usable, block, reduction.proposals(block)))
    return reduction.neighbours().keys


def ask(count: int, k: int, tile: int, tiles_per_block: int = 2, min_score: float = 0.0) -> Asked:
    return Asked(count, k, min_score, tile, tiles_per_block)


@given(
    count=st.integers(1, 40),
    k=st.integers(1, 40),
    tile=st.integers(3, 20),
    tiles_per_block=st.integers(1, 4),
    min_score=st.sampled_from([-1.0, 0.0, 0.3]),
    seed=st.integers(0, 1000),
)
@settings(max_examples=25, deadline=None)
def test_blocks_in_any_order_give_what_one_machine_finds(
    count: int, k: int, tile: int, tiles_per_block: int, min_score: float, seed: int
) -> None:
    vectors = unit_vectors(count, seed=seed)
    found = search(vectors, ask(count, k, tile, tiles_per_block, min_score), seed)
    np.testing.assert_array_equal(found, find_neighbours(vectors, k, min_score).keys)


def test_photos_equal_to_more_others_than_are_proposed_are_searched_again_and_right() -> None:
    vectors = np.repeat(unit_vectors(3, seed=5), [50, 40, 2], axis=0)[np.random.default_rng(0).permutation(92)]
    found = search(vectors, ask(92, 4, 10, min_score=-1.0))
    np.testing.assert_array_equal(found, find_neighbours(vectors, 4, -1.0).keys)


def test_zero_vectors_are_in_no_pair_of_any_block() -> None:
    vectors = unit_vectors(50)
    vectors[::7] = 0
    found = search(vectors, ask(50, 30, 8, min_score=-1.0))
    np.testing.assert_array_equal(found, find_neighbours(vectors, 30, -1.0).keys)
    assert (found[::7] == NO_PAIR).all()


def test_half_precision_and_large_vectors_are_scored_as_on_one_machine() -> None:
    vectors = unit_vectors(300, 128, seed=2).astype(np.float16)
    way = SearchWay(rows_per_block=7)
    np.testing.assert_array_equal(search(vectors, ask(300, 9, 32)), find_neighbours(vectors, 9, 0.0, way).keys)


def test_every_two_blocks_meet_once_and_each_meets_itself_before_all_others() -> None:
    asked = ask(95, 3, 10, 2)
    pairs = list(asked.pairs())
    assert asked.num_blocks == 5 and asked.rows(4) == slice(80, 95)
    assert pairs[:5] == [(block, block) for block in range(5)]
    assert sorted(pairs) == [(one, two) for one in range(5) for two in range(one, 5)]


def test_a_pair_computed_twice_is_computed_to_the_same() -> None:
    vectors, asked = unit_vectors(60), ask(60, 5, 10)
    limits = Reduction(asked, vectors).limits((0, 2))
    first, again = (propose_pair(vectors, asked, (0, 2), limits) for _ in range(2))
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(np.sort(one.values), np.sort(two.values))


def test_later_pairs_give_only_what_exceeds_the_lowest_so_far() -> None:
    vectors, asked = unit_vectors(120, 4), ask(120, 1, 30)
    reduction = Reduction(asked, vectors)
    free = propose_pair(vectors, asked, (0, 1), reduction.limits((0, 1)))
    for block in (0, 1):
        reduction.add((block, block), propose_pair(vectors, asked, (block, block), reduction.limits((block, block))))
    limits = reduction.limits((0, 1))
    bound = propose_pair(vectors, asked, (0, 1), limits)
    for some, every, limit in zip(bound, free, limits, strict=True):
        assert 0 < np.isfinite(some.values).sum() < np.isfinite(every.values).sum()
        assert (
            some.values[np.isfinite(some.values)]
            > np.broadcast_to(limit[:, None], some.values.shape)[np.isfinite(some.values)]
        ).all()


def test_two_sets_propose_to_each_other_and_not_within_themselves() -> None:
    vectors = unit_vectors(50)
    found = propose_between(vectors, 20, np.ones(50, bool), np.full(50, -np.inf, np.float32), count=50, block=10)
    assert all(set(row[:30].tolist()) | {0} >= set(range(20, 50)) for row in np.sort(found.indices[:20])[:, ::-1])
    assert (np.isfinite(found.values).sum(axis=1) == np.repeat([30, 20], [20, 30])).all()


def test_a_first_set_that_is_not_whole_tiles_is_refused() -> None:
    limits = np.zeros(50, np.float32)
    with pytest.raises(ValueError, match="whole tiles of 8 rows, got 20"):
        propose_between(unit_vectors(50), 20, np.ones(50, bool), limits, count=5, block=8)


def test_merging_keeps_the_highest_whoever_proposed_them() -> None:
    one = Proposals(np.array([[0.5, 0.1]], np.float32), np.array([[1, 2]], np.int32))
    two = Proposals(np.array([[0.3, 0.05, -np.inf]], np.float32), np.array([[7, 8, 0]], np.int32))
    both = one.with_more(two)
    assert sorted(zip(both.values[0].tolist(), both.indices[0].tolist(), strict=True)) == [
        (pytest.approx(0.3), 7),
        (pytest.approx(0.5), 1),
    ]
