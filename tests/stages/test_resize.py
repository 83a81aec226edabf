from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from stages import resize as module
from stages.copy import copy_photos
from stages.resize import resize_photos
from stages.resize_plan import wanted_size
from stages.settings.pipeline import CopySettings, ResizeSettings
from storage.errors import StageError, UsageError
from storage.formats.manifest import MANIFEST_NAME, ManifestEntry, read_manifest
from storage.lock import work_lock
from storage.report import RunReport
from tests.drawn_photos import draw_photo, save_photos
from tests.watched_calls import changes_under, contents, run_killed, states

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
SIDES = st.tuples(st.integers(1, 20_000), st.integers(1, 20_000))


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """Three JPEGs of 48 x 32 in a folder, one PNG of 20 x 10."""
    folder = tmp_path / "photos"
    save_photos(folder / "street", 3)
    draw_photo(7, 20, 10).save(folder / "small.png")
    return folder


@pytest.fixture
def settings(originals: Path, tmp_path: Path) -> ResizeSettings:
    """A work folder with copies, to be halved in this process."""
    copy_photos(CopySettings(originals, tmp_path / "datasets"))
    return ResizeSettings(tmp_path / "datasets", 2, num_workers=0)


@pytest.fixture
def beside(originals: Path, tmp_path: Path) -> ResizeSettings:
    """Originals whose halved forms go to another folder."""
    return ResizeSettings(originals, 2, export_dir=tmp_path / "halved", num_workers=0)


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for name in contents(folder):
        if name != MANIFEST_NAME:
            with Image.open(folder / name) as image:
                found[name] = image.size
    return found


def counts(report: RunReport) -> dict[str, int]:
    return {key: number for key, number in report.counts.items() if number and key != "photos"}


def entry_of(folder: Path, name: str) -> ManifestEntry:
    return read_manifest(folder / MANIFEST_NAME).by_name[name]


HALVED = {f"photos/street/photo_00{number}.jpg": (24, 16) for number in range(3)} | {"photos/small.png": (10, 5)}


# Sizes


def test_coefficient_divides_both_sides_and_rounds_down() -> None:
    assert wanted_size((81, 60), ResizeSettings(resize_coefficient=2)) == (40, 30)


def test_side_never_falls_below_a_pixel() -> None:
    assert wanted_size((3, 4000), ResizeSettings(resize_coefficient=8)) == (1, 500)
    assert wanted_size((3, 4000), ResizeSettings(max_side=100)) == (1, 100)


@given(size=SIDES, max_side=st.integers(1, 20_000))
def test_max_side_keeps_aspect_and_never_enlarges(size: tuple[int, int], max_side: int) -> None:
    wanted = wanted_size(size, ResizeSettings(max_side=max_side))
    assert max(wanted) == min(max_side, max(size))
    assert all(new <= old for new, old in zip(wanted, size, strict=True))
    scale = max(wanted) / max(size)
    assert all(abs(new - old * scale) <= 0.5 or new == 1 for new, old in zip(wanted, size, strict=True))


@given(size=SIDES, coefficient=st.integers(1, 100))
def test_coefficient_never_enlarges(size: tuple[int, int], coefficient: int) -> None:
    wanted = wanted_size(size, ResizeSettings(resize_coefficient=coefficient))
    assert all(1 <= new <= old for new, old in zip(wanted, size, strict=True))


# In place


def test_photos_of_a_work_folder_are_halved(settings: ResizeSettings) -> None:
    report = resize_photos(settings)
    assert sizes(settings.image_dir) == HALVED
    assert counts(report) == {"resized": 4}


def test_originals_are_never_touched(settings: ResizeSettings, originals: Path) -> None:
    before = states(originals)
    with changes_under(originals) as changes:
        resize_photos(settings)
    assert changes == []
    assert states(originals) == before


@needs_links
@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_links_are_replaced_and_originals_stay(mode: str, originals: Path, tmp_path: Path) -> None:
    copy = CopySettings(originals, tmp_path / "datasets", mode)
    copy_photos(copy)
    before = contents(originals)
    resize_photos(ResizeSettings(tmp_path / "datasets", 2, num_workers=0))
    assert contents(originals) == before
    assert sizes(tmp_path / "datasets") == HALVED
    assert not any((tmp_path / "datasets" / name).is_symlink() for name in HALVED)
    assert copy_photos(copy).is_current


