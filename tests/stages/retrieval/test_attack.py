"""The stage of ``tools.make_attacks``: files, truth, resuming, what it must not touch."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from attacks import choose_attacks
from stages.retrieval import attack_work
from stages.retrieval.attack import chosen_photos, make_attacks, query_stems
from stages.settings.retrieval import AttackSettings
from storage.errors import StageError, UsageError
from storage.fingerprints import Fingerprint
from storage.formats.attack_records import FOLDER, AttackRecord
from storage.formats.truth import MANIFEST_NAME, read_truth
from storage.listing import list_photos
from storage.lock import work_lock
from tests.drawn_photos import draw_photo, save_photos
from tests.watched_calls import changes_under, contents, run_killed, states

needs_links = pytest.mark.skipif(os.name == "nt", reason="links need a privilege on Windows")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
FEW = ("scaling_0.4", "text_length_10", "gaussian_noise_0.05")


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Three JPEGs of 48 x 32 in a folder of a folder."""
    save_photos(tmp_path / "photos" / "street", 3)
    return tmp_path / "photos"


@pytest.fixture
def settings(photos: Path, tmp_path: Path) -> AttackSettings:
    """Three attacks on each of the three photos, in this process."""
    return AttackSettings(photos, tmp_path / "out", FEW, num_workers=0)


def counts(settings: AttackSettings) -> dict[str, int]:
    return make_attacks(settings).counts


def images(settings: AttackSettings) -> dict[str, str]:
    return {name: digest for name, digest in contents(settings.export_dir).items() if name != MANIFEST_NAME}


# What is written


def test_all_attacks_on_a_photo_are_58_files_and_58_rows_of_truth(tmp_path: Path) -> None:
    save_photos(tmp_path / "photos", 1)
    report = make_attacks(AttackSettings(tmp_path / "photos", tmp_path / "out", num_workers=0))
    assert report.counts == {
        "photos": 1,
        "attacks": 58,
        "written": 58,
        "already_there": 0,
        "queries": 58,
        "skipped": 0,
    }
    names = list_photos(tmp_path / "out")
    assert set(names) == {f"photo_000_{attack.id}.png" for attack in choose_attacks(["all"])}
    rows = read_truth(tmp_path / "out" / MANIFEST_NAME)
    assert [row.query for row in rows] == names and {row.source for row in rows} == {"photo_000.jpg"}
    for row in rows:
        with Image.open(tmp_path / "out" / row.query) as image:
            scale = float(row.labels["parameter"]) if row.labels["attack"] == "scaling" else 1
            assert image.size == (round(48 * scale), round(32 * scale)) and image.format == "PNG"


def test_queries_keep_the_folders_of_their_photos(settings: AttackSettings) -> None:
    make_attacks(settings)
    assert set(images(settings)) == {f"street/photo_00{number}_{attack}.png" for number in range(3) for attack in FEW}


def test_the_truth_says_photo_attack_and_parameter_of_each_query(settings: AttackSettings) -> None:
    make_attacks(settings)
    lines = (settings.export_dir / MANIFEST_NAME).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "query,source,attack,parameter" and len(lines) == 10
    assert lines[1] == "street/photo_000_gaussian_noise_0.05.png,street/photo_000.jpg,gaussian_noise,0.05"


def test_jpg_is_written_where_it_is_asked_for(settings: AttackSettings) -> None:
    make_attacks(replace(settings, format="jpg"))
    for name in images(settings):
        with Image.open(settings.export_dir / name) as image:
            assert image.format == "JPEG" and name.endswith(".jpg")


def test_a_grid_of_ones_own_is_given_as_text_or_as_a_file(settings: AttackSettings, tmp_path: Path) -> None:
    grid = '{"rotation": [90]}'
    (tmp_path / "grid.json").write_text(grid, encoding="utf-8")
    for params in (grid, str(tmp_path / "grid.json")):
        make_attacks(replace(settings, attacks=("rotation",), params=params))
    assert {name.partition("_00")[2][2:] for name in images(settings)} == {"rotation_90_and_rescaling.png"}


# Determinism


