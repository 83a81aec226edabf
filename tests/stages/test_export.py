from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages import export as module
from stages.copy import copy_photos
from stages.export import building_folders, export_clusters
from stages.resize import resize_photos
from stages.settings.pipeline import CopySettings, ExportSettings, ResizeSettings
from storage import transfer as transfer_module
from storage.errors import DamagedFileError, PhotoError, StageError, UsageError
from storage.formats.clusters import write_clusters_info
from storage.formats.export import EXPORT_NAME, read_export
from storage.lock import work_lock
from tests.drawn_photos import draw_photo
from tests.watched_calls import changes_under, contents, run_killed, states

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
CLUSTERS = {"0": ["a/1.jpg", "b/1.jpg"], "7": ["a/2.jpg", "a/3.jpg", "c.jpg"], "-1": ["b/9.jpg"]}
EXPECTED = [
    "NotAssigned/b/9.jpg",
    "building_1/a/2.jpg",
    "building_1/a/3.jpg",
    "building_1/c.jpg",
    "building_2/a/1.jpg",
    "building_2/b/1.jpg",
]


def write_photo(path: Path) -> None:
    """Write a file whose bytes tell its name; nothing is decoded here."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(f"photo {path.name} of {path.parent.name}".encode())


def write_clusters(settings: ExportSettings, clusters: Mapping[str, Sequence[str]]) -> None:
    (settings.results_dir / "clusters.json").write_text(json.dumps(clusters), encoding="utf-8")


@pytest.fixture
def settings(tmp_path: Path) -> ExportSettings:
    settings = ExportSettings(tmp_path / "datasets", tmp_path / "results")
    for names in CLUSTERS.values():
        for name in names:
            write_photo(settings.image_dir / name)
    settings.results_dir.mkdir()
    write_clusters(settings, CLUSTERS)
    return settings


def tree_of(settings: ExportSettings) -> Path:
    return settings.results_dir / "building_images"


def exported(settings: ExportSettings) -> list[str]:
    return sorted(contents(tree_of(settings)))


# What goes where


@pytest.mark.parametrize("number", range(8))
def test_golden_cases_hold_where_the_original_was_right(
    number: int, shared_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it was wrong (e05 to e07), what it should have written."""
    case = json.loads((shared_dir / "cases/graph/export_cases.json").read_text(encoding="utf-8"))[number]
    wanted = case["files_written"]
    if case["name"].startswith("e05"):
        wanted = {f"results/building_images/building_1/a/{name}": f"SRC a/{name}" for name in ("1.jpg", "2.jpg")}
    if case["name"].startswith("e06"):
        wanted = {path: source for path, source in wanted.items() if source != "STALE"}
    if case["name"].startswith("e07"):
        ranked = {"building_1": ("a", "b"), "building_2": ("c", "d")}
        wanted = {
            f"results/building_images/{folder}/{name}.jpg": f"SRC datasets/{name}.jpg"
            for folder, names in ranked.items()
            for name in names
        }
    monkeypatch.chdir(tmp_path)
    for names in case["clusters_json"].values():
        for name in set(names) - set(case["missing_on_disk"]):
            write_photo(Path(name))
    settings = ExportSettings(Path(case["image_dir"]), Path("results"))
    settings.results_dir.mkdir(exist_ok=True)
    write_clusters(settings, case["clusters_json"])

    report = export_clusters(settings)

    assert {f"results/building_images/{path}" for path in exported(settings)} == set(wanted)
    for path, source in wanted.items():
        assert Path(path).read_bytes() == Path(source.removeprefix("SRC ")).read_bytes()
    assert [photo.name for photo in report.skipped] == (["gone.jpg"] if case["missing_on_disk"] else [])


@pytest.mark.parametrize(
    ("num_clusters", "first"),
    [(1, "building_1"), (9, "building_1"), (10, "building_01"), (99, "building_01"), (100, "building_001")],
)
def test_numbers_are_as_wide_as_the_number_of_clusters(num_clusters: int, first: str) -> None:
    clusters = {str(number): [f"{number}a", f"{number}b"] for number in range(num_clusters)} | {"-1": []}
    assert building_folders(clusters)["0"] == first


