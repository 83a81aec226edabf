"""R9: photos that are odd but valid are all used, upright, not clipped, the first picture of several."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hloc.extraction import extract
from hloc.feature_run import FeatureRun, Resources
from storage.listing import list_photos
from storage.photos import MAX_MEGAPIXELS, load_photo, photo_size
from tests.conftest import SHARED
from tests.fake_models import MeanColour
from tests.reliability.campaign import Campaign
from tests.reliability.odd_photos import ODD, Pixels

LEAST_COSINE = 0.999


def cosine(one: Pixels, other: Pixels) -> float:
    """Give the cosine of two pictures, black counted as 1 so that none is zero."""
    first, second = (picture.ravel().astype(float) + 1 for picture in (one, other))
    return float(first @ second / np.linalg.norm(first) / np.linalg.norm(second))


def test_odd_photos_look_like_their_plain_twins(campaign: Campaign, tmp_path: Path) -> None:
    lowest = 1.0
    # The fast run takes every third, so that every kind is met.
    for attempt in campaign.attempts(fast=len(ODD) // 3, full=len(ODD)):
        with attempt:
            odd = ODD[attempt.number * (1 if campaign.is_full else 3)]()
            (tmp_path / odd.name).write_bytes(odd.content)
            photo = load_photo(tmp_path / odd.name)
            assert photo.shape == odd.shows.shape, odd.name
            assert photo_size(tmp_path / odd.name, MAX_MEGAPIXELS) == photo.shape[1::-1], odd.name
            found = cosine(photo, odd.shows)
            assert found >= LEAST_COSINE, f"{odd.name}: {found}"
            assert abs(float(photo.mean()) - float(odd.shows.mean())) < 2, odd.name
            lowest = min(lowest, found)
    campaign.note(f"lowest cosine to the plain twin {lowest:.5f}")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_odd_photos_are_all_described(campaign: Campaign, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for build in ODD if campaign.is_full else ODD[1::4]:
        odd = build()
        (folder / odd.name).write_bytes(odd.content)
    check_all_described(campaign, folder, tmp_path / "features.h5")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_odd_photos_of_others_are_all_described(campaign: Campaign, tmp_path: Path) -> None:
    folder = SHARED / "photos" / "odd" / "unusual"
    if not campaign.is_full or not folder.is_dir():
        pytest.skip(f"needs --full and {folder}")
    check_all_described(campaign, folder, tmp_path / "features.h5")


def check_all_described(campaign: Campaign, folder: Path, path: Path) -> None:
    names = list_photos(folder)
    found = extract(FeatureRun(folder, path, MeanColour(), resources=Resources(num_workers=0)), names)
    assert list(found.features.names) == names, found.features.skipped
    sizes = np.asarray(found.features.image_sizes)
    decoded = sizes * np.minimum(1, MeanColour.max_side / sizes.max(axis=1, keepdims=True))
    has_cells = decoded.min(axis=1) >= 4  # of the grid that the quick model averages
    assert np.allclose(np.linalg.norm(found.features.descriptors[has_cells], axis=1), 1, atol=1e-5)
    campaign.done = len(names)
