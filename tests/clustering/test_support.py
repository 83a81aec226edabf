from __future__ import annotations

import numpy as np
import pytest

from clustering.support import MAX_DEGREE, measure_support

Pair = tuple[int, int]


def support(pairs: list[Pair], num_photos: int, probability: float = 1.0) -> dict[Pair, float]:
    first, second = (np.array(side, dtype=np.int32) for side in zip(*pairs, strict=True))
    found = measure_support(first, second, np.full(len(pairs), probability), num_photos)
    return dict(zip(pairs, found.tolist(), strict=True))


def clique(photos: range) -> list[Pair]:
    return [(one, two) for one in photos for two in photos if one < two]


def test_a_pair_that_stands_alone_is_not_doubted() -> None:
    assert support([(0, 1)], 2) == {(0, 1): 1.0}


def test_a_pair_in_the_midst_of_a_building_is_supported() -> None:
    assert set(support(clique(range(5)), 5).values()) == {1.0}
    assert min(support(clique(range(5)), 5, 0.9).values()) == pytest.approx((1 + 3 * 0.81) / (1 + 3 * 0.9))


def test_a_pair_that_alone_connects_two_buildings_is_not() -> None:
    found = support([*clique(range(5)), *clique(range(5, 10)), (0, 5)], 10)
    assert found[0, 5] == pytest.approx(1 / 5) and found[0, 1] == 1.0


def test_a_photo_with_nothing_else_is_not_doubted_for_what_the_other_has() -> None:
    assert support([*clique(range(5)), (0, 5)], 6)[0, 5] == 1.0


def test_a_photo_that_fits_everything_supports_nothing() -> None:
    num_photos = MAX_DEGREE + 3
    hub = [(0, photo) for photo in range(1, num_photos)]
    found = support([*hub, (1, 2), (1, 3), (2, 4)], num_photos)
    # without the hub, 1 and 2 have no common neighbour and one other each
    assert found[1, 2] == pytest.approx(0.5)


def test_no_pairs_have_no_support() -> None:
    empty = np.empty(0, dtype=np.int32)
    assert len(measure_support(empty, empty, np.empty(0), 4)) == 0
