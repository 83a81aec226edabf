from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clustering.sorting import falling_order, stable_order

numbers = st.floats(allow_nan=False)


@given(keys=st.lists(st.integers(0, 5)))
@settings(deadline=None)
def test_equal_keys_stay_as_they_stand(keys: list[int]) -> None:
    given_keys = np.array(keys, dtype=np.int64)
    assert stable_order(given_keys, 6).tolist() == np.argsort(given_keys, kind="stable").tolist()


def test_keys_that_leave_no_room_for_places_are_sorted_too() -> None:
    keys = np.array([2**62, 5, 2**62, 0], dtype=np.int64)
    assert stable_order(keys, 2**62 + 1).tolist() == [3, 1, 0, 2]


@given(values=st.lists(numbers | st.sampled_from([0.0, -0.0, 0.5, 0.25])))
@settings(deadline=None)
def test_the_greatest_value_comes_first_and_equal_ones_stay_as_they_stand(values: list[float]) -> None:
    given_values = np.array(values, dtype=np.float64)
    assert falling_order(given_values).tolist() == np.argsort(-given_values, kind="stable").tolist()


@pytest.mark.parametrize("sign", [1, -1])
def test_values_that_differ_in_their_last_bits_are_told_apart(sign: int) -> None:
    rng = np.random.default_rng(0)
    values = sign * np.concatenate((1 + rng.integers(0, 9, 2000) * 2.0**-52, rng.random(2000)))
    rng.shuffle(values)
    assert falling_order(values).tolist() == np.argsort(-values, kind="stable").tolist()


def test_nothing_has_an_order() -> None:
    assert not len(falling_order(np.empty(0))) and not len(stable_order(np.empty(0, dtype=np.int64), 1))
