"""The sweep over thresholds: what it counts is what counting at each threshold anew gives."""

from __future__ import annotations

import math

import networkx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustering.graph import ScoredPairs
from clustering.threshold_sweep import ThresholdCurve, distinct_pairs, short_threshold, sweep_thresholds

# few different scores, so that many pairs tie; -0.5 and NaN are scores that a file may hold
SCORES = st.sampled_from([-0.5, 0.0, 0.1, 0.25, 0.3, 0.300001, 0.7, 1.0, math.nan])
PAIRS = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), SCORES), max_size=40)


def scored(rows: list[tuple[int, int, float]], num_photos: int = 10) -> ScoredPairs:
    first, second, score = zip(*rows, strict=True) if rows else ((), (), ())
    return ScoredPairs.from_arrays(num_photos, first, second, score)


def counted(rows: list[tuple[int, int, float]], threshold: float) -> tuple[int, int, int, int]:
    """Count at one threshold by networkx: pairs, clusters, clustered photos, largest cluster."""
    graph = networkx.Graph()
    graph.add_edges_from((one, other) for one, other, score in rows if score >= threshold and one != other)
    sizes = [len(component) for component in networkx.connected_components(graph)]
    return graph.number_of_edges(), len(sizes), sum(sizes), max(sizes, default=0)


def numbers_at(curve: ThresholdCurve, point: int) -> tuple[int, ...]:
    columns = (curve.num_pairs, curve.num_clusters, curve.num_clustered, curve.largest)
    return tuple(int(column[point]) for column in columns)


@given(PAIRS)
def test_every_point_is_what_counting_at_its_threshold_gives(rows: list[tuple[int, int, float]]) -> None:
    curve = sweep_thresholds(distinct_pairs(scored(rows)))
    for point, threshold in enumerate(curve.score.tolist()):
        assert numbers_at(curve, point) == counted(rows, threshold)


@given(PAIRS)
def test_every_distinct_score_is_a_point_and_they_fall(rows: list[tuple[int, int, float]]) -> None:
    best: dict[tuple[int, int], float] = {}
    for one, other, score in rows:
        if one != other and not math.isnan(score):
            key = (min(one, other), max(one, other))
            best[key] = max(score, best.get(key, -math.inf))
    curve = sweep_thresholds(distinct_pairs(scored(rows)))
    assert curve.score.tolist() == sorted(set(best.values()), reverse=True)
    assert curve.next_lower.tolist() == [*curve.score[1:], *([-math.inf] if len(curve) else [])]


@given(PAIRS, st.integers(0, 10**6))
def test_the_order_of_the_pairs_does_not_matter(rows: list[tuple[int, int, float]], seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(rows))
    one, other = (sweep_thresholds(distinct_pairs(scored(some))) for some in (rows, [rows[row] for row in order]))
    assert [numbers_at(one, point) for point in range(len(one))] == [
        numbers_at(other, point) for point in range(len(other))
    ]


def test_both_directions_of_a_pair_are_one_pair_with_the_higher_score() -> None:
    curve = sweep_thresholds(distinct_pairs(scored([(0, 1, 0.2), (1, 0, 0.6), (2, 2, 0.9)])))
    assert curve.score.tolist() == [0.6] and numbers_at(curve, 0) == (1, 1, 2, 2)


def many_pairs(num_pairs: int = 5000, num_photos: int = 800) -> list[tuple[int, int, float]]:
    random = np.random.default_rng(3)
    ends = random.integers(0, num_photos, (num_pairs, 2)).tolist()
    return [(one, other, score) for (one, other), score in zip(ends, random.random(num_pairs) ** 3, strict=True)]


def test_a_bounded_curve_is_exact_where_it_has_points() -> None:
    rows = many_pairs()
    curve = sweep_thresholds(distinct_pairs(scored(rows, 800)), max_points=60)
    assert 30 <= len(curve) <= 60
    for point in range(0, len(curve), 7):
        assert numbers_at(curve, point) == counted(rows, float(curve.score[point]))


def test_a_bounded_curve_reaches_from_the_first_pair_to_the_last() -> None:
    rows = many_pairs()
    edges = distinct_pairs(scored(rows, 800))
    curve = sweep_thresholds(edges, max_points=8)
    assert curve.score[0] == edges.score[0] and curve.score[-1] == edges.score[-1]
    assert curve.num_pairs[-1] == len(edges) and np.all(np.diff(curve.score) < 0)


def test_thresholds_asked_for_are_on_a_bounded_curve() -> None:
    rows = many_pairs()
    curve = sweep_thresholds(distinct_pairs(scored(rows, 800)), max_points=8, also=[0.123, 7.0])
    assert numbers_at(curve, curve.point_of(0.123)) == counted(rows, 0.123)
    assert curve.point_of(7.0) == 0 and curve.point_of(-1.0) == len(curve) - 1


def test_a_chain_longer_than_the_recursion_limit_is_one_cluster() -> None:
    rows = [(photo, photo + 1, 0.5) for photo in range(5000)]
    assert numbers_at(sweep_thresholds(distinct_pairs(scored(rows, 5001))), 0) == (5000, 1, 5001, 5001)


def test_without_pairs_the_curve_is_empty() -> None:
    assert len(sweep_thresholds(distinct_pairs(scored([(1, 1, 0.5), (0, 1, math.nan)])))) == 0


def test_too_few_points_are_refused() -> None:
    with pytest.raises(ValueError, match="8 points"):
        sweep_thresholds(distinct_pairs(scored([(0, 1, 0.5)])), max_points=7)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_a_short_threshold_lets_the_same_pairs_pass(one: float, other: float) -> None:
    lower, higher = sorted((one, other))
    found = short_threshold(higher, lower) if lower < higher else higher
    assert found == higher or lower < found <= higher
    assert len(repr(found)) <= len(repr(higher)) + 2  # 1e-09 is shorter than nothing else


@pytest.mark.parametrize(
    ("score", "next_lower", "expected"),
    [
        (0.8342719, 0.8199, 0.83),
        (0.8342719, 0.8342718, 0.8342719),
        (0.91, 0.2, 0.9),
        (1.0, 0.99, 1.0),
        (-0.13, -0.5, -0.2),
        (0.5004, 0.5, 0.5004),
        (0.123456, -math.inf, 0.123456),
    ],
)
def test_a_short_threshold_is_the_shortest(score: float, next_lower: float, expected: float) -> None:
    assert short_threshold(score, next_lower) == expected
