from __future__ import annotations

import pytest

from clustering.constraints import Decided
from clustering.grouping import DoubtCause
from tests.clustering.drawn_evidence import DrawnEvidence, Line, groups_of

Told = tuple[DoubtCause, tuple[int, int]]


def clique(photos: range, score: float = 0.9) -> list[Line]:
    return [(one, two, score) for one in photos for two in photos if one < two]


def doubts(
    lines: list[Line], num_photos: int, north_m: list[int | None] | None = None, decided: Decided | None = None
) -> list[Told]:
    drawn = DrawnEvidence(lines, north_m or [None] * num_photos, decided or Decided(), num_photos)
    return [(doubt.cause, doubt.pair[:2]) for doubt in drawn.by_evidence().doubts]


def test_a_pair_between_the_two_thresholds_is_listed() -> None:
    assert doubts([(0, 1, 0.69)], 2) == [(DoubtCause.UNSURE, (0, 1))]
    assert doubts([(0, 1, 0.29)], 2) == []


def test_a_sure_pair_between_two_buildings_is_listed_and_not_followed() -> None:
    lines = [*clique(range(5)), *clique(range(5, 10)), (3, 8, 0.95), (2, 8, 0.6)]
    assert doubts(lines, 10) == [(DoubtCause.FEW_AGREE, (3, 8))]


def test_a_weak_pair_between_two_large_groups_is_not_worth_a_look() -> None:
    assert doubts([*clique(range(5)), *clique(range(5, 10)), (3, 8, 0.5)], 10) == []


def test_a_good_pair_kilometres_apart_is_listed_with_the_distance() -> None:
    drawn = DrawnEvidence([(0, 1, 0.95)], [0, 5000], num_photos=2)
    grouping = drawn.by_evidence()
    (doubt,) = grouping.doubts
    assert doubt.cause is DoubtCause.POSITIONS and doubt.distance_m == pytest.approx(5000, rel=1e-3)
    assert groups_of(grouping) == set()


def test_a_contradiction_inside_of_a_cluster_is_listed() -> None:
    lines = [(0, 1, 0.9), (1, 2, 0.9), (0, 2, 0.95)]
    decided = Decided(together=[[0, 1, 2]])
    drawn = DrawnEvidence(lines, [0, None, 5000], decided, 3)
    (doubt,) = drawn.by_evidence().doubts
    assert (doubt.cause, doubt.pair[:2], doubt.agreement) == (DoubtCause.POSITIONS, (0, 2), None)


def test_clusters_far_apart_are_told_by_their_distance_when_the_photos_have_none() -> None:
    lines = [*clique(range(3)), *clique(range(3, 6)), (1, 4, 0.9), (2, 5, 0.8), (1, 5, 0.8), (2, 4, 0.8)]
    drawn = DrawnEvidence(lines, [0, None, None, 5000, None, None], num_photos=6)
    doubt = drawn.by_evidence().doubts[0]
    assert doubt.cause is DoubtCause.POSITIONS and doubt.distance_m == pytest.approx(5000, rel=1e-3)


def test_what_a_person_decided_is_no_doubt() -> None:
    assert doubts([(0, 1, 0.95)], 2, decided=Decided(apart=[(0, 1)])) == []
    assert doubts([(0, 1, 0.95)], 2, decided=Decided(locked=[[1]])) == []


def test_joins_equal_in_all_respects_are_listed_as_ties() -> None:
    found = doubts([(0, 1, 0.9), (1, 2, 0.9)], 3, decided=Decided(apart=[(0, 2)]))
    assert found == [(DoubtCause.TIE, (0, 1)), (DoubtCause.TIE, (1, 2))]


def test_the_best_pairs_come_first() -> None:
    lines = [(0, 1, 0.4), (2, 3, 0.6), (4, 5, 0.5)]
    assert [pair for _, pair in doubts(lines, 6)] == [(2, 3), (4, 5), (0, 1)]


def test_clusters_joined_by_position_are_in_no_doubt() -> None:
    lines = [*clique(range(3)), *clique(range(3, 6)), (0, 3, 0.9)]
    north_m: list[int | None] = [0, 0, 0, 10, 10, 10]
    assert doubts(lines, 6, north_m) == [] and doubts(lines, 6) == [(DoubtCause.FEW_AGREE, (0, 3))]
