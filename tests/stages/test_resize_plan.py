from __future__ import annotations

from pathlib import Path

import pytest

from stages.resize_plan import UNREAD, Beside, InPlace
from stages.settings.pipeline import ResizeSettings
from storage.fingerprints import fingerprint
from storage.formats.manifest import Manifest, ManifestEntry
from storage.report import SkippedPhoto
from storage.resizing import StoredPhoto
from tests.traced_memory import bytes_per_item

MAX_BYTES_PER_DECISION = 400


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "datasets" / "a.jpg"
    path.parent.mkdir()
    path.write_bytes(b"photo")
    return path


@pytest.fixture
def plan(photo: Path) -> InPlace:
    """A work folder with one copy, to be halved; nobody has looked at it yet."""
    entry = ManifestEntry("a.jpg", "/photos/a.jpg", fingerprint(photo))
    return InPlace(photo.parent, Manifest("copy", {"a.jpg": entry}), ResizeSettings(photo.parent, 2))


@pytest.fixture
def beside(photo: Path, tmp_path: Path) -> Beside:
    """The same photo, to go to another folder."""
    return Beside(["a.jpg"], Manifest(), ResizeSettings(photo.parent, 2), tmp_path / "halved")


def test_a_photo_that_nobody_has_looked_at_stays_unread_until_its_header_is_there(plan: InPlace) -> None:
    decision = plan.decide("a.jpg")
    assert decision.outcome == UNREAD
    judged = plan.judge(decision, StoredPhoto((40, 30)))
    assert (judged.outcome, judged.size) == ("resized", (20, 15))
    assert judged.entry is not None and (judged.entry.width, judged.entry.height) == (40, 30)


def test_a_header_that_cannot_be_read_is_the_reason_why_a_photo_is_skipped(plan: InPlace) -> None:
    judged = plan.judge(plan.decide("a.jpg"), SkippedPhoto("a.jpg", "is cut"))
    assert (judged.outcome, judged.reason) == ("skipped", "is cut")


def test_a_header_may_say_why_a_photo_is_left_alone(plan: InPlace) -> None:
    judged = plan.judge(plan.decide("a.jpg"), StoredPhoto((40, 30), "it is an animation"))
    assert (judged.outcome, judged.reason) == ("left_alone", "it is an animation")


def test_a_photo_is_replaced_where_it_is_read(plan: InPlace, photo: Path) -> None:
    assert plan.source("a.jpg") == plan.target("a.jpg") == photo


def test_a_photo_is_read_in_one_folder_and_its_result_goes_to_another(
    beside: Beside, photo: Path, tmp_path: Path
) -> None:
    assert (beside.source("a.jpg"), beside.target("a.jpg")) == (photo, tmp_path / "halved" / "a.jpg")
    assert beside.judge(beside.decide("a.jpg"), StoredPhoto((40, 30))).outcome == "resized"


def test_a_photo_that_cannot_be_resized_goes_to_the_other_folder_as_it_is(beside: Beside) -> None:
    judged = beside.judge(beside.decide("a.jpg"), SkippedPhoto("a.jpg", "is cut"))
    assert judged.is_copied and (judged.outcome, judged.reason) == ("skipped", "is cut")


def test_what_is_decided_takes_little_memory(plan: InPlace, photo: Path) -> None:
    names = [f"{number:03d}.jpg" for number in range(400)]
    for name in names:
        photo.with_name(name).write_bytes(b"photo")
        plan.manifest.add(ManifestEntry(name, f"/photos/{name}", fingerprint(photo.with_name(name))))

    def decided(count: int) -> object:
        return [plan.judge(plan.decide(name), StoredPhoto((4000, 3000))) for name in names[:count]]

    assert bytes_per_item(decided, 100, 400) < MAX_BYTES_PER_DECISION
