"""Every automatic method on a real photo."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segmentation import AUTOMATIC, create_segmenter
from storage.photos import load_photo


@pytest.mark.parametrize("name", AUTOMATIC)
def test_segments_of_a_real_photo_are_of_more_even_colour_than_the_photo(name: str, shared_dir: Path) -> None:
    photo = load_photo(sorted((shared_dir / "photos" / "buildings").glob("*.jpg"))[0], 240)
    labels = create_segmenter(name).segment(photo)
    assert labels.shape == photo.shape[:2]
    grey = photo.mean(axis=2).ravel()
    counts = np.bincount(labels.ravel())
    means = np.bincount(labels.ravel(), grey) / np.maximum(counts, 1)
    within = ((grey - means[labels.ravel()]) ** 2).mean()
    assert within < (0.99 if name == "edge" else 0.6) * grey.var()
