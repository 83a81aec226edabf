from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clustering.numbering import Overlap, carry_numbers, match, match_names

groupings = st.lists(st.integers(0, 5), min_size=12, max_size=12).map(
    lambda groups: {g: [photo for photo in range(12) if groups[photo] == g] for g in sorted(set(groups))}
)


def test_a_cluster_that_grew_keeps_its_number() -> None:
    assert carry_numbers({4: "ab", 7: "cd"}, {0: "abe", 1: "cd"}, 8) == {0: 4, 1: 7}


def test_the_larger_part_of_a_split_cluster_keeps_the_number() -> None:
    assert carry_numbers({3: "abcde"}, {0: "ab", 1: "cde"}, 4) == {1: 3, 0: 4}


def test_two_clusters_that_became_one_take_the_number_of_the_larger() -> None:
    assert carry_numbers({0: "ab", 1: "cde"}, {0: "abcde"}, 2) == {0: 1}


def test_equal_overlaps_go_to_the_lower_number() -> None:
    assert carry_numbers({2: "ab", 5: "cd"}, {0: "abcd"}, 6) == {0: 2}
    assert carry_numbers({2: "abcd"}, {0: "cd", 1: "ab"}, 3) == {0: 2, 1: 3}


def test_a_new_cluster_never_gets_a_number_that_was_used() -> None:
    assert carry_numbers({9: "xy"}, {0: "ab", 1: "cd"}, 3) == {0: 10, 1: 11}
    assert carry_numbers({0: "ab"}, {0: "ab", 1: "cd"}, 7) == {0: 0, 1: 7}


def test_a_second_best_cluster_goes_by_a_new_number_when_the_first_takes_it() -> None:
    former = {0: "abcdef"}
    assert carry_numbers(former, {0: "abcd", 1: "ef", 2: "gh"}, 1) == {0: 0, 1: 1, 2: 2}


@given(groupings, groupings)
def test_every_cluster_has_one_number_of_its_own(former: dict[int, list[int]], clusters: dict[int, list[int]]) -> None:
    found = carry_numbers(former, clusters, 6)
    assert set(found) == set(clusters) and len(set(found.values())) == len(clusters)
    for cluster, number in found.items():
        if number in former:
            assert set(former[number]) & set(clusters[cluster])


@given(groupings, groupings, st.randoms())
def test_the_order_of_photos_does_not_matter(  # type: ignore[no-untyped-def]
    former: dict[int, list[int]], clusters: dict[int, list[int]], rng
) -> None:
    shuffled = {number: rng.sample(photos, len(photos)) for number, photos in clusters.items()}
    assert carry_numbers(former, shuffled, 6) == carry_numbers(former, clusters, 6)


def test_the_largest_overlap_is_matched_first() -> None:
    assert match([Overlap(3, 0, 0), Overlap(4, 0, 1), Overlap(2, 1, 1)]) == {0: 1}
    assert match([Overlap(3, 0, 0), Overlap(4, 0, 1), Overlap(2, 1, 0)]) == {0: 1, 1: 0}


def test_a_name_goes_to_the_cluster_with_most_of_its_photos() -> None:
    assert match_names([["a", "b", "c"]], {4: ["a"], 6: ["b", "c", "d"]}) == {0: 6}


def test_two_names_for_one_cluster_leave_one_unused() -> None:
    assert match_names([["a"], ["a", "b"]], {4: ["a", "b"]}) == {1: 4}


def test_a_name_for_photos_that_are_alone_or_gone_is_unused() -> None:
    assert match_names([["z"]], {4: ["a", "b"]}) == {}


def test_a_photo_named_twice_counts_once() -> None:
    assert match_names([["a", "a", "b"], ["a", "b"]], {4: ["a", "b"]}) == {0: 4}
