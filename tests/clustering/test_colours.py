from __future__ import annotations

import numpy as np

from clustering.colours import colour_photos, colour_positions, mix


def colours(num_photos: int, pairs: list[tuple[int, int, int]], start: list[int] | None = None) -> list[int]:
    first, second, weight = (np.array(column, dtype=np.int64) for column in zip(*pairs, strict=True))
    known = np.array(start or [0] * num_photos, dtype=np.uint64)
    return colour_photos(known, first, second, weight).tolist()


def test_photos_that_look_alike_in_the_graph_have_one_colour() -> None:
    ends_and_middle = colours(3, [(0, 1, 9), (1, 2, 9)])
    assert ends_and_middle[0] == ends_and_middle[2] != ends_and_middle[1]


def test_another_weight_is_another_colour() -> None:
    found = colours(4, [(0, 1, 9), (2, 3, 8)])
    assert found[0] == found[1] != found[2] == found[3]


def test_what_lies_two_steps_away_counts() -> None:
    found = colours(8, [(0, 1, 9), (1, 2, 9), (2, 3, 9), (4, 5, 9), (5, 6, 9), (6, 7, 8)])
    assert found[0] != found[4]


def test_names_and_the_order_of_pairs_do_not_count() -> None:
    pairs = [(0, 1, 9), (1, 2, 8), (2, 3, 7), (0, 3, 9)]
    new = [2, 0, 3, 1]
    turned = [(new[two], new[one], weight) for one, two, weight in reversed(pairs)]
    found, other = colours(4, pairs), colours(4, turned)
    assert [other[new[photo]] for photo in range(4)] == found


def test_what_is_known_of_a_photo_counts() -> None:
    found = colours(3, [(0, 1, 9), (1, 2, 9)], [1, 0, 0])
    assert len(set(found)) == 3


def test_positions_are_told_apart_and_missing_ones_are_alike() -> None:
    places = np.array([(46.5, 6.6), (6.6, 46.5), (46.5, 6.6), (np.nan, np.nan), (np.nan, np.nan), (0.0, 6.6)])
    found = colour_positions(places, 6).tolist()
    assert found[0] == found[2] and found[3] == found[4] == 0
    assert len(set(found)) == 4


def test_zero_has_no_sign() -> None:
    found = colour_positions(np.array([(0.0, -0.0), (-0.0, 0.0)]), 2)
    assert found[0] == found[1]


def test_no_positions_are_all_alike() -> None:
    assert colour_positions(None, 3).tolist() == [0, 0, 0]


def test_mixing_keeps_numbers_apart() -> None:
    assert len(set(mix(np.arange(10_000, dtype=np.uint64)).tolist())) == 10_000
