"""What can be chosen for a fine-tuning."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage.errors import UsageError
from training.finetuning.settings import FinetuneRecipe, FinetuneSettings, ViewSettings


def test_the_rate_of_lars_follows_the_root_of_the_step() -> None:
    assert FinetuneSettings().highest_rate(64) == pytest.approx(0.6)
    assert FinetuneSettings(optimizer="adamw").highest_rate(64) == 2e-4
    assert FinetuneSettings(learning_rate=0.3).highest_rate(64) == 0.3


def test_the_rate_rises_and_falls_by_half_a_cosine() -> None:
    settings = FinetuneSettings(epochs=10, warmup_epochs=2)
    shares = [settings.rate_share(step, 5) for step in range(50)]
    assert shares[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert shares[30] == pytest.approx(0.5 * (1 + math.cos(math.pi * 20 / 40)))
    assert shares[10] == 1 and shares[-1] < 0.01 and sorted(shares[10:], reverse=True) == shares[10:]


def test_without_a_schedule_the_rate_stays() -> None:
    settings = FinetuneSettings(epochs=10, warmup_epochs=0, schedule="none")
    assert {settings.rate_share(step, 5) for step in range(50)} == {1.0}


@pytest.mark.parametrize(
    ("flag", "changes"),
    [
        ("--optimizer", {"optimizer": "adam"}),
        ("--freeze", {"freeze": "stage9"}),
        ("--schedule", {"schedule": "step"}),
        ("--epochs", {"epochs": 0}),
        ("--accumulate", {"accumulate": 0}),
        ("--momentum", {"momentum": 1.0}),
        ("--validation_share", {"validation_share": 1.0}),
        ("--temperature", {"temperature": 0.0}),
        ("--learning_rate", {"learning_rate": math.inf}),
        ("--weight_decay 0", {"weight_decay": 0.0}),
        ("--nesterov", {"nesterov": True, "optimizer": "adamw"}),
        ("--nesterov", {"nesterov": True, "momentum": 0.0}),
        ("--size", {"views": ViewSettings(size=16)}),
        ("--jitter", {"views": ViewSettings(jitter=2)}),
    ],
)
def test_a_value_out_of_range_names_its_flag(flag: str, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=flag):
        replace(FinetuneSettings(), **changes).check()


@pytest.mark.parametrize(
    ("flag", "changes"),
    [
        ("--pairs_file and --clusters", {"pairs_file": Path("a"), "clusters": Path("b")}),
        ("--save_every", {"save_every": 0}),
        ("--keep_last", {"keep_last": 0}),
        ("--num_workers", {"num_workers": -1}),
        ("--input_side", {"input_side": 8}),
    ],
)
def test_a_recipe_out_of_range_names_its_flag(flag: str, changes: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=flag):
        replace(FinetuneRecipe((), Path()), **changes).check()


def test_the_defaults_can_be_followed() -> None:
    FinetuneRecipe((), Path()).check()
