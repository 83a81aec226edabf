from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from stages import copy as module
from stages.copy import copy_photos
from stages.resize import resize_photos
from stages.settings.pipeline import CopySettings, ResizeSettings
from storage import transfer as transfer_module
from storage.errors import DamagedFileError, PhotoError, StageError, UsageError
from storage.formats.manifest import MANIFEST_NAME, read_manifest
from storage.lock import work_lock
from storage.report import RunReport
from tests.drawn_photos import draw_photo, save_photos
from tests.watched_calls import changes_under, contents, run_killed, states

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Four photos in two folders; one without a folder, one that no decoder takes."""
    folder = tmp_path / "after the quake"
    save_photos(folder / "street", 2)
    draw_photo(7).save(folder / "top.png")
    (folder / "street" / "broken.jpg").write_bytes(b"never decoded here")
    (folder / "notes.txt").write_text("no photo", encoding="utf-8")
    return folder


@pytest.fixture
def settings(source: Path, tmp_path: Path) -> CopySettings:
    return CopySettings(source, tmp_path / "datasets")


NAMES = [
    f"after the quake/{name}"
    for name in ("street/broken.jpg", "street/photo_000.jpg", "street/photo_001.jpg", "top.png")
]


def copied_names(settings: CopySettings) -> list[str]:
    return [name for name in contents(settings.export_dir) if name != MANIFEST_NAME]


def test_every_photo_is_copied_with_its_folders(settings: CopySettings) -> None:
    report = copy_photos(settings)
    assert copied_names(settings) == NAMES
    assert (report.counts["photos"], report.counts["copied"], report.exit_code) == (4, 4, 0)


def test_copies_equal_their_sources(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    for name in NAMES:
        original, copy = source.parent / name, settings.export_dir / name
        assert copy.read_bytes() == original.read_bytes()
        assert copy.stat().st_mtime_ns == original.stat().st_mtime_ns


def test_manifest_maps_every_copy_to_its_source(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    manifest = read_manifest(settings.export_dir / MANIFEST_NAME)
    assert {entry.name: entry.source_path for entry in manifest.entries} == {
        name: source.resolve().parent / name for name in NAMES
    }
    for entry in manifest.entries:
        assert entry.state(settings.export_dir / entry.name) == entry.fingerprint


def test_source_is_opened_for_reading_only(settings: CopySettings, source: Path) -> None:
    before = states(source)
    with changes_under(source) as changes:
        copy_photos(settings)
        copy_photos(settings)
    assert changes == []
    assert states(source) == before


def test_second_run_writes_nothing(settings: CopySettings) -> None:
    copy_photos(settings)
    before = states(settings.export_dir)
    with changes_under(settings.export_dir) as changes:
        report = copy_photos(settings)
    after = states(settings.export_dir)
    assert (report.is_current, report.counts["already_there"], report.counts["copied"]) == (True, 4, 0)
    assert {path for path in before if before[path] != after.get(path)} <= {str(settings.export_dir / ".lock")}
    assert not [change for change in changes if ".lock" not in change]


def test_second_run_reads_no_photo(settings: CopySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    copy_photos(settings)
    monkeypatch.setattr("storage.fingerprints.hashlib.file_digest", lambda *_: pytest.fail("a photo was read"))
    assert copy_photos(settings).is_current


def test_new_photo_is_added_alone(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    draw_photo(20).save(source / "later.jpg")
    report = copy_photos(settings)
    assert (report.counts["copied"], report.counts["already_there"]) == (1, 4)


def test_replaced_source_replaces_its_copy(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    draw_photo(30).save(source / "top.png")
    report = copy_photos(settings)
    assert (report.counts["replaced"], report.counts["already_there"]) == (1, 3)
    assert (settings.export_dir / "after the quake/top.png").read_bytes() == (source / "top.png").read_bytes()
    assert copy_photos(settings).is_current


def test_touched_source_keeps_the_times_equal(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    os.utime(source / "top.png", ns=(10**18, 10**18))
    copy_photos(settings)
    assert (settings.export_dir / "after the quake/top.png").stat().st_mtime_ns == 10**18
    assert copy_photos(settings).is_current


def test_removed_copy_is_made_again(settings: CopySettings) -> None:
    copy_photos(settings)
    (settings.export_dir / NAMES[0]).unlink()
    assert copy_photos(settings).counts["copied"] == 1
    assert copied_names(settings) == NAMES


def test_vanished_source_removes_nothing(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    before = contents(settings.export_dir)
    (source / "top.png").unlink()
    report = copy_photos(settings)
    assert contents(settings.export_dir) == before
    assert (report.counts["source_gone"], report.exit_code, report.is_current) == (1, 0, True)
    assert any("--prune" in note for note in report.notes)


def test_mostly_vanished_source_is_said_loudly(
    settings: CopySettings, source: Path, caplog: pytest.LogCaptureFixture
) -> None:
    copy_photos(settings)
    before = contents(settings.export_dir)
    shutil.rmtree(source / "street")
    report = copy_photos(settings)
    assert contents(settings.export_dir) == before
    assert report.exit_code == 3
    assert [photo.name for photo in sorted(report.skipped)] == NAMES[:3]
    assert "disk" in caplog.text


@pytest.mark.parametrize("is_emptied", [True, False])
def test_source_that_vanished_wholly_is_an_error(is_emptied: bool, settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    before = contents(settings.export_dir)
    shutil.rmtree(source)
    if is_emptied:
        source.mkdir()
    with pytest.raises(StageError):
        copy_photos(replace(settings, prune=True))
    assert contents(settings.export_dir) == before


def test_prune_removes_copies_of_vanished_sources(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    (source / "top.png").unlink()
    report = copy_photos(replace(settings, prune=True))
    assert (report.counts["removed"], report.counts["source_gone"]) == (1, 0)
    assert report.notes == ["1 copies were removed, as their photos are gone"]
    assert copied_names(settings) == NAMES[:3]
    assert copy_photos(settings).is_current


def test_prune_keeps_a_copy_that_somebody_changed(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    (source / "top.png").unlink()
    (settings.export_dir / NAMES[3]).write_bytes(b"painted over")
    report = copy_photos(replace(settings, prune=True))
    assert report.counts["removed"] == 0
    assert (settings.export_dir / NAMES[3]).read_bytes() == b"painted over"


def test_prune_refuses_when_most_are_gone(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    before = contents(settings.export_dir)
    shutil.rmtree(source / "street")
    with pytest.raises(StageError, match="3 photos are gone"):
        copy_photos(replace(settings, prune=True))
    assert contents(settings.export_dir) == before


def test_dry_run_writes_nothing_and_tells_the_plan(settings: CopySettings, source: Path) -> None:
    report = copy_photos(replace(settings, dry_run=True))
    assert not settings.export_dir.exists()
    assert report.counts["would_be_copied"] == 4
    assert report.outputs[str(source.resolve() / "top.png")] == str(settings.export_dir / "after the quake/top.png")


def test_dry_run_of_a_finished_copy_plans_nothing(settings: CopySettings) -> None:
    copy_photos(settings)
    before = states(settings.export_dir)
    report = copy_photos(replace(settings, dry_run=True))
    assert (report.counts["would_be_copied"], report.outputs) == (0, {})
    assert states(settings.export_dir) == before


def test_foreign_file_in_the_place_of_a_copy_is_never_overwritten(settings: CopySettings) -> None:
    foreign = settings.export_dir / NAMES[3]
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"somebody's own")
    report = copy_photos(settings)
    assert foreign.read_bytes() == b"somebody's own"
    assert [photo.name for photo in report.skipped] == [NAMES[3]]
    assert "move it away" in report.skipped[0].reason
    assert (report.exit_code, report.counts["copied"]) == (3, 3)


def test_edited_copy_is_never_overwritten(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    edited = settings.export_dir / NAMES[3]
    edited.write_bytes(b"painted over")
    draw_photo(40).save(source / "top.png")
    assert [photo.name for photo in copy_photos(settings).skipped] == [NAMES[3]]
    assert edited.read_bytes() == b"painted over"


def test_equal_file_without_an_entry_is_taken_for_the_copy(settings: CopySettings) -> None:
    copy_photos(settings)
    (settings.export_dir / MANIFEST_NAME).unlink()
    report = copy_photos(settings)
    assert (report.counts["already_there"], report.counts["copied"], report.exit_code) == (4, 0, 0)
    assert not report.is_current
    assert copy_photos(settings).is_current


@needs_links
def test_broken_link_in_the_place_of_a_copy_is_named(settings: CopySettings) -> None:
    link = settings.export_dir / NAMES[3]
    link.parent.mkdir(parents=True)
    link.symlink_to("nowhere")
    assert "broken link" in copy_photos(settings).skipped[0].reason


@needs_links
def test_folder_that_leads_out_of_the_work_folder_is_refused(settings: CopySettings, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    settings.export_dir.mkdir()
    (settings.export_dir / "after the quake").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StageError, match="leads out"):
        copy_photos(settings)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def _refuse_name(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Make the photos of these file names unreadable."""

    def transfer(source: Path, target: Path, mode: str) -> Any:
        if source.name in names:
            raise PhotoError("cannot be read: Permission denied")
        return transfer_module.transfer(source, target, mode)

    monkeypatch.setattr(module, "transfer", transfer)


