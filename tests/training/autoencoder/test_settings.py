"""What can be chosen, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from storage.errors import UsageError
from training.autoencoder.settings import ARCHITECTURES, AutoencoderSettings


def test_the_defaults_can_be_followed() -> None:
    AutoencoderSettings().check()
    AutoencoderSettings(architecture="large").check()


def test_without_a_size_pictures_are_squares_of_the_architecture_s_own_side() -> None:
    assert AutoencoderSettings().picture_size == (64, 64)
    assert AutoencoderSettings(architecture="large").picture_size == (256, 256)
    assert AutoencoderSettings(size=(96, 32)).picture_size == (96, 32)


def test_a_place_of_the_latent_is_32_or_256_pixels() -> None:
    assert {name: shape.stride for name, shape in ARCHITECTURES.items()} == {"small": 32, "large": 256}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"size": (70, 64)}, "--size 70x64: both sides must be multiples of 32 pixels for --architecture small"),
        ({"size": (0, 64)}, "--size 0x64: both sides must be multiples of 32"),
        ({"size": (-32, 64)}, "--size -32x64: both sides must be multiples of 32"),
        ({"architecture": "large", "size": (64, 64)}, "--size 64x64: both sides must be multiples of 256"),
        ({"architecture": "huge"}, "--architecture huge: must be one of small, large"),
        ({"loss": "ssim"}, "--loss ssim: must be one of mse, l1, perceptual"),
        ({"schedule": "cosine"}, "--schedule cosine: must be one of constant, step"),
        ({"epochs": 0}, "--epochs 0: must be 1 or more"),
        ({"patience": 0}, "--patience 0: must be 1 or more"),
        ({"batch_size": 0}, "--batch_size 0: must be 1 or more"),
        ({"seed": -1}, "--seed -1: must be 0 or more"),
        ({"learning_rate": 0.0}, "--learning_rate 0: must be above 0"),
        ({"learning_rate": float("nan")}, "--learning_rate nan: must be above 0"),
        ({"learning_rate": float("inf")}, "--learning_rate inf: must be above 0"),
        ({"validation_share": 0.0}, "--validation_share 0: must be above 0 and below 1"),
        ({"validation_share": 1.0}, "--validation_share 1: must be above 0 and below 1"),
    ],
)
def test_a_value_out_of_range_is_a_wrong_call(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        replace(AutoencoderSettings(), **changes).check()  # type: ignore[arg-type]


def test_the_rate_stays_unless_steps_are_asked_for() -> None:
    settings = AutoencoderSettings(learning_rate=0.5)
    assert {settings.rate(epoch) for epoch in range(50)} == {0.5}


def test_the_rate_falls_to_a_tenth_after_every_ten_epochs() -> None:
    settings = AutoencoderSettings(learning_rate=0.5, schedule="step")
    rates = [settings.rate(epoch) for epoch in (0, 9, 10, 19, 20)]
    assert rates == pytest.approx([0.5, 0.5, 0.05, 0.05, 0.005])


def test_how_long_a_training_goes_on_is_no_part_of_what_it_is() -> None:
    settings = AutoencoderSettings()
    assert replace(settings, epochs=7, patience=3).identity() == settings.identity()
    for changes in ({"seed": 1}, {"loss": "l1"}, {"size": (32, 32)}, {"batch_size": 8}, {"schedule": "step"}):
        assert replace(settings, **changes).identity() != settings.identity()  # type: ignore[arg-type]


def test_a_size_that_is_said_is_the_same_as_one_that_is_not() -> None:
    assert AutoencoderSettings(size=(64, 64)).identity() == AutoencoderSettings().identity()
