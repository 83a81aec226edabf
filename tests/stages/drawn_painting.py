"""A small photo with its labels and a script, for painting."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

HEIGHT, WIDTH = 40, 60
RED, BLUE = [204, 0, 0], [0, 0, 204]


def draw_painting(folder: Path, actions: list[dict[str, Any]], name: str = "photos/a.png") -> None:
    """Write ``photos/a.png`` (noise with two equal windows), ``labels.png`` (two halves) and ``actions.json``."""
    rng = np.random.default_rng(1)
    photo = rng.integers(100, 160, (HEIGHT, WIDTH, 3), dtype=np.uint8)
    window = rng.integers(1, 90, (10, 8, 3), dtype=np.uint8)
    for left in (5, 35):
        photo[12:22, left : left + 8] = window
    labels = np.ones((HEIGHT, WIDTH), np.uint8)
    labels[:, WIDTH // 2 :] = 2
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo).save(folder / name)
    Image.fromarray(labels).save(folder / "labels.png")
    for kind, picture in (("templates", window), ("segments", np.full_like(window, 77))):
        (folder / kind).mkdir(exist_ok=True)
        Image.fromarray(picture).save(folder / kind / "window.png")
    write_script(folder, actions)


def write_script(folder: Path, actions: list[dict[str, Any]], **given: Any) -> None:
    """Write ``actions.json``."""
    content = {"format": "paint-script", "format_version": 1, "actions": actions} | given
    (folder / "actions.json").write_text(json.dumps(content), encoding="utf-8")
