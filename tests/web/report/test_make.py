"""Making a report and bringing it up to date."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from storage.errors import StageError, UsageError
from storage.formats.report_record import RECORD_NAME, read_record, write_record
from storage.lock import work_lock
from tests.drawn_work import ALONE, HALL, MISSING, SHOP, UNREADABLE, DrawnWork, draw_work, reasons, save_photo
from web.report.make import make_report


@pytest.fixture
def work(tmp_path: Path) -> DrawnWork:
    return draw_work(tmp_path)


def files_of(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def times_of(folder: Path) -> dict[str, int]:
    return {
        path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()
    }


def test_the_folder_holds_pages_pictures_tables_and_sheets(work: DrawnWork) -> None:
    make_report(work.settings)
    files = files_of(work.report_dir)
    for path in ("index.html", "buildings.html", "singletons.html", "skipped.html", "map.html", "print.html"):
        assert files[path].startswith(b"<!doctype html>")
    assert {"buildings/cluster-0.html", "buildings/cluster-3.html", "sheets/cluster-0.png"} <= files.keys()
    assert {"buildings.csv", "photos.csv", "buildings.geojson", "buildings.kml"} <= files.keys()
    assert sum(path.startswith("photos/small/") for path in files) == 7


def test_the_record_names_every_file_and_nothing_else(work: DrawnWork) -> None:
    make_report(work.settings)
    record = read_record(work.report_dir)
    assert record is not None and record.is_complete
    assert record.files | {RECORD_NAME} == files_of(work.report_dir).keys()


def test_skipped_photos_are_counted_and_make_exit_code_3(work: DrawnWork) -> None:
    report = make_report(work.settings)
    assert report.exit_code == 3 and {photo.name for photo in report.skipped} == {MISSING, UNREADABLE}
    assert (report.counts["photos"], report.counts["buildings"], report.counts["alone"]) == (8, 2, 2)
    assert (work.folder / "results" / "reports" / "make_report" / "report.json").is_file()


def test_when_all_photos_can_be_read_the_exit_code_is_0(work: DrawnWork) -> None:
    work.write_clusters({"3": SHOP, "-1": ALONE}, reasons() | {"skipped": []})
    assert make_report(work.settings).exit_code == 0


def test_a_second_run_writes_nothing(work: DrawnWork) -> None:
    make_report(work.settings)
    before = times_of(work.report_dir)
    report = make_report(work.settings)
    assert report.is_current and times_of(work.report_dir) == before
    assert report.counts["pictures made"] == report.counts["files written"] == 0


def test_after_a_change_only_what_shows_it_is_written_and_nothing_stale_is_left(work: DrawnWork) -> None:
    make_report(work.settings)
    before = times_of(work.report_dir)
    work.write_clusters({"0": HALL, "-1": [*ALONE, *SHOP]}, reasons())
    report = make_report(work.settings)
    after = times_of(work.report_dir)
    assert before.keys() - after.keys() == {"buildings/cluster-3.html", "sheets/cluster-3.png"}
    assert report.counts["files removed"] == 2 and report.counts["pictures made"] == 0
    unchanged = {path for path in after if after[path] == before.get(path)}
    assert {"sheets/cluster-0.png", "assets/base.css", "skipped.html"} <= unchanged
    assert all(path in unchanged for path in after if path.startswith("photos/"))
    assert "index.html" not in unchanged


def test_a_photo_that_is_gone_from_the_clusters_leaves_no_picture(work: DrawnWork) -> None:
    make_report(work.settings)
    work.write_clusters({"0": HALL, "-1": ALONE}, reasons())
    report = make_report(work.settings)
    assert report.counts["photos"] == 6
    assert len(list((work.report_dir / "photos" / "small").iterdir())) == 5


def test_an_updated_report_equals_a_fresh_one(work: DrawnWork) -> None:
    make_report(work.settings)
    save_photo(work.folder / "datasets" / "north" / "b.jpg", 77)
    work.write_clusters({"0": HALL[:2], "7": HALL[2:], "-1": [*ALONE, *SHOP]}, reasons())
    make_report(work.settings)
    make_report(work.with_flags(export_dir=work.folder / "fresh"))
    assert files_of(work.report_dir) == files_of(work.folder / "fresh")


def test_other_sides_leave_no_picture_of_the_former_size(work: DrawnWork) -> None:
    make_report(work.settings)
    make_report(work.with_flags(thumbnail_side=80, photo_side=100))
    make_report(work.with_flags(export_dir=work.folder / "fresh", thumbnail_side=80, photo_side=100))
    assert files_of(work.report_dir) == files_of(work.folder / "fresh")


@pytest.mark.parametrize("when", ["draw_sheet", "gather_report", "picture_paths"])
def test_after_a_kill_the_next_run_ends_as_a_fresh_one(
    work: DrawnWork, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    make_report(work.settings)
    work.write_clusters({"5": SHOP, "6": HALL, "-1": ALONE}, reasons())
    with monkeypatch.context() as patched:

        def killed(*_: object) -> None:
            raise KeyboardInterrupt

        patched.setattr(f"web.report.make.{when}", killed)
        with pytest.raises(KeyboardInterrupt):
            make_report(work.with_flags(thumbnail_side=70))
    (work.report_dir / "buildings" / ".cluster-9.html.12345678.tmp").write_text("half")
    work.write_clusters({"0": HALL, "-1": [*ALONE, *SHOP]}, reasons())
    make_report(work.settings)
    make_report(work.with_flags(export_dir=work.folder / "fresh"))
    assert files_of(work.report_dir) == files_of(work.folder / "fresh")


def test_a_file_that_was_deleted_comes_back(work: DrawnWork) -> None:
    make_report(work.settings)
    before = files_of(work.report_dir)
    for path in ("index.html", "sheets/cluster-0.png", "assets/report.js"):
        (work.report_dir / path).unlink()
    make_report(work.settings)
    assert files_of(work.report_dir) == before


def test_a_folder_of_somebody_else_is_refused_and_not_touched(work: DrawnWork) -> None:
    foreign = work.folder / "thesis"
    foreign.mkdir()
    (foreign / "index.html").write_text("mine")
    with pytest.raises(StageError, match="index.html"):
        make_report(work.with_flags(export_dir=foreign))
    assert files_of(foreign) == {"index.html": b"mine"}


def test_a_note_that_somebody_put_into_the_report_stays(work: DrawnWork) -> None:
    make_report(work.settings)
    (work.report_dir / "photos" / "small" / "note.jpg").write_bytes(b"mine")
    (work.report_dir / "note.txt").write_text("mine")
    work.write_clusters({"0": HALL, "-1": ALONE}, reasons())
    make_report(work.settings)
    assert (work.report_dir / "note.txt").exists() and (work.report_dir / "photos" / "small" / "note.jpg").exists()


def test_an_empty_folder_and_one_that_a_file_browser_looked_at_are_taken(work: DrawnWork) -> None:
    target = work.folder / "empty"
    target.mkdir()
    (target / ".DS_Store").write_bytes(b"x")
    make_report(work.with_flags(export_dir=target))
    assert (target / "index.html").is_file()


def test_what_a_run_left_that_was_killed_while_it_wrote_its_first_record_is_taken_away(work: DrawnWork) -> None:
    left = work.report_dir / f".{RECORD_NAME}.0a1b2c3d.tmp"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"{")
    make_report(work.settings)
    assert (work.report_dir / "index.html").is_file() and not left.exists()


def test_a_record_cannot_make_it_remove_anything_outside(work: DrawnWork) -> None:
    make_report(work.settings)
    record = read_record(work.report_dir)
    assert record is not None
    outside = work.folder / "results" / "clusters.json"
    link = work.report_dir / "out"
    try:
        link.symlink_to(outside.parent, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no symbolic links")
    record.files.add("out/clusters.json")
    write_record(work.report_dir, record)
    with pytest.raises(StageError, match="link"):
        make_report(work.settings)
    assert outside.is_file()


@pytest.mark.parametrize(
    ("flags", "match"),
    [
        ({"thumbnail_side": 10}, "--thumbnail_side is 10"),
        ({"photo_side": 10**6}, "--photo_side"),
        ({"num_workers": -1}, "--num_workers"),
        ({"timeout_s": 0}, "--timeout_s"),
        ({"map_tiles": "https://tiles.example/{z}/{x}.png", "map_attribution": "A"}, "--map_tiles"),
        ({"map_tiles": "file:///{z}/{x}/{y}", "map_attribution": "A"}, "--map_tiles"),
        ({"map_tiles": "https://tiles.example/{z}/{x}/{y}"}, "--map_attribution"),
    ],
)
def test_a_wrong_setting_is_named(work: DrawnWork, flags: dict[str, object], match: str) -> None:
    with pytest.raises(UsageError, match=match):
        make_report(work.with_flags(**flags))
    assert not work.report_dir.exists()


def test_a_report_among_the_photos_is_refused(work: DrawnWork) -> None:
    with pytest.raises(UsageError, match="--export_dir"):
        make_report(work.with_flags(export_dir=work.folder / "datasets" / "report"))


def test_while_a_stage_works_there_no_report_is_made(work: DrawnWork) -> None:
    with work_lock(work.folder / "results"), pytest.raises(StageError, match="in use"):
        make_report(work.settings)


def test_without_results_the_flag_is_named(work: DrawnWork) -> None:
    with pytest.raises(StageError, match="--results_dir"):
        make_report(work.with_flags(results_dir=work.folder / "gone"))


def test_no_path_of_this_computer_is_in_the_report(work: DrawnWork) -> None:
    make_report(work.settings)
    for path, content in files_of(work.report_dir).items():
        assert os.fsencode(work.folder) not in content, path
        assert b"/home/someone" not in content, path
