"""What the stages wrote about themselves, as the report shows it."""

from __future__ import annotations

from pathlib import Path

import pytest

from stages.reporting.runs import read_runs
from storage.atomic import write_text
from storage.errors import DamagedFileError
from storage.report import RunReport, SkippedPhoto


def test_stages_come_in_the_order_of_the_pipeline_and_others_after_them(tmp_path: Path) -> None:
    for stage in ("zeta", "create_clusters", "copy_images", "make_report", "export_labels"):
        RunReport(stage).write(tmp_path / ("a" if stage == "create_clusters" else "b"))
    runs = read_runs([tmp_path / "a", tmp_path / "b", tmp_path / "gone"])
    assert [run.stage for run in runs] == ["copy_images", "create_clusters", "zeta"]


def test_settings_without_paths_and_skipped_photos_are_read(tmp_path: Path) -> None:
    settings = {"image_dir": "x", "pairs_file": "p.txt", "weights": "/home/me/w.pth", "seed": 3, "shard": None}
    report = RunReport("copy_images", settings, {"photos": 2}, [SkippedPhoto("a.jpg", "empty")], seconds=2.5)
    report.write(tmp_path)
    (run,) = read_runs([tmp_path])
    assert run.settings == {"seed": 3} and run.counts == {"photos": 2} and run.seconds == 2.5
    assert run.skipped == (SkippedPhoto("a.jpg", "empty"),)


def test_windows_paths_are_paths_too(tmp_path: Path) -> None:
    RunReport("copy_images", {"source": "C:\\Users\\me", "mode": "copy"}).write(tmp_path)
    assert read_runs([tmp_path])[0].settings == {"mode": "copy"}


@pytest.mark.parametrize("text", ["{", '{"format": "run-report", "format_version": 1, "stage": "x"}'])
def test_a_damaged_report_is_named(tmp_path: Path, text: str) -> None:
    write_text(tmp_path / "reports" / "copy_images" / "report.json", text)
    with pytest.raises(DamagedFileError, match=r"report\.json"):
        read_runs([tmp_path])
