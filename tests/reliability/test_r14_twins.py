"""R14: names that some systems take for one get copies and exported files of their own."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from stages.copy import copy_photos
from stages.export import export_clusters
from stages.settings.pipeline import CopySettings, ExportSettings
from storage import transfer as transfer_module
from storage.listing import list_photos
from storage.names import clash_key
from tests.reliability.campaign import Campaign
from tests.reliability.naughty_names import twins

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="makes names that only Linux keeps apart")


def make_twins(folder: Path, numbers: range) -> dict[str, bytes]:
    contents = {}
    for number in numbers:
        for place, name in enumerate(twins(number)):
            contents[name] = f"{number} {place}".encode()
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(contents[name])
    assert len(contents) == 2 * len(numbers)
    return contents


def test_twins_are_kept_apart(campaign: Campaign, tmp_path: Path) -> None:
    numbers = range(campaign.count(20, 100))
    contents = make_twins(tmp_path / "heap", numbers)
    datasets, results = tmp_path / "datasets", tmp_path / "results"
    copy_photos(CopySettings(tmp_path / "heap", datasets))
    copied = list_photos(datasets)
    assert sorted((datasets / name).read_bytes() for name in copied) == sorted(contents.values())
    assert len({clash_key(name) for name in copied}) == len(contents)
    results.mkdir()
    (results / "clusters.json").write_text(json.dumps({"0": copied, "-1": []}), encoding="utf-8")
    report = export_clusters(ExportSettings(datasets, results))
    assert report.counts["exported"] == len(contents) and not report.skipped
    assert report.exit_code == 0
    campaign.done = len(numbers)


def test_twins_on_a_disk_that_folds_names_are_named_not_lost(
    campaign: Campaign, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The photos were never copied; the disk of the results takes the names of twins for one."""
    numbers = range(0, campaign.count(20, 100), 5)  # twins by case in one folder
    contents = make_twins(tmp_path / "photos", numbers)
    results = tmp_path / "results"
    results.mkdir()
    names = list_photos(tmp_path / "photos")
    (results / "clusters.json").write_text(json.dumps({"0": names, "-1": []}), encoding="utf-8")
    taken: dict[str, Path] = {}
    lexists = os.path.lexists

    def folded_lexists(path: Path) -> bool:
        return clash_key(os.fspath(path)) in taken or lexists(path)

    copy = transfer_module._TRANSFERS["copy"]

    def noted(source: Path, target: Path) -> object:
        taken[clash_key(target.as_posix())] = target
        return copy(source, target)

    monkeypatch.setattr(os.path, "lexists", folded_lexists)
    monkeypatch.setitem(transfer_module._TRANSFERS, "copy", noted)
    report = export_clusters(ExportSettings(tmp_path / "photos", results))
    assert report.counts["exported"] == len(numbers)
    assert len(report.skipped) == len(contents) - len(numbers)
    assert all("takes its name and another photo's for the same" in photo.reason for photo in report.skipped)
    assert report.exit_code == 3
    campaign.done = len(numbers)
