from __future__ import annotations

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hloc.retrieval import Search, SearchWay, find_neighbours, top_k
from hloc.scoring import NO_PAIR
from tests.traced_memory import bytes_per_item


def unit_vectors(count: int, dimension: int = 16, seed: int = 0) -> NDArray[np.float32]:
    vectors = np.random.default_rng(seed).normal(size=(count, dimension))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def brute_force(vectors: NDArray[np.float32], k: int, min_score: float = 0.0) -> list[list[tuple[int, float]]]:
    result = []
    for row in range(len(vectors)):
        scored = []
        for other in range(len(vectors)):
            products = vectors[row].astype(np.float64) * vectors[other].astype(np.float64)
            score = round(float(products.sum()), 7)
            if other != row and score >= min_score and vectors[row].any() and vectors[other].any():
                scored.append((other, score))
        result.append(sorted(scored, key=lambda pair: (-pair[1], pair[0]))[:k])
    return result


def as_lists(vectors: NDArray[np.float32], k: int, **options: float) -> list[list[tuple[int, float]]]:
    return [
        [(int(other), float(score)) for other, score in zip(others, scores, strict=True)]
        for _, others, scores in top_k(vectors, k, **options)  # type: ignore[arg-type]
    ]


@given(
    count=st.integers(1, 40),
    k=st.integers(1, 50),
    rows=st.integers(1, 50),
    seed=st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_top_k_equals_brute_force_for_any_block_size(count: int, k: int, rows: int, seed: int) -> None:
    vectors = unit_vectors(count, seed=seed)
    found = as_lists(vectors, k, rows_per_block=rows)
    assert found == brute_force(vectors, k)


def test_ties_are_broken_by_index_even_among_many_equal_photos() -> None:
    vectors = np.repeat(unit_vectors(2, seed=5), [60, 3], axis=0)
    found = as_lists(vectors, 4, min_score=-1, rows_per_block=7)
    assert [other for other, _ in found[10]] == [0, 1, 2, 3]
    assert [other for other, _ in found[1]] == [0, 2, 3, 4]


def test_scores_that_differ_by_less_than_float32_rounding_are_ordered_exactly() -> None:
    random = np.random.default_rng(1)
    base = unit_vectors(1, 512)[0]
    vectors = (base + random.normal(size=(300, 512)) * 1e-6).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert as_lists(vectors, 5, rows_per_block=64) == brute_force(vectors, 5)


def test_a_pair_has_one_score_in_both_directions() -> None:
    vectors = unit_vectors(30, 100)
    scores = {(row, other): score for row, found in enumerate(as_lists(vectors, 30)) for other, score in found}
    assert all(scores[other, row] == score for (row, other), score in scores.items())


def test_a_photo_without_features_is_in_no_pair() -> None:
    vectors = unit_vectors(6)
    vectors[2] = 0
    found = as_lists(vectors, 10, min_score=-1)
    assert found[2] == []
    assert all(other != 2 for pairs in found for other, _ in pairs)


def test_scores_below_the_minimum_are_left_out_and_equal_ones_kept() -> None:
    vectors = np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float32)
    assert as_lists(vectors, 5, min_score=0.0) == [[(1, 0.0)], [(0, 0.0), (2, 0.0)], [(1, 0.0)]]


def test_half_precision_descriptors_are_scored_as_they_are_stored() -> None:
    vectors = unit_vectors(20).astype(np.float16)
    assert as_lists(vectors, 3) == brute_force(vectors.astype(np.float32), 3)


@pytest.mark.parametrize("count", [0, 1])
def test_fewer_than_two_photos_make_no_pairs(count: int) -> None:
    assert all(not found for found in as_lists(unit_vectors(count), 3))


def test_memory_does_not_grow_with_the_square_of_the_photos() -> None:
    vectors = unit_vectors(6000, 8)
    tracemalloc.start()
    for _ in top_k(vectors, 10, rows_per_block=256):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6000 * 6000 * 4 / 10


