"""What all trainings let choose alike."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from storage.errors import UsageError
from training.autoencoder.settings import AutoencoderRecipe
from training.finetuning.settings import FinetuneRecipe
from training.settings import Recipe
from training.shared_settings import TrainingRun, check_choices, check_least, check_positive, half_cosine


def test_a_rate_falls_from_all_to_nothing_by_half_a_cosine() -> None:
    assert [half_cosine(share) for share in (0, 0.5, 1)] == pytest.approx([1, 0.5, 0])
    assert half_cosine(0.25) == pytest.approx((2 + 2**0.5) / 4)


@pytest.mark.parametrize("recipe", [Recipe, FinetuneRecipe, AutoencoderRecipe])
def test_every_training_runs_on_the_processor_unless_it_is_told_otherwise(recipe: type[TrainingRun]) -> None:
    made = recipe((Path("photos"),), Path("run"))
    assert (made.images, made.output_dir) == ((Path("photos"),), Path("run"))
    assert (made.device, made.num_threads, made.tensorboard) == ("cpu", None, False)


def test_a_setting_that_is_no_choice_names_the_flag_and_the_choices() -> None:
    check_choices(SimpleNamespace(loss="mse"), {"loss": ("mse", "l1")})
    with pytest.raises(UsageError, match="--loss ssim: must be one of mse, l1"):
        check_choices(SimpleNamespace(loss="ssim"), {"loss": ("mse", "l1")})


@pytest.mark.parametrize("value", [0, -3, float("inf"), float("nan")])
def test_a_number_below_its_least_names_the_flag_and_the_least(value: float) -> None:
    with pytest.raises(UsageError, match="--epochs .*: must be 1 or more"):
        check_least(SimpleNamespace(epochs=value), {"epochs": 1})


@pytest.mark.parametrize("value", [0.0, -1.0, float("inf"), float("nan")])
def test_a_rate_that_is_not_above_0_names_the_flag(value: float) -> None:
    with pytest.raises(UsageError, match="--learning_rate .*: must be above 0"):
        check_positive(SimpleNamespace(temperature=0.1, learning_rate=value), ("temperature", "learning_rate"))


def test_a_setting_that_was_left_open_passes() -> None:
    check_least(SimpleNamespace(input_side=None, epochs=1), {"input_side": 32, "epochs": 1})
    check_positive(SimpleNamespace(learning_rate=None), ("learning_rate",))
