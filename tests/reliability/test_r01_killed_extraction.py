"""R1: kill -9 during extraction, until it is done: the same bytes, at most a shard described again after each kill."""

from __future__ import annotations

from pathlib import Path

from storage.formats.shards import RECORDS_PER_SHARD
from tests.drawn_photos import save_photos
from tests.fake_models import MeanColour
from tests.reliability.campaign import Campaign
from tests.reliability.extraction_series import Series
from tests.reliability.io_calls import needs_proc
from tests.reliability.kills import HOOKS
from tests.reliability.writers import EXTRACT, Writer

NUM_PHOTOS = 5 * RECORDS_PER_SHARD + 9
KILLS_A_HOOK = 10


def draw(folder: Path, is_later: bool) -> None:
    save_photos(folder / "photos", NUM_PHOTOS)


def begin(folder: Path) -> Series:
    writer = Writer("extraction", "extract_features", f"{EXTRACT} --model centred_colour", draw)
    return Series(writer, folder, MeanColour)  # CentredColour asks it


@needs_proc
def test_kills_at_random_moments(campaign: Campaign, tmp_path: Path) -> None:
    series = begin(tmp_path)
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
    series = begin(tmp_path)
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
