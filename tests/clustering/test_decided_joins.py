"""Decisions that photos are together, and the clusters that these photos are in."""

from __future__ import annotations

from itertools import combinations

from clustering.constraints import Decided
from clustering.grouping import Grouping
from clustering.partition import Stage
from tests.clustering.drawn_evidence import DrawnEvidence, Line, groups_of


def clique(*photos: int, score: float = 0.9) -> list[Line]:
    return [(one, two, score) for one, two in combinations(photos, 2)]


def clusters_of(lines: list[Line], decided: Decided, num_photos: int) -> Grouping:
    return DrawnEvidence(lines, (None,) * num_photos, decided, num_photos).by_evidence()


def test_two_photos_bring_their_whole_clusters_along() -> None:
    # one pair of the many: alone from the start, 0 and 9 would agree with neither of their clusters
    lines = [*clique(0, 1, 2, 3, 4), *clique(5, 6, 7, 8, 9)]
    found = clusters_of(lines, Decided(together=[[0, 9]]), 10)
    assert found.clusters == {0: list(range(10))}


def test_a_chain_of_decisions_joins_all_the_clusters_on_it() -> None:
    lines = [*clique(0, 1, 2), *clique(3, 4, 5), *clique(6, 7, 8)]
    found = clusters_of(lines, Decided(together=[[0, 3], [5, 8]]), 10)
    assert found.clusters == {0: list(range(9))} and found.singletons == [9]


def test_what_is_joined_grows_on() -> None:
    # 4 and 5 fit one half each, too little for either half alone
    lines = [*clique(0, 1, score=0.97), *clique(2, 3, score=0.96), *clique(4, 5, score=0.99), (0, 4, 0.9), (2, 5, 0.88)]
    assert len(clusters_of(lines, Decided(), 6).clusters) == 3
    assert clusters_of(lines, Decided(together=[[0, 2]]), 6).clusters == {0: list(range(6))}


def test_clusters_that_cannot_become_one_give_way_to_the_decision() -> None:
    lines = [*clique(0, 1, 2), *clique(3, 4, 5)]
    found = clusters_of(lines, Decided(together=[[0, 3]], apart=[(1, 4)]), 6)
    number = {photo: place for place, photos in found.clusters.items() for photo in photos}
    assert number[0] == number[3]
    assert number.get(1, "alone") != number.get(4, "alone")


def test_a_decision_that_clashes_does_not_take_others_apart() -> None:
    lines = [*clique(0, 1, 2), *clique(3, 4, 5), *clique(6, 7, 8, 9, 10), *clique(11, 12, 13, 14, 15)]
    found = clusters_of(lines, Decided(together=[[0, 3], [6, 15]], apart=[(1, 4)]), 16)
    assert list(range(6, 16)) in found.clusters.values()


def test_a_photo_that_one_must_not_be_with_keeps_away_from_the_other_too() -> None:
    lines = [*clique(0, 1), *clique(2, 3), (3, 4, 0.99)]
    found = clusters_of(lines, Decided(together=[[0, 3]], apart=[(0, 4)]), 5)
    assert groups_of(found) == {frozenset(range(4))} and found.singletons == [4]


def test_a_closed_cluster_takes_nothing_along() -> None:
    lines = [*clique(0, 1, 2), *clique(3, 4, 5)]
    found = clusters_of(lines, Decided(locked=[[0, 3]]), 6)
    assert groups_of(found) == {frozenset({0, 3}), frozenset({1, 2}), frozenset({4, 5})}


def test_joins_say_which_of_them_a_decision_made() -> None:
    found = clusters_of([*clique(0, 1), *clique(2, 3)], Decided(together=[[0, 3]]), 4)
    (reasons,) = found.reasons.of_clusters([0])
    stages = [join.stage for join in reasons.joins]
    assert sorted(stages, key=lambda stage: stage.value) == [Stage.EVIDENCE, Stage.EVIDENCE, Stage.DECISION]
    assert [join.agreement is None for join in reasons.joins] == [stage is Stage.DECISION for stage in stages]
