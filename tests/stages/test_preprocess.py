from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stages.preprocess import preprocess_photos
from stages.settings.tools import PreprocessSettings
from storage.errors import StageError, UsageError
from storage.formats.preprocessed import PREPROCESSED_NAME, read_preprocessed
from storage.lock import work_lock
from storage.report import RunReport
from tests.drawn_photos import draw_photo, save_photos
from tests.watched_calls import changes_under, contents, run_killed, states

needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")


@pytest.fixture
def originals(tmp_path: Path) -> Path:
    """Two JPEGs of 48 x 32 in a sub-folder, a framed PNG of 30 x 24 with a picture of 20 x 10."""
    folder = tmp_path / "photos"
    save_photos(folder / "street", 2)
    framed = np.pad(np.asarray(draw_photo(7, 20, 10)), ((7, 7), (5, 5), (0, 0)), constant_values=255)
    Image.fromarray(framed).save(folder / "framed.png")
    return folder


@pytest.fixture
def settings(originals: Path, tmp_path: Path) -> PreprocessSettings:
    """Squares of PNG without frames, made in this process."""
    return PreprocessSettings(
        originals, tmp_path / "made", trim=True, square="blur", format="png", size=(16, 16), num_workers=0
    )


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    found = {}
    for name in contents(folder):
        if name != PREPROCESSED_NAME:
            with Image.open(folder / name) as image:
                found[name] = image.size
    return found


def counts(report: RunReport) -> dict[str, int]:
    return {key: number for key, number in report.counts.items() if number and key != "photos"}


MADE = {"framed.png": (16, 16), "street/photo_000.png": (16, 16), "street/photo_001.png": (16, 16)}


def test_every_photo_is_made_and_sub_folders_stay(settings: PreprocessSettings) -> None:
    report = preprocess_photos(settings)
    assert sizes(settings.export_dir) == MADE
    assert counts(report) == {"made": 3, "trimmed": 1, "squared": 3}
    assert report.exit_code == 0


def test_the_record_names_source_size_and_cut(settings: PreprocessSettings) -> None:
    preprocess_photos(replace(settings, size=None, square="none"))
    record = read_preprocessed(settings.export_dir)
    assert record is not None
    photo = record.by_source["framed.png"]
    assert (photo.name, photo.width, photo.height, photo.trimmed) == ("framed.png", 20, 10, (5, 5, 7, 7))
    assert record.settings["trim"] is True and record.settings["size"] is None


def test_the_photos_themselves_are_never_touched(settings: PreprocessSettings, originals: Path) -> None:
    before = states(originals)
    with changes_under(originals) as changes:
        preprocess_photos(settings)
    assert changes == [] and states(originals) == before


def test_worker_processes_make_the_same_bytes(settings: PreprocessSettings, tmp_path: Path) -> None:
    preprocess_photos(settings)
    preprocess_photos(replace(settings, export_dir=tmp_path / "other", num_workers=1))
    made, other = contents(settings.export_dir), contents(tmp_path / "other")
    assert {name: made[name] for name in MADE} == {name: other[name] for name in MADE}


def test_a_second_run_writes_nothing(settings: PreprocessSettings) -> None:
    preprocess_photos(settings)
    with changes_under(settings.export_dir) as changes:
        report = preprocess_photos(settings)
    assert (counts(report), report.is_current) == ({"already_done": 3}, True)
    assert not [change for change in changes if ".lock" not in change]


def test_only_new_and_changed_photos_are_made(settings: PreprocessSettings, originals: Path) -> None:
    preprocess_photos(settings)
    draw_photo(90).save(originals / "new.jpg")
    draw_photo(91).save(originals / "street" / "photo_000.jpg")
    report = preprocess_photos(settings)
    assert counts(report) == {"made": 2, "already_done": 2, "squared": 2}
    assert preprocess_photos(settings).is_current


def test_a_lost_photo_is_made_again(settings: PreprocessSettings) -> None:
    preprocess_photos(settings)
    (settings.export_dir / "framed.png").unlink()
    assert counts(preprocess_photos(settings))["made"] == 1
    assert sizes(settings.export_dir) == MADE