def test_second_run_writes_nothing(settings: ResizeSettings) -> None:
    resize_photos(settings)
    with changes_under(settings.image_dir) as changes:
        report = resize_photos(settings)
    assert (counts(report), report.is_current) == ({"already_done": 4}, True)
    assert not [change for change in changes if ".lock" not in change]


def test_second_run_decodes_nothing(settings: ResizeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    resize_photos(settings)
    monkeypatch.setattr("stages.resize.read_stored", lambda *_: pytest.fail("a photo was opened"))
    assert resize_photos(settings).is_current


def test_small_photos_are_not_opened_again(settings: ResizeSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = replace(settings, resize_coefficient=1, max_side=1000)
    assert counts(resize_photos(settings)) == {"small_enough": 4}
    monkeypatch.setattr("stages.resize.read_stored", lambda *_: pytest.fail("a photo was opened"))
    assert resize_photos(settings).is_current


def test_coefficient_of_one_changes_no_photo(settings: ResizeSettings) -> None:
    before = contents(settings.image_dir)
    resize_photos(replace(settings, resize_coefficient=1))
    after = contents(settings.image_dir)
    assert {name: after[name] for name in HALVED} == {name: before[name] for name in HALVED}


def test_larger_coefficient_counts_from_the_original_size(settings: ResizeSettings) -> None:
    resize_photos(settings)
    report = resize_photos(replace(settings, resize_coefficient=3))
    assert counts(report) == {"resized": 4}
    assert sizes(settings.image_dir)["photos/street/photo_000.jpg"] == (16, 10)
    assert resize_photos(replace(settings, resize_coefficient=3)).is_current


def test_smaller_coefficient_cannot_be_had_and_says_how(settings: ResizeSettings) -> None:
    resize_photos(replace(settings, resize_coefficient=4))
    before = contents(settings.image_dir)
    report = resize_photos(settings)
    assert contents(settings.image_dir) == before
    assert (counts(report), report.exit_code, report.is_current) == ({"already_smaller": 4}, 0, True)
    assert any("--afresh" in note for note in report.notes)


def test_manifest_records_original_size_and_resizing(settings: ResizeSettings) -> None:
    resize_photos(settings)
    name = "photos/street/photo_000.jpg"
    entry = entry_of(settings.image_dir, name)
    assert (entry.width, entry.height) == (48, 32)
    assert entry.resized is not None
    assert (entry.resized.width, entry.resized.height) == (24, 16)
    assert entry.state(settings.image_dir / name) == entry.resized.fingerprint


def test_max_side_leaves_what_is_smaller(settings: ResizeSettings) -> None:
    report = resize_photos(replace(settings, resize_coefficient=1, max_side=30))
    assert counts(report) == {"resized": 3, "small_enough": 1}
    assert sizes(settings.image_dir)["photos/street/photo_000.jpg"] == (30, 20)


def test_folder_without_manifest_is_refused_and_untouched(originals: Path) -> None:
    before = states(originals)
    with pytest.raises(UsageError, match="copy_images.py, or give --export_dir"):
        resize_photos(ResizeSettings(originals, 2))
    assert states(originals) == before


def test_photos_that_were_put_there_by_hand_are_not_touched(settings: ResizeSettings) -> None:
    own = settings.image_dir / "own.jpg"
    draw_photo(9).save(own)
    before = own.read_bytes()
    report = resize_photos(settings)
    assert own.read_bytes() == before
    assert report.counts["photos"] == 4
    assert any("1 photos that copy_images.py did not put here" in note for note in report.notes)


def test_edited_copy_is_named_and_left(settings: ResizeSettings) -> None:
    edited = settings.image_dir / "photos/small.png"
    draw_photo(11).save(edited)
    before = edited.read_bytes()
    report = resize_photos(settings)
    assert edited.read_bytes() == before
    assert [(photo.name, photo.reason.partition(":")[0]) for photo in report.skipped] == [
        ("photos/small.png", "was changed since it was copied")
    ]


def test_removed_copy_is_named(settings: ResizeSettings) -> None:
    (settings.image_dir / "photos/small.png").unlink()
    report = resize_photos(settings)
    assert (report.skipped[0].reason.partition(":")[0], report.exit_code) == ("is gone", 3)


def test_new_copies_are_resized_alone(settings: ResizeSettings, originals: Path) -> None:
    resize_photos(settings)
    draw_photo(12).save(originals / "later.jpg")
    copy_photos(CopySettings(originals, settings.image_dir))
    assert counts(resize_photos(settings)) == {"resized": 1, "already_done": 4}


# Photos that are not resized


@pytest.fixture
def odd(originals: Path) -> Path:
    """The originals and one photo each that is damaged, animated, and of a format that is not written."""
    (originals / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 broken")
    frames = [Image.new("RGB", (48, 32), colour) for colour in ("red", "blue")]
    frames[0].save(originals / "moving.png", save_all=True, append_images=frames[1:])
    frames[0].save(originals / "still.gif")
    return originals


def test_what_cannot_be_decoded_is_named_and_left(odd: Path, settings: ResizeSettings) -> None:
    copy_photos(CopySettings(odd, settings.image_dir))
    report = resize_photos(settings)
    assert [photo.name for photo in report.skipped] == ["photos/broken.jpg"]
    assert (report.exit_code, report.counts["resized"]) == (3, 4)
    assert (settings.image_dir / "photos/broken.jpg").read_bytes() == (odd / "broken.jpg").read_bytes()


def test_animations_and_unwritten_formats_are_left_alone_and_counted(odd: Path, settings: ResizeSettings) -> None:
    copy_photos(CopySettings(odd, settings.image_dir))
    report = resize_photos(settings)
    assert report.counts["left_alone"] == 2
    assert any("GIF" in note for note in report.notes)
    for name in ("moving.png", "still.gif"):
        assert (settings.image_dir / "photos" / name).read_bytes() == (odd / name).read_bytes()


def test_too_large_photos_are_named(settings: ResizeSettings) -> None:
    report = resize_photos(replace(settings, max_megapixels=0.001))
    assert (len(report.skipped), report.counts["resized"]) == (3, 1)
    assert all("megapixels" in photo.reason for photo in report.skipped)


# Beside


def test_export_gets_a_resized_copy_of_every_photo(beside: ResizeSettings, originals: Path) -> None:
    before = states(originals)
    with changes_under(originals) as changes:
        report = resize_photos(beside)
    assert beside.export_dir is not None
    assert sizes(beside.export_dir) == {name.removeprefix("photos/"): size for name, size in HALVED.items()}
    assert (counts(report), changes, states(originals)) == ({"resized": 4}, [], before)


def test_export_has_a_manifest_of_its_own(beside: ResizeSettings, originals: Path) -> None:
    resize_photos(beside)
    assert beside.export_dir is not None
    entry = entry_of(beside.export_dir, "small.png")
    assert entry.source_path == originals.resolve() / "small.png"
    assert (entry.width, entry.height) == (20, 10)
    assert not (originals / MANIFEST_NAME).exists()


def test_second_export_writes_nothing(beside: ResizeSettings) -> None:
    resize_photos(beside)
    assert beside.export_dir is not None
    with changes_under(beside.export_dir) as changes:
        report = resize_photos(beside)
    assert (counts(report), report.is_current) == ({"already_done": 4}, True)
    assert not [change for change in changes if ".lock" not in change]


def test_export_copies_what_is_not_resized(odd: Path, beside: ResizeSettings) -> None:
    report = resize_photos(beside)
    assert beside.export_dir is not None
    assert counts(report) == {"resized": 4, "left_alone": 2, "copied": 3, "skipped": 1}
    for name in ("broken.jpg", "moving.png", "still.gif"):
        assert (beside.export_dir / name).read_bytes() == (odd / name).read_bytes()
    assert resize_photos(beside).is_current


def test_export_can_be_made_larger_again(beside: ResizeSettings) -> None:
    resize_photos(replace(beside, resize_coefficient=4))
    assert counts(resize_photos(beside)) == {"resized": 4}
    assert beside.export_dir is not None
    assert sizes(beside.export_dir)["street/photo_000.jpg"] == (24, 16)
    resize_photos(replace(beside, resize_coefficient=1))
    assert sizes(beside.export_dir)["street/photo_000.jpg"] == (48, 32)


def test_replaced_original_is_exported_again(beside: ResizeSettings, originals: Path) -> None:
    resize_photos(beside)
    draw_photo(13, 40, 40).save(originals / "small.png")
    assert counts(resize_photos(beside)) == {"resized": 1, "already_done": 3}
    assert beside.export_dir is not None
    assert sizes(beside.export_dir)["small.png"] == (20, 20)


def test_vanished_original_leaves_its_export(beside: ResizeSettings, originals: Path) -> None:
    resize_photos(beside)
    assert beside.export_dir is not None
    before = contents(beside.export_dir)
    (originals / "small.png").unlink()
    assert resize_photos(beside).is_current
    assert contents(beside.export_dir) == before
    shutil.rmtree(originals)
    with pytest.raises(StageError):
        resize_photos(beside)
    assert contents(beside.export_dir) == before


def test_foreign_file_in_the_export_is_never_overwritten(beside: ResizeSettings) -> None:
    assert beside.export_dir is not None
    beside.export_dir.mkdir()
    (beside.export_dir / "small.png").write_bytes(b"mine")
    report = resize_photos(beside)
    assert (beside.export_dir / "small.png").read_bytes() == b"mine"
    assert [photo.name for photo in report.skipped] == ["small.png"]


def test_export_of_a_work_folder_keeps_its_names(settings: ResizeSettings, tmp_path: Path) -> None:
    before = contents(settings.image_dir)
    resize_photos(replace(settings, export_dir=tmp_path / "halved"))
    assert sizes(tmp_path / "halved") == HALVED
    assert contents(settings.image_dir) == before


@needs_links
def test_export_of_a_work_folder_of_links_follows_them(originals: Path, tmp_path: Path) -> None:
    copy_photos(CopySettings(originals, tmp_path / "datasets", "symlink"))
    resize_photos(ResizeSettings(tmp_path / "datasets", 2, export_dir=tmp_path / "halved", num_workers=0))
    assert sizes(tmp_path / "halved") == HALVED


@needs_links
def test_export_into_a_folder_of_links_is_refused(originals: Path, tmp_path: Path) -> None:
    copy_photos(CopySettings(originals, tmp_path / "datasets", "symlink"))
    with pytest.raises(UsageError, match="--mode symlink"):
        resize_photos(ResizeSettings(originals, 2, export_dir=tmp_path / "datasets", num_workers=0))


def test_export_into_the_source_is_refused(originals: Path) -> None:
    before = states(originals)
    with pytest.raises(UsageError, match="lies in"):
        resize_photos(ResizeSettings(originals, 2, export_dir=originals / "small"))
    assert states(originals) == before


# Workers, kills and failures


def test_workers_give_the_same_bytes(settings: ResizeSettings, tmp_path: Path) -> None:
    resize_photos(replace(settings, export_dir=tmp_path / "alone"))
    resize_photos(replace(settings, export_dir=tmp_path / "together", num_workers=1))
    alone, together = contents(tmp_path / "alone"), contents(tmp_path / "together")
    assert {name: alone[name] for name in HALVED} == {name: together[name] for name in HALVED}


@needs_fork
@pytest.mark.parametrize("batch", [1, 256])
@pytest.mark.parametrize("former", [None, "in place", "beside"])
def test_kill_at_any_change_costs_nothing(
    batch: int, former: str | None, originals: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Former: nothing, photos that were resized in place already, or an export whose originals were replaced."""
    monkeypatch.setattr(module, "PHOTOS_PER_BATCH", batch)
    expected: dict[str, str] = {}
    at_change, was_killed = 0, True
    while was_killed:
        folder = tmp_path / f"datasets_{at_change}"
        settings = ResizeSettings(folder, 4, num_workers=0)
        if former == "beside":
            settings = replace(settings, image_dir=originals, export_dir=folder)
            save_photos(originals / "street", 3)
            resize_photos(settings)
            save_photos(originals / "street", 3, first_seed=100)
        else:
            copy_photos(CopySettings(originals, folder))
            if former == "in place":
                resize_photos(replace(settings, resize_coefficient=2))
        before = contents(folder)
        if at_change:
            was_killed = run_killed(lambda settings=settings: resize_photos(settings), at_change)  # type: ignore[misc]
            found = contents(folder)
            assert all(found[name] in (before[name], expected[name]) for name in found if name != MANIFEST_NAME)
        report = resize_photos(settings)
        assert report.exit_code == 0
        after = contents(folder)
        after.pop(MANIFEST_NAME)
        expected = expected or after
        assert after == expected
        assert resize_photos(settings).is_current
        assert not list(folder.rglob("*.tmp"))
        assert not (folder / module.STAGING_NAME).exists()
        at_change += 11
    assert at_change > 20


def test_photo_that_changes_meanwhile_is_named(
    beside: ResizeSettings, originals: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink = module.shrink_photo

    def changing(source: Path, *args: Any) -> None:
        shrink(source, *args)
        if source.name == "small.png":
            draw_photo(14).save(source)

    monkeypatch.setattr(module, "shrink_photo", changing)
    report = resize_photos(beside)
    assert [(photo.name, photo.reason) for photo in report.skipped] == [
        ("small.png", "changed while it was being read")
    ]
    assert report.counts["resized"] == 3


def test_full_disk_is_an_error_and_the_next_run_goes_on(
    settings: ResizeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shrink, calls = module.shrink_photo, []

    def full(source: Path, target: Path, *args: Any) -> None:
        calls.append(source)
        if len(calls) == 3:
            raise StageError(f"cannot write {target}: No space left on device")
        shrink(source, target, *args)

    monkeypatch.setattr(module, "shrink_photo", full)
    with pytest.raises(StageError, match="No space left"):
        resize_photos(settings)
    monkeypatch.undo()
    resize_photos(settings)
    assert sizes(settings.image_dir) == HALVED


def test_two_runs_at_once_are_refused(settings: ResizeSettings) -> None:
    with work_lock(settings.image_dir), pytest.raises(StageError, match="in use"):
        resize_photos(settings)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"resize_coefficient": 0}, "--resize_coefficient is 0, but must be 1 or more"),
        ({"resize_coefficient": -2}, "--resize_coefficient is -2"),
        ({"max_side": 0}, "--max_side is 0"),
        ({"quality": 0}, "--quality is 0, but must be 1 to 100"),
        ({"quality": 101}, "--quality is 101"),
        ({"max_megapixels": 0}, "--max_megapixels is 0"),
        ({"num_workers": -1}, "--num_workers is -1"),
        ({"timeout_s": 0}, "--timeout_s is 0"),
        ({"max_side": 100}, "exclude each other"),
    ],
)
def test_wrong_number_is_a_usage_error(changes: dict[str, Any], message: str, settings: ResizeSettings) -> None:
    with pytest.raises(UsageError, match=message):
        resize_photos(replace(settings, **changes))


def test_missing_folder_is_an_error_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(StageError, match="does not exist"):
        resize_photos(ResizeSettings(tmp_path / "nowhere", 2))
    with pytest.raises(StageError, match="does not exist"):
        resize_photos(ResizeSettings(tmp_path / "nowhere", 2, export_dir=tmp_path / "out"))
    assert list(tmp_path.iterdir()) == []


def test_report_says_what_was_done(settings: ResizeSettings) -> None:
    resize_photos(settings)
    path = settings.image_dir / "reports/resize_images/report.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["counts"]["resized"] == 4
    assert content["settings"]["resize_coefficient"] == 2


def test_real_photos_keep_position_and_look(shared_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for source in sorted((shared_dir / "photos" / "gps").glob("*.jpg"))[:3]:
        shutil.copy(source, folder)
    report = resize_photos(ResizeSettings(folder, 4, export_dir=tmp_path / "small", num_workers=0))
    assert counts(report) == {"resized": 3}
    for path in sorted(folder.iterdir()):
        with Image.open(path) as before, Image.open(tmp_path / "small" / path.name) as after:
            assert after.getexif().get_ifd(0x8825) == before.getexif().get_ifd(0x8825)
            expected = before.resize(after.size, Image.Resampling.LANCZOS)
            difference = np.abs(np.asarray(after).astype(int) - np.asarray(expected).astype(int))
            assert difference.mean() < 3
