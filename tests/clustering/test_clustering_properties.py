"""What holds for every graph: hypothesis looks for one where it does not."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clustering.grouping import Grouping
from clustering.specified import SpecifiedSettings, cluster_specified
from tests.clustering.drawn_graphs import DrawnGraph
from tests.clustering.literal_specification import Line, neighbours_of

NUM_PHOTOS = 9
SCORES = (0.1, 0.2, 0.25, 0.3, 0.35, 0.5, float("nan"))
photos = st.integers(0, NUM_PHOTOS - 1)
line_lists = st.lists(st.tuples(photos, photos, st.sampled_from(SCORES)), max_size=30)
places = st.lists(st.sampled_from([None, 0, 20, 40, 60, 90]), min_size=NUM_PHOTOS, max_size=NUM_PHOTOS)


def clustered(
    lines: list[Line], north_m: list[int | None] | None = None, file_order: bool = False, min_count: int = 1
) -> Grouping:
    settings = SpecifiedSettings(0.35, 0.2, min_count, 30.0, file_order)
    graph = DrawnGraph(NUM_PHOTOS, lines, {}, settings)
    positions = None
    if north_m is not None:
        positions = np.array([(np.nan, np.nan) if m is None else (46 + m / 111_195, 7.0) for m in north_m])
    return cluster_specified(graph.pairs(), settings, positions)


def partition_of(grouping: Grouping) -> set[frozenset[int]]:
    return {frozenset(members) for members in grouping.clusters.values()}


@given(line_lists, places, st.booleans())
def test_every_photo_is_in_exactly_one_group(lines: list[Line], north_m: list[int | None], file_order: bool) -> None:
    grouping = clustered(lines, north_m, file_order)
    found = Counter(photo for members in grouping.clusters.values() for photo in members)
    assert found + Counter(grouping.singletons) == Counter(range(NUM_PHOTOS))


@given(line_lists, st.booleans())
def test_the_default_and_the_file_order_equal_the_literal_specification(lines: list[Line], file_order: bool) -> None:
    graph = DrawnGraph(NUM_PHOTOS, lines, {}, SpecifiedSettings(0.35, 0.2, file_order=file_order))
    expected = {number: members for number, members in graph.literal().after_positions.items() if len(members) > 1}
    if not file_order:
        expected = {number: sorted(members) for number, members in expected.items()}
    assert clustered(lines, file_order=file_order).clusters == expected


@given(line_lists, st.randoms())
def test_lines_may_come_in_any_order_and_either_direction(lines: list[Line], rng) -> None:  # type: ignore[no-untyped-def]
    other = [rng.choice([(a, b, score), (b, a, score)]) for a, b, score in rng.sample(lines, len(lines))]
    one, two = clustered(lines), clustered(other)
    assert (one.clusters, one.singletons) == (two.clusters, two.singletons)


@given(line_lists)
def test_photos_of_one_strong_pair_are_together(lines: list[Line]) -> None:
    number_of = {photo: number for number, members in clustered(lines).clusters.items() for photo in members}
    for first, second, score in lines:
        if score >= 0.35 and first != second:
            assert number_of[first] == number_of[second]


@given(line_lists)
def test_without_positions_photos_that_no_chain_of_weak_pairs_connects_are_apart(lines: list[Line]) -> None:
    weak = neighbours_of(lines, 0.2, file_order=False)
    for members in clustered(lines).clusters.values():
        reached, pending = {members[0]}, [members[0]]
        while pending:
            fresh = set(weak[pending.pop()]) - reached
            reached |= fresh
            pending += fresh
        assert set(members) <= reached


@given(line_lists, places)
def test_positions_only_join_what_the_pairs_left_apart(lines: list[Line], north_m: list[int | None]) -> None:
    without, with_positions = partition_of(clustered(lines)), partition_of(clustered(lines, north_m))
    assert all(any(small <= large for large in with_positions) for small in without)


@given(line_lists, places)
def test_clusters_with_too_few_positions_are_left_alone(lines: list[Line], north_m: list[int | None]) -> None:
    grouping = clustered(lines, north_m, min_count=NUM_PHOTOS + 1)
    assert partition_of(grouping) == partition_of(clustered(lines))


@given(line_lists, st.booleans())
def test_every_cluster_has_as_many_reasons_as_it_takes(lines: list[Line], file_order: bool) -> None:
    grouping = clustered(lines, file_order=file_order)
    for reasons in grouping.reasons.of_clusters(list(grouping.clusters)):
        members = grouping.clusters[reasons.number]
        assert len(reasons.strong_pairs) + len(reasons.joins) == len(members) - 1
        named = {photo for pair in reasons.strong_pairs for photo in pair[:2]}
        named |= {photo for join in reasons.joins for photo in join.smaller_side}
        named |= {photo for join in reasons.joins for pair in join.pairs for photo in pair[:2]}
        assert named == set(members)
