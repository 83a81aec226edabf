"""The space of clustering: length, principal components, metrics as Euclidean distances."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from clustering.features.space import (
    METRICS,
    FeatureSpace,
    as_euclidean,
    check_space,
    from_euclidean,
    normalize_vectors,
    prepare_vectors,
    reduce_vectors,
)
from storage.errors import UsageError
from tests.clustering.features.drawn_vectors import draw_bits, draw_groups

VECTORS, _ = draw_groups([20, 20, 20], dimension=80)


@pytest.mark.parametrize("metric", METRICS)
def test_distances_of_prepared_vectors_tell_those_of_the_metric(metric: str) -> None:
    vectors = draw_bits()[0] if metric == "hamming" else VECTORS
    prepared = prepare_vectors(vectors, FeatureSpace(metric, "none", 0))
    found = from_euclidean(cdist(prepared, prepared), metric)
    assert np.allclose(found, cdist(vectors, vectors, metric), atol=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_a_distance_there_and_back_is_itself(metric: str) -> None:
    for distance in (0.0, 0.25, 1.0):
        assert from_euclidean(np.array([as_euclidean(distance, metric)]), metric)[0] == pytest.approx(distance)


def test_l2_makes_unit_vectors_and_none_leaves_them() -> None:
    assert np.allclose(np.linalg.norm(normalize_vectors(VECTORS, FeatureSpace()), axis=1), 1)
    assert np.array_equal(normalize_vectors(VECTORS, FeatureSpace(normalize="none")), VECTORS)


def test_cosine_vectors_are_of_unit_length_whatever_is_asked() -> None:
    space = FeatureSpace("cosine", "none", 10)
    prepared = prepare_vectors(VECTORS, space)
    assert prepared.shape == (60, 10) and np.allclose(np.linalg.norm(prepared, axis=1), 1)


def test_a_zero_vector_stays_zero() -> None:
    vectors = np.concatenate((VECTORS, np.zeros((1, 80))))
    assert not normalize_vectors(vectors, FeatureSpace())[-1].any()


def test_without_a_number_50_components_are_kept_and_with_0_all() -> None:
    assert prepare_vectors(VECTORS, FeatureSpace()).shape == (60, 50)
    assert prepare_vectors(VECTORS, FeatureSpace(num_components=0)).shape == (60, 80)
    assert prepare_vectors(VECTORS, FeatureSpace(num_components=7)).shape == (60, 7)


def test_more_components_than_there_are_change_nothing() -> None:
    unit = normalize_vectors(VECTORS, FeatureSpace())
    assert reduce_vectors(unit, FeatureSpace(num_components=60)) is unit
    assert prepare_vectors(VECTORS[:5], FeatureSpace()).shape == (5, 80)


def test_components_keep_the_distances_of_vectors_that_lie_in_few_dimensions() -> None:
    flat = np.random.default_rng(0).normal(size=(60, 4)) @ np.random.default_rng(1).normal(size=(4, 80))
    reduced = prepare_vectors(flat, FeatureSpace("euclidean", "none", 4))
    assert np.allclose(cdist(reduced, reduced), cdist(flat, flat))


def test_bits_are_never_reduced() -> None:
    bits, _ = draw_bits(dimension=128, num_each=30)
    assert prepare_vectors(bits, FeatureSpace("hamming")).shape == bits.shape


def test_bits_may_be_of_any_two_values_with_0_and_in_half_precision() -> None:
    bits, _ = draw_bits()
    once, scaled = (prepare_vectors(each, FeatureSpace("hamming")) for each in (bits, (bits * 0.25).astype(np.float16)))
    assert np.allclose(once, scaled)


def test_vectors_that_are_no_bits_are_refused_for_hamming() -> None:
    with pytest.raises(UsageError, match="--metric hamming takes vectors of bits"):
        prepare_vectors(VECTORS, FeatureSpace("hamming"))


@pytest.mark.parametrize(
    ("space", "message"),
    [
        (FeatureSpace("manhattan"), "--metric 'manhattan': must be one of euclidean, cosine, hamming"),
        (FeatureSpace(normalize="l1"), "--normalize 'l1': must be one of l2, none"),
        (FeatureSpace(num_components=-1), "--pca is -1"),
        (FeatureSpace("hamming", num_components=8), "give --pca 0 with --metric hamming"),
    ],
)
def test_settings_that_have_no_meaning_are_refused(space: FeatureSpace, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        check_space(space)


def test_half_precision_is_prepared_in_double() -> None:
    assert prepare_vectors(VECTORS.astype(np.float16), FeatureSpace()).dtype == np.float64
