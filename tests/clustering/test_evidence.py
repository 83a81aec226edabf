from __future__ import annotations

import numpy as np
import pytest

from clustering import get_clusterer
from clustering.constraints import Decided
from clustering.evaluation import evaluate
from clustering.evidence import EvidenceSettings, cluster_evidence
from clustering.graph import ScoredPairs
from clustering.partition import Stage
from storage.errors import UsageError
from tests.clustering.drawn_evidence import DrawnEvidence, Line, groups_of


def clique(photos: range, score: float = 0.9) -> list[Line]:
    return [(one, two, score) for one in photos for two in photos if one < two]


def test_it_is_registered() -> None:
    assert get_clusterer("evidence") is EvidenceSettings


def test_clusters_are_numbered_by_their_lowest_photos() -> None:
    drawn = DrawnEvidence([(5, 1, 0.9), (4, 2, 0.99)], (None,) * 6, num_photos=6)
    grouping = drawn.by_evidence()
    assert grouping.clusters == {0: [1, 5], 1: [2, 4]} and grouping.singletons == [0, 3]


def test_no_photos_and_no_pairs_are_no_clusters() -> None:
    for num_photos in (0, 3):
        pairs = ScoredPairs.from_arrays(num_photos, [], [], [])
        grouping = cluster_evidence(pairs, EvidenceSettings())
        assert grouping.clusters == {} and grouping.singletons == list(range(num_photos))


def test_a_score_that_is_no_probability_is_refused() -> None:
    pairs = ScoredPairs.from_arrays(2, [0], [1], [12.0])
    with pytest.raises(UsageError, match=r"probabilities, 0 to 1, but they reach from 12 to 12"):
        cluster_evidence(pairs, EvidenceSettings())


def test_a_score_that_is_no_number_is_no_evidence() -> None:
    pairs = ScoredPairs.from_arrays(2, [0], [1], [float("nan")])
    assert cluster_evidence(pairs, EvidenceSettings()).clusters == {}


def test_positions_of_another_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        cluster_evidence(ScoredPairs.from_arrays(2, [], [], []), EvidenceSettings(), np.zeros((3, 2)))


@pytest.mark.parametrize(
    ("values", "flag"),
    [
        ({"strong_edg_thresh": 1.2}, "strong_edg_thresh"),
        ({"weak_edg_thresh": 0.0}, "weak_edg_thresh"),
        ({"weak_edg_thresh": 0.9}, "weak_edg_thresh"),
        ({"strong_edg_thresh": float("nan")}, "strong_edg_thresh"),
        ({"agreement_thresh": 1.1}, "agreement_thresh"),
        ({"gps_count_thresh": 0}, "gps_count_thresh"),
        ({"gps_distance_thresh": -1.0}, "gps_distance_thresh"),
        ({"gps_conflict_thresh": 20.0}, "gps_conflict_thresh"),
    ],
)
def test_a_setting_out_of_range_is_named(values: dict[str, float], flag: str) -> None:
    with pytest.raises(UsageError, match=flag):
        EvidenceSettings(**values)  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [2, 3, 9])
def test_by_default_no_single_pair_joins_two_groups_however_sure(size: int) -> None:
    lines = [*clique(range(size), 0.99), *clique(range(size, 2 * size), 0.99), (0, size, 0.999999)]
    grouping = cluster_evidence(ScoredPairs.from_arrays(2 * size, *zip(*lines, strict=True)), EvidenceSettings())
    assert grouping.clusters == {0: list(range(size)), 1: list(range(size, 2 * size))}
    assert [doubt.pair for doubt in grouping.doubts] == [(0, size, 0.999999)]


def test_many_pairs_of_one_photo_do_not_join_two_groups() -> None:
    hub = [(0, photo, 0.99) for photo in range(9, 18)]
    lines = [*clique(range(9), 0.99), *clique(range(9, 18), 0.99), *hub]
    grouping = cluster_evidence(ScoredPairs.from_arrays(18, *zip(*lines, strict=True)), EvidenceSettings())
    assert len(grouping.clusters) == 2


def test_near_clusters_join_by_their_median_positions_when_they_have_enough() -> None:
    lines = [*clique(range(3)), *clique(range(3, 6))]
    drawn = DrawnEvidence(lines, [0, 0, None, 20, 20, None], num_photos=6)
    grouping = drawn.by_evidence(gps_count_thresh=2)
    assert groups_of(grouping) == {frozenset(range(6))}
    (reasons,) = grouping.reasons.of_clusters([0])
    assert reasons.joins[-1].stage is Stage.GPS and reasons.joins[-1].distance_m == pytest.approx(20, abs=0.1)
    assert len(groups_of(drawn.by_evidence(gps_count_thresh=3))) == 2


def test_a_decision_is_a_reason_of_its_own() -> None:
    drawn = DrawnEvidence([(0, 1, 0.9)], (None,) * 3, Decided(together=[[1, 2]]), 3)
    (reasons,) = drawn.by_evidence().reasons.of_clusters([0])
    assert [join.stage for join in reasons.joins] == [Stage.EVIDENCE, Stage.DECISION]


def test_a_decision_overrules_positions() -> None:
    drawn = DrawnEvidence([(0, 1, 0.9)], [0, 9000], Decided(together=[[0, 1]]), 2)
    assert groups_of(drawn.by_evidence()) == {frozenset({0, 1})}


def test_near_clusters_that_a_decision_keeps_apart_stay_apart() -> None:
    lines = [*clique(range(2)), *clique(range(2, 4)), *clique(range(4, 6))]
    north_m: list[int | None] = [0, 0, 10, 10, 20, 20]
    drawn = DrawnEvidence(lines, north_m, Decided(apart=[(0, 3)]), 6)
    groups = groups_of(drawn.by_evidence())
    assert len(groups) == 2 and not any({0, 3} <= group for group in groups)
    locked = DrawnEvidence(lines, north_m, Decided(locked=[[0, 1]]), 6)
    assert groups_of(locked.by_evidence()) == {frozenset({0, 1}), frozenset({2, 3, 4, 5})}


def draw_buildings(seed: int) -> tuple[ScoredPairs, np.ndarray]:
    """30 buildings, pairs of which 4 in 10 are found, and wrong pairs of up to 0.95."""
    rng = np.random.default_rng(seed)
    true = np.repeat(np.arange(30), rng.integers(2, 13, 30))
    first, second = np.triu_indices(len(true), 1)
    is_same = true[first] == true[second]
    score = np.where(is_same & (rng.random(len(first)) < 0.4), rng.beta(9, 1, len(first)), rng.beta(1, 30, len(first)))
    is_wrong = ~is_same & (rng.random(len(first)) < 0.002)
    score = np.where(is_wrong, rng.uniform(0.3, 0.95, len(first)), score)
    return ScoredPairs.from_arrays(len(true), first, second, score), true


def test_drawn_buildings_are_found_where_chains_of_pairs_glue_them() -> None:
    pairs, true = draw_buildings(0)
    found = {}
    for name, agreement in (("evidence", 0.5), ("chains", 0.0)):
        grouping = cluster_evidence(pairs, EvidenceSettings(agreement_thresh=agreement))
        group = np.full(len(true), -1)
        for number, members in grouping.clusters.items():
            group[members] = number
        found[name] = evaluate(true, group)
    assert found["evidence"].pairwise_precision >= 0.95 and found["evidence"].pairwise_recall >= 0.6
    assert found["chains"].pairwise_precision < 0.5
