"""Gaussian noise, speckle, salt and pepper: how much of what is added."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from attacks import strips
from attacks.base import AttackContext, generator_of
from attacks.gaussian_noise import add_noise
from attacks.salt_and_pepper_noise import add_salt_and_pepper
from attacks.speckle_noise import add_speckle
from attacks.strips import change_in_strips


@pytest.mark.parametrize("variance", [0.001, 0.01])
def test_gaussian_noise_has_the_variance_asked_for_and_mean_zero(
    grey: NDArray[np.uint8], context: AttackContext, variance: float
) -> None:
    change = add_noise(grey, variance, context) / 255 - 128 / 255
    assert np.var(change) == pytest.approx(variance, rel=0.02)
    assert np.mean(change) == pytest.approx(0, abs=0.002)


def test_speckle_is_in_proportion_to_the_value(grey: NDArray[np.uint8], context: AttackContext) -> None:
    change = add_speckle(grey, 0.01, context) / 255 - 128 / 255
    assert np.std(change) == pytest.approx(0.1 * 128 / 255, rel=0.02)


def test_speckle_leaves_black_black(context: AttackContext) -> None:
    black = np.zeros((20, 20, 3), np.uint8)
    assert not add_speckle(black, 0.05, context).any()


@pytest.mark.parametrize("amount", [0.05, 0.5])
def test_half_of_the_amount_is_salt_and_half_is_pepper(
    grey: NDArray[np.uint8], context: AttackContext, amount: float
) -> None:
    noisy = add_salt_and_pepper(grey, amount, context)
    assert np.mean(noisy == 255) == pytest.approx(amount / 2, rel=0.05)
    assert np.mean(noisy == 0) == pytest.approx(amount / 2, rel=0.05)
    assert np.mean(noisy == 128) == pytest.approx(1 - amount, rel=0.01)


def test_salt_and_pepper_of_nothing_and_of_everything(grey: NDArray[np.uint8], context: AttackContext) -> None:
    assert np.array_equal(add_salt_and_pepper(grey, 0, context), grey)
    assert set(np.unique(add_salt_and_pepper(grey, 1, context))) == {0, 255}


def test_no_variance_changes_nothing(photo: NDArray[np.uint8], context: AttackContext) -> None:
    assert np.array_equal(add_noise(photo, 0, context), photo)
    assert np.array_equal(add_speckle(photo, 0, context), photo)


@pytest.mark.parametrize("change", [add_noise, add_speckle, add_salt_and_pepper])
def test_strips_of_any_height_give_the_same(
    photo: NDArray[np.uint8], monkeypatch: pytest.MonkeyPatch, change: strips.Any
) -> None:
    whole = change(photo, 0.05, AttackContext(generator_of("a", "x", 0)))
    monkeypatch.setattr(strips, "VALUES_PER_STRIP", 7 * photo[0].size)
    assert np.array_equal(change(photo, 0.05, AttackContext(generator_of("a", "x", 0))), whole)


def test_strips_run_from_the_top_and_clip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strips, "VALUES_PER_STRIP", 6)
    heights = []

    def doubled(values: NDArray[np.float32]) -> NDArray[np.float32]:
        heights.append(len(values))
        return values * 2 - 0.5

    photo = np.array([[[0, 127, 255]], [[64, 100, 200]], [[1, 2, 3]]], np.uint8)
    expected = np.clip(photo.astype(float) * 2 - 127.5, 0, 255).round()
    assert np.abs(change_in_strips(photo, doubled) - expected).max() <= 1
    assert heights == [2, 1]


def test_the_definitions_are_those_of_scikit_image(grey: NDArray[np.uint8], context: AttackContext) -> None:
    util = pytest.importorskip("skimage.util")
    for mode, change, value, keyword in (
        ("gaussian", add_noise, 0.02, "var"),
        ("speckle", add_speckle, 0.02, "var"),
        ("s&p", add_salt_and_pepper, 0.1, "amount"),
    ):
        theirs = util.random_noise(grey, mode, rng=1, **{keyword: value}) * 255
        ours = change(grey, value, context).astype(float)
        assert ours.mean() == pytest.approx(theirs.mean(), abs=0.6), mode
        assert ours.std() == pytest.approx(theirs.std(), rel=0.02), mode
