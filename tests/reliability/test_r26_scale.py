"""R26: many photos need few open files and little memory."""

from __future__ import annotations

import os
from pathlib import Path

from tests.reliability import children
from tests.reliability.campaign import Campaign
from tests.reliability.quick_stages import QuickStages, save_tiny_photos

MAX_OPEN_FILES = 100
MAX_BYTES_PER_PHOTO = 1024
DESCRIPTOR_BYTES = 48 * 4
FULL = int(os.environ.get("R26_PHOTOS", "100000"))  # of how many photos, where there is less time
MATCHED = 4000  # photos, in 125 shards of local features
STAGES = ("copy", "resize", "extract", "cluster", "export")


@children.needs_fork
def test_memory_and_open_files_of_many_photos(campaign: Campaign, tmp_path: Path) -> None:
    few, many = (campaign.count(fast, full) for fast, full in ((40, FULL // 5), (120, FULL)))
    grown: dict[str, list[int]] = {name: [] for name in STAGES}
    for count in (few, many):
        work = QuickStages(tmp_path / str(count))
        save_tiny_photos(work.photos, count)
        for name in STAGES:
            grown[name].append(children.peak_bytes(work.in_order()[name], MAX_OPEN_FILES))
    for attempt in campaign.attempts(len(STAGES), len(STAGES)):
        with attempt:
            name = STAGES[attempt.number]
            first, last = grown[name]
            per_photo = (last - first) / (many - few)
            campaign.note(f"{name} {per_photo:.0f} bytes a photo, {last >> 20} MB at the most")
            # What a run allocates at once hides what so few photos need.
            if campaign.is_full:
                assert per_photo <= MAX_BYTES_PER_PHOTO + (DESCRIPTOR_BYTES if name == "extract" else 0)
    campaign.note(f"{many:,} photos, never more than {MAX_OPEN_FILES} open files")


@children.needs_fork
def test_open_files_of_many_matched_photos(campaign: Campaign, tmp_path: Path) -> None:
    count = campaign.count(40, MATCHED)
    work = QuickStages(tmp_path)
    save_tiny_photos(work.photos, count)
    work.copy()
    work.extract()
    for attempt in campaign.attempts(1, 1):
        with attempt:
            peak = children.peak_bytes(work.match, MAX_OPEN_FILES)
            campaign.note(f"{count:,} photos, never more than {MAX_OPEN_FILES} open files, {peak >> 20} MB at the most")
