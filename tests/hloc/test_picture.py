"""The picture that a network sees, against torchvision's transforms."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from hloc.extractors.picture import Picture
from storage.errors import UsageError
from tests.hloc.stand_ins import photo

SIZES = [(320, 200), (200, 320), (97, 401), (64, 64), (33, 90)]


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
def test_a_crop_is_torchvision_s_resize_and_centre_crop(width: int, height: int, interpolation: str) -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    method = transforms.InterpolationMode(interpolation)
    expected = transforms.CenterCrop(56)(
        transforms.Resize(64, interpolation=method)(Image.fromarray(photo(1, width, height)))
    )
    found = Picture((56, 56), "crop", short_side=64, interpolation=interpolation).of(photo(1, width, height))
    assert np.array_equal(found, np.asarray(expected))


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_stretching_is_torchvision_s_resize_of_both_sides(width: int, height: int) -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    expected = transforms.Resize((42, 70))(Image.fromarray(photo(2, width, height)))
    assert np.array_equal(Picture((42, 70)).of(photo(2, width, height)), np.asarray(expected))


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [(400, 300, (140, 196)), (300, 400, (196, 140)), (1000, 100, (56, 196)), (100, 80, (70, 98)), (20, 20, (56, 56))],
)
def test_the_longest_side_is_kept_to_and_sides_are_whole_patches(
    width: int, height: int, expected: tuple[int, int]
) -> None:
    picture = Picture((200, 200), "longest", stride=14, min_side=56)
    assert picture.of(photo(3, width, height)).shape == (*expected, 3)


def test_a_photo_of_the_right_size_stays_as_it_is() -> None:
    picture = Picture((96, 96), "longest")
    assert np.array_equal(picture.of(photo(4, 96, 72)), photo(4, 96, 72))


def test_no_photo_is_too_small_or_too_long() -> None:
    pictures = [Picture((32, 32), "crop", short_side=40), Picture((32, 32)), Picture((64, 64), "longest", stride=14)]
    for height, width in [(1, 1), (1, 500), (500, 1), (3, 2)]:
        for picture in pictures:
            found = picture.of(np.full((height, width, 3), 9, np.uint8))
            assert found.dtype == np.uint8 and min(found.shape[:2]) >= 32


def test_another_longest_side_keeps_the_proportions() -> None:
    picture = Picture((322, 322), stride=14, min_side=126).resized(448, "salad")
    assert picture.max_side == 448
    assert picture.of(photo(5, 800, 600)).shape == (336, 448, 3)


def test_no_other_side_is_the_model_s_own_picture() -> None:
    picture = Picture((322, 322))
    assert picture.resized(None, "salad") is picture


def test_a_side_too_small_for_the_network_is_refused() -> None:
    with pytest.raises(UsageError, match="--resize_max 125: must be at least 126 pixels for salad"):
        Picture((322, 322), stride=14, min_side=126).resized(125, "salad")


def test_photos_are_decoded_larger_than_what_is_cut_out_of_them() -> None:
    assert Picture((224, 224), "crop", short_side=256).max_side == 1024
    assert Picture((640, 640), "longest").max_side == 640


def test_pictures_that_differ_are_told_apart_by_their_text() -> None:
    pictures = [
        Picture((224, 224)),
        Picture((224, 225)),
        Picture((224, 224), "crop", short_side=232),
        Picture((224, 224), "crop", short_side=256),
        Picture((224, 224), "longest"),
        Picture((224, 224), "longest", stride=14),
        Picture((224, 224), interpolation="bicubic"),
        Picture((224, 224), mean=(0.5, 0.5, 0.5)),
        Picture((224, 224), std=(0.5, 0.5, 0.5)),
    ]
    assert len({str(picture) for picture in pictures}) == len(pictures)
