from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clustering.bonds import Bonds
from clustering.graph import ScoredPairs


def bonds_of(num_photos: int, *pairs: tuple[int, int, float], chance=None) -> Bonds:
    first, second, score = zip(*pairs, strict=True) if pairs else ((), (), ())
    return Bonds(ScoredPairs.from_arrays(num_photos, first, second, score), chance)


def test_the_pairs_of_a_photo_come_best_first() -> None:
    bonds = bonds_of(4, (0, 1, 0.2), (2, 0, 0.9), (3, 3, 1.0))
    assert bonds.of(0) == ([2, 1], [0.9, 0.2]) and bonds.neighbours(3) == []


def test_a_pair_has_one_score_whichever_way_it_is_asked_for() -> None:
    bonds = bonds_of(3, (0, 1, 0.2), (1, 0, 0.4))
    assert bonds.score(0, 1) == bonds.score(1, 0) == 0.4 and math.isnan(bonds.score(0, 2))
    assert bonds.chance(0, 1) == 0.4 and bonds.chance(0, 2) == 0.0


def test_every_pair_is_given_once() -> None:
    first, second, score = bonds_of(4, (0, 1, 0.2), (1, 0, 0.2), (2, 3, 0.5)).every()
    assert list(zip(first.tolist(), second.tolist(), score.tolist(), strict=True)) == [(0, 1, 0.2), (2, 3, 0.5)]


def test_two_photos_agree_as_their_pair_says() -> None:
    bond = bonds_of(2, (0, 1, 0.7)).between([0], [1])
    assert bond is not None and bond.pair == (0, 1) and bond.agreement == pytest.approx(0.7)


def test_photos_without_a_pair_count_as_zero() -> None:
    # best of 0: 0.9, of 1: none; of 2: 0.9, of 3: 0.4
    bond = bonds_of(4, (0, 2, 0.9), (0, 3, 0.4)).between([0, 1], [2, 3])
    assert bond is not None and bond.agreement == pytest.approx(math.sqrt(0.9 / 2 * 1.3 / 2))
    assert bond.pair == (0, 2) and bond.score == 0.9


def test_the_first_photo_of_a_bond_is_of_the_first_group() -> None:
    bond = bonds_of(3, (0, 2, 0.9)).between([1, 2], [0])
    assert bond is not None and bond.pair == (2, 0)


def test_groups_without_a_pair_have_no_bond() -> None:
    assert bonds_of(3, (0, 1, 0.9)).between([0, 1], [2]) is None


def test_a_group_comes_apart_at_its_weakest_join() -> None:
    bonds = bonds_of(5, (0, 1, 0.9), (1, 2, 0.9), (0, 2, 0.9), (3, 4, 0.95), (2, 3, 0.6))
    seam = bonds.seam([0, 1, 2, 3, 4])
    assert seam.sides == ([0, 1, 2], [3, 4]) and seam.bond is not None and seam.bond.pair == (2, 3)


def test_parts_that_no_pair_joins_come_apart_first() -> None:
    seam = bonds_of(5, (0, 1, 0.9), (2, 3, 0.9)).seam([0, 1, 2, 3, 4])
    assert seam.sides == ([0, 1], [2, 3, 4]) and seam.bond is None


def test_one_photo_has_no_seam() -> None:
    assert bonds_of(2, (0, 1, 0.9)).seam([0]).sides == ([0], [])


def test_scores_are_told_as_they_are_and_compared_as_chances() -> None:
    bonds = bonds_of(2, (0, 1, 7.0), chance=lambda scores: scores / 10)
    bond = bonds.between([0], [1])
    assert bond is not None and bond.score == 7.0 and bond.agreement == pytest.approx(0.7)


@given(st.integers(0, 1000))
def test_the_two_sides_of_a_seam_are_the_group(seed: int) -> None:
    random = np.random.default_rng(seed)
    ends = random.integers(0, 9, (2, 12))
    bonds = Bonds(ScoredPairs.from_arrays(9, *ends, random.random(12)))
    photos = sorted(random.choice(9, 6, replace=False).tolist())
    one, two = bonds.seam(photos).sides
    assert sorted(one + two) == photos and one and two and len(one) >= 1