def test_largest_building_comes_first_and_ties_keep_their_order() -> None:
    clusters = {"3": ["a", "b"], "5": ["c", "d", "e"], "9": ["f", "g"], "-1": ["h", "i", "j", "k"]}
    assert building_folders(clusters) == {
        "5": "building_1",
        "3": "building_2",
        "9": "building_3",
        "-1": "NotAssigned",
    }


def test_nothing_gets_no_folder() -> None:
    assert building_folders({"-1": []}) == {}
    assert building_folders({"4": [], "-1": []}) == {}


@given(st.dictionaries(st.integers(0, 500).map(str), st.lists(st.text(max_size=3), max_size=6), max_size=30))
def test_every_cluster_with_photos_has_a_folder_of_its_own(clusters: dict[str, list[str]]) -> None:
    folders = building_folders(clusters | {"-1": []})
    assert set(folders) == {key for key, members in clusters.items() if members}
    assert len(set(folders.values())) == len(folders)
    by_name = sorted(folders, key=lambda key: folders[key])
    counts = [len(clusters[key]) for key in by_name]
    assert counts == sorted(counts, reverse=True)


def test_photos_stand_in_the_folder_of_their_building(settings: ExportSettings) -> None:
    report = export_clusters(settings)
    assert exported(settings) == EXPECTED
    assert (report.counts["photos"], report.counts["exported"], report.counts["buildings"]) == (6, 6, 2)
    assert (report.counts["not_assigned"], report.exit_code) == (1, 0)


def test_copies_equal_their_sources(settings: ExportSettings) -> None:
    export_clusters(settings)
    record = read_export(settings.results_dir / EXPORT_NAME)
    assert record is not None
    assert sorted(record.photos) == EXPECTED
    for path, photo in record.photos.items():
        source, copy = settings.image_dir / photo.name, tree_of(settings) / path
        assert hashlib.sha256(copy.read_bytes()).hexdigest() == photo.fingerprint.sha256
        assert copy.read_bytes() == source.read_bytes()
        assert copy.stat().st_mtime_ns == source.stat().st_mtime_ns


def test_photos_are_read_only(settings: ExportSettings) -> None:
    before = states(settings.image_dir)
    with changes_under(settings.image_dir) as changes:
        export_clusters(settings)
    assert changes == []
    assert states(settings.image_dir) == before