def test_what_was_made_of_a_photo_that_is_gone_is_kept_and_said(settings: PreprocessSettings, originals: Path) -> None:
    preprocess_photos(settings)
    (originals / "framed.png").unlink()
    report = preprocess_photos(settings)
    assert sizes(settings.export_dir) == MADE and "1 photos are gone" in report.notes[-1]


# Never overwriting


def test_a_file_of_somebody_else_is_left_alone(settings: PreprocessSettings) -> None:
    settings.export_dir.mkdir()
    (settings.export_dir / "framed.png").write_bytes(b"mine")
    report = preprocess_photos(settings)
    assert (settings.export_dir / "framed.png").read_bytes() == b"mine"
    assert [photo.name for photo in report.skipped] == ["framed.png"] and report.exit_code == 3
    assert "did not write" in report.skipped[0].reason


def test_a_photo_that_somebody_edited_is_left_alone(settings: PreprocessSettings) -> None:
    preprocess_photos(settings)
    (settings.export_dir / "framed.png").write_bytes(b"edited")
    report = preprocess_photos(settings)
    assert (settings.export_dir / "framed.png").read_bytes() == b"edited"
    assert "a changed file stands" in report.skipped[0].reason


def test_in_place_is_refused(settings: PreprocessSettings, originals: Path) -> None:
    for folder in (originals, originals / "made", originals.parent):
        with pytest.raises(UsageError, match="--export_dir"):
            preprocess_photos(replace(settings, export_dir=folder))
    assert not (originals / "made").exists()


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"square": "pad"}, "--square"),
        ({"size": None}, "--size"),
        ({"trim": False}, "--trim"),
        ({"quality": 5}, "--qu"),
    ],
)
def test_another_call_into_the_same_folder_is_refused_and_names_the_flag(
    change: dict[str, Any], flag: str, settings: PreprocessSettings
) -> None:
    preprocess_photos(settings)
    before = contents(settings.export_dir)
    with pytest.raises(UsageError, match=flag):
        preprocess_photos(replace(settings, **change))
    assert contents(settings.export_dir) == before


def test_photos_of_another_folder_are_refused(settings: PreprocessSettings, tmp_path: Path) -> None:
    preprocess_photos(settings)
    save_photos(tmp_path / "others", 1)
    with pytest.raises(UsageError, match="--image_dir"):
        preprocess_photos(replace(settings, image_dir=tmp_path / "others"))


# Names


