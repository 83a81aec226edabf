from __future__ import annotations

import numpy as np
import pytest

from clustering.constraints import DECIDED, Barriers, Clash, ClashError, Constraints, Decided, constrain_pairs, resolve
from clustering.graph import ScoredPairs


def clashes_of(decided: Decided, num_photos: int = 9) -> list[Clash]:
    with pytest.raises(ClashError) as caught:
        resolve(decided, num_photos)
    return caught.value.clashes


def test_links_that_share_a_photo_are_one_group() -> None:
    assert resolve(Decided(together=[[3, 1], [4, 3], [0, 2]]), 5).together == [[0, 2], [1, 3, 4]]


def test_a_photo_that_is_gone_still_chains_the_others() -> None:
    assert resolve(Decided(together=[[0, 7], [7, 2]]), 5).together == [[0, 2]]


def test_a_group_of_which_one_photo_is_left_is_no_group() -> None:
    assert not resolve(Decided(together=[[0, 7]], apart=[(1, 8)], locked=[[8, 9]]), 5)


def test_what_is_apart_of_a_gone_photo_is_apart_of_those_that_it_is_with() -> None:
    assert resolve(Decided(together=[[0, 7]], apart=[(7, 2)]), 5).apart == [(0, 2)]


def test_photos_apart_are_named_once_by_the_lowest_of_their_groups() -> None:
    constraints = resolve(Decided(together=[[1, 3], [2, 4]], apart=[(3, 4), (2, 1)]), 5)
    assert constraints.apart == [(1, 2)]


def test_a_locked_cluster_holds_together_without_further_links() -> None:
    constraints = resolve(Decided(locked=[[4, 2, 8]]), 5)
    assert constraints.locked == [[2, 4]] and constraints.together == [[2, 4]]


def test_a_chain_against_a_cannot_link_is_named_link_by_link() -> None:
    decided = Decided(together=[[5, 6], [0, 1], [1, 2], [2, 3]], apart=[(4, 5), (0, 3)])
    assert clashes_of(decided) == [Clash(1, (), (1, 2, 3))]


def test_two_photos_of_a_locked_cluster_cannot_be_apart() -> None:
    assert clashes_of(Decided(apart=[(0, 1)], locked=[[4], [0, 1, 2]])) == [Clash(0, (1,), ())]


def test_two_locked_clusters_cannot_share_a_photo() -> None:
    assert clashes_of(Decided(locked=[[0, 1], [1, 2]])) == [Clash(None, (0, 1), ())]


def test_a_link_out_of_a_locked_cluster_is_a_clash() -> None:
    assert clashes_of(Decided(together=[[5, 6], [1, 2]], locked=[[0, 1]])) == [Clash(None, (0,), (1,))]


def test_clashes_among_photos_that_are_gone_count_too() -> None:
    assert clashes_of(Decided(together=[[7, 8]], apart=[(8, 7)]), 2) == [Clash(0, (), (0,))]


def test_every_clash_is_listed() -> None:
    assert len(clashes_of(Decided(together=[[0, 1], [2, 3]], apart=[(0, 1), (3, 2)]))) == 2


def test_pairs_that_a_decision_forbids_are_told() -> None:
    constraints = resolve(Decided(together=[[0, 1]], apart=[(1, 2)], locked=[[3, 4]]), 6)
    first, second = np.array([0, 0, 2, 3, 4, 4, 5]), np.array([1, 2, 1, 4, 3, 5, 2])
    assert constraints.allow(first, second, 6).tolist() == [True, False, False, True, True, False, True]


def test_no_constraints_are_false() -> None:
    assert not Constraints() and Constraints(apart=[(0, 1)])


def test_barriers_follow_joins() -> None:
    barriers = Barriers(Constraints(apart=[(0, 1)], locked=[[4]]), np.arange(5))
    barriers.join(2, 1)
    assert not barriers.allow(0, 2) and not barriers.allow(2, 0) and barriers.allow(0, 3)
    assert barriers.concern(2) and not barriers.concern(3)
    assert barriers.is_closed(4) and not barriers.allow(3, 4)


def constrained(lines: list[tuple[int, int, float]], decided: Decided, strong: float = 0.7) -> set[tuple[int, int]]:
    first, second, score = zip(*lines, strict=True)
    pairs = ScoredPairs.from_arrays(6, first, second, score)
    found = constrain_pairs(pairs, strong, resolve(decided, 6))
    return set(zip(found.first.tolist(), found.second.tolist(), strict=True))


def test_pairs_across_a_decision_are_left_out() -> None:
    lines = [(0, 1, 0.9), (2, 1, 0.9), (3, 4, 0.9)]
    assert constrained(lines, Decided(apart=[(1, 2)], locked=[[4]])) == {(0, 1)}


def test_a_chain_of_strong_pairs_between_photos_apart_breaks_at_its_weakest() -> None:
    lines = [(0, 1, 0.9), (1, 2, 0.75), (2, 3, 0.8), (1, 2, 0.3)]
    found = constrained(lines, Decided(apart=[(0, 3)]))
    assert found == {(0, 1), (2, 3), (1, 2)}  # the weak pair between the parts stays: it joins nothing by itself
    assert constrained(lines[:3], Decided(apart=[(0, 3)])) == {(0, 1), (2, 3)}


def test_photos_that_must_be_together_get_a_pair_of_their_own() -> None:
    pairs = ScoredPairs.from_arrays(6, [0], [1], [0.2])
    found = constrain_pairs(pairs, 0.7, resolve(Decided(together=[[5, 3, 4]]), 6))
    assert found.score.tolist() == [0.2, DECIDED, DECIDED]
    assert found.first.tolist() == [0, 3, 3] and found.second.tolist() == [1, 4, 5]


def test_a_link_counts_before_the_surest_pair() -> None:
    lines = [(0, 1, 0.99), (1, 2, 0.98)]
    found = constrained(lines, Decided(together=[[1, 2]], apart=[(0, 2)]))
    assert found == {(1, 2)}


def test_strong_pairs_within_a_locked_cluster_stay() -> None:
    assert constrained([(0, 1, 0.9), (3, 4, 0.9)], Decided(apart=[(0, 3)], locked=[[0, 1]])) == {(0, 1), (3, 4)}
