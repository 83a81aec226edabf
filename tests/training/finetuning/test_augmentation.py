"""Views of a photo."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torchvision")

from training.finetuning.augmentation import _piece, augmented, blur_kernel  # noqa: E402
from training.finetuning.settings import ViewSettings  # noqa: E402

PHOTO = np.random.default_rng(0).integers(0, 256, (60, 90, 3)).astype(np.uint8)
PLAIN = ViewSettings(size=32, jitter=0.0)


def views(settings: ViewSettings, count: int, photo: np.ndarray = PHOTO) -> list[np.ndarray]:
    return [augmented(photo, settings, np.random.default_rng([5, number])) for number in range(count)]


def test_the_same_chance_gives_the_same_view() -> None:
    settings = ViewSettings(size=32)
    for one, again in zip(views(settings, 8), views(settings, 8), strict=True):
        assert one.shape == (32, 32, 3) and one.dtype == np.uint8 and np.array_equal(one, again)
    assert len({view.tobytes() for view in views(settings, 8)}) == 8


def test_the_blur_is_a_tenth_of_the_view_and_odd() -> None:
    assert [blur_kernel(size) for size in (224, 32, 96, 110)] == [23, 3, 9, 11]


def test_pieces_keep_to_area_and_stretch() -> None:
    rng = np.random.default_rng(1)
    for _ in range(300):
        top, left, height, width = _piece(60, 90, 0.08, rng)
        assert 0 <= top <= 60 - height and 0 <= left <= 90 - width
        assert 0.07 <= height * width / 5400 <= 1.0 and 0.7 <= width / height <= 1.4


def test_of_a_very_long_photo_the_middle_is_taken_where_no_piece_fits() -> None:
    top, left, height, width = _piece(10, 1000, 1.0, np.random.default_rng(1))
    assert (top, height, width) == (0, 10, 13) and left == (1000 - 13) // 2


def test_a_fifth_of_the_views_is_grey_and_half_are_mirrored() -> None:
    gradient = np.zeros((60, 60, 3), np.uint8)
    gradient[..., 0] = np.linspace(0, 255, 60)
    drawn = views(ViewSettings(size=32, jitter=0.0), 300, gradient)
    grey = np.mean([np.ptp(view.astype(int), axis=2).max() == 0 for view in drawn])
    mirrored = np.mean([view[:, 0, 0].mean() > view[:, -1, 0].mean() for view in drawn])
    assert 0.12 < grey < 0.28 and 0.4 < mirrored < 0.6


def test_without_jitter_colours_stay_and_with_it_they_change() -> None:
    flat = np.full((40, 40, 3), (200, 100, 50), np.uint8)
    coloured = [view for view in views(PLAIN, 30, flat) if np.ptp(view[0, 0].astype(int)) > 0]
    assert all(np.abs(view.astype(int) - (200, 100, 50)).max() <= 1 for view in coloured)
    jittered = views(ViewSettings(size=32, jitter=1.0), 30, flat)
    assert np.mean([np.abs(view.astype(int) - (200, 100, 50)).max() > 5 for view in jittered]) > 0.5
