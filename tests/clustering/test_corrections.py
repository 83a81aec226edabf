from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from clustering.constraints import Decided, resolve
from clustering.corrections import LinkChange, Links, mend_links, part_links, settle_links, tie

photo_sets = st.lists(st.integers(0, 9), min_size=2, max_size=4, unique=True).map(tuple)


def place_in(groups: list[list[int]]):
    owner = {photo: number for number, photos in enumerate(groups) for photo in photos}
    return owner.__getitem__


@given(st.lists(photo_sets, max_size=5, unique=True), st.lists(photo_sets, max_size=5, unique=True))
def test_a_change_and_its_inverse_leave_everything_as_it_was(together: list, more: list) -> None:
    links = Links(together)
    before = dict(links.together)
    change = LinkChange(
        added_together=tuple(link for link in more if link not in before), removed_together=tuple(together[:2])
    )
    links.apply(change)
    links.apply(change.inverse())
    assert links.together.keys() == before.keys() and links.chain(0) == Links(together).chain(0)


def test_links_are_found_by_photo() -> None:
    links = Links([(0, 1), (1, 2), (5, 6)], [(0, 5)])
    assert links.together_of([1]) == [(0, 1), (1, 2)] and links.apart_of([5]) == [(0, 5)]
    assert links.chain(0) == {0, 1, 2} and links.chain(9) == {9}


def test_a_link_across_two_clusters_is_cut_and_both_sides_stay_linked() -> None:
    links = Links([(0, 1, 2, 3)])
    change = mend_links(links, [2, 3], 4, place_in([[0, 1], [2, 3]]))
    assert change.removed_together == ((0, 1, 2, 3),) and set(change.added_together) == {(0, 1), (2, 3)}


def test_a_link_that_leaves_anyway_leaves_nothing_behind() -> None:
    change = mend_links(Links([(0, 1, 2, 3)]), [2, 3], 4, place_in([[0, 1], [2, 3]]), [(0, 1, 2, 3)])
    assert not change


def test_what_keeps_apart_goes_when_both_are_in_one_cluster() -> None:
    assert mend_links(Links((), [(0, 2), (0, 3)]), [2], 4, place_in([[0, 1, 2], [3]])).removed_apart == ((0, 2),)


def test_a_photo_that_is_gone_chains_nothing_across_a_split() -> None:
    links = Links([(0, 9), (9, 2)])
    change = mend_links(links, [2], 4, place_in([[0, 1], [2, 3]]))
    assert set(change.removed_together) == {(0, 9), (9, 2)} and not change.added_together


def test_a_link_within_a_cluster_stays() -> None:
    assert not mend_links(Links([(0, 1), (2, 3)], [(0, 2)]), [3], 4, place_in([[0, 1], [2, 3]]))


def test_sides_are_tied_only_where_pairs_reach_across() -> None:
    near = {4: [1, 7], 5: [6], 6: []}
    change = part_links([0, 1, 2, 3], [5, 4, 6], near.__getitem__)
    assert change.added_apart == ((0, 5),)
    assert change.added_together == ((0, 1), (5, 4))


def test_a_side_of_one_photo_needs_no_tie() -> None:
    assert part_links([0], [1], lambda photo: []).added_together == ()
    assert tie([3, 3]) == () and tie([3, 4, 3]) == ((3, 4),)


def test_nothing_is_settled_where_the_clusterer_made_what_was_wanted() -> None:
    assert not settle_links(Links(), [[0, 1], [2]], [7, 7, 9], lambda row: True)


def test_a_cluster_that_was_taken_apart_is_tied() -> None:
    change = settle_links(Links(), [[0, 1, 2], [3]], [0, 0, 1, 2], lambda row: row == 0)
    assert change.added_together == ((0, 1, 2),) and not change.added_apart


def test_clusters_that_were_joined_are_tied_and_kept_apart() -> None:
    change = settle_links(Links(), [[0, 1], [2, 3], [4]], [0, 0, 0, 0, 0], lambda row: row == 0)
    assert set(change.added_together) == {
        (0, 1),
        (2, 3),
    } | {link for link in change.added_together if 4 in link}
    assert set(change.added_apart) == {(0, 2), (0, 4)}


def test_what_nobody_touched_may_be_as_the_clusterer_likes() -> None:
    assert not settle_links(Links(), [[0, 1], [2, 3]], [0, 0, 0, 0], lambda row: False)


@given(st.lists(st.integers(0, 3), min_size=8, max_size=8), st.lists(st.integers(0, 3), min_size=8, max_size=8))
def test_what_is_settled_can_always_hold(wanted_of: list[int], made: list[int]) -> None:
    wanted = [[photo for photo in range(8) if wanted_of[photo] == group] for group in sorted(set(wanted_of))]
    change = settle_links(Links(), wanted, made, lambda row: True)
    found = resolve(Decided(list(change.added_together), list(change.added_apart)), 8)
    group = found.group_of(8)
    assert all(wanted_of[one] == wanted_of[int(group[one])] for one in range(8))
