"""What holds of clusters by evidence, and of decisions with both clusterers: hypothesis looks for where it does not."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from clustering.constraints import Decided
from clustering.grouping import Grouping
from clustering.numbering import carry_numbers
from clustering.partition import Stage
from tests.clustering.drawn_evidence import (
    NUM_PHOTOS,
    SCORES,
    DrawnEvidence,
    Line,
    decided_sets,
    groups_of,
    line_lists,
    number_of,
    photos,
    places,
)

METHODS = {
    "evidence": lambda drawn: drawn.by_evidence(),
    "specified": lambda drawn: drawn.as_specified(),
    "specified in file order": lambda drawn: drawn.as_specified(file_order=True),
}
orders = st.permutations(range(NUM_PHOTOS))
patient = settings(deadline=None, max_examples=60)
both = pytest.mark.parametrize("method", METHODS)


@patient
@example([(0, 2, 0.7), (0, 3, 0.7)], [None] * NUM_PHOTOS, Decided([[3, 6]], [(1, 3)]), [0, 1, 2, 4, 5, 6, 3, 7])
@example([(0, 2, 0.7), (0, 4, 0.7)], [None] * NUM_PHOTOS, Decided([[2, 3, 4]]), [0, 1, 4, 3, 2, 5, 6, 7])
@given(line_lists, places, decided_sets, orders)
def test_other_names_for_the_photos_change_nothing_but_names(
    lines: list[Line], north_m: list[int | None], decided: Decided, order: list[int]
) -> None:
    drawn = DrawnEvidence(lines, north_m, decided)
    assume(drawn.can_hold())
    assert groups_of(drawn.renumbered(order).by_evidence()) == groups_of(drawn.by_evidence(), order)


@patient
@given(line_lists, places, st.randoms())
def test_lines_may_come_in_any_order_and_either_direction(lines: list[Line], north_m: list[int | None], rng) -> None:  # type: ignore[no-untyped-def]
    other = [rng.choice([(a, b, score), (b, a, score)]) for a, b, score in rng.sample(lines, len(lines))]
    one, two = DrawnEvidence(lines, north_m).by_evidence(), DrawnEvidence(other, north_m).by_evidence()
    assert (one.clusters, one.singletons, one.doubts) == (two.clusters, two.singletons, two.doubts)


@both
@patient
@given(line_lists, places, decided_sets)
def test_every_photo_is_in_exactly_one_group(
    method: str, lines: list[Line], north_m: list[int | None], decided: Decided
) -> None:
    drawn = DrawnEvidence(lines, north_m, decided)
    assume(drawn.can_hold())
    grouping = METHODS[method](drawn)
    found = Counter(photo for members in grouping.clusters.values() for photo in members)
    assert found + Counter(grouping.singletons) == Counter(range(NUM_PHOTOS))


@both
@patient
@given(line_lists, places, decided_sets)
def test_decisions_hold_transitively(
    method: str, lines: list[Line], north_m: list[int | None], decided: Decided
) -> None:
    drawn = DrawnEvidence(lines, north_m, decided)
    assume(drawn.can_hold())
    number = number_of(METHODS[method](drawn))
    for group in decided.together:
        assert len({number[photo] for photo in group}) == 1
    for one, two in decided.apart:
        assert number[one] != number[two]
    for group in decided.locked:
        assert {photo for photo in number if number[photo] == number[group[0]]} == set(group)


@both
@patient
@given(line_lists, places)
def test_no_decisions_are_as_good_as_none(method: str, lines: list[Line], north_m: list[int | None]) -> None:
    # a decision about photos that are gone must change nothing
    gone = Decided([[NUM_PHOTOS, NUM_PHOTOS + 1]], [(0, NUM_PHOTOS + 2)], [[NUM_PHOTOS + 3]])
    one = METHODS[method](DrawnEvidence(lines, north_m, gone))
    two = METHODS[method](DrawnEvidence(lines, north_m))
    assert (one.clusters, one.singletons) == (two.clusters, two.singletons)


@patient
@given(line_lists, places, decided_sets)
def test_clusters_are_numbered_by_their_lowest_photo_without_gaps(
    lines: list[Line], north_m: list[int | None], decided: Decided
) -> None:
    drawn = DrawnEvidence(lines, north_m, decided)
    assume(drawn.can_hold())
    clusters = drawn.by_evidence().clusters
    assert list(clusters) == list(range(len(clusters)))
    assert [members[0] for members in clusters.values()] == sorted(min(members) for members in clusters.values())


@patient
@given(line_lists, places, decided_sets)
def test_every_cluster_has_one_join_less_than_photos_and_each_says_what_it_rests_on(
    lines: list[Line], north_m: list[int | None], decided: Decided
) -> None:
    drawn = DrawnEvidence(lines, north_m, decided)
    assume(drawn.can_hold())
    grouping = drawn.by_evidence()
    for reasons in grouping.reasons.of_clusters(list(grouping.clusters)):
        members = grouping.clusters[reasons.number]
        assert len(reasons.joins) == len(members) - 1 and not reasons.strong_pairs
        for join in reasons.joins:
            assert (join.agreement is not None) == (join.stage is Stage.EVIDENCE)
            if join.stage is Stage.EVIDENCE:
                assert join.agreement is not None and join.agreement >= 0.5 and join.pairs


@patient
@given(line_lists, places)
def test_photos_of_one_cluster_are_chained_by_good_pairs_or_positions(
    lines: list[Line], north_m: list[int | None]
) -> None:
    grouping = DrawnEvidence(lines, north_m).by_evidence(gps_count_thresh=NUM_PHOTOS + 1)
    good = [(a, b) for a, b, score in lines if score >= 0.7]
    for members in grouping.clusters.values():
        reached, before = {members[0]}, set()
        while reached != before:
            before = set(reached)
            reached |= {photo for pair in good if set(pair) & reached for photo in pair}
        assert set(members) <= reached


@patient
@given(line_lists, places, decided_sets)
def test_photos_kilometres_apart_are_not_joined_as_a_pair(
    lines: list[Line], north_m: list[int | None], decided: Decided
) -> None:
    drawn = DrawnEvidence(lines[:1], north_m)
    for members in drawn.by_evidence().clusters.values():
        metres = [north_m[photo] for photo in members if north_m[photo] is not None]
        assert max(metres, default=0) - min(metres, default=0) < 1000


@patient
@given(line_lists, decided_sets)
def test_no_pair_of_a_doubt_is_forbidden_by_a_decision(lines: list[Line], decided: Decided) -> None:
    drawn = DrawnEvidence(lines, decided=decided)
    assume(drawn.can_hold())
    allowed = drawn.constraints().allow
    for doubt in drawn.by_evidence().doubts:
        first, second, score = doubt.pair
        assert allowed([first], [second], NUM_PHOTOS).all() and score >= 0.3  # type: ignore[arg-type]


def with_numbers(grouping: Grouping, former: dict[int, list[int]], next_number: int) -> dict[int, list[int]]:
    number_of = carry_numbers(former, grouping.clusters, next_number)
    return {number_of[number]: members for number, members in grouping.clusters.items()}


@both
@patient
@given(
    line_lists,
    places,
    st.lists(st.tuples(st.just(NUM_PHOTOS), photos, st.sampled_from(SCORES)), max_size=6),
)
def test_adding_a_photo_never_renames_a_cluster(
    method: str, lines: list[Line], north_m: list[int | None], new_lines: list[Line]
) -> None:
    before = METHODS[method](DrawnEvidence(lines, north_m))
    more = DrawnEvidence([*lines, *new_lines], [*north_m, None], num_photos=NUM_PHOTOS + 1)
    after = with_numbers(METHODS[method](more), before.clusters, len(before.clusters))
    for number, members in before.clusters.items():
        holding = [now for now, others in after.items() if set(members) <= set(others)]
        rest = [other for other in before.clusters if other != number]
        if holding and not any(set(before.clusters[other]) & set(after[holding[0]]) for other in rest):
            assert holding == [number]
    for number in after.keys() & before.clusters.keys():
        assert set(after[number]) & set(before.clusters[number])


@both
@patient
@given(line_lists, places, decided_sets)
def test_numbers_taken_over_twice_are_the_same_numbers(
    method: str, lines: list[Line], north_m: list[int | None], decided: Decided
) -> None:
    drawn = DrawnEvidence(lines, north_m, decided)
    assume(drawn.can_hold())
    grouping = METHODS[method](drawn)
    assert with_numbers(grouping, grouping.clusters, 99) == grouping.clusters