@pytest.fixture
def searched_again(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Rows that the search goes through a second time."""
    rows_seen: list[int] = []
    again = Search._searched_again

    def watched(self: Search, rows: NDArray[np.intp], limits: NDArray[np.float64]) -> NDArray[np.int64]:
        rows_seen.extend(rows.tolist())
        return again(self, rows, limits)

    monkeypatch.setattr(Search, "_searched_again", watched)
    return rows_seen


def test_rows_whose_proposals_prove_nothing_are_searched_again(searched_again: list[int]) -> None:
    vectors = np.repeat(unit_vectors(4, 64), [70, 3, 40, 1], axis=0)
    vectors += (np.random.default_rng(2).normal(size=vectors.shape) * 1e-7).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    assert as_lists(vectors, 5, rows_per_block=16) == brute_force(vectors, 5)
    assert set(range(70)) <= set(searched_again)


def test_rows_whose_proposals_reach_far_enough_are_searched_once(searched_again: list[int]) -> None:
    assert as_lists(unit_vectors(200), 5) == brute_force(unit_vectors(200), 5)
    assert searched_again == []


@pytest.mark.parametrize("rows", [1, 7, 60])
def test_neighbours_are_the_same_however_many_photos_are_ranked_at_once(
    rows: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = np.repeat(unit_vectors(30, 64), 2, axis=0)
    expected = find_neighbours(vectors, 5).keys
    monkeypatch.setattr("hloc.retrieval.ROWS_PER_RANKING", rows)
    assert (find_neighbours(vectors, 5).keys == expected).all()


def test_the_search_takes_half_a_kilobyte_a_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hloc.retrieval.ROWS_PER_RANKING", 64)
    way = SearchWay(rows_per_block=64)
    vectors = unit_vectors(1500, 8)
    assert bytes_per_item(lambda count: find_neighbours(vectors[:count], 10, way=way), 500, 1500) < 512


def test_photos_in_another_order_have_the_same_neighbours() -> None:
    vectors = unit_vectors(150, 50)
    order = np.random.default_rng(1).permutation(150)
    found = {
        order[row]: {order[other]: score for other, score in pairs}
        for row, pairs in enumerate(as_lists(vectors[order], 7))
    }
    assert found == {row: dict(pairs) for row, pairs in enumerate(as_lists(vectors, 7))}


def test_descriptors_mapped_from_a_file_give_the_same(tmp_path: Path) -> None:
    vectors = unit_vectors(90)
    np.save(tmp_path / "vectors.npy", vectors)
    mapped = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    assert as_lists(mapped, 6, rows_per_block=32) == as_lists(vectors, 6)


@pytest.mark.parametrize("min_score", [0.0, 0.2, 0.5])
def test_a_minimum_that_cuts_the_proposals_short_loses_nothing_above_it(min_score: float) -> None:
    vectors = unit_vectors(300)
    found = as_lists(vectors, 40, min_score=min_score, rows_per_block=64)
    assert found == brute_force(vectors, 40, min_score)


def test_the_exact_search_says_that_nothing_was_missed() -> None:
    assert find_neighbours(unit_vectors(20), 3).recall == 1.0


def test_recall_is_the_share_of_the_true_neighbours_that_are_there() -> None:
    vectors = unit_vectors(60)
    exact = find_neighbours(vectors, 10, -1.0).keys
    search = Search(vectors, np.ones(60, bool), 10, -1.0, 16)
    assert search.recall(exact) == 1.0
    poor = exact.copy()
    poor[:, 7:] = NO_PAIR
    assert search.recall(poor) == pytest.approx(0.7)


def test_recall_counts_no_neighbours_below_the_minimum() -> None:
    vectors = unit_vectors(60)
    exact = find_neighbours(vectors, 10, 0.3).keys
    assert Search(vectors, np.ones(60, bool), 10, 0.3, 16).recall(exact) == 1.0
