"""What ``run_pipeline.py`` is told holds for every stage that it concerns."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages import pipeline
from stages.settings.pipeline import PipelineSettings, ResizeSettings


def test_workers_and_the_largest_photo_hold_for_smaller_copies_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[ResizeSettings] = []
    monkeypatch.setattr(pipeline, "resize_photos", given.append)
    settings = PipelineSettings(image_dir=tmp_path, work_dir=tmp_path / "work", num_workers=3, max_megapixels=250.0)
    pipeline._Stages(settings, tmp_path, tmp_path / "work")._resize()
    assert [(one.num_workers, one.max_megapixels) for one in given] == [(3, 250.0)]