def test_neither_other_photos_nor_workers_nor_order_change_a_query(settings: AttackSettings, tmp_path: Path) -> None:
    make_attacks(settings)
    alone = tmp_path / "alone"
    (alone / "street").mkdir(parents=True)
    shutil.copy2(settings.image_dir / "street" / "photo_002.jpg", alone / "street")
    other = replace(settings, image_dir=alone, export_dir=tmp_path / "other", attacks=FEW[::-1], num_workers=1)
    make_attacks(other)
    found = images(other)
    assert len(found) == 3 and found == {name: images(settings)[name] for name in found}


def test_another_seed_changes_only_what_is_random(settings: AttackSettings, tmp_path: Path) -> None:
    other = replace(settings, export_dir=tmp_path / "other", seed=1)
    make_attacks(settings)
    make_attacks(other)
    same = {name for name, digest in images(other).items() if images(settings)[name] == digest}
    assert same == {f"street/photo_00{number}_scaling_0.4.png" for number in range(3)}


def test_limit_takes_the_first_by_name(settings: AttackSettings) -> None:
    assert counts(replace(settings, limit=2))["written"] == 6
    assert {row.source for row in read_truth(settings.export_dir / MANIFEST_NAME)} == {
        "street/photo_000.jpg",
        "street/photo_001.jpg",
    }


def test_a_sample_is_drawn_by_the_seed_and_hardly_changes_with_the_folder(settings: AttackSettings) -> None:
    names = [f"{number:03d}.jpg" for number in range(200)]
    drawn = chosen_photos(names, replace(settings, sample=50))
    assert drawn == sorted(drawn) and len(set(drawn)) == 50 and drawn != names[:50]
    assert drawn == chosen_photos(names[::-1], replace(settings, sample=50))
    assert drawn != chosen_photos(names, replace(settings, sample=50, seed=1))
    assert len(set(drawn) - set(chosen_photos([*names, "new.jpg"], replace(settings, sample=50)))) <= 1
    assert chosen_photos(names, replace(settings, sample=500)) == names


# Coming back


def test_a_second_run_writes_nothing(settings: AttackSettings) -> None:
    make_attacks(settings)
    before = states(settings.export_dir)
    report = make_attacks(settings)
    after = states(settings.export_dir)
    assert report.is_current and report.counts["already_there"] == 9
    assert {path for path in after if after[path] != before.get(path)} <= {
        (settings.export_dir / name).as_posix() for name in (".lock", ".lock.pid")
    }


def test_further_attacks_and_photos_join_those_that_stand(settings: AttackSettings) -> None:
    make_attacks(replace(settings, attacks=FEW[:1], limit=1))
    before = images(settings)
    found = counts(settings)
    assert (found["written"], found["already_there"], found["queries"]) == (8, 1, 9)
    assert before.items() <= images(settings).items()


def test_a_query_that_was_deleted_is_made_again_and_no_other_touched(settings: AttackSettings) -> None:
    make_attacks(settings)
    before = images(settings)
    (settings.export_dir / "street" / "photo_001_text_length_10.png").unlink()
    assert counts(settings)["written"] == 1
    assert images(settings) == before


def test_a_photo_that_changed_is_attacked_again_with_all_that_it_had(settings: AttackSettings) -> None:
    make_attacks(settings)
    before = images(settings)
    draw_photo(99).save(settings.image_dir / "street" / "photo_001.jpg")
    assert counts(replace(settings, attacks=("scaling_0.8",), limit=2))["written"] == 5
    changed = {name for name, digest in images(settings).items() if before.get(name, digest) != digest}
    assert changed == {f"street/photo_001_{attack}.png" for attack in FEW}


@pytest.mark.parametrize("change", [{"seed": 1}, {"format": "jpg"}], ids=str)
def test_settings_that_would_mix_are_refused(settings: AttackSettings, change: dict[str, Any]) -> None:
    make_attacks(settings)
    before = contents(settings.export_dir)
    with pytest.raises(UsageError, match=f"--{next(iter(change))}"):
        make_attacks(replace(settings, **change))
    assert contents(settings.export_dir) == before


