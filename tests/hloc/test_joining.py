from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from hloc.joining import JoinedFeatures, background_similarity, join_features, join_weights, similarity_spread
from hloc.retrieval import top_k
from storage.fingerprints import Fingerprint
from storage.formats.features import Features, joined_checksum
from storage.report import SkippedPhoto


def unit_vectors(count: int, dimension: int, seed: int = 0, common: float = 0.0) -> NDArray[np.float32]:
    """Random unit vectors; ``common`` adds a direction that all share, so that their similarities lie higher."""
    rows = np.random.default_rng(seed).normal(size=(count, dimension))
    rows[:, 0] += common * np.sqrt(dimension)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def features(
    model: str, vectors: NDArray[np.float32], names: list[str] | None = None, skipped: tuple[SkippedPhoto, ...] = ()
) -> Features:
    names = names or [f"{number:03d}.jpg" for number in range(len(vectors))]
    prints = [Fingerprint(1, 2, "0" * 64) for _ in names]
    return Features(model, {}, names, vectors, np.full((len(names), 2), 9), prints, skipped)


def similarities(joined: JoinedFeatures) -> NDArray[np.float64]:
    vectors = joined.descriptors.astype(np.float64)
    product: NDArray[np.float64] = vectors @ vectors.T
    return product


def z_scores(vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    product = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    others = product[~np.eye(len(product), dtype=bool)]
    lower, middle, upper = np.quantile(others, [0.25, 0.5, 0.75])
    scores: NDArray[np.float64] = (product - middle) * 1.349 / (upper - lower)
    return scores


def test_the_joined_similarity_is_the_sum_of_z_scores_but_for_a_shift_and_a_factor() -> None:
    first, second = unit_vectors(60, 8, 1), unit_vectors(60, 50, 2, common=0.5)
    joined = similarities(join_features([features("a", first), features("b", second)]))
    expected = z_scores(first) + z_scores(second)
    is_pair = ~np.eye(60, dtype=bool)
    slope, shift = np.polyfit(expected[is_pair], joined[is_pair], 1)
    assert slope > 0
    np.testing.assert_allclose(joined[is_pair], slope * expected[is_pair] + shift, atol=1e-3)


def test_the_best_pairs_are_those_of_the_sum_of_z_scores() -> None:
    first, second = unit_vectors(80, 6, 3), unit_vectors(80, 40, 4, common=1.0)
    joined = join_features([features("a", first), features("b", second)])
    expected = z_scores(first) + z_scores(second)
    np.fill_diagonal(expected, -np.inf)
    for row, others, _ in top_k(joined.descriptors, 5, -1.0):
        assert others.tolist() == np.argsort(-expected[row])[:5].tolist()


def test_the_weights_even_out_the_spreads() -> None:
    first, second = unit_vectors(300, 4, 5), unit_vectors(300, 100, 6)
    weights = join_weights([first, second])
    assert sum(weights) == pytest.approx(1)
    assert weights[0] * similarity_spread(first) == pytest.approx(weights[1] * similarity_spread(second), rel=1e-3)


def test_joined_scores_lie_between_minus_one_and_one() -> None:
    joined = join_features([features("a", unit_vectors(30, 4)), features("b", unit_vectors(30, 9, 1))])
    np.testing.assert_allclose(np.linalg.norm(joined.descriptors, axis=1), 1, atol=1e-6)


@given(st.integers(0, 1000), st.integers(2, 40), st.integers(1, 12))
def test_the_spread_is_the_interquartile_range_of_all_pairs(seed: int, count: int, dimension: int) -> None:
    vectors = unit_vectors(count, dimension, seed)
    product = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    lower, upper = np.quantile(product[~np.eye(count, dtype=bool)], [0.25, 0.75], method="inverted_cdf")
    assert similarity_spread(vectors) == pytest.approx((upper - lower) / 1.349, abs=3e-4)


def test_pairs_of_one_building_hardly_change_the_spread() -> None:
    vectors = unit_vectors(200, 60)
    doubled = np.concatenate([vectors, vectors[:40]])
    product = doubled @ doubled.T
    assert np.std(product[~np.eye(240, dtype=bool)]) > 1.02 * np.std((vectors @ vectors.T)[~np.eye(200, dtype=bool)])
    assert similarity_spread(doubled) == pytest.approx(similarity_spread(vectors), rel=0.03)


def test_the_spread_of_many_photos_is_measured_on_a_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit_vectors(400, 12)
    whole = similarity_spread(vectors)
    monkeypatch.setattr("hloc.joining.MAX_SAMPLE", 150)
    sampled = similarity_spread(vectors)
    assert sampled != whole and sampled == pytest.approx(whole, rel=0.05)


def test_blocks_do_not_change_the_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit_vectors(50, 12)
    whole = similarity_spread(vectors)
    monkeypatch.setattr("hloc.joining.ROWS_PER_BLOCK", 7)
    assert similarity_spread(vectors) == pytest.approx(whole, abs=2e-4)


def test_a_photo_without_features_does_not_count() -> None:
    vectors = unit_vectors(20, 5)
    with_blank = np.concatenate([vectors, np.zeros((3, 5), np.float32)])
    assert similarity_spread(with_blank) == pytest.approx(similarity_spread(vectors), abs=2e-4)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_photos_have_no_spread(count: int) -> None:
    assert similarity_spread(unit_vectors(count, 5)) == 0


def test_two_photos_are_joined_evenly() -> None:
    joined = join_features([features("a", unit_vectors(2, 5)), features("b", unit_vectors(2, 9))])
    assert dict(joined.weights) == {"a": 0.5, "b": 0.5}


def test_a_model_that_finds_all_photos_alike_tells_nothing() -> None:
    alike = np.tile(unit_vectors(1, 7), (10, 1))
    assert join_weights([alike, unit_vectors(10, 7)]) == [0.0, 1.0]


def test_one_model_stays_as_it_is() -> None:
    part = features("a", unit_vectors(5, 4).astype(np.float16))
    joined = join_features([part])
    assert joined.descriptors is part.descriptors and joined.checksum == part.checksum and joined.model == "a"


def test_photos_that_a_model_has_no_descriptor_of_are_named_once() -> None:
    vectors = unit_vectors(3, 4)
    first = features("a", vectors[:2], ["a.jpg", "b.jpg"], (SkippedPhoto("c.jpg", "empty"),))
    second = features("b", vectors, ["a.jpg", "b.jpg", "c.jpg"], ())
    third = features("c", vectors[:2], ["a.jpg", "c.jpg"], (SkippedPhoto("b.jpg", "slow"),))
    joined = join_features([first, second, third])
    assert joined.names == ["a.jpg"] and len(joined.descriptors) == 1
    assert [(photo.name, photo.reason) for photo in joined.skipped] == [("b.jpg", "slow"), ("c.jpg", "empty")]


def test_rows_follow_the_names() -> None:
    vectors = unit_vectors(4, 6)
    names = ["a.jpg", "b.jpg", "c.jpg", "d.jpg"]
    part = features("a", vectors, names)
    fewer = features("b", vectors[[0, 2, 3]], ["a.jpg", "c.jpg", "d.jpg"])
    joined = join_features([part, fewer])
    np.testing.assert_allclose(
        similarities(joined), similarities(join_features([part]))[[0, 2, 3]][:, [0, 2, 3]], atol=1e-6
    )


@pytest.mark.parametrize("models", [[], ["a", "a"]])
def test_nothing_and_the_same_model_twice_cannot_be_joined(models: list[str]) -> None:
    with pytest.raises(ValueError, match="one or more different models"):
        join_features([features(model, unit_vectors(3, 4)) for model in models])


def test_the_checksum_tells_parts_and_order_apart() -> None:
    assert joined_checksum(["x"]) == "x"
    assert len({joined_checksum(["x", "y"]), joined_checksum(["y", "x"]), joined_checksum(["x"])}) == 3


def test_the_background_is_the_median_pair() -> None:
    vectors = unit_vectors(200, 12, 8, common=0.6)
    product = vectors.astype(np.float64) @ vectors.astype(np.float64).T
    median = float(np.median(product[~np.eye(200, dtype=bool)]))
    count = 200 * 199
    assert background_similarity(vectors) == pytest.approx(median * count / (count + 1000), abs=5e-4)


def test_the_few_pairs_of_a_small_collection_hardly_count_as_background() -> None:
    alike = unit_vectors(4, 12, 9, common=3.0)
    product = alike @ alike.T
    assert product.min() > 0.8
    assert 0 <= background_similarity(alike) < 0.02


def test_nothing_is_taken_off_where_there_are_no_pairs_or_one_model() -> None:
    assert background_similarity(unit_vectors(1, 5)) == 0
    assert join_features([features("a", unit_vectors(50, 4, common=2.0))]).background == 0


def test_a_collection_of_much_alike_photos_has_a_higher_background() -> None:
    parts = [features("a", unit_vectors(80, 9, 1)), features("b", unit_vectors(80, 20, 2))]
    alike = [parts[0], features("b", unit_vectors(80, 20, 2, common=1.0))]
    assert join_features(alike).background > join_features(parts).background + 0.1
