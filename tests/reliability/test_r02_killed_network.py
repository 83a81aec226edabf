"""R2: the same with a real network on the processor: the values are those of a run that nobody killed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drawn_photos import save_photos
from tests.reliability.all_writers import EXTRACT
from tests.reliability.campaign import Campaign
from tests.reliability.extraction_series import Series
from tests.reliability.io_calls import needs_proc
from tests.reliability.writers import Writer

NUM_PHOTOS = 80


def draw(folder: Path, is_later: bool) -> None:
    save_photos(folder / "photos", NUM_PHOTOS)


@needs_proc
def test_kills_of_an_extraction_by_a_network(campaign: Campaign, tmp_path: Path) -> None:
    if not campaign.is_full:
        pytest.skip("in full campaigns")
    from hloc.extractors.street import StreetExtractor

    writer = Writer("network", "extract_features", f"{EXTRACT} --model street", draw)
    series = Series(writer, tmp_path, StreetExtractor)
    for attempt in campaign.attempts(fast=1, full=20):
        with attempt:
            series.kill_by_clock(attempt.random)
            if attempt.number == campaign.count(1, 20) - 1:
                series.finish()
    campaign.note(f"{series.num_finished} extractions finished, byte-identical, so the largest difference is 0")
    campaign.note(f"at most {series.most_again} photos described again a kill")
    assert series.num_finished