@needs_fork
def test_a_run_killed_anywhere_is_brought_to_its_end_by_the_next(settings: AttackSettings, tmp_path: Path) -> None:
    make_attacks(settings)
    expected = contents(settings.export_dir)
    at_change, was_killed = 4, True
    while was_killed:
        folder = tmp_path / f"killed-{at_change}"
        run = replace(settings, export_dir=folder)
        was_killed = run_killed(lambda run=run: make_attacks(run), at_change)  # type: ignore[misc]
        assert contents(folder).items() <= expected.items()
        make_attacks(run)
        assert contents(folder) == expected and not list(folder.rglob("*.tmp"))
        at_change += 9
    assert at_change > 30


def test_photos_that_are_gone_are_said_and_their_queries_stay(settings: AttackSettings) -> None:
    make_attacks(settings)
    (settings.image_dir / "street" / "photo_001.jpg").unlink()
    report = make_attacks(settings)
    assert "1 photos are gone" in report.notes[0] and report.counts["queries"] == 9
    assert "also names the attacks of 1 photos" in make_attacks(replace(settings, limit=1)).notes[1]


# What it must not touch


def test_the_photos_are_only_read(settings: AttackSettings) -> None:
    before = states(settings.image_dir)
    with changes_under(settings.image_dir) as changes:
        make_attacks(settings)
    assert changes == [] and states(settings.image_dir) == before


def test_a_file_of_somebody_else_is_not_overwritten_and_its_photo_named(settings: AttackSettings) -> None:
    target = settings.export_dir / "street" / "photo_001_scaling_0.4.png"
    target.parent.mkdir(parents=True)
    target.write_bytes(b"mine")
    report = make_attacks(settings)
    assert target.read_bytes() == b"mine" and report.exit_code == 3
    assert [photo.name for photo in report.skipped] == ["street/photo_001.jpg"]
    assert "did not write" in report.skipped[0].reason and target.name in report.skipped[0].reason
    assert report.counts["queries"] == 8
    assert "street/photo_001_scaling_0.4.png" not in (settings.export_dir / MANIFEST_NAME).read_text()


def test_a_query_that_somebody_changed_is_not_overwritten(settings: AttackSettings) -> None:
    make_attacks(settings)
    target = settings.export_dir / "street" / "photo_001_scaling_0.4.png"
    target.write_bytes(b"changed")
    assert make_attacks(settings).exit_code == 3
    assert target.read_bytes() == b"changed"


@needs_links
def test_a_link_in_the_place_of_a_query_is_not_written_through(settings: AttackSettings, tmp_path: Path) -> None:
    (tmp_path / "precious").write_bytes(b"precious")
    target = settings.export_dir / "street" / "photo_001_scaling_0.4.png"
    target.parent.mkdir(parents=True)
    target.symlink_to(tmp_path / "precious")
    assert make_attacks(settings).exit_code == 3
    assert (tmp_path / "precious").read_bytes() == b"precious" and target.is_symlink()


@needs_links
def test_a_folder_that_leads_out_of_the_export_is_refused(settings: AttackSettings, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    settings.export_dir.mkdir()
    (settings.export_dir / "street").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StageError, match="leads out"):
        make_attacks(settings)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_photo_that_changes_meanwhile_leaves_no_query(
    settings: AttackSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([Fingerprint(1, 1, "aa"), Fingerprint(1, 2, "bb")])
    monkeypatch.setattr(attack_work, "fingerprint", lambda *_: next(answers))
    with pytest.raises(StageError, match="changed while it was being read"):
        make_attacks(replace(settings, limit=1))
    assert contents(settings.export_dir) == {}


def test_two_runs_at_once_are_refused(settings: AttackSettings) -> None:
    with work_lock(settings.export_dir), pytest.raises(StageError, match="in use"):
        make_attacks(settings)


# Photos of all kinds


def test_unreadable_photos_are_named_and_the_others_attacked(settings: AttackSettings) -> None:
    (settings.image_dir / "cut.jpg").write_bytes((settings.image_dir / "street" / "photo_000.jpg").read_bytes()[:300])
    (settings.image_dir / "text.png").write_bytes(b"no photo")
    report = make_attacks(settings)
    assert {photo.name for photo in report.skipped} == {"cut.jpg", "text.png"}
    assert report.exit_code == 3 and report.counts["queries"] == 9


def test_nothing_usable_is_a_stage_error(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(b"no photo")
    with pytest.raises(StageError, match="none of the 1 photos.*a.jpg"):
        make_attacks(AttackSettings(tmp_path / "photos", tmp_path / "out", num_workers=0))


def test_nothing_but_files_of_somebody_else_is_a_stage_error_and_no_empty_truth(settings: AttackSettings) -> None:
    (settings.export_dir / "street").mkdir(parents=True)
    (settings.export_dir / "street" / "photo_000_scaling_0.4.png").write_bytes(b"mine")
    with pytest.raises(StageError, match="did not write"):
        make_attacks(replace(settings, attacks=("scaling_0.4",), limit=1))
    assert not (settings.export_dir / MANIFEST_NAME).exists()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "CMYK", "L", "1", "I;16"])