@pytest.mark.parametrize("image_dir", ["datasets", "absolute"])
@pytest.mark.parametrize(
    "prefix",
    ["datasets", "absolute"],
)
def test_names_of_the_earlier_program_are_understood(
    prefix: str, image_dir: str, settings: ExportSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(settings.image_dir.parent)
    absolute = settings.image_dir.as_posix()
    front = absolute if prefix == "absolute" else prefix
    write_clusters(settings, {key: [f"{front}/{name}" for name in names] for key, names in CLUSTERS.items()})
    export_clusters(replace(settings, image_dir=Path(absolute if image_dir == "absolute" else image_dir)))
    assert exported(settings) == EXPECTED


def test_empty_result_is_an_empty_folder(settings: ExportSettings) -> None:
    write_clusters(settings, {})
    assert export_clusters(settings).counts["photos"] == 0
    assert tree_of(settings).is_dir()
    assert exported(settings) == []
    assert export_clusters(settings).is_current


def _name_unreadable(settings: ExportSettings, *names: str) -> None:
    skipped = [{"name": name, "reason": "damaged JPEG"} for name in names]
    write_clusters_info(settings.results_dir / "clusters_info.json", {"skipped": skipped})


def test_photos_that_could_not_be_read_are_not_lost(settings: ExportSettings) -> None:
    write_photo(settings.image_dir / "a" / "broken.jpg")
    _name_unreadable(settings, "a/broken.jpg")
    report = export_clusters(settings)
    assert exported(settings) == sorted([*EXPECTED, "NotReadable/a/broken.jpg"])
    assert (report.counts["not_readable"], report.counts["photos"], report.exit_code) == (1, 7, 0)


def test_photo_in_a_cluster_is_not_unreadable_as_well(settings: ExportSettings) -> None:
    _name_unreadable(settings, "c.jpg")
    export_clusters(settings)
    assert exported(settings) == EXPECTED


# Again


def test_second_run_writes_nothing(settings: ExportSettings) -> None:
    export_clusters(settings)
    before = states(settings.results_dir)
    with changes_under(settings.results_dir) as changes:
        report = export_clusters(settings)
    assert report.is_current
    assert (report.counts["exported"], report.counts["buildings"]) == (6, 2)
    assert not [change for change in changes if ".lock" not in change]
    assert {path: state for path, state in states(settings.results_dir).items() if ".lock" not in path} == {
        path: state for path, state in before.items() if ".lock" not in path
    }


def test_other_clusters_replace_the_whole_export(settings: ExportSettings) -> None:
    export_clusters(settings)
    write_clusters(settings, {"0": ["a/1.jpg", "a/2.jpg"], "-1": ["c.jpg"]})
    export_clusters(settings)
    assert exported(settings) == ["NotAssigned/c.jpg", "building_1/a/1.jpg", "building_1/a/2.jpg"]


def test_replaced_photo_is_exported_anew(settings: ExportSettings) -> None:
    export_clusters(settings)
    (settings.image_dir / "c.jpg").write_bytes(b"another photo")
    assert not export_clusters(settings).is_current
    assert (tree_of(settings) / "building_1/c.jpg").read_bytes() == b"another photo"
    assert export_clusters(settings).is_current


def test_removed_export_is_made_again(settings: ExportSettings) -> None:
    export_clusters(settings)
    (tree_of(settings) / "building_1/c.jpg").unlink()
    assert not export_clusters(settings).is_current
    assert exported(settings) == EXPECTED
    shutil.rmtree(tree_of(settings))
    export_clusters(settings)
    assert exported(settings) == EXPECTED


@pytest.mark.parametrize("place", ["mine.txt", "building_1/mine.jpg", "building_1/.hidden"])
def test_file_that_somebody_added_is_never_removed(place: str, settings: ExportSettings) -> None:
    export_clusters(settings)
    (tree_of(settings) / place).write_bytes(b"mine")
    write_clusters(settings, {"0": ["a/1.jpg", "a/2.jpg"], "-1": []})
    before = contents(settings.results_dir)
    with pytest.raises(StageError, match="did not write or somebody changed"):
        export_clusters(settings)
    assert contents(settings.results_dir) == before


def test_photo_that_somebody_edited_is_never_replaced(settings: ExportSettings) -> None:
    export_clusters(settings)
    (tree_of(settings) / "building_1/c.jpg").write_bytes(b"cropped")
    with pytest.raises(StageError, match="building_1/c.jpg"):
        export_clusters(settings)
    assert (tree_of(settings) / "building_1/c.jpg").read_bytes() == b"cropped"


def test_export_on_a_disk_that_rounds_times_is_known_again(settings: ExportSettings) -> None:
    export_clusters(settings)
    for path in tree_of(settings).rglob("*.jpg"):
        rounded = path.stat().st_mtime_ns // 2_000_000_000 * 2_000_000_000
        os.utime(path, ns=(rounded, rounded))
    assert export_clusters(settings).is_current


def test_litter_of_file_browsers_does_not_matter(settings: ExportSettings) -> None:
    export_clusters(settings)
    (tree_of(settings) / ".DS_Store").write_bytes(b"litter")
    (tree_of(settings) / "building_1/Thumbs.db").write_bytes(b"litter")
    write_clusters(settings, {"0": ["a/1.jpg", "a/2.jpg"], "-1": []})
    export_clusters(settings)
    assert exported(settings) == ["building_1/a/1.jpg", "building_1/a/2.jpg"]


def test_folder_of_somebody_else_is_refused(settings: ExportSettings) -> None:
    write_photo(tree_of(settings) / "building_1/old.jpg")
    before = contents(settings.results_dir)
    with pytest.raises(StageError, match="building_1/old.jpg"):
        export_clusters(settings)
    assert contents(settings.results_dir) == before


def test_empty_folder_is_nobody_s(settings: ExportSettings) -> None:
    tree_of(settings).mkdir()
    export_clusters(settings)
    assert exported(settings) == EXPECTED


@needs_links
def test_link_in_the_place_of_the_export_is_refused(settings: ExportSettings, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    tree_of(settings).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StageError, match="is a link"):
        export_clusters(settings)
    assert list((tmp_path / "elsewhere").iterdir()) == []


# Photos that are not there


def test_one_missing_photo_does_not_stop_the_others(settings: ExportSettings) -> None:
    (settings.image_dir / "a/3.jpg").unlink()
    report = export_clusters(settings)
    assert exported(settings) == [path for path in EXPECTED if not path.endswith("a/3.jpg")]
    assert [photo.name for photo in report.skipped] == ["a/3.jpg"]
    assert report.exit_code == 3
    again = export_clusters(settings)
    assert (again.is_current, again.exit_code) == (True, 3)


def test_photo_that_came_back_is_exported(settings: ExportSettings) -> None:
    (settings.image_dir / "a/3.jpg").rename(settings.image_dir / "away")
    export_clusters(settings)
    (settings.image_dir / "away").rename(settings.image_dir / "a/3.jpg")
    assert export_clusters(settings).exit_code == 0
    assert exported(settings) == EXPECTED


def test_mostly_missing_photos_leave_the_former_export(settings: ExportSettings) -> None:
    export_clusters(settings)
    before = contents(settings.results_dir)
    shutil.rmtree(settings.image_dir / "a")
    (settings.image_dir / "c.jpg").unlink()
    with pytest.raises(StageError, match="4 of the 6 photos"):
        export_clusters(settings)
    assert contents(settings.results_dir) == before


def test_unreadable_photo_is_named(settings: ExportSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    def transfer(source: Path, target: Path, mode: str) -> Any:
        if source.name == "c.jpg":
            raise PhotoError("cannot be read: Input/output error")
        return transfer_module.transfer(source, target, mode)

    monkeypatch.setattr(module, "transfer", transfer)
    report = export_clusters(settings)
    assert [(photo.name, photo.reason) for photo in report.skipped] == [("c.jpg", "cannot be read: Input/output error")]
    assert len(exported(settings)) == 5


# Wrong calls


@pytest.mark.parametrize("name", ["../up.jpg", "/etc/passwd", "a/../../up.jpg", "a\\..\\b.jpg", "c:/x.jpg"])
def test_hostile_name_writes_nothing(name: str, settings: ExportSettings) -> None:
    write_clusters(settings, CLUSTERS | {"8": [name, "c2.jpg"]})
    before = states(settings.image_dir.parent)
    with pytest.raises(StageError):
        export_clusters(settings)
    after = states(settings.image_dir.parent)
    assert not [path for path in after if path not in before and ".lock" not in path]


@pytest.mark.parametrize("name", ["../up.jpg", "/abs.jpg", 3])
def test_hostile_name_of_an_unreadable_photo_is_refused(name: Any, settings: ExportSettings) -> None:
    _name_unreadable(settings, name)
    with pytest.raises(StageError, match="image name"):
        export_clusters(settings)


@needs_links
def test_link_that_leads_out_of_the_photos_is_not_read(settings: ExportSettings, tmp_path: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    (settings.image_dir / "c.jpg").unlink()
    (settings.image_dir / "c.jpg").symlink_to(tmp_path / "secret.jpg")
    with pytest.raises(StageError, match="leads out"):
        export_clusters(settings)
    assert export_clusters(replace(settings, follow_links=True)).exit_code == 0


def test_missing_folders_and_clusters_name_the_command_that_makes_them(settings: ExportSettings) -> None:
    with pytest.raises(StageError, match="--image_dir"):
        export_clusters(replace(settings, image_dir=settings.image_dir / "nowhere"))
    with pytest.raises(StageError, match="create_clusters.py"):
        export_clusters(replace(settings, results_dir=settings.results_dir / "nowhere"))
    (settings.results_dir / "clusters.json").unlink()
    with pytest.raises(StageError, match="create_clusters.py"):
        export_clusters(settings)


def test_damaged_record_is_an_error_and_removes_nothing(settings: ExportSettings) -> None:
    export_clusters(settings)
    (settings.results_dir / EXPORT_NAME).write_text("{}", encoding="utf-8")
    before = contents(settings.results_dir)
    with pytest.raises(DamagedFileError):
        export_clusters(settings)
    assert contents(settings.results_dir) == before


def test_photos_inside_the_export_are_refused(settings: ExportSettings) -> None:
    export_clusters(settings)
    with pytest.raises(UsageError, match="lies in"):
        export_clusters(replace(settings, image_dir=tree_of(settings) / "building_1"))


def test_export_inside_the_photos_is_said(settings: ExportSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    results = settings.image_dir / "results"
    shutil.copytree(settings.results_dir, results)
    report = export_clusters(replace(settings, results_dir=results))
    assert any("next extraction" in note for note in report.notes)


def test_unknown_mode_is_a_usage_error(settings: ExportSettings) -> None:
    with pytest.raises(UsageError, match="--mode is 'move'"):
        export_clusters(replace(settings, mode="move"))


def test_two_runs_at_once_are_refused(settings: ExportSettings) -> None:
    with work_lock(settings.results_dir), pytest.raises(StageError, match="in use"):
        export_clusters(settings)


def test_dry_run_writes_nothing_and_tells_the_plan(settings: ExportSettings) -> None:
    before = states(settings.results_dir)
    report = export_clusters(replace(settings, dry_run=True))
    assert states(settings.results_dir) == before
    assert report.counts["would_be_exported"] == 6
    assert report.outputs[str(settings.image_dir / "c.jpg")] == str(tree_of(settings) / "building_1/c.jpg")


# Links


@needs_links
@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_links_take_the_place_of_copies(mode: str, settings: ExportSettings) -> None:
    settings = replace(settings, mode=mode)
    export_clusters(settings)
    path = tree_of(settings) / "building_1/c.jpg"
    assert path.samefile(settings.image_dir / "c.jpg")
    assert path.is_symlink() == (mode == "symlink")
    assert export_clusters(settings).is_current


@needs_links
@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_other_mode_replaces_the_export(mode: str, settings: ExportSettings) -> None:
    export_clusters(replace(settings, mode=mode))
    assert not export_clusters(settings).is_current
    path = tree_of(settings) / "building_1/c.jpg"
    assert not path.is_symlink()
    assert not path.samefile(settings.image_dir / "c.jpg")


@needs_links
@pytest.mark.parametrize("mode", ["hardlink", "symlink"])
def test_photo_edited_through_a_linked_export_is_no_obstacle(mode: str, settings: ExportSettings) -> None:
    settings = replace(settings, mode=mode)
    export_clusters(settings)
    (settings.image_dir / "c.jpg").write_bytes(b"edited in place")
    export_clusters(settings)
    assert (tree_of(settings) / "building_1/c.jpg").read_bytes() == b"edited in place"
    assert export_clusters(settings).is_current


@needs_links
def test_work_folder_of_links_is_exported_as_copies(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        draw_photo(number).save(tmp_path / "photos" / f"{number}.jpg")
    copy_photos(CopySettings(tmp_path / "photos", tmp_path / "datasets", "symlink"))
    settings = ExportSettings(tmp_path / "datasets", tmp_path / "results")
    settings.results_dir.mkdir()
    write_clusters(settings, {"0": ["photos/0.jpg", "photos/1.jpg"], "-1": ["photos/2.jpg"]})
    export_clusters(settings)
    path = tree_of(settings) / "building_1/photos/0.jpg"
    assert not path.is_symlink()
    assert path.read_bytes() == (tmp_path / "photos/0.jpg").read_bytes()
    resize_photos(ResizeSettings(tmp_path / "datasets", 2, num_workers=0))
    assert not export_clusters(settings).is_current
    assert path.read_bytes() == (tmp_path / "datasets/photos/0.jpg").read_bytes()


# Kills and failures


@needs_fork
@pytest.mark.parametrize("has_former", [False, True])
def test_kill_at_any_change_leaves_old_or_new_whole(has_former: bool, settings: ExportSettings) -> None:
    new_clusters = {"0": ["a/1.jpg", "a/2.jpg"], "-1": ["c.jpg"]}
    new_names = ["NotAssigned/c.jpg", "building_1/a/1.jpg", "building_1/a/2.jpg"]
    at_change, was_killed, seen = 0, True, set()
    while was_killed:
        at_change += 5
        shutil.rmtree(settings.results_dir)
        settings.results_dir.mkdir()
        write_clusters(settings, CLUSTERS)
        if has_former:
            export_clusters(settings)
        write_clusters(settings, new_clusters)
        was_killed = run_killed(lambda: export_clusters(settings), at_change)
        trees = [folder for folder in settings.results_dir.iterdir() if "building_images" in folder.name]
        whole = [sorted(contents(folder)) for folder in trees]
        assert not has_former or EXPECTED in whole or new_names in whole, "old or new stands, whole"
        if tree_of(settings).exists():
            found = exported(settings)
            assert found in (EXPECTED, new_names)
            seen.add(len(found))
        assert export_clusters(settings).exit_code == 0
        assert exported(settings) == new_names
        assert export_clusters(settings).is_current
        names = {path.name for path in settings.results_dir.iterdir()}
        assert names <= {"building_images", EXPORT_NAME, "clusters.json", "reports", ".lock"}
    assert at_change > 10
    assert seen == ({len(EXPECTED), 3} if has_former else {3})


def test_full_disk_leaves_the_former_export(settings: ExportSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    export_clusters(settings)
    before = contents(settings.results_dir)
    write_clusters(settings, {"0": ["a/1.jpg", "a/2.jpg"], "-1": ["c.jpg"]})
    before["clusters.json"] = contents(settings.results_dir)["clusters.json"]
    calls: list[Path] = []

    def full(source: Path, target: Path, mode: str) -> Any:
        calls.append(source)
        if len(calls) == 2:
            raise StageError(f"cannot write {target}: No space left on device")
        return transfer_module.transfer(source, target, mode)

    monkeypatch.setattr(module, "transfer", full)
    with pytest.raises(StageError, match="No space left"):
        export_clusters(settings)
    assert contents(settings.results_dir) == before
    assert not [path for path in settings.results_dir.iterdir() if ".tmp-" in path.name]
    monkeypatch.undo()
    export_clusters(settings)
    assert len(exported(settings)) == 3


def test_report_says_what_was_done(settings: ExportSettings) -> None:
    export_clusters(settings)
    path = settings.results_dir / "reports/export_clusters/report.json"
    assert json.loads(path.read_text(encoding="utf-8"))["counts"]["exported"] == 6


def test_equal_exports_have_equal_records_and_others_another_token(settings: ExportSettings) -> None:
    def record() -> bytes:
        export_clusters(settings)
        return (settings.results_dir / "export.json").read_bytes()

    first = record()
    shutil.rmtree(tree_of(settings))
    again = record()
    shutil.rmtree(tree_of(settings))
    (settings.results_dir / "export.json").unlink()
    assert record() == first
    tokens = [json.loads(text)["token"] for text in (first, again)]
    assert len(set(tokens)) == 2


def test_clusters_that_are_not_as_described_are_said(settings: ExportSettings) -> None:
    info = {"skipped": [], "clusters_sha256": hashlib.sha256(b"other clusters").hexdigest()}
    write_clusters_info(settings.results_dir / "clusters_info.json", info)
    (note,) = [note for note in export_clusters(settings).notes if "clusters.json" in note]
    assert "edited since, or damaged" in note


SPOILT = {
    "an altered digit": lambda text: text.replace(b'"size": ', b'"size": 9', 1),
    "a cut": lambda text: text[:-40],
    "another entry": lambda text: text.replace(b'"path"', b'"place"', 1),
}


@pytest.mark.parametrize("how", SPOILT)
def test_what_the_message_about_a_damaged_record_says_works(settings: ExportSettings, how: str) -> None:
    export_clusters(settings)
    before, record = exported(settings), settings.results_dir / EXPORT_NAME
    record.write_bytes(SPOILT[how](record.read_bytes()))
    with pytest.raises(DamagedFileError, match="move it and building_images away first"):
        export_clusters(settings)
    record.rename(record.with_name("away.json"))
    tree_of(settings).rename(settings.results_dir / "away")
    export_clusters(settings)
    assert exported(settings) == before and read_export(record) is not None


def test_a_record_without_its_line_of_the_checksum_is_taken_as_it_is(settings: ExportSettings) -> None:
    export_clusters(settings)
    record = settings.results_dir / EXPORT_NAME
    content = json.loads(record.read_bytes())
    content["photos"][0]["mtime_ns"] += 1
    record.write_text(json.dumps(content))
    with pytest.raises(DamagedFileError, match='take its line "checksum"'):
        read_export(record)
    del content["checksum"]
    record.write_text(json.dumps(content))
    assert read_export(record) is not None


def test_a_record_with_the_line_ends_of_windows_is_read(settings: ExportSettings) -> None:
    export_clusters(settings)
    record = settings.results_dir / EXPORT_NAME
    record.write_bytes(record.read_bytes().replace(b"\n", b"\r\n"))
    assert export_clusters(settings).is_current
