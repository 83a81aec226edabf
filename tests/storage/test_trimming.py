from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from storage.trimming import Frame, find_frame, without_frame

SIDES = st.integers(0, 12)
FRAMES = st.tuples(SIDES, SIDES, SIDES, SIDES)


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> NDArray[np.uint8]:
    """A picture that nobody takes for a frame: every line of it holds dark and bright pixels."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def framed(photo: NDArray[Any], frame: tuple[int, int, int, int], colour: int = 255) -> NDArray[Any]:
    left, right, top, bottom = frame
    return np.pad(photo, ((top, bottom), (left, right), (0, 0)), constant_values=colour)


def trimmed(photo: NDArray[Any], tolerance: float = 5, most: float = 0.45) -> NDArray[Any]:
    return without_frame(photo, find_frame(photo, tolerance, most))


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_a_frame_is_cut_off_exactly(colour: int) -> None:
    photo = np.clip(noise(60, 90), 40, 90) if colour != 128 else noise(60, 90)
    whole = framed(photo, (30, 40, 15, 25), colour)
    assert whole.shape[:2] == (100, 160)
    assert np.array_equal(trimmed(whole), photo)


@pytest.mark.parametrize("frame", [(5, 0, 0, 0), (0, 6, 0, 0), (0, 0, 7, 0), (0, 0, 0, 8), (5, 5, 0, 0)])
def test_a_side_without_a_frame_stays(frame: tuple[int, int, int, int]) -> None:
    assert find_frame(framed(noise(30, 40), frame), 5, 0.45) == Frame(*frame)


def test_a_photo_without_a_frame_stays() -> None:
    assert find_frame(noise(30, 40), 5, 0.45) == Frame()


@pytest.mark.parametrize("value", [0, 77, 255])
def test_a_uniform_photo_stays(value: int) -> None:
    assert find_frame(np.full((30, 40, 3), value, np.uint8), 5, 0.45) == Frame()


@pytest.mark.parametrize("width", [20, 160, 2000])
@pytest.mark.parametrize("is_turned", [False, True])
def test_a_gradient_stays(width: int, is_turned: bool) -> None:
    ramp = np.broadcast_to(np.linspace(0, 255, width)[None, :, None], (50, width, 3)).astype(np.uint8)
    assert find_frame(ramp.transpose(1, 0, 2) if is_turned else ramp, 5, 0.45) == Frame()


def test_a_slanting_gradient_stays() -> None:
    rows, columns = np.mgrid[0:100, 0:160]
    slant = np.repeat((rows * 0.3 + columns * 0.5)[:, :, None], 3, axis=2).astype(np.uint8)
    assert find_frame(slant, 5, 0.45) == Frame()


@pytest.mark.parametrize("channel", [0, 1, 2])
def test_a_photo_with_a_constant_channel_stays(channel: int) -> None:
    photo = noise(30, 40)
    photo[:, :, channel] = 200
    assert find_frame(photo, 5, 0.45) == Frame()


def test_a_frame_that_only_one_channel_shows_is_no_frame() -> None:
    photo = noise(30, 40)
    photo[:, :5, 0] = 255  # red alone is constant there
    assert find_frame(photo, 5, 0.45) == Frame()


def test_a_frame_round_a_gradient_is_cut_off_and_the_gradient_stays() -> None:
    ramp = np.broadcast_to(np.linspace(0, 230, 60)[None, :, None], (40, 60, 3)).astype(np.uint8)
    assert np.array_equal(trimmed(framed(ramp, (9, 9, 9, 9))), ramp)


def test_a_smooth_sky_is_no_frame() -> None:
    photo = noise(60, 40)
    photo[:40] = (20 + np.arange(40) * 0.6)[:, None, None].astype(np.uint8)
    photo[:40, ::3] += 2
    assert find_frame(photo, 5, 0.45) == Frame()


def test_frames_in_frames_are_cut_off() -> None:
    photo = noise(40, 60)
    assert np.array_equal(trimmed(framed(framed(photo, (4, 5, 6, 7), 0), (3, 3, 3, 3), 255)), photo)


def test_a_frame_need_not_be_spotless() -> None:
    photo = noise(40, 60)
    whole = framed(photo, (8, 8, 8, 8), 250)
    spots = np.random.default_rng(1).integers(-2, 3, whole.shape)
    spots[8:-8, 8:-8] = 0
    assert np.array_equal(trimmed((whole + spots).astype(np.uint8)), photo)


def test_tolerance_decides_what_a_frame_is() -> None:
    whole = framed(noise(40, 60), (8, 8, 8, 8), 200)
    whole[::2, :8] = 180
    assert find_frame(whole, 5, 0.45).left == 0
    assert find_frame(whole, 12, 0.45).left == 8


def test_a_photo_with_too_wide_a_frame_stays_whole() -> None:
    whole = framed(noise(40, 40), (50, 0, 5, 0))
    assert find_frame(whole, 5, 0.45) == Frame()
    assert find_frame(whole, 5, 0.49) == Frame()
    assert find_frame(framed(noise(40, 60), (40, 0, 5, 0)), 5, 0.45) == Frame(40, 0, 5, 0)


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_any_number_of_channels_will_do(channels: int) -> None:
    photo = noise(40, 60, channels)
    assert np.array_equal(trimmed(framed(photo, (4, 5, 6, 7))), photo)


def test_16_bit_has_the_same_tolerance_in_levels_of_8_bit() -> None:
    photo = noise(40, 60, 1).astype(np.uint16) * 257
    whole = framed(photo, (4, 5, 6, 7), 60_000)
    whole[::2, :4] += 4 * 257
    assert np.array_equal(trimmed(whole), photo)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 50, 3), (50, 1, 3), (2, 2, 3)])
def test_the_smallest_photos_stay(shape: tuple[int, int, int]) -> None:
    assert find_frame(noise(*shape), 5, 0.45) == Frame()


def test_cutting_gives_the_part_inside() -> None:
    photo = noise(10, 12)
    assert np.array_equal(without_frame(photo, Frame(1, 2, 3, 4)), photo[3:6, 1:10])


@given(frame=FRAMES, colour=st.integers(0, 255), seed=st.integers(0, 1000), most=st.floats(0.01, 0.49))
def test_a_side_never_loses_more_than_allowed_and_something_is_left(
    frame: tuple[int, int, int, int], colour: int, seed: int, most: float
) -> None:
    whole = framed(noise(15, 20, seed=seed), frame, colour)
    found = find_frame(whole, 5, most)
    height, width = whole.shape[:2]
    assert max(found.left, found.right) <= most * width and max(found.top, found.bottom) <= most * height
    assert without_frame(whole, found).size > 0


@given(
    values=st.lists(st.integers(0, 6), min_size=4, max_size=80),
    width=st.integers(1, 9),
    step=st.sampled_from([1, 4, 40]),
    most=st.floats(0.01, 0.49),
)
def test_trimming_twice_is_trimming_once(values: list[int], width: int, step: int, most: float) -> None:
    height = max(1, len(values) // width)
    flat = np.resize(np.array(values, np.uint8) * step, height * width)
    once = trimmed(flat.reshape(height, width, 1), 5, most)
    assert find_frame(once, 5, most) == Frame()


@given(frame=FRAMES, seed=st.integers(0, 1000))
def test_a_mirrored_photo_has_the_mirrored_frame(frame: tuple[int, int, int, int], seed: int) -> None:
    whole = framed(noise(15, 20, seed=seed), frame)
    found = find_frame(whole, 5, 0.45)
    assert find_frame(whole[:, ::-1], 5, 0.45) == Frame(found.right, found.left, found.top, found.bottom)
    assert find_frame(whole.transpose(1, 0, 2), 5, 0.45) == Frame(found.top, found.bottom, found.left, found.right)