def test_photos_of_any_mode_go_through_all_attacks(mode: str, tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    folder.mkdir()
    photo = draw_photo(3, 24, 16)
    if mode == "I;16":
        photo = Image.fromarray(np.asarray(photo.convert("L")).astype(np.uint16) * 257)
    elif mode in ("RGBA", "LA"):
        photo.putalpha(120)
        photo = photo.convert(mode)
    else:
        photo = photo.convert(mode)
    photo.save(folder / "a.tif" if mode == "CMYK" else folder / "a.png")
    found = counts(AttackSettings(folder, tmp_path / "out", num_workers=0))
    assert found["written"] == 58 and found["skipped"] == 0


def test_a_photo_lying_on_its_side_is_attacked_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "photos").mkdir()
    draw_photo(3, 40, 20).save(tmp_path / "photos" / "a.jpg", exif=exif)
    make_attacks(AttackSettings(tmp_path / "photos", tmp_path / "out", ("median_filter_3x3",), num_workers=0))
    with Image.open(tmp_path / "out" / "a_median_filter_3x3.png") as image:
        assert image.size == (20, 40) and not image.getexif()


def test_large_photos_are_refused_before_they_are_decoded(settings: AttackSettings) -> None:
    draw_photo(1, 200, 100).save(settings.image_dir / "large.png")
    report = make_attacks(replace(settings, max_megapixels=0.01))
    assert [(photo.name, photo.reason) for photo in report.skipped] == [("large.png", "has more than 0.01 megapixels")]


# Names


def stems(*names: str) -> list[str]:
    return list(query_stems(names, {}).values())


def test_photos_that_differ_in_ending_or_case_get_queries_of_their_own() -> None:
    assert stems("a.jpg", "a.png", "A.JPG") == ["A", "a~2", "a~3"]
    assert stems("x/a.jpg", "y/a.jpg") == ["x/a", "y/a"]


def test_a_photo_keeps_what_its_queries_are_called_when_others_come() -> None:
    known = {"b.jpg": AttackRecord("b.jpg", Fingerprint(1, 1, ""), "b", {})}
    assert query_stems(["B.jpg", "b.jpg"], known) == {"b.jpg": "b", "B.jpg": "B~2"}


def test_no_query_name_is_too_long_or_unsafe() -> None:
    found = stems(
        "n" * 250 + ".jpg", "n" * 251 + ".jpg", "ü" * 120 + ".jpg", "-rf.jpg", "con.jpg", 'a<b>"?.jpg', ".a/x"
    )
    assert all(len(stem.encode()) < 190 for stem in found) and len(set(found)) == len(found)
    assert {"_con", "_-rf", "a_b___"} <= set(found)


def test_a_folder_that_is_called_like_a_query_is_no_hindrance(tmp_path: Path) -> None:
    folder = tmp_path / "photos"
    save_photos(folder / "photo_000_scaling_0.4.png", 1)
    draw_photo(5).save(folder / "photo_000.jpg")
    settings = AttackSettings(folder, tmp_path / "out", ("scaling_0.4",), num_workers=0)
    assert counts(settings)["queries"] == 2
    assert set(images(settings)) == {
        "photo_000_scaling_0.4.png",
        "photo_000_scaling_0.4.png_/photo_000_scaling_0.4.png",
    }


