"""R1: kill -9 during extraction, until it is done: the same bytes, at most a shard described again after each kill."""

from __future__ import annotations

from pathlib import Path

from storage.formats.shards import RECORDS_PER_SHARD
from tests.drawn_photos import save_photos
from tests.fake_models import MeanColour
from tests.reliability.all_writers import EXTRACT
from tests.reliability.campaign import Campaign
from tests.reliability.extraction_series import Series
from tests.reliability.io_calls import needs_proc
from tests.reliability.kills import HOOKS
from tests.reliability.writers import Writer

SHARDS_FAST, SHARDS_FULL = 1, 3
KILLS_A_HOOK = 10


def begin(folder: Path, campaign: Campaign) -> Series:
    """Begin with photos for some full shards and one that is not."""
    num_photos = RECORDS_PER_SHARD * campaign.count(SHARDS_FAST, SHARDS_FULL) + 9

    def draw(place: Path, is_later: bool) -> None:
        save_photos(place / "photos", num_photos)

    writer = Writer("extraction", "extract_features", f"{EXTRACT} --model centred_colour", draw)
    return Series(writer, folder, MeanColour)  # CentredColour asks it


@needs_proc
def test_kills_at_random_moments(campaign: Campaign, tmp_path: Path) -> None:
    series = begin(tmp_path, campaign)
    for attempt in campaign.attempts(fast=10, full=200):
        with attempt:
            series.kill_by_clock(attempt.random)
            if attempt.number == campaign.count(10, 200) - 1:
                series.finish()
    campaign.note(f"{series.num_finished} extractions finished, byte-identical")
    campaign.note(f"at most {series.most_again} photos described again a kill")
    assert series.num_finished


@needs_proc
def test_kills_at_the_hooks_of_the_writer(campaign: Campaign, tmp_path: Path) -> None:
    series = begin(tmp_path, campaign)
    count = (len(HOOKS), len(HOOKS) * KILLS_A_HOOK)
    for attempt in campaign.attempts(*count):
        with attempt:
            series.kill_at(HOOKS[attempt.number % len(HOOKS)], attempt.random)
            if attempt.number == campaign.count(*count) - 1:
                series.finish()
    campaign.note(
        f"{KILLS_A_HOOK if campaign.is_full else 1} kills before and after write, fsync, rename, folder fsync"
    )
    campaign.note(f"at most {series.most_again} photos described again a kill")
    assert series.num_finished
