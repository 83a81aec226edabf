"""R8: malformed files among good ones cost themselves and nothing else."""

from __future__ import annotations

import os
import shutil
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from hloc.extractors.base import Extractor
from stages.copy import copy_photos
from stages.extract import extract_features
from stages.resize import resize_photos
from stages.settings.pipeline import CopySettings, ExtractSettings, ResizeSettings
from storage.errors import PhotoError
from storage.formats.features import Features, features_path, read_features
from storage.photos import load_photo
from storage.report import RunReport
from tests.conftest import SHARED
from tests.fake_models import MeanColour
from tests.reliability.campaign import Campaign
from tests.reliability.malformed import NEVER_USED, Malformed, good_photos, write_malformed
from tests.reliability.memory import peak_of_children
from tests.watched_calls import contents

MOST_MEMORY = 1_500_000_000
TIMEOUT_S = ExtractSettings.timeout_s  # a photo that takes longer hangs
needs_specials = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="makes pipes and links among the photos")


@pytest.fixture
def quick_extractor(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the mean colour of a photo for its descriptor."""

    def create(_model: str, _options: object) -> Extractor:
        return MeanColour()

    monkeypatch.setattr("stages.extract.create_extractor", create)


@dataclass(frozen=True)
class Pipeline:
    """The first three stages over the folder ``heap`` of a folder."""

    folder: Path
    num_workers: int

    def run(self) -> list[RunReport]:
        """Copy, resize and describe; give the reports."""
        datasets, outputs = self.folder / "datasets", self.folder / "netvlad"
        copied = copy_photos(CopySettings(self.folder / "heap", datasets))
        resized = resize_photos(ResizeSettings(datasets, 2, num_workers=self.num_workers, timeout_s=TIMEOUT_S))
        described = extract_features(
            ExtractSettings(datasets, outputs, 3, "vlad", num_workers=self.num_workers, timeout_s=TIMEOUT_S)
        )
        return [copied, resized, described]

    @property
    def features(self) -> Features:
        """The descriptors that were computed."""
        return read_features(features_path(self.folder / "netvlad", MeanColour.name))


def make_heap(folder: Path, num_good: int) -> Path:
    heap = folder / "heap"
    heap.mkdir(parents=True)
    for name, content in good_photos(num_good):
        (heap / name).write_bytes(content)
    return heap


def add_shared(heap: Path) -> list[Malformed]:
    found = sorted((SHARED / "photos" / "odd" / "malformed").glob("bad_*"))
    for path in found:
        shutil.copyfile(path, heap / path.name)
    return [Malformed(path.name, "shared") for path in found]


def undecodable_of(heap: Path, bad: list[Malformed]) -> set[str]:
    """Decode all bad files but the large ones, as they came; give those that cannot be."""
    found = set()
    for file in bad:
        if file.kind not in ("bomb", "special"):
            try:
                load_photo(heap / file.name, max_megapixels=20.0)
            except PhotoError as error:
                found |= {file.name} if "megapixels" not in error.reason else set()
    return found


def check_told(bad: list[Malformed], undecodable: set[str], reports: list[RunReport], features: Features) -> None:
    """Every bad file is either used, or named once with a reason; of the undecodable ones none is used unnamed."""
    copied, _, described = ([photo.name.removeprefix("heap/") for photo in report.skipped] for report in reports)
    told, used = Counter([*copied, *described]), {name.removeprefix("heap/") for name in features.names}
    assert all(photo.reason.strip() for report in reports for photo in report.skipped)
    assert max(told.values()) == 1, told.most_common(3)
    for file in bad:
        assert (file.name in told) != (file.name in used), f"{file.name}: named and used, or neither"
        assert file.kind not in NEVER_USED or file.name in told, f"{file.name} was used"
    everywhere = {photo.name.removeprefix("heap/") for report in reports for photo in report.skipped}
    assert not (undecodable - everywhere), f"damaged, but named nowhere: {sorted(undecodable - everywhere)[:5]}"
    hung = [photo for report in reports for photo in report.skipped if "longer than" in photo.reason]
    died = [photo for report in reports for photo in report.skipped if "crashed" in photo.reason]
    assert not hung and not died, (hung, died)


@needs_specials
def test_malformed_files_cost_themselves_alone(campaign: Campaign, tmp_path: Path, quick_extractor: None) -> None:
    num_good = campaign.count(12, 200)
    clean = Pipeline(tmp_path / "clean", campaign.count(0, 2))
    mixed = Pipeline(tmp_path / "mixed", campaign.count(1, 2))
    make_heap(clean.folder, num_good)
    heap = make_heap(mixed.folder, num_good)
    bad = write_malformed(heap, campaign.count(60, 1000), has_heavy=campaign.is_full)
    bad += add_shared(heap) if campaign.is_full else []
    assert clean.run()[-1].exit_code == 0
    with peak_of_children() as peak:
        reports = mixed.run()
    assert [report.exit_code for report in reports] == [3, 3, 3]
    check_told(bad, undecodable_of(heap, bad), reports, mixed.features)
    files, alone = contents(mixed.folder / "datasets"), contents(clean.folder / "datasets")
    rows = {name: row for row, name in enumerate(mixed.features.names)}
    good = clean.features
    for row, name in enumerate(good.names):
        assert files[name] == alone[name], name
        assert (mixed.features.descriptors[rows[name]] == good.descriptors[row]).all(), name
    assert len(good.names) == num_good
    if sys.platform == "linux":
        assert 0 < peak.num_bytes <= MOST_MEMORY, f"a worker took {peak.num_bytes:,} bytes"
        campaign.note(f"peak of a worker {peak.num_bytes / 1e6:.0f} MB")
    campaign.done = len(bad)
    campaign.note(f"{sum(len(report.skipped) for report in reports[::2])} named, {num_good} good ones bit-equal")