def test_names_that_become_one_are_numbered_and_said(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate(("a.png", "a.jpg", "a.bmp", "A.tif")):
        draw_photo(seed).save(folder / name)
    settings = PreprocessSettings(folder, tmp_path / "made", num_workers=0)
    report = preprocess_photos(settings)
    record = read_preprocessed(settings.export_dir)
    assert record is not None
    names = {source: photo.name for source, photo in record.by_source.items()}
    assert names == {"a.jpg": "a.jpg", "A.tif": "A~2.jpg", "a.bmp": "a~3.jpg", "a.png": "a~4.jpg"}
    assert report.counts["renamed"] == 3 and "'a.png' became 'a~4.jpg'" in " ".join(report.notes)
    assert preprocess_photos(settings).is_current


def test_a_dot_in_a_name_overwrites_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate(("day.1.png", "day.2.png")):
        draw_photo(seed).save(folder / name)
    preprocess_photos(PreprocessSettings(folder, tmp_path / "made", num_workers=0))
    assert set(sizes(tmp_path / "made")) == {"day.1.jpg", "day.2.jpg"}


def test_a_former_name_stays_when_a_clash_comes_later(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    draw_photo(0).save(folder / "a.png")
    settings = PreprocessSettings(folder, tmp_path / "made", num_workers=0)
    preprocess_photos(settings)
    first = contents(settings.export_dir)["a.jpg"]
    draw_photo(1).save(folder / "a.jpg")
    preprocess_photos(settings)
    assert contents(settings.export_dir)["a.jpg"] == first and "a~2.jpg" in contents(settings.export_dir)


def test_keep_keeps_formats_and_makes_png_of_what_is_not_written(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    for seed, name in enumerate(("a.webp", "b.gif", "c.tif")):
        draw_photo(seed).save(folder / name)
    report = preprocess_photos(PreprocessSettings(folder, tmp_path / "made", format="keep", num_workers=0))
    assert set(sizes(tmp_path / "made")) == {"a.webp", "b.png", "c.tif"}
    assert counts(report) == {"made": 1, "copied": 2}


# What goes wrong


def test_one_bad_photo_stops_nothing(settings: PreprocessSettings, originals: Path) -> None:
    (originals / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 cut")
    report = preprocess_photos(settings)
    assert sizes(settings.export_dir) == MADE
    assert [photo.name for photo in report.skipped] == ["bad.jpg"] and report.exit_code == 3


@pytest.mark.parametrize("wanted", ["jpg", "keep"])
def test_only_bad_photos_are_an_error_with_the_first_reason(wanted: str, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "bad.jpg").write_bytes(b"no photo")
    with pytest.raises(StageError, match="none of the 1 photos"):
        preprocess_photos(PreprocessSettings(tmp_path / "photos", tmp_path / "made", format=wanted, num_workers=0))


@pytest.mark.parametrize(
    "change",
    [
        {"trim_max": 0.5},
        {"trim_max": 0.0},
        {"trim_tol": -1},
        {"quality": 0},
        {"size": (0, 5)},
        {"size": (99_999, 99_999)},
        {"square": "round"},
        {"format": "gif"},
        {"num_workers": -1},
        {"timeout_s": 0},
    ],
)
def test_a_wrong_value_names_its_flag(change: dict[str, Any], settings: PreprocessSettings) -> None:
    with pytest.raises(UsageError, match=f"--{next(iter(change))}"):
        preprocess_photos(replace(settings, **change))
    assert not settings.export_dir.exists()


def test_a_missing_folder_is_an_error(settings: PreprocessSettings, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="does not exist"):
        preprocess_photos(replace(settings, image_dir=tmp_path / "nowhere"))


def test_a_folder_in_use_is_refused(settings: PreprocessSettings) -> None:
    with work_lock(settings.export_dir), pytest.raises(StageError, match="in use"):
        preprocess_photos(settings)


@needs_fork
def test_a_killed_run_is_taken_up_at_every_point(settings: PreprocessSettings, originals: Path, tmp_path: Path) -> None:
    whole = replace(settings, export_dir=tmp_path / "whole")
    preprocess_photos(whole)
    expected = contents(whole.export_dir)
    for at_change in range(1, 60, 4):
        folder = tmp_path / f"killed_{at_change}"
        killed = replace(settings, export_dir=folder)
        was_killed = run_killed(lambda killed=killed: preprocess_photos(killed), at_change)  # type: ignore[misc]
        report = preprocess_photos(killed)
        assert not report.skipped and contents(folder) == expected
        assert not list(folder.rglob("*.tmp")) and not (folder / ".preprocessing").exists()
        if not was_killed:
            return
    raise AssertionError("the run was never done within so many changes")


@needs_fork
def test_a_kill_while_a_changed_photo_is_replaced_loses_nothing(settings: PreprocessSettings, originals: Path) -> None:
    for at_change in range(3, 40, 3):
        preprocess_photos(settings)
        draw_photo(at_change).save(originals / "street" / "photo_000.jpg")
        if not run_killed(lambda: preprocess_photos(settings), at_change):
            return
        report = preprocess_photos(settings)
        assert not report.skipped and preprocess_photos(settings).is_current


def test_the_report_is_written(settings: PreprocessSettings) -> None:
    preprocess_photos(settings)
    report = json.loads((settings.export_dir / "reports" / "preprocess_images" / "report.json").read_text())
    assert report["counts"]["made"] == 3 and report["settings"]["square"] == "blur"
