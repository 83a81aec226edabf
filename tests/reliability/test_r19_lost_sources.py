"""R19: photos that vanish, all or most or one while it is read, cost no result that stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np

from storage.errors import StageError
from storage.fingerprints import sha256_of_file
from storage.formats.export import EXPORT_NAME, read_export
from storage.formats.features import features_path, read_features
from storage.formats.manifest import read_manifest
from storage.photos import load_photo
from storage.report import RunReport
from tests.fake_models import MeanColour
from tests.reliability.campaign import Attempt, Campaign
from tests.reliability.quick_stages import MODEL, QuickStages, save_tiny_photos, tiny_photo
from tests.watched_calls import at_opening, contents

PHOTOS = 12
OTHER = 2_000_000
Versions = dict[str, bytes]  # former contents of the photo that changes, by SHA-256


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def lose_most(folder: Path) -> None:
    for path in sorted(folder.rglob("*.jpg"))[: PHOTOS * 2 // 3]:
        path.unlink()


LOSSES: tuple[Callable[[Path], None], ...] = (shutil.rmtree, empty, lose_most)


def test_a_lost_source_leaves_all_results(campaign: Campaign, tmp_path: Path) -> None:
    for attempt in campaign.attempts(5, 30):
        with attempt:
            left_out = () if campaign.is_full else ("match",)
            work = QuickStages(tmp_path / str(attempt.number), reads="photos")
            save_tiny_photos(work.photos, PHOTOS, first=PHOTOS * attempt.number)
            work.run("resize", *left_out)
            loss = LOSSES[attempt.number % len(LOSSES)]
            names = [name for name in work.in_order() if name not in ("resize", *left_out)]
            name = names[attempt.number // len(LOSSES) % len(names)]
            loss(work.photos)
            made = (work.datasets, work.netvlad, work.results)
            before = [contents(folder) for folder in made]
            try:
                report = work.in_order()[name]()
            except StageError as error:
                assert "photos" in str(error), error
            else:
                assert report.exit_code == 3 and len(report.skipped) == PHOTOS * 2 // 3, f"{name} says all is well"
            assert [contents(folder) for folder in made] == before, f"{name} changed results"


def other_content(path: Path, attempt: Attempt) -> Callable[[], object]:
    """Give what changes a photo in place, replaces it, or cuts it."""
    new = tiny_photo(OTHER + 4 * attempt.number)

    def replace_it() -> None:
        (path.parent / ".new").write_bytes(new)
        (path.parent / ".new").replace(path)

    return attempt.random.choice([lambda: path.write_bytes(new), replace_it, lambda: path.write_bytes(new[:200])])


def test_a_photo_that_changes_or_goes_while_it_is_read_is_right_or_named(campaign: Campaign, tmp_path: Path) -> None:
    for attempt in campaign.attempts(6, 60):
        with attempt:
            work = QuickStages(tmp_path / str(attempt.number), reads="photos")
            names = save_tiny_photos(work.photos, PHOTOS, first=PHOTOS * attempt.number)
            name = attempt.random.choice(names)
            path = work.photos / name
            action = path.unlink if attempt.random.random() < 0.3 else other_content(path, attempt)
            stage, check = STAGES[attempt.number % len(STAGES)]
            if stage == "export":
                work.run("resize", "copy", "match", "export")
            versions = {sha256(path.read_bytes()).hexdigest(): path.read_bytes()}
            with at_opening(path, attempt.random.randint(1, 4), action):
                report = work.in_order()[stage]()
            check(work, report, names, versions)
            assert {photo.name for photo in report.skipped} <= {name}


def check_copies(work: QuickStages, report: RunReport, names: list[str], versions: Versions) -> None:
    skipped = {photo.name for photo in report.skipped}
    entries = read_manifest(work.datasets / "manifest.json").by_name
    assert len(entries) == len(names) - len(skipped) and report.exit_code == (3 if skipped else 0)
    for name, entry in entries.items():
        assert sha256_of_file(work.datasets / name) == entry.fingerprint.sha256, name


def check_features(work: QuickStages, report: RunReport, names: list[str], versions: Versions) -> None:
    skipped = {photo.name for photo in report.skipped}
    features = read_features(features_path(work.netvlad, MODEL))
    assert set(features.names) == set(names) - skipped and report.exit_code == (3 if skipped else 0)
    for row, name in enumerate(features.names):
        # Of what the fingerprint says, be it the photo as it was or as it is.
        content = versions.get(features.fingerprints[row].sha256, (work.photos / name).read_bytes())
        assert features.fingerprints[row].sha256 == sha256(content).hexdigest(), name
        (work.folder / "version.jpg").write_bytes(content)
        expected = MeanColour().prepare(load_photo(work.folder / "version.jpg", max_side=64))
        np.testing.assert_allclose(features.descriptors[row], expected, atol=1e-6, err_msg=name)


def check_export(work: QuickStages, report: RunReport, names: list[str], versions: Versions) -> None:
    skipped = {photo.name for photo in report.skipped}
    record = read_export(work.results / EXPORT_NAME)
    assert record is not None
    assert {photo.name for photo in record.photos.values()} == set(names) - skipped
    for path, photo in record.photos.items():
        assert sha256_of_file(work.results / "building_images" / path) == photo.fingerprint.sha256, path


STAGES = (("copy", check_copies), ("extract", check_features), ("export", check_export))