@pytest.mark.skipif(os.name == "nt", reason="such names cannot be there on Windows")
def test_hostile_names_are_attacked_and_come_back_from_the_truth(tmp_path: Path) -> None:
    names = [
        "=1+1.jpg",
        "@a.jpg",
        "-rf.jpg",
        "a,b.jpg",
        'q"uote.jpg',
        "new\nline.jpg",
        "<script>.jpg",
        "日本 語.jpg",
        " b.jpg",
    ]
    (tmp_path / "photos").mkdir()
    for number, name in enumerate(names):
        draw_photo(number).save(tmp_path / "photos" / name)
    settings = AttackSettings(tmp_path / "photos", tmp_path / "out", ("scaling_0.4",), num_workers=0)
    assert counts(settings)["queries"] == len(names)
    rows = read_truth(tmp_path / "out" / MANIFEST_NAME)
    assert {row.source for row in rows} == set(names)
    assert {row.query for row in rows} == set(list_photos(tmp_path / "out"))
    assert make_attacks(settings).is_current


@pytest.mark.skipif(os.name == "nt" or os.uname().sysname == "Darwin", reason="such names cannot be there")
def test_a_name_that_is_no_text_is_named_and_skipped(settings: AttackSettings) -> None:
    bad = os.path.join(os.fsencode(settings.image_dir), b"caf\xe9.jpg")
    shutil.copy(settings.image_dir / "street" / "photo_000.jpg", bad)
    report = make_attacks(settings)
    assert [photo.name for photo in report.skipped] == ["caf\\udce9.jpg"] and report.counts["queries"] == 9


def test_the_export_can_be_used_as_an_image_folder(settings: AttackSettings) -> None:
    make_attacks(settings)
    assert (settings.export_dir / FOLDER).is_dir()
    assert list_photos(settings.export_dir) == sorted(images(settings))


# Wrong calls


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"attacks": ("turning",)}, "--attacks"),
        ({"params": "{"}, "--params"),
        ({"params": '{"rotation": "5"}'}, "--params"),
        ({"limit": 0}, "--limit"),
        ({"sample": 0}, "--sample"),
        ({"limit": 1, "sample": 1}, "exclude"),
        ({"seed": -1}, "--seed"),
        ({"num_workers": -1}, "--num_workers"),
        ({"max_megapixels": 0.0}, "--max_megapixels"),
        ({"timeout_s": 0.0}, "--timeout_s"),
        ({"format": "gif"}, "--format"),
        ({"font": Path("no.ttf")}, "--font"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named_and_nothing_written(
    settings: AttackSettings, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        make_attacks(replace(settings, **change))
    assert not settings.export_dir.exists()


def test_a_grid_file_that_is_missing_or_no_object_is_said(settings: AttackSettings, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="missing"):
        make_attacks(replace(settings, params=str(tmp_path / "no.json")))
    (tmp_path / "list.json").write_text(json.dumps([5]), encoding="utf-8")
    with pytest.raises(UsageError, match="object"):
        make_attacks(replace(settings, params=str(tmp_path / "list.json")))


def test_a_font_that_is_none_is_refused(settings: AttackSettings, tmp_path: Path) -> None:
    (tmp_path / "font.ttf").write_bytes(b"no font")
    with pytest.raises(UsageError, match="--font"):
        make_attacks(replace(settings, font=tmp_path / "font.ttf"))


def test_an_export_in_the_image_folder_is_refused(settings: AttackSettings) -> None:
    with pytest.raises(UsageError, match="lies in"):
        make_attacks(replace(settings, export_dir=settings.image_dir / "out"))


def test_a_missing_image_folder_is_said(settings: AttackSettings, tmp_path: Path) -> None:
    with pytest.raises(StageError, match="does not exist"):
        make_attacks(replace(settings, image_dir=tmp_path / "no"))
