"""Statistics of clusters beside loops that say the formulas."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from clustering.features import cluster_statistics
from clustering.features.cluster_statistics import measure_clusters
from tests.clustering.features.drawn_vectors import draw_groups

VECTORS, LABELS = draw_groups([14, 9, 5, 2, 1], spread=0.7)
LABELS = np.where(np.arange(31) % 11 == 10, -1, LABELS)  # some noise


def distance(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.sqrt(((one - other) ** 2).sum()))


def members(label: int) -> list[np.ndarray]:
    return [vector for vector, own in zip(VECTORS, LABELS, strict=True) if own == label]


def centroid(label: int) -> np.ndarray:
    return sum(members(label)) / len(members(label))


MEASURED = measure_clusters(VECTORS, LABELS)


@pytest.mark.parametrize("label", range(5))
def test_diameter_is_the_largest_distance_of_two_members(label: int) -> None:
    pairs = [distance(*pair) for pair in itertools.combinations(members(label), 2)]
    assert MEASURED[label].diameter == pytest.approx(max(pairs, default=0.0), abs=1e-7)
    assert MEASURED[label].size == MEASURED[label].diameter_members == len(members(label))


@pytest.mark.parametrize("quantile", [0.0, 0.25, 0.5, 0.9])
def test_a_quantile_of_the_diameter_is_that_of_all_pairs_of_members(quantile: float) -> None:
    pairs = [distance(*pair) for pair in itertools.combinations(members(0), 2)]
    assert measure_clusters(VECTORS, LABELS, quantile)[0].diameter == pytest.approx(np.quantile(pairs, quantile))


@pytest.mark.parametrize("label", range(5))
def test_separation_is_the_least_distance_of_the_centroid_to_a_photo_outside(label: int) -> None:
    outside = [vector for vector, own in zip(VECTORS, LABELS, strict=True) if own != label]
    assert MEASURED[label].separation == pytest.approx(min(distance(centroid(label), each) for each in outside))


@pytest.mark.parametrize("label", range(5))
def test_dispersion_is_the_mean_distance_of_the_centroid_to_members(label: int) -> None:
    expected = np.mean([distance(centroid(label), each) for each in members(label)])
    assert MEASURED[label].dispersion == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("label", range(5))
def test_centroid_to_centroid_is_the_mean_distance_to_all_other_centroids(label: int) -> None:
    expected = np.mean([distance(centroid(label), centroid(other)) for other in range(5) if other != label])
    assert MEASURED[label].centroid_to_centroid == pytest.approx(expected)


@pytest.mark.parametrize("label", range(5))
def test_both_ratios_are_noise_over_signal(label: int) -> None:
    each = MEASURED[label]
    assert each.ratio_1 == pytest.approx(each.diameter / each.separation)
    assert each.ratio_2 == pytest.approx(each.dispersion / each.centroid_to_centroid)


@pytest.mark.parametrize("block", [1, 40, 10**6])
def test_blocks_change_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected_of = {quantile: measure_clusters(VECTORS, LABELS, quantile) for quantile in (1.0, 0.7)}
    monkeypatch.setattr("clustering.features.density.BLOCK", block)
    for quantile, expected in expected_of.items():
        found = measure_clusters(VECTORS, LABELS, quantile)
        for label in range(5):
            assert found[label].diameter == pytest.approx(expected[label].diameter)
            assert found[label].separation == pytest.approx(MEASURED[label].separation)
            assert found[label].centroid_to_centroid == pytest.approx(MEASURED[label].centroid_to_centroid)


def test_extremes_are_the_five_nearest_to_the_centroid_and_the_five_farthest() -> None:
    places = np.flatnonzero(LABELS == 0)
    order = sorted(places.tolist(), key=lambda place: distance(VECTORS[place], centroid(0)))
    assert MEASURED[0].closest == order[:5] and MEASURED[0].farthest == order[::-1][:5]


def test_a_small_cluster_names_every_member_once() -> None:
    for label in range(1, 5):
        named = MEASURED[label].closest + MEASURED[label].farthest
        assert sorted(named) == np.flatnonzero(label == LABELS).tolist()[:10]
    assert not MEASURED[2].farthest


def test_a_cluster_of_many_pairs_is_measured_by_a_seeded_sample_that_is_told() -> None:
    one, same, other = (measure_clusters(VECTORS, LABELS, max_pairs=15, seed=seed) for seed in (1, 1, 3))
    assert one == same and one[0].diameter_members == 6 < one[0].size
    assert one[0].diameter <= MEASURED[0].diameter + 1e-9
    assert one[3].diameter_members == one[3].size == 2
    assert {each[0].diameter for each in (one, other)} != {MEASURED[0].diameter}


def test_exactly_as_many_pairs_as_allowed_are_all_taken() -> None:
    count = MEASURED[1].size
    assert measure_clusters(VECTORS, LABELS, max_pairs=count * (count - 1) // 2)[1].diameter_members == count


def test_one_cluster_alone_has_no_separation_and_no_other_centroid() -> None:
    found = measure_clusters(VECTORS, np.zeros(31, dtype=np.int64))[0]
    assert found.separation is found.centroid_to_centroid is found.ratio_1 is found.ratio_2 is None


def test_equal_photos_outside_make_no_ratio() -> None:
    found = measure_clusters(np.ones((4, 3)), np.array([0, 0, 1, 1]))[0]
    assert found.diameter == found.separation == 0 and found.ratio_1 is None


def test_noise_alone_has_no_statistics() -> None:
    assert measure_clusters(VECTORS, np.full(31, -1)) == {}


def test_labels_with_gaps_keep_their_numbers() -> None:
    found = measure_clusters(VECTORS, np.where(LABELS >= 0, LABELS * 3, -1))
    assert list(found) == [0, 3, 6, 9, 12] and found[6] == MEASURED[2]


def test_single_precision_differs_by_rounding_alone() -> None:
    found = measure_clusters(VECTORS.astype(np.float32), LABELS)
    assert found[0].diameter == pytest.approx(MEASURED[0].diameter, rel=1e-4)
    assert found[0].dispersion == pytest.approx(MEASURED[0].dispersion, rel=1e-4)


def test_the_largest_number_of_pairs_is_as_documented() -> None:
    assert cluster_statistics.MAX_PAIRS == 5_000_000
