"""Decisions on labels: all hold, and nothing changes that they do not speak of."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustering.constraints import ClashError, Constraints, Decided, resolve
from clustering.features.decided_labels import obey

LINE = np.arange(10.0)[:, None]
LABELS = np.array([0, 0, 0, 1, 1, 1, 2, 2, -1, -1])


def obeyed(labels: np.ndarray = LABELS, **decided: list) -> tuple[list[int], list[int]]:
    found, is_moved = obey(LINE, labels, resolve(Decided(**decided), len(labels)))
    return found.tolist(), np.flatnonzero(is_moved).tolist()


def test_without_decisions_nothing_changes() -> None:
    found, is_moved = obey(LINE, LABELS, Constraints())
    assert found.tolist() == LABELS.tolist() and not is_moved.any()


def test_clusters_whose_photos_must_be_together_become_one() -> None:
    assert obeyed(together=[[1, 3]]) == ([0, 0, 0, 0, 0, 0, 1, 1, -1, -1], [3, 4, 5])


def test_the_largest_cluster_takes_the_others_in() -> None:
    assert obeyed(together=[[7, 5, 8]]) == ([0, 0, 0, 1, 1, 1, 1, 1, 1, -1], [6, 7, 8])


def test_a_photo_that_must_leave_one_cluster_for_another_goes_alone() -> None:
    # as the review writes a move of photo 2 to the cluster of photo 3
    assert obeyed(together=[[2, 3]], apart=[(0, 2)]) == ([0, 0, 1, 1, 1, 1, 2, 2, -1, -1], [2])


def test_photos_whose_clusters_must_stay_apart_come_together_alone() -> None:
    found, moved = obeyed(together=[[2, 3]], apart=[(0, 5)])
    assert found == [0, 0, 1, 1, 2, 2, 3, 3, -1, -1] and moved == [2, 3]


def test_a_photo_alone_joins_the_cluster_of_the_other() -> None:
    assert obeyed(together=[[8, 0]]) == ([0, 0, 0, 1, 1, 1, 2, 2, 0, -1], [8])


def test_photos_that_are_all_alone_make_a_new_cluster() -> None:
    assert obeyed(together=[[8, 9]]) == ([0, 0, 0, 1, 1, 1, 2, 2, 3, 3], [8, 9])


def test_of_two_that_must_be_apart_the_one_farther_from_the_others_leaves() -> None:
    found, moved = obeyed(np.array([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]), apart=[(4, 9)])
    assert moved == [9] and found[9] != found[4]


def test_what_must_be_with_it_leaves_too() -> None:
    found, moved = obeyed(np.zeros(10, dtype=np.int64), apart=[(2, 9)], together=[[8, 9]])
    assert moved == [8, 9] and found[8] == found[9] != found[2]


def test_two_alone_in_a_cluster_come_apart() -> None:
    found, moved = obeyed(apart=[(6, 7)])
    assert moved == [7] and found[6] != found[7]


def test_photos_already_apart_stay_where_they_are() -> None:
    assert obeyed(apart=[(0, 3), (8, 9), (0, 8)]) == (LABELS.tolist(), [])


def test_a_locked_cluster_is_its_photos_and_no_others() -> None:
    found, _ = obeyed(locked=[[1, 2, 3]])
    assert found[1] == found[2] == found[3] and found.count(found[1]) == 3
    assert found[4] == found[5] != found[3]


def test_a_lock_of_noise_is_a_cluster() -> None:
    found, _ = obeyed(locked=[[8, 9]])
    assert found[8] == found[9] >= 0


@given(st.data())
def test_all_decisions_hold_and_every_photo_keeps_a_place(data: st.DataObject) -> None:
    labels = np.array(data.draw(st.lists(st.integers(-1, 3), min_size=10, max_size=10)))
    photos = st.integers(0, 9)
    together = data.draw(st.lists(st.lists(photos, min_size=2, max_size=3, unique=True), max_size=3))
    apart = data.draw(st.lists(st.tuples(photos, photos).filter(lambda pair: pair[0] != pair[1]), max_size=4))
    locked = data.draw(st.lists(st.lists(photos, min_size=1, max_size=3, unique=True), max_size=1))
    try:
        constraints = resolve(Decided(together, apart, locked), 10)
    except ClashError:
        return
    found, _ = obey(LINE, labels, constraints)
    assert len(found) == 10
    for group in together:
        assert len({found[photo] for photo in group}) == 1 and found[group[0]] >= 0
    for one, other in apart:
        assert found[one] != found[other] or found[one] == -1
    for group in locked:
        assert sorted(np.flatnonzero(found == found[group[0]])) == sorted(group)


@pytest.mark.parametrize("seed", range(3))
def test_photos_of_clusters_that_no_link_joins_stay_with_each_other(seed: int) -> None:
    labels = np.random.default_rng(seed).integers(0, 3, 10)
    found, _ = obeyed(labels, apart=[(2, 3), (0, 1)])
    for one in range(4, 10):
        for other in range(4, 10):
            assert (labels[one] == labels[other]) == (found[one] == found[other])
