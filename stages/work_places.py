"""The three folders of a work folder, for tools that take either it or each of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORK_FOLDERS = {"image_dir": "datasets", "outputs_dir": "netvlad", "results_dir": "results"}


@dataclass(frozen=True)
class WorkPlaces:
    """Where photos, features and clusters of a collection lie."""

    image_dir: Path
    outputs_dir: Path
    results_dir: Path


def work_places(settings: Any) -> WorkPlaces:
    """Give the folders that settings with ``work_dir`` mean: each as given, else the usual one in the work folder."""
    parent = settings.work_dir or Path()
    return WorkPlaces(**{key: getattr(settings, key, None) or parent / folder for key, folder in WORK_FOLDERS.items()})
