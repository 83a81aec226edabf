"""R26: many photos need few open files and little memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.reliability import children
from tests.reliability.campaign import Campaign
from tests.reliability.quick_stages import QuickStages, save_tiny_photos

MAX_OPEN_FILES = 100
MAX_BYTES_PER_PHOTO = 1024
DESCRIPTOR_BYTES = 48 * 4
FULL = {"copy": 100_000, "resize": 100_000, "extract": 100_000, "cluster": 100_000, "export": 100_000, "match": 5_000}
FAST, FAST_MATCH = 300, 60


@children.needs_fork
@pytest.mark.parametrize("leaves_out_match", [True, False], ids=["stages", "match_pairs"])
def test_open_files_and_memory_of_many_photos(campaign: Campaign, tmp_path: Path, leaves_out_match: bool) -> None:
    pass
