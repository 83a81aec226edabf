"""Drawn buildings, and a fine-tuning of them that is small enough for a test."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from training.finetuning.settings import FinetuneRecipe, FinetuneSettings, ViewSettings

TINY_VIEWS = ViewSettings(size=32, jitter=0.2, min_area=0.5)
TINY = FinetuneSettings(
    epochs=3, batch_size=4, optimizer="adamw", learning_rate=3e-3, warmup_epochs=0, validation_share=0.25, seed=1,
    projection=8, views=TINY_VIEWS,
)  # fmt: skip


def save_buildings(folder: Path, num_buildings: int, photos_of_each: int, seed: int = 0) -> dict[str, str]:
    """Draw buildings as blocks of colours of their own; photos of one differ in light much more than in anything else.

    Writes the photos and ``labels.csv``; gives the labels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    labels = {}
    for building in range(num_buildings):
        facade = np.random.default_rng([seed, building]).integers(0, 200, (3, 3, 3)).astype(np.float64)
        for photo in range(photos_of_each):
            rng = np.random.default_rng([seed, building, photo])
            lit = facade * rng.uniform(0.3, 1.3) + rng.uniform(0, 60)
            pixels = np.clip(lit + rng.normal(0, 15, facade.shape), 0, 255).astype(np.uint8)
            name = f"b{building}_{photo}.png"
            Image.fromarray(pixels).resize((48, 48), Image.Resampling.NEAREST).save(folder / name)
            labels[name] = f"house {building}"
    lines = ["path,building", *(f"{name},{label}" for name, label in labels.items())]
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")
    return labels


def tiny_recipe(tmp_path: Path, learning: FinetuneSettings = TINY) -> FinetuneRecipe:
    return FinetuneRecipe(
        (tmp_path / "photos",), tmp_path / "run", "tiny", learning=learning, num_threads=1, save_every=1, input_side=48
    )
