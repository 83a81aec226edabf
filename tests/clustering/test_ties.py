from __future__ import annotations

import numpy as np
import pytest

from clustering.agreement import Links
from clustering.graph import ScoredPairs, find_edges
from clustering.ties import agreement_with_the_others, connect


def agreement(num_photos: int, pairs: list[tuple[int, int, float]], part: list[int]) -> list[float]:
    first, second, score = zip(*pairs, strict=True)
    links = Links.of_edges(find_edges(ScoredPairs.from_arrays(num_photos, first, second, score), 0.3))
    label, size = np.arange(num_photos), np.ones(num_photos, dtype=np.int64)
    return agreement_with_the_others(links, label, size, np.array(part)).tolist()


def test_joins_that_share_a_cluster_are_one_part() -> None:
    part = connect(np.array([1, 2, 7]), np.array([2, 4, 8]), 10)
    assert part[1] == part[2] == part[4] != part[7] == part[8]
    assert (part[[0, 3, 5, 6, 9]] == -1).all()


def test_all_of_a_clique_agree_with_the_others() -> None:
    pairs = [(one, two, 0.9) for one in range(5) for two in range(one)]
    assert agreement(5, pairs, [0] * 5) == pytest.approx([0.9] * 5)


def test_those_around_one_photo_agree_the_less_the_more_they_are() -> None:
    few = agreement(4, [(0, leaf, 0.9) for leaf in range(1, 4)], [0] * 4)
    many = agreement(17, [(0, leaf, 0.9) for leaf in range(1, 17)], [0] * 17)
    assert few[0] == many[0] == pytest.approx(0.9)
    assert few[1] == pytest.approx(0.9 / 3**0.5) and many[1] == pytest.approx(0.9 / 4)


def test_parts_are_measured_each_for_itself() -> None:
    pairs = [(0, 1, 0.9), (1, 2, 0.9), (3, 4, 0.5), (4, 5, 0.5), (2, 3, 0.8)]
    found = agreement(7, pairs, [0, 0, 0, 1, 1, 1, -1])
    assert found[1] == pytest.approx(0.9) and found[4] == pytest.approx(0.5) and found[6] == 1
