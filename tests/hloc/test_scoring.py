from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from hloc import scoring
from hloc.scoring import NO_PAIR, pack, score_pairs, unpack
from tests.hloc.test_retrieval import unit_vectors


def all_pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    first, second = np.nonzero(~np.eye(count, dtype=bool))
    return first, second


def test_scores_are_the_exact_products_rounded_to_seven_decimals() -> None:
    vectors = unit_vectors(20, 300)
    first, second = all_pairs(20)
    wide = vectors.astype(np.float64)
    exact = [math.fsum(wide[a] * wide[b]) for a, b in zip(first, second, strict=True)]
    assert score_pairs(vectors, first, second).tolist() == [round(value * 10**7) for value in exact]


def test_a_score_hangs_on_its_two_descriptors_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit_vectors(40, 111)
    first, second = all_pairs(40)
    scores = score_pairs(vectors, first, second)
    order = np.random.default_rng(3).permutation(len(first))
    some = order[: len(order) // 3]
    place = np.random.default_rng(4).permutation(40)
    monkeypatch.setattr(scoring, "NUMBERS_PER_PART", 333)
    monkeypatch.setattr(scoring, "PAIRS_PER_TASK", 17)
    assert score_pairs(vectors, first[some], second[some]).tolist() == scores[some].tolist()
    assert score_pairs(vectors[np.argsort(place)], place[first], place[second]).tolist() == scores.tolist()


def test_both_directions_of_a_pair_are_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    computed = []
    products = scoring._products

    def counted(vectors: NDArray[np.float32], first: scoring.Rows, second: scoring.Rows) -> NDArray[np.float64]:
        computed.extend(zip(first.tolist(), second.tolist(), strict=True))
        return products(vectors, first, second)

    monkeypatch.setattr(scoring, "_products", counted)
    first, second = all_pairs(12)
    score_pairs(unit_vectors(12), first, second)
    assert sorted(computed) == [(a, b) for a in range(12) for b in range(a + 1, 12)]


def test_no_pairs_have_no_scores() -> None:
    nothing = np.zeros(0, np.intp)
    assert score_pairs(unit_vectors(3), nothing, nothing).shape == (0,)


def test_packed_pairs_sort_by_score_and_then_by_row_before_no_pair() -> None:
    others, units = np.array([5, 2**31 - 1, 0, 3]), np.array([10**7, -(10**7), 400, 400])
    keys = np.sort(np.append(pack(others, units), NO_PAIR))
    found, scores = unpack(keys[:-1])
    assert found.tolist() == [5, 0, 3, 2**31 - 1]
    assert scores.tolist() == [1.0, 0.00004, 0.00004, -1.0]
    assert keys[-1] == NO_PAIR
