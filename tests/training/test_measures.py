"""Measures of retrieval."""

from __future__ import annotations

import numpy as np
import pytest

from training.measures import measure_retrieval


def similarity(rows: list[list[float]]) -> np.ndarray:
    return np.array(rows, dtype=np.float64)


def test_a_perfect_ranking_measures_one() -> None:
    measures = measure_retrieval(similarity([[1, 0.9, 0], [0.9, 1, 0], [0, 0, 1]]), ["a", "a", "b"])
    assert measures.mean_average_precision == measures.precision_at_1 == measures.true_pairs_in_top_10 == 1
    assert measures.num_queries == 2


def test_average_precision_of_a_known_ranking() -> None:
    # photo 0 ranks b (0.9), a (0.8), b (0.7), a (0.6): (1/2 + 2/4) / 2
    scores = np.eye(5)
    scores[0] = [1, 0.8, 0.9, 0.7, 0.6]
    measures = measure_retrieval(scores, ["a", "a", "b", "c", "a"])
    others = measure_retrieval(scores, ["x", "a", "b", "c", "a"])
    # the two other photos of a have equal scores to all: earlier photos come first
    assert measures.mean_average_precision == pytest.approx((0.5 + (1 / 1 + 2 / 4) / 2 + (1 / 1 + 2 / 2) / 2) / 3)
    assert others.num_queries == 2


def test_photos_that_are_alone_only_distract() -> None:
    scores = similarity([[1, 0.5, 0.9], [0.5, 1, 0.9], [0.9, 0.9, 1]])
    measures = measure_retrieval(scores, ["a", "a", "alone"])
    assert measures.num_queries == 2
    assert measures.mean_average_precision == pytest.approx(0.5)
    assert measures.precision_at_1 == 0


def test_true_pairs_beyond_the_tenth_place_are_not_found() -> None:
    scores = np.eye(13)
    scores[0, 1:] = np.linspace(0.9, 0.1, 12)
    labels = ["a", *[f"x{number}" for number in range(11)], "a"]
    scores[12, 0] = 0.9
    assert measure_retrieval(scores, labels).true_pairs_in_top_10 == pytest.approx(0.5)


def test_the_order_of_the_photos_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(20, 4))
    labels = np.array([f"b{number % 6}" for number in range(20)])
    order = rng.permutation(20)
    plain, shuffled = (
        measure_retrieval(v @ v.T, list(w)) for v, w in [(vectors, labels), (vectors[order], labels[order])]
    )
    assert plain.mean_average_precision == pytest.approx(shuffled.mean_average_precision)


def test_labels_without_a_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="no building has two photos"):
        measure_retrieval(np.eye(2), ["a", "b"])
