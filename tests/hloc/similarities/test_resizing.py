"""How photos are brought to one size."""

from __future__ import annotations

import numpy as np
import pytest

from hloc.similarities.base import SimilarityOptions
from hloc.similarities.resizing import OWN_SIZE, Resizing
from storage.errors import UsageError
from tests.hloc.similarities.drawn import grey_photo, noise, plain


def told(**options: object) -> Resizing:
    return Resizing.told_by(SimilarityOptions(**options))  # type: ignore[arg-type]


def test_photos_come_to_the_own_size_unless_told_otherwise() -> None:
    assert told().of(noise(0, 300, 500)).shape == (256, 256, 3)
    assert told() == Resizing(size=OWN_SIZE)


def test_a_similarity_may_take_photos_as_they_are() -> None:
    photo = noise(0, 31, 17)
    assert Resizing.told_by(SimilarityOptions(), own_size=None).of(photo) is photo


def test_a_size_is_width_and_height() -> None:
    assert told(size=(40, 20)).of(noise(0)).shape == (20, 40, 3)


def test_factors_are_those_of_width_and_height() -> None:
    assert told(scale=(0.5, 0.25)).of(noise(0, 80, 60)).shape == (20, 30, 3)


def test_factors_of_one_leave_a_photo_as_it_is() -> None:
    photo = noise(0, 33, 44)
    assert np.array_equal(told(scale=(1.0, 1.0)).of(photo), photo)


def test_no_side_vanishes() -> None:
    assert told(scale=(0.001, 0.001)).of(noise(0)).shape == (1, 1, 3)


def test_a_photo_that_shrinks_is_averaged() -> None:
    stripes = grey_photo([[0, 0, 0, 200] * 2] * 8)
    assert np.all(told(size=(2, 8)).of(stripes) == 50)


def test_a_photo_that_grows_is_interpolated() -> None:
    grown = told(size=(8, 1)).of(grey_photo([[0, 200]]))[0, :, 0]
    assert np.all(np.diff(grown.astype(int)) >= 0)
    assert len(set(grown.tolist())) > 2


def test_grey_is_the_luma_of_colours() -> None:
    photo = plain(0, 1, 3)
    photo[0] = np.eye(3, dtype=np.uint8) * 255
    assert told(scale=(1.0, 1.0)).grey(photo).tolist() == [[76, 150, 29]]


def test_a_photo_that_is_not_contiguous_is_taken_as_well() -> None:
    photo = noise(0, 40, 40)
    assert np.array_equal(told().grey(photo[::-1]), told().grey(np.ascontiguousarray(photo[::-1])))


def test_size_and_factors_together_are_refused() -> None:
    with pytest.raises(UsageError, match="--size and --scale: only one"):
        told(size=(9, 9), scale=(1.0, 1.0))


@pytest.mark.parametrize("scale", [(0.0, 1.0), (1.0, -1.0), (5.0, 1.0), (float("nan"), 1.0), (float("inf"), 1.0)])
def test_factors_out_of_range_are_refused(scale: tuple[float, float]) -> None:
    with pytest.raises(UsageError, match=r"^--scale \S+ \S+: both factors must lie above 0 and not above 4"):
        told(scale=scale)


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (9000, 10)])
def test_sizes_out_of_range_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match=r"^--size \S+ \S+: both sides must lie between 1 and 8192 pixels"):
        told(size=size)