def test_nothing_readable_is_an_error(settings: CopySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    _refuse_name(monkeypatch, *(Path(name).name for name in NAMES))
    with pytest.raises(StageError, match="none of the 4 photos .*Permission denied"):
        copy_photos(settings)


def test_unreadable_photo_is_named_and_the_others_are_copied(
    settings: CopySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    _refuse_name(monkeypatch, "top.png")
    report = copy_photos(settings)
    assert [(photo.name, photo.reason) for photo in report.skipped] == [(NAMES[3], "cannot be read: Permission denied")]
    assert (report.exit_code, report.counts["copied"]) == (3, 3)
    assert copied_names(settings) == NAMES[:3]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be read here")
def test_photo_without_read_permission_is_named(settings: CopySettings, source: Path) -> None:
    (source / "top.png").chmod(0)
    assert [photo.name for photo in copy_photos(settings).skipped] == [NAMES[3]]


def test_dot_is_the_folder_one_stands_in(settings: CopySettings, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(source)
    copy_photos(replace(settings, image_dir=Path()))
    assert copied_names(settings) == NAMES


@pytest.mark.parametrize("inside", ["", "work", "street/work"])
def test_output_in_the_source_is_refused(inside: str, settings: CopySettings, source: Path) -> None:
    before = states(source)
    with pytest.raises(UsageError, match="--export_dir"):
        copy_photos(replace(settings, export_dir=source / inside))
    assert states(source) == before


def test_source_in_the_output_is_refused(settings: CopySettings, source: Path) -> None:
    with pytest.raises(UsageError, match="--image_dir"):
        copy_photos(replace(settings, image_dir=source / "street", export_dir=source))


def test_unknown_mode_is_a_usage_error(settings: CopySettings) -> None:
    with pytest.raises(UsageError, match="'move'.*copy, hardlink"):
        copy_photos(replace(settings, mode="move"))


def test_damaged_manifest_is_an_error_and_stays(settings: CopySettings) -> None:
    copy_photos(settings)
    (settings.export_dir / MANIFEST_NAME).write_text("{", encoding="utf-8")
    before = contents(settings.export_dir)
    with pytest.raises(DamagedFileError):
        copy_photos(settings)
    assert contents(settings.export_dir) == before


def test_two_runs_at_once_are_refused(settings: CopySettings) -> None:
    with work_lock(settings.export_dir), pytest.raises(StageError, match="in use"):
        copy_photos(settings)


# Names


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be made on Windows")
def test_unsafe_names_are_made_safe_once(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in (b"a\nb.jpg", b"caf\xe9.jpg", b"x:y.jpg", b"two words.jpg"):
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(name)
    settings = CopySettings(folder, tmp_path / "datasets")
    copy_photos(settings)
    assert copied_names(settings) == [f"photos/{name}" for name in ("a_b.jpg", "caf_.jpg", "two words.jpg", "x_y.jpg")]
    (row,) = [
        row
        for row in json.loads((settings.export_dir / MANIFEST_NAME).read_text(encoding="utf-8"))["entries"]
        if row["name"] == "photos/caf_.jpg"
    ]
    assert bytes.fromhex(row["source_bytes"]).endswith(b"caf\xe9.jpg")
    assert copy_photos(settings).is_current


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be made on Windows")
def test_report_of_a_name_that_is_not_utf8_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    save_photos(folder, 2)
    (folder / "photo_000.jpg").rename(folder / os.fsdecode(b"\xe9.jpg"))
    _refuse_name(monkeypatch, os.fsdecode(b"\xe9.jpg"))
    copy_photos(CopySettings(folder, tmp_path / "datasets"))
    report = json.loads((tmp_path / "datasets/reports/copy_images/report.json").read_text(encoding="utf-8"))
    assert report["skipped"] == [{"name": "caf\\udce9/\\udce9.jpg", "reason": "cannot be read: Permission denied"}]
    assert report["settings"]["image_dir"].endswith("caf\\udce9")


@pytest.mark.skipif(os.name == "nt", reason="Windows takes the names for the same")
def test_names_that_clash_elsewhere_are_numbered(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for name in ("a.jpg", "A.jpg", "é.jpg", "e\u0301.jpg"):
        (folder / name).write_bytes(name.encode())
    if len(list(folder.iterdir())) < 4:
        pytest.skip("this disk takes the names for the same")
    settings = CopySettings(folder, tmp_path / "datasets")
    report = copy_photos(settings)
    assert report.counts["copied"] == 4
    assert len({name.casefold() for name in copied_names(settings)}) == 4
    assert {(settings.export_dir / name).read_bytes() for name in copied_names(settings)} == {
        name.encode() for name in ("a.jpg", "A.jpg", "é.jpg", "e\u0301.jpg")
    }


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be made on Windows")
def test_name_once_given_stays_when_a_rival_comes(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    (folder / "b:.jpg").write_bytes(b"first")
    settings = CopySettings(folder, tmp_path / "datasets")
    copy_photos(settings)
    (folder / "b_.jpg").write_bytes(b"second")
    copy_photos(settings)
    assert (settings.export_dir / "photos/b_.jpg").read_bytes() == b"first"
    assert (settings.export_dir / "photos/b_~2.jpg").read_bytes() == b"second"


def test_two_sources_of_one_name_share_a_work_folder(tmp_path: Path) -> None:
    for number, folder in enumerate(("x/photos", "y/photos")):
        save_photos(tmp_path / folder, 1, first_seed=number)
        copy_photos(CopySettings(tmp_path / folder, tmp_path / "datasets"))
    settings = CopySettings(tmp_path / "x/photos", tmp_path / "datasets")
    assert copied_names(settings) == ["photos/photo_000.jpg", "photos/photo_000~2.jpg"]
    assert copy_photos(settings).is_current
    assert copy_photos(replace(settings, image_dir=tmp_path / "y/photos")).is_current


def test_moved_source_folder_is_known_again(settings: CopySettings, source: Path, tmp_path: Path) -> None:
    copy_photos(settings)
    moved = tmp_path / "other disk" / source.name
    moved.parent.mkdir()
    source.rename(moved)
    report = copy_photos(replace(settings, image_dir=moved))
    assert (report.counts["already_there"], report.counts["copied"], report.counts["source_gone"]) == (4, 0, 0)
    assert copied_names(settings) == NAMES
    entries = read_manifest(settings.export_dir / MANIFEST_NAME).entries
    assert all(entry.source_path.is_relative_to(moved.resolve()) for entry in entries)


@needs_links
@pytest.mark.parametrize("mode", ["copy", "hardlink", "symlink"])
def test_renamed_and_moved_photos_keep_their_copies(settings: CopySettings, source: Path, mode: str) -> None:
    settings = replace(settings, mode=mode)
    copy_photos(settings)
    (source / "old scans").mkdir()
    (source / "top.png").rename(source / "roof.png")
    moved = (source / "street" / "photo_001.jpg").rename(source / "old scans" / "photo_001.jpg")
    report = copy_photos(settings)
    assert copied_names(settings) == NAMES
    assert (report.counts["copied"], report.counts["source_gone"], report.exit_code) == (0, 0, 0)
    assert report.notes == [
        "2 photos were renamed or moved: their copies keep their names (manifest.json tells where each comes from)"
    ]
    by_name = read_manifest(settings.export_dir / MANIFEST_NAME).by_name
    assert by_name[NAMES[2]].source_path == moved.resolve()
    assert (settings.export_dir / NAMES[2]).read_bytes() == moved.read_bytes()
    again = copy_photos(settings)
    assert again.is_current and not again.notes


def test_deleted_photo_is_not_taken_for_another_that_is_new(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    (source / "top.png").unlink()
    draw_photo(8).save(source / "new.png")
    report = copy_photos(settings)
    assert (report.counts["copied"], report.counts["source_gone"]) == (1, 1)


def test_second_copy_of_a_photo_that_stands_gets_a_copy_of_its_own(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    shutil.copy2(source / "top.png", source / "twin.png")
    assert copy_photos(settings).counts["copied"] == 1
    assert "after the quake/twin.png" in copied_names(settings)


def test_pruning_keeps_the_copy_of_a_renamed_photo(settings: CopySettings, source: Path) -> None:
    copy_photos(settings)
    (source / "top.png").rename(source / "roof.png")
    assert copy_photos(replace(settings, prune=True)).counts["removed"] == 0
    assert copied_names(settings) == NAMES


def test_photo_skipped_now_and_copied_before_is_not_counted_as_missing(
    settings: CopySettings, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_photos(settings)
    draw_photo(8).save(source / "new.png")
    draw_photo(9).save(source / "top.png")  # another content, so that it is read again
    _refuse_name(monkeypatch, "new.png", "top.png")
    counts = copy_photos(settings).counts
    assert (counts["skipped"], counts["not_copied"]) == (2, 1)


def test_other_photo_of_a_moved_name_is_copied_beside(settings: CopySettings, source: Path, tmp_path: Path) -> None:
    copy_photos(settings)
    moved = tmp_path / "other disk" / source.name
    moved.parent.mkdir()
    source.rename(moved)
    draw_photo(50).save(moved / "top.png")
    report = copy_photos(replace(settings, image_dir=moved))
    assert (report.counts["already_there"], report.counts["copied"]) == (3, 1)
    assert "after the quake/top~2.png" in copied_names(settings)


# Links


@needs_links
@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_links_take_the_place_of_copies(mode: str, settings: CopySettings, source: Path) -> None:
    settings = replace(settings, mode=mode)
    copy_photos(settings)
    for name in NAMES:
        assert (settings.export_dir / name).samefile(source.parent / name)
        assert (settings.export_dir / name).is_symlink() == (mode == "symlink")
    assert read_manifest(settings.export_dir / MANIFEST_NAME).mode == mode
    assert copy_photos(settings).is_current


@needs_links
@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_replaced_source_is_linked_anew(mode: str, settings: CopySettings, source: Path) -> None:
    settings = replace(settings, mode=mode)
    copy_photos(settings)
    new = source / "new.png"
    draw_photo(60).save(new)
    new.replace(source / "top.png")
    copy_photos(settings)
    assert (settings.export_dir / NAMES[3]).samefile(source / "top.png")
    assert copy_photos(settings).is_current


@needs_links
def test_source_edited_through_its_hard_link_updates_the_manifest(settings: CopySettings, source: Path) -> None:
    settings = replace(settings, mode="hardlink")
    copy_photos(settings)
    draw_photo(60).save(source / "top.png")  # written in place: the same file
    copy_photos(settings)
    entry = read_manifest(settings.export_dir / MANIFEST_NAME).by_name[NAMES[3]]
    assert entry.state(source / "top.png") == entry.fingerprint
    assert copy_photos(settings).is_current


@needs_links
def test_other_mode_in_the_same_work_folder_is_refused(settings: CopySettings) -> None:
    copy_photos(settings)
    before = contents(settings.export_dir)
    with pytest.raises(UsageError, match="--mode copy, not symlink"):
        copy_photos(replace(settings, mode="symlink"))
    assert contents(settings.export_dir) == before


@needs_links
def test_linked_photos_are_left_out_unless_asked_for(settings: CopySettings, source: Path, tmp_path: Path) -> None:
    save_photos(tmp_path / "more", 1)
    (source / "more").symlink_to(tmp_path / "more")
    assert copy_photos(settings).counts["photos"] == 4
    assert copy_photos(replace(settings, follow_links=True)).counts["copied"] == 1
    assert not (settings.export_dir / "after the quake/more").is_symlink()


# Resized copies


@pytest.fixture
def resized(settings: CopySettings) -> Iterator[CopySettings]:
    copy_photos(settings)
    resize_photos(ResizeSettings(settings.export_dir, 2, num_workers=0))
    yield settings


def test_resized_copies_are_left_as_they_are(resized: CopySettings) -> None:
    before = contents(resized.export_dir)
    assert copy_photos(resized).is_current
    assert contents(resized.export_dir) == before


def test_afresh_brings_back_the_full_size(resized: CopySettings, source: Path) -> None:
    report = copy_photos(replace(resized, afresh=True))
    assert (report.counts["replaced"], report.counts["already_there"]) == (3, 1)
    assert all((resized.export_dir / name).read_bytes() == (source.parent / name).read_bytes() for name in NAMES)
    assert copy_photos(replace(resized, afresh=True)).is_current


def test_source_replaced_since_replaces_its_resized_copy(resized: CopySettings, source: Path) -> None:
    draw_photo(70).save(source / "top.png")
    assert copy_photos(resized).counts["replaced"] == 1
    assert (resized.export_dir / NAMES[3]).read_bytes() == (source / "top.png").read_bytes()


def test_touched_source_leaves_its_resized_copy(resized: CopySettings, source: Path) -> None:
    before = (resized.export_dir / NAMES[3]).read_bytes()
    os.utime(source / "top.png", ns=(10**18, 10**18))
    copy_photos(resized)
    assert (resized.export_dir / NAMES[3]).read_bytes() == before
    assert copy_photos(resized).is_current


# Kills and failures


@needs_fork
@pytest.mark.parametrize("checkpoint", [1, 1000])
def test_kill_at_any_change_costs_nothing(
    checkpoint: int, settings: CopySettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PHOTOS_PER_CHECKPOINT", checkpoint)
    whole = replace(settings, export_dir=tmp_path / "whole")
    copy_photos(whole)
    expected = contents(whole.export_dir)
    at_change, was_killed = 0, True
    while was_killed:
        at_change += 7 if checkpoint == 1 else 4
        killed = replace(settings, export_dir=tmp_path / f"killed_{at_change}")
        was_killed = run_killed(lambda killed=killed: copy_photos(killed), at_change)  # type: ignore[misc]
        if killed.export_dir.exists():
            found = contents(killed.export_dir)
            assert all(expected[name] == found[name] for name in found if name != MANIFEST_NAME), "no half file"
        report = copy_photos(killed)
        assert report.exit_code == 0
        assert contents(killed.export_dir) == expected
        assert not list(killed.export_dir.rglob("*.tmp"))
    assert at_change > 20


def test_interrupted_copy_goes_on_where_it_stopped(settings: CopySettings, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Path] = []

    def interrupted(source: Path, target: Path, mode: str) -> Any:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(source)
        return transfer_module.transfer(source, target, mode)

    monkeypatch.setattr(module, "transfer", interrupted)
    with pytest.raises(KeyboardInterrupt):
        copy_photos(settings)
    monkeypatch.undo()
    assert len(read_manifest(settings.export_dir / MANIFEST_NAME).entries) == 2
    assert copy_photos(settings).counts["copied"] == 2


def test_full_disk_is_an_error_and_the_next_run_goes_on(
    settings: CopySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Path] = []

    def full(source: Path, target: Path, mode: str) -> Any:
        calls.append(source)
        if len(calls) == 3:
            raise StageError(f"cannot write {target}: No space left on device")
        return transfer_module.transfer(source, target, mode)

    monkeypatch.setattr(module, "transfer", full)
    with pytest.raises(StageError, match="No space left"):
        copy_photos(settings)
    monkeypatch.undo()
    assert copy_photos(settings).counts["copied"] == 2


def test_report_is_written_once_something_was_done(settings: CopySettings) -> None:
    copy_photos(settings)
    path = settings.export_dir / "reports/copy_images/report.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["counts"]["copied"] == 4
    assert content["settings"]["mode"] == "copy"
    before = path.stat().st_mtime_ns
    copy_photos(settings)
    assert path.stat().st_mtime_ns == before


def test_accounting_holds_whatever_happens(settings: CopySettings) -> None:
    foreign = settings.export_dir / NAMES[3]
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"mine")

    def balance(report: RunReport) -> int:
        return sum(report.counts[key] for key in ("copied", "replaced", "already_there", "skipped"))

    for report in (copy_photos(settings), copy_photos(settings)):
        assert balance(report) == report.counts["photos"] == 4


@pytest.mark.parametrize("is_resized", [False, True], ids=["copies", "resized copies"])
def test_what_the_message_about_a_damaged_manifest_says_works(
    settings: CopySettings, tmp_path: Path, is_resized: bool
) -> None:
    copy_photos(settings)
    before, path = copied_names(settings), settings.export_dir / MANIFEST_NAME
    if is_resized:
        resize_photos(ResizeSettings(settings.export_dir, max_side=8, num_workers=0))
    path.write_bytes(path.read_bytes().replace(b'"size": ', b'"size": 9', 1))
    with pytest.raises(DamagedFileError, match="delete it first or, where photos were resized, move its whole folder"):
        copy_photos(settings)
    if is_resized:
        settings.export_dir.rename(tmp_path / "away")
    else:
        path.unlink()
    report = copy_photos(settings)
    assert copied_names(settings) == before and report.exit_code == 0 and len(read_manifest(path).entries) > 0
