from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hloc.batching import HELD_PER_PHOTO_OF_BATCH, batches_of_equal_shape
from hloc.stream import Prepared
from storage.fingerprints import Fingerprint


def photos(sides: list[int]) -> list[Prepared]:
    return [Prepared(str(row), Fingerprint(1, 1, ""), (1, 1), np.zeros((side, 2))) for row, side in enumerate(sides)]


def names_of(sides: list[int], batch_size: int) -> list[list[int]]:
    return [[int(item.name) for item in batch] for batch in batches_of_equal_shape(photos(sides), batch_size)]


def test_photos_of_one_shape_fill_batches_in_their_order() -> None:
    assert names_of([1] * 7, 3) == [[0, 1, 2], [3, 4, 5], [6]]


def test_wide_and_tall_photos_that_take_turns_fill_batches_of_their_own() -> None:
    assert names_of([1, 2] * 4, 4) == [[0, 2, 4, 6], [1, 3, 5, 7]]


def test_a_batch_of_one_goes_out_at_once() -> None:
    assert names_of([3, 1, 3], 1) == [[0], [1], [2]]


def test_photos_that_all_differ_go_out_before_too_many_wait() -> None:
    taken = 0

    def counted():
        nonlocal taken
        for item in photos(list(range(100))):
            taken += 1
            yield item

    next(batches_of_equal_shape(counted(), 4))
    assert taken == 4 * HELD_PER_PHOTO_OF_BATCH + 1


def test_the_largest_waiting_batch_goes_first_when_too_many_wait() -> None:
    assert names_of([1, 2, 3, 4, 4, 5, 6, 7, 8], 2)[0] == [3, 4]
    assert names_of([1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 8, 9], 3)[0] == [1, 2]


@given(sides=st.lists(st.integers(1, 4), max_size=60), batch_size=st.integers(1, 6))
def test_every_photo_is_in_one_batch_of_its_shape(sides: list[int], batch_size: int) -> None:
    batches = names_of(sides, batch_size)
    assert sorted(row for batch in batches for row in batch) == list(range(len(sides)))
    for batch in batches:
        assert 1 <= len(batch) <= batch_size
        assert len({sides[row] for row in batch}) == 1


@pytest.mark.parametrize("batch_size", [1, 5])
def test_what_waits_is_bounded_whatever_comes(batch_size: int) -> None:
    random, held = np.random.default_rng(0), 0

    def counted():
        nonlocal held
        for item in photos(random.integers(1, 40, 500).tolist()):
            held += 1
            assert held <= HELD_PER_PHOTO_OF_BATCH * batch_size + 1
            yield item

    for batch in batches_of_equal_shape(counted(), batch_size):
        held -= len(batch)
    assert held == 0
