"""Photos that are matched, on the disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from hloc.matching.description import MatchRun, describe_photos
from hloc.matching.rows import Photos
from tests.hloc.matching.folders import match_run, save_walls


@pytest.fixture
def walls(tmp_path: Path) -> tuple[MatchRun, Photos]:
    """The run and the described photos of two walls, three views each, and of one photo that is alone."""
    labels = save_walls(tmp_path / "photos")
    run = match_run(tmp_path / "photos", tmp_path / "out")
    return run, Photos.of(describe_photos(run, sorted(labels)).fingerprints)
